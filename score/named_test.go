package score

import (
	"encoding/base64"
	"fmt"
	"strings"
	"testing"

	"clawback/internal/test/mailgen"
)

// The same address, wherever it stands, is found and judged.
func TestLinks_areFoundWhereverTheyStand(t *testing.T) {
	s := scorer(t, Options{})
	const bad = "https://paypal-help.example/x"
	const bare = "paypal-help.example/x"
	calendar := string(mailgen.Calendar("ann@sender.example", "Call", "Join: "+bad))
	for name, text := range map[string]string{
		"plain text":        vary("\nPlease look: " + bad),
		"HTML":              link(bad, "here"),
		"plain text, www.":  vary("\nPlease look at www." + bare),
		"HTML, its text":    page("", `<p>Please look: `+bad+`</p>`),
		"HTML, a cell":      page("", `<table><tr><td>`+bad+`</td></tr></table>`),
		"HTML, no scheme":   link(bare, "here"),
		"HTML, www.":        page("", `<p>Please look at www.`+bare+`</p>`),
		"HTML for Outlook":  page("", `<!--[if mso]><a href="`+bad+`">here</a><![endif]-->`),
		"a shape of VML":    page("", `<!--[if gte mso 9]><v:roundrect href="`+bad+`"><center>here</center></v:roundrect><![endif]-->`),
		"noscript":          page("", `<noscript><a href="`+bad+`">here</a></noscript>`),
		"a button":          page("", `<form><button formaction="`+bad+`">here</button></form>`),
		"a link of SVG":     page("", `<svg><a xlink:href="`+bad+`"><text>here</text></a></svg>`),
		"a refresh":         page("", `<meta http-equiv=refresh content="0;`+bad+`">`),
		"a page's refresh":  attached("", "See the file.", "a.html", "text/html", []byte(`<html><meta http-equiv="Refresh" content="0; url=`+bad+`">x</html>`)),
		"a page in a page":  attached("", "See the file.", "a.html", "text/html", []byte(`<html><iframe srcdoc="<a href='`+bad+`'>x</a>"></iframe></html>`)),
		"a calendar's www.": vary("Content-Type: text/calendar; method=REQUEST\n\nBEGIN:VCALENDAR\nBEGIN:VEVENT\nLOCATION:www." + bare + "\nEND:VEVENT\nEND:VCALENDAR\n"),
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

// A refresh leads on however it is written.
func TestAttachments_pagesThatLeadOn(t *testing.T) {
	s := scorer(t, Options{})
	for content, want := range map[string]bool{
		`<meta http-equiv="refresh" content="0;url=https://a.example/">`:        true,
		`<META HTTP-EQUIV = 'Refresh' CONTENT="0; URL='https://a.example/'">`:   true,
		`<meta content="3 https://a.example/" http-equiv=&#114;efresh>`:         true,
		`<svg></svg><noscript><meta http-equiv=refresh content=0,//a.b>`:        true,
		`<meta http-equiv="refresh" content="300">`:                             false,
		`<!-- <meta http-equiv="refresh" content="0;url=https://a.b/"> -->`:     false,
		`<meta name="refresh" content="0;url=https://a.example/">`:              false,
		`<p>&lt;meta http-equiv="refresh" content="0;url=https://a.b/"&gt;</p>`: false,
	} {
		r := run(t, s, attached("", "See the file.", "a.html", "text/html",
			[]byte("<html><head>"+content+"</head><body>x</body></html>")))
		if has(r, "attachment.html_redirect") != want {
			t.Errorf("%s: redirects %v, want %v", content, !want, want)
		}
	}
}

// What differs by the marks on its letters is the same address to who types it; the other way round it is a look-alike.
func TestLinks_marksOnLetters(t *testing.T) {
	s := scorer(t, Options{})
	for _, c := range []struct {
		href, label string
		mismatch    bool
	}{
		{"https://www.cau-obchod.example/", "www.čau-obchod.example", false},
		{"https://muenchen-shop.example/", "www.münchen-shop.example", false},
		{"https://xn--mnchen-shop-thb.example/", "www.munchen-shop.example", true},
		{"https://berlin-shop.example/", "www.münchen-shop.example", true},
		{"https://cau-obchod.example.evil.example/", "www.čau-obchod.example", true},
	} {
		if r := run(t, s, link(c.href, c.label)); has(r, "link.text_href_mismatch") != c.mismatch {
			t.Errorf("%s for %s: mismatch %v, want %v", c.label, c.href, !c.mismatch, c.mismatch)
		}
	}
}

func TestLinks_ordinaryWordsThatHoldABrandsName(t *testing.T) {
	s := scorer(t, Options{})
	for host, want := range map[string]bool{
		"www.interactive-media.example": false, "counterrevolution.example": false, "administrator.example": false, "interpolation.example": false,
		"revolut-login.example": true, "login.interac-transfer.example": true, "revolutinteractive.example": true, "my-strato.example": true,
	} {
		if r := run(t, s, link("https://"+host+"/x", "here")); has(r, "link.brand_host") != want {
			t.Errorf("%s: brand %v, want %v", host, !want, want)
		}
	}
}

// What is shown in the place of a plain form is what counts: addresses that stand in the form alone dilute nothing.
func TestLinks_ofAPlainFormThatIsNotShown(t *testing.T) {
	var own strings.Builder
	for i := range 400 {
		fmt.Fprintf(&own, "http://a%d.sender.example/\n", i)
	}
	text := vary("MIME-Version: 1.0\nContent-Type: multipart/alternative; boundary=b\n\n--b\nContent-Type: text/plain\n\n" + own.String() +
		"--b\nContent-Type: text/html\n\n<p>Please look.</p><a href=\"http://paypal-help.example/login\">here</a>\n--b--\n")
	s := scorer(t, Options{})
	r, alone := run(t, s, text), run(t, s, page("", `<p>Please look.</p><a href="http://paypal-help.example/login">here</a>`))
	got, _ := reason(r, "link.brand_host")
	want, _ := reason(alone, "link.brand_host")
	if got.Weight != want.Weight || !has(r, "link.foreign_only") {
		t.Errorf("400 addresses that are not shown: %s; without them: %s", summary(r), summary(alone))
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
