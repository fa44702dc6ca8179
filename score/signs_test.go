package score

import (
	"encoding/base64"
	"strings"
	"testing"

	"clawback/internal/test/mailgen"
	"clawback/verdict"
)

const lost = "Your account has been suspended. Please verify your account now or it will be closed within 24 hours. http://pots.other.example/x"

// TestEnclosed_isJudgedAsWhatEnclosesIt: words in attached messages, events and documents, and what hides nothing there.
func TestEnclosed_isJudgedAsWhatEnclosesIt(t *testing.T) {
	mixed := func(kind, text string) string {
		return vary("MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nSee what is attached.\n--b\nContent-Type: " + kind + "\n\n" + text + "\n--b--\n")
	}
	mail := func(from, text string) string {
		return mixed("message/rfc822", "From: "+from+"\nSubject: Verify\n\n"+text)
	}
	event := "BEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VEVENT\nSUMMARY:Renewal\nDESCRIPTION:If you did not authorise this charge call our refund department\n  at +1 (888) 555-0123.\nEND:VEVENT\nEND:VCALENDAR\n"
	doc := func(text string) string {
		return attached("", "See the file.", "a.docx", "application/octet-stream", office("word/document.xml", `<w:p><w:r><w:t>`+strings.ReplaceAll(text, "authorise", "auth</w:t></w:r><w:r><w:t>orise")+`</w:t></w:r></w:p>`))
	}
	for name, c := range map[string]struct {
		text string
		id   string
		want bool
	}{
		"an attached message":           {mail("Ann <ann@sender.example>", lost), "words.credential", true},
		"a harmless one":                {mail("Ann <ann@sender.example>", longText), "words.credential", false},
		"one in a brand's name":         {mail("PayPal <ann@sender.example>", longText), "impersonation.forwarded_brand", true},
		"one that is the brand's":       {mail("PayPal <service@paypal.com>", longText), "impersonation.forwarded_brand", false},
		"an event":                      {vary("Content-Type: text/calendar; method=REQUEST\n\n" + event), "words.phone", true},
		"an event beside a text":        {mixed("text/calendar; method=REQUEST", event), "words.callback", true},
		"what an event does not show":   {vary("Content-Type: text/calendar\n\n" + strings.Replace(event, "DESCRIPTION", "X-NOTE", 1)), "words.callback", false},
		"a document":                    {doc("If you did not authorise this charge call +1 (888) 555-0123."), "words.callback", true},
		"markup that is not shown":      {attached("", "See the file.", "a.docx", "application/octet-stream", office("word/document.xml", `<w:instr>If you did not authorise this charge</w:instr>`)), "words.callback", false},
		"a report's text":               {vary("Content-Type: multipart/report; boundary=b\nReturn-Path: <>\n\n--b\n\nfailed\n--b\nContent-Type: message/delivery-status\n\nAction: failed\n--b\nContent-Type: message/rfc822\n\nFrom: a@b.example\n\n" + lost + "\n--b--"), "words.credential", false},
		"a report without a report":     {vary("Content-Type: multipart/report; boundary=b\n\n--b\n\n" + lost + "\n--b--"), "words.credential", true},
		"a report that leads elsewhere": {vary("Content-Type: multipart/report; boundary=b\n\n--b\nContent-Type: text/html\n\n" + `<p>` + lost + `</p><a href="http://pots.other.example/x">x</a>` + "\n--b\nContent-Type: message/delivery-status\n\nAction: failed\n--b--"), "words.credential", true},
	} {
		if r := run(t, scorer(t, Options{}), c.text); has(r, c.id) != c.want {
			t.Errorf("%s: %s %v: %s", name, c.id, !c.want, summary(r))
		}
	}
	r := run(t, scorer(t, Options{}), mail("PayPal <ann@sender.example>", lost))
	if r.Disposition == verdict.Malicious {
		t.Errorf("all that was found lies in one file, and convicts: %s", summary(r))
	}
}

// TestNames_writtenToPassByFilters: small capitals and letters set apart, and initials that are no brand.
func TestNames_writtenToPassByFilters(t *testing.T) {
	for name, want := range map[string]bool{
		"\u1d18\u1d00\u028f\u1d18\u1d00\u029f s\u1d1c\u1d18\u1d18\u1d0f\u0280\u1d1b": true, "U P S Parcels": true, "D.H.L Express": true, "P A Y P A L": true,
		"J R R Tolkien": false, "A B C Gardens": false, "K\u0280istin": false,
	} {
		if r := run(t, scorer(t, Options{}), vary("From: =?utf-8?B?"+base64.StdEncoding.EncodeToString([]byte(name))+"?= <ann@sender.example>")); has(r, "impersonation.brand_name") != want {
			t.Errorf("%q: %v, want %v: %s", name, !want, want, summary(r))
		}
	}
}

// TestRedirect_toWhatLeadsOn: a well-known site that leads to a shortener or to anybody's page hides where it ends.
func TestRedirect_toWhatLeadsOn(t *testing.T) {
	for to, want := range map[string]bool{
		"https%3A%2F%2Ftinyurl.com%2Fx": true, "https%3A%2F%2Fx.web.app%2Fx": true, "https%3A%2F%2Fevil.example%2Fx": true,
		"https%3A%2F%2Fwww.youtube.com%2Fx": false, "https%3A%2F%2Fwww.sender.example%2Fx": false,
	} {
		r := run(t, scorer(t, Options{}), link("https://www.google.com/url?q="+to, "here"))
		if has(r, "link.open_redirect") != want {
			t.Errorf("%s: %v, want %v: %s", to, !want, want, summary(r))
		}
	}
}

// TestQR_inDocuments: codes in the pictures of a PDF are read as those of a mail are.
func TestQR_inDocuments(t *testing.T) {
	const target = "https://pay.other.example/1"
	for name, pdf := range map[string][]byte{
		"JPEG":             mailgen.PDFImage(mailgen.QR(target), "jpeg"),
		"pixels":           mailgen.PDFImage(mailgen.QR(target), "grey"),
		"pixels of three":  mailgen.PDFImage(mailgen.QR(target), "rgb"),
		"one bit for each": mailgen.PDFImage(mailgen.QR(target), "bits"),
	} {
		if r := run(t, scorer(t, Options{}), attached("", "Scan the code.", "a.pdf", "application/pdf", pdf)); !has(r, "link.qr") || !has(r, "link.qr_lure") {
			t.Errorf("%s: %s", name, summary(r))
		}
	}
	if r := run(t, scorer(t, Options{}), attached("", "Scan the code.", "a.pdf", "application/pdf", mailgen.PDFImage(mailgen.QR(target), "cut"))); has(r, "link.qr") {
		t.Errorf("a picture of which nothing is there: %s", summary(r))
	}
}
