package score

import (
	"encoding/base64"
	"net/url"
	"strings"
	"testing"

	"clawback/internal/test/mailgen"
	"clawback/verdict"
)

// A picture that a page carries in its own address is searched for codes as an attached one is.
func TestQR_inPicturesThatAPageCarries(t *testing.T) {
	code := base64.StdEncoding.EncodeToString(mailgen.QR("https://pay.other.example/1"))
	shown := func(source string) string {
		return `<p>Scan the code.</p><img width=220 height=220 src="` + source + `">`
	}
	for name, c := range map[string]struct {
		text string
		want bool
	}{
		"base64":                {page("", shown("data:image/png;base64,"+code)), true},
		"in capitals":           {page("", shown("DATA:IMAGE/PNG;BASE64,"+code)), true},
		"with a parameter":      {page("", shown("data:image/png;name=a.png;base64,"+code)), true},
		"in lines":              {page("", shown("data:image/png;base64,"+code[:60]+"\n "+code[60:])), true},
		"escaped":               {page("", shown("data:image/png;base64,"+url.PathEscape(code))), true},
		"without base64":        {page("", shown("data:image/png,"+url.PathEscape(string(mailgen.QR("https://pay.other.example/1"))))), true},
		"in an attached page":   {attached("", longText, "a.html", "text/html", []byte("<html>"+shown("data:image/png;base64,"+code))), true},
		"a picture and no code": {page("", shown("data:image/png;base64,"+base64.StdEncoding.EncodeToString(largePicture(100)))), false},
		"no picture":            {page("", shown("data:image/png;base64,"+base64.StdEncoding.EncodeToString([]byte(strings.Repeat("x", 600))))), false},
		"from a list": {page("List-Id: <l.lists.example>\nList-Post: <mailto:l@lists.example>",
			shown("data:image/png;base64,"+code)), false},
	} {
		if r := run(t, scorer(t, Options{}), c.text); has(r, "link.qr") != c.want {
			t.Errorf("%s: %s", name, summary(r))
		}
	}
}

// What a page carries was not looked into when the narrow rule was closed: it makes nothing MALICIOUS there.
func TestNarrow_knowsNoPicturesThatAPageCarries(t *testing.T) {
	code := base64.StdEncoding.EncodeToString(mailgen.QR("https://paypal-help.example/x"))
	text := page("From: PayPal <ann@sender.example>", "<p>Your account has been suspended. Verify your account, your password expires.</p>"+
		`<img width=220 height=220 src="data:image/png;base64,`+code+`">`)
	for rule, want := range map[string]verdict.Disposition{"wide": verdict.Malicious, "narrow": verdict.Spoof} {
		m := of(text)
		m.Tenant = mailgen.Tenant()
		m.Tenant.MaliciousRule = rule
		if r := runWith(t, scorer(t, Options{}), m); r.Disposition != want {
			t.Errorf("%s: %v, want %v: %s", rule, r.Disposition, want, summary(r))
		}
	}
}

// The description of an event goes on behind its line breaks, whatever stands there, up to the next property.
func TestEvent_descriptionsOfSeveralLines(t *testing.T) {
	event := func(rest string) string {
		return vary("Content-Type: text/calendar\n\nBEGIN:VCALENDAR\nMETHOD:REQUEST\nBEGIN:VEVENT\n" + rest + "\nEND:VEVENT\nEND:VCALENDAR\n")
	}
	const charge = "If you did not authorise this charge call our refund department"
	for name, c := range map[string]struct {
		text string
		want bool
	}{
		"one line":                      {event("DESCRIPTION:" + charge), true},
		"behind a line break":           {event(`DESCRIPTION:Dear customer\n` + charge), true},
		"behind a colon":                {event(`DESCRIPTION:Order: 4711\nNote: ` + charge), true},
		"behind a colon, in capitals":   {event(`DESCRIPTION:ORDER: 4711\nNOTE: ` + charge), true},
		"behind a comment":              {event(`COMMENT:Order\nNote: ` + charge), true},
		"in another property":           {event("DESCRIPTION:Lunch\nCONTACT:" + charge), false},
		"in a property of some program": {event("DESCRIPTION:Lunch\nX-NOTE:" + charge), false},
		"after the description":         {event("DESCRIPTION:Lunch\nUID:1\nX-ALT-DESC;FMTTYPE=text/html:" + charge), false},
	} {
		if r := run(t, scorer(t, Options{}), c.text); has(r, "words.callback") != c.want {
			t.Errorf("%s: %s", name, summary(r))
		}
	}
}
