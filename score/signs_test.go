package score

import (
	"bytes"
	"encoding/base64"
	"strings"
	"testing"

	"codeberg.org/go-pdf/fpdf"
	"github.com/makiuchi-d/gozxing"
	"github.com/makiuchi-d/gozxing/qrcode"

	"clawback/internal/test/mailgen"
	"clawback/verdict"
)

const lost = "Your account has been suspended. Please verify your account now or it will be closed within 24 hours. http://pots.other.example/x"

// TestEnclosed_isJudgedAsWhatEnclosesIt: words in attached messages, events and documents, and what hides nothing
// there.
func TestEnclosed_isJudgedAsWhatEnclosesIt(t *testing.T) {
	mixed := func(kind, text string) string {
		return vary("MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: text/plain\n\nSee what is attached.\n--b\nContent-Type: " + kind + "\n\n" + text + "\n--b--\n")
	}
	mail := func(from, text string) string {
		return mixed("message/rfc822", "From: "+from+"\nSubject: Verify\n\n"+text)
	}
	event := "BEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VEVENT\nSUMMARY:Renewal\nDESCRIPTION:If you did not authorise this charge call our refund department\n  at +1 (888) 555-0123.\nEND:VEVENT\nEND:VCALENDAR\n"
	doc := func(text string) string {
		return attached("", "See the file.", "a.docx", "application/octet-stream",
			office("word/document.xml", `<w:p><w:r><w:t>`+strings.ReplaceAll(text, "authorise",
				"auth</w:t></w:r><w:r><w:t>orise")+`</w:t></w:r></w:p>`))
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
		"predicted":        predicted(t, mailgen.QR(target)),
	} {
		if r := run(t, scorer(t, Options{}), attached("", "Scan the code.", "a.pdf", "application/pdf", pdf)); !has(r, "link.qr") || !has(r, "link.qr_lure") {
			t.Errorf("%s: %s", name, summary(r))
		}
	}
	if r := run(t, scorer(t, Options{}), attached("", "Scan the code.", "a.pdf", "application/pdf", mailgen.PDFImage(mailgen.QR(target), "cut"))); has(r, "link.qr") {
		t.Errorf("a picture of which nothing is there: %s", summary(r))
	}
}

// predicted is a PDF that carries a picture as PNG packs it, each line with a predictor of its own, as most programs
// write it.
func predicted(t *testing.T, png []byte) []byte {
	t.Helper()
	doc := fpdf.New("P", "mm", "A4", "")
	doc.AddPage()
	options := fpdf.ImageOptions{ImageType: "PNG"}
	doc.RegisterImageOptionsReader("code", options, bytes.NewReader(png))
	doc.ImageOptions("code", 15, 20, 60, 60, false, options, 0, "")
	var out bytes.Buffer
	if err := doc.Output(&out); err != nil {
		t.Fatal(err)
	}
	return out.Bytes()
}

// drawn is a table whose cells are the modules of a code. paint says how a dark cell and a light one are written.
func drawn(t *testing.T, text string, paint func(dark bool) string) string {
	t.Helper()
	matrix, err := qrcode.NewQRCodeWriter().EncodeWithoutHint(text, gozxing.BarcodeFormat_QR_CODE, 1, 1)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	out.WriteString("<table>")
	for y := range matrix.GetHeight() {
		out.WriteString("<tr>")
		for x := range matrix.GetWidth() {
			out.WriteString(paint(matrix.Get(x, y)))
		}
		out.WriteString("</tr>")
	}
	return out.String() + "</table>"
}

// A code that the cells of a table draw is read, however they are coloured; a table of one colour is none.
func TestQR_inTables(t *testing.T) {
	const target = "https://pay.other.example/1"
	either := func(dark, light string) func(bool) string {
		return func(is bool) string {
			if is {
				return dark
			}
			return light
		}
	}
	for name, paint := range map[string]func(bool) string{
		"attributes":             either(`<td bgcolor="#000000"></td>`, `<td bgcolor="#ffffff"></td>`),
		"styles":                 either(`<td style="background-color:#102030"></td>`, `<td style="background:#fefefe"></td>`),
		"dark cells alone":       either(`<td bgcolor=black></td>`, `<td></td>`),
		"cells that lack an end": either(`<td bgcolor=black>`, `<td>`),
		"text in the cells":      either(`<td bgcolor=#000><font color=black>x</font></td>`, `<td>&nbsp;</td>`),
		"in a table":             either(`<td bgcolor="#000"></td>`, `<td bgcolor="#fff"></td>`),
	} {
		html := drawn(t, target, paint)
		if name == "in a table" {
			html = "<table bgcolor=white><tr><td>" + html + "</td></tr></table>"
		}
		if r := run(t, scorer(t, Options{}), page("", "<p>Scan the code.</p>"+html)); !has(r, "link.qr") || !has(r, "link.qr_lure") {
			t.Errorf("%s: %s", name, summary(r))
		}
	}
	if r := run(t, scorer(t, Options{}), page("", drawn(t, target, either("<td bgcolor=white></td>", "<td bgcolor=white></td>")))); has(r, "link.qr") {
		t.Errorf("a white table: %s", summary(r))
	}
}

// A picture in a Word document is searched as one in a PDF is.
func TestQR_inOfficeDocuments(t *testing.T) {
	document := mailgen.Zip(false, mailgen.File{Name: "[Content_Types].xml", Body: []byte("<Types/>")},
		mailgen.File{Name: "word/document.xml", Body: []byte("<w:document><w:p><w:t>Scan</w:t></w:p></w:document>")},
		mailgen.File{Name: "word/media/image1.png", Body: mailgen.QR("https://pay.other.example/1")})
	r := run(t, scorer(t, Options{}), attached("", "Scan the code.", "a.docx", "application/vnd.openxmlformats-officedocument.wordprocessingml.document", document))
	if !has(r, "link.qr") {
		t.Error(summary(r))
	}
}

// A PDF that alone says what was charged, and whom to call, is read as the text is.
func TestPDF_text(t *testing.T) {
	doc := fpdf.New("P", "mm", "A4", "")
	doc.AddPage()
	doc.SetFont("Helvetica", "", 11)
	doc.MultiCell(0, 6, "Your subscription was renewed and 399 dollars were debited.\nTo cancel, call our helpline (toll free): +1 (888) 555-0123", "", "L", false)
	var out bytes.Buffer
	if err := doc.Output(&out); err != nil {
		t.Fatal(err)
	}
	if r := run(t, scorer(t, Options{}), attached(gmail, "See the file.", "a.pdf", "application/pdf", out.Bytes())); !has(r, "words.charge_call") && !has(r, "words.callback_file") {
		t.Error(summary(r))
	}
}
