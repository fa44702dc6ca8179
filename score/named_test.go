package score

import (
	"encoding/base64"
	"strings"
	"testing"

	"clawback/internal/test/mailgen"
)

// The same address, wherever it stands, is found and judged.
func TestLinks_areFoundWhereverTheyStand(t *testing.T) {
	s := scorer(t, Options{})
	const bad = "https://paypal-help.example/x"
	calendar := string(mailgen.Calendar("ann@sender.example", "Call", "Join: "+bad))
	for name, text := range map[string]string{
		"plain text":        vary("\nPlease look: " + bad),
		"HTML":              link(bad, "here"),
		"a form":            page("", `<form action="`+bad+`"><input name=q></form>`),
		"an area of a map":  page("", `<map name=m><area href="`+bad+`"></map><img src="cid:1" usemap="#m">`),
		"a calendar":        vary("Content-Type: text/calendar; method=REQUEST\n\n" + calendar),
		"an attached event": attached("", "See the file.", "invite.ics", "text/calendar", []byte(calendar)),
		"a PDF":             attached("", "See the file.", "a.pdf", "application/pdf", mailgen.PDF(bad)),
		"an Office file":    attached("", "See the file.", "a.docx", "application/octet-stream", mailgen.Docx("hyperlink", bad)),
		"a QR code":         attached("", "Scan it.", "code.png", "image/png", mailgen.QR(bad)),
		"an attached page":  attached("", "See the file.", "a.html", "text/html", []byte(`<html><a href="`+bad+`">x</a></html>`)),
		"a file in a zip":   attached("", "See the file.", "a.zip", "application/zip", mailgen.Zip(false, mailgen.File{Name: "a.pdf", Body: mailgen.PDF(bad)})),
		"an attached mail":  vary("MIME-Version: 1.0\nContent-Type: multipart/mixed; boundary=b\n\n--b\nContent-Type: message/rfc822\n\nFrom: Ann <ann@sender.example>\nSubject: x\n\n" + bad + "\n--b--\n"),
		"base64":            vary("Content-Transfer-Encoding: base64\n\n" + base64.StdEncoding.EncodeToString([]byte("Look: "+bad))),
	} {
		if !has(run(t, s, text), "link.brand_host") {
			t.Errorf("%s: the address was not found", name)
		}
	}
}

func TestAttachments_kindsThatAreNamed(t *testing.T) {
	s := scorer(t, Options{})
	for name, c := range map[string]struct {
		body []byte
		want string
	}{
		"phone.mobileconfig": {[]byte("<?xml version=\"1.0\"?><plist/>"), "attachment.script"},
		"readme.lnk":         {[]byte("x"), "attachment.script"},
		"readme.txt":         {[]byte("L\x00\x00\x00\x01\x14\x02\x00 a shortcut under another name"), "attachment.script"},
		"disc.iso":           {[]byte("x"), "attachment.disk_image"},
		"disc.dat":           {append([]byte(strings.Repeat("x", 0x8001)), "CD001\x01 and more"...), "attachment.disk_image"},
		"notes.one":          {append([]byte("\xe4\x52\x5c\x7b\x8c\xd8\xa7\x4d"), "and more"...), "attachment.script"},
		"page.svg":           {[]byte(`<svg xmlns="http://www.w3.org/2000/svg"><script>window.location="https://x.example/"</script></svg>`), "attachment.html_redirect"},
	} {
		if r := run(t, s, attached("", "See the file.", name, "application/octet-stream", c.body)); !has(r, c.want) {
			t.Errorf("%s: no %s: %+v", name, c.want, r.Reasons)
		}
	}
}
