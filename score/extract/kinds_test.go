package extract

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"

	"clawback/rfc822"
)

// phish is what every variant of a message must show.
const phish = "<html><body><p>Dear user, a=b</p><p><a href=\"https://evil.example/a?b=3D41\">sign in</a></p></body></html>\r\n"

// mail is a message of one HTML part with these fields.
func mailOf(fields, body string) string {
	return "From: a@example.com\r\nMIME-Version: 1.0\r\n" + fields + "\r\n" + body
}

func base64Of(s string) string {
	encoded := base64.StdEncoding.EncodeToString([]byte(s))
	var out strings.Builder
	for len(encoded) > 0 {
		n := min(76, len(encoded))
		out.WriteString(encoded[:n] + "\r\n")
		encoded = encoded[n:]
	}
	return out.String()
}

// padded is base64 in runs of n bytes, each padded by itself.
func padded(s string, n int) string {
	var out strings.Builder
	for len(s) > 0 {
		k := min(n, len(s))
		out.WriteString(base64.StdEncoding.EncodeToString([]byte(s[:k])) + "\r\n")
		s = s[k:]
	}
	return out.String()
}

func quotedOf(s string) string { return strings.ReplaceAll(s, "=", "=3D") }

func utf16Of(s, mark string) string {
	out := mark
	for _, c := range []byte(s) {
		if mark == "\xfe\xff" {
			out += "\x00" + string(rune(c))
		} else {
			out += string(rune(c)) + "\x00"
		}
	}
	return out
}

func utf7Of(s string) string {
	return strings.NewReplacer("<", "+ADw-", ">", "+AD4-", "\"", "+ACI-", "=", "+AD0-").Replace(s)
}

func multipartOf(contentType, delimiter, header, body string) string {
	return mailOf("Content-Type: "+contentType+"\r\n",
		"preamble\r\n--"+delimiter+"\r\n"+header+"\r\n"+body+"\r\n--"+delimiter+"--\r\n")
}

// Each kind of fault on which mail programs read on, with its neighbours: the page is read as if it were well-formed.
func TestRead_showsWhatMailProgramsShow(t *testing.T) {
	const html = "Content-Type: text/html; charset=utf-8\r\n"
	kinds := map[string]map[string]string{
		"quoted-printable goes on": {
			"well-formed":       mailOf(html+"Content-Transfer-Encoding: quoted-printable\r\n", quotedOf(phish)),
			"NUL":               mailOf(html+"Content-Transfer-Encoding: quoted-printable\r\n", "<p>\x00</p>"+quotedOf(phish)),
			"vertical tab":      mailOf(html+"Content-Transfer-Encoding: quoted-printable\r\n", "<p>\x0b</p>"+quotedOf(phish)),
			"escape":            mailOf(html+"Content-Transfer-Encoding: quoted-printable\r\n", "<p>\x1b</p>"+quotedOf(phish)),
			"delete":            mailOf(html+"Content-Transfer-Encoding: quoted-printable\r\n", "<p>\x7f</p>"+quotedOf(phish)),
			"raw 8 bit":         mailOf(html+"Content-Transfer-Encoding: quoted-printable\r\n", "<p>\xfc</p>"+quotedOf(phish)),
			"no hexadecimal":    mailOf(html+"Content-Transfer-Encoding: quoted-printable\r\n", "<p>=ZZ=</p>"+quotedOf(phish)),
			"long line":         mailOf(html+"Content-Transfer-Encoding: quoted-printable\r\n", "<p>"+strings.Repeat("x", 20000)+"</p>"+quotedOf(phish)),
			"long blank line":   mailOf(html+"Content-Transfer-Encoding: quoted-printable\r\n", strings.Repeat(" ", 20000)+quotedOf(phish)),
			"lower-case digits": mailOf(html+"Content-Transfer-Encoding: quoted-printable\r\n", strings.ReplaceAll(phish, "=", "=3d")),
		},
		"the token of an encoding": {
			"semicolon":   mailOf(html+"Content-Transfer-Encoding: base64;\r\n", base64Of(phish)),
			"comment":     mailOf(html+"Content-Transfer-Encoding: (so) Base64 (enc)\r\n", base64Of(phish)),
			"quotes":      mailOf(html+"Content-Transfer-Encoding: \"base64\"\r\n", base64Of(phish)),
			"parameter":   mailOf(html+"Content-Transfer-Encoding: base64; x=y\r\n", base64Of(phish)),
			"twice":       mailOf(html+"Content-Transfer-Encoding: 7bit\r\nContent-Transfer-Encoding: base64\r\n", base64Of(phish)),
			"twice again": mailOf(html+"Content-Transfer-Encoding: base64\r\nContent-Transfer-Encoding: 8bit\r\n", base64Of(phish)),
			"underscore":  mailOf(html+"Content-Transfer-Encoding: quoted_printable\r\n", quotedOf(phish)),
			"blank":       mailOf(html+"Content-Transfer-Encoding: quoted printable\r\n", quotedOf(phish)),
			"folded":      mailOf(html+"Content-Transfer-Encoding:\r\n\tquoted-printable\r\n", quotedOf(phish)),
		},
		"the type and its parameters": {
			"comma":           mailOf("Content-Type: text/html, charset=UTF-8\r\n", phish),
			"comment":         mailOf("Content-Type: text/html(comment); charset=UTF-8\r\n", phish),
			"tab":             mailOf("Content-Type: text/html\tcharset=UTF-8\r\n", phish),
			"blanks":          mailOf("Content-Type: text / html; charset=UTF-8\r\n", phish),
			"quotes":          mailOf("Content-Type: \"text/html\"; charset=UTF-8\r\n", phish),
			"a broken one":    mailOf("Content-Type: text\r\nContent-Type: text/html\r\n", phish),
			"fields run on":   mailOf("Content-Type: text/html; charset=\"utf-8\" Content-Transfer-Encoding: base64\r\n", base64Of(phish)),
			"folded anywhere": mailOf("Content-Type:\r\n\ttext/html\r\n\t;\r\n\tcharset\r\n\t=\r\n\t\"utf-8\"\r\n", phish),
		},
		"base64 in runs": {
			"two runs":       mailOf(html+"Content-Transfer-Encoding: base64\r\n", base64Of(phish[:40])+base64Of(phish[40:])),
			"each line":      mailOf(html+"Content-Transfer-Encoding: base64\r\n", padded(phish, 50)),
			"one byte each":  mailOf(html+"Content-Transfer-Encoding: base64\r\n", padded(phish, 1)),
			"in one line":    mailOf(html+"Content-Transfer-Encoding: base64\r\n", strings.ReplaceAll(padded(phish, 50), "\r\n", "")),
			"a footer":       mailOf(html+"Content-Transfer-Encoding: base64\r\n", base64Of(phish+" ")+"_______\r\nlist footer\r\n"),
			"a foreign sign": mailOf(html+"Content-Transfer-Encoding: base64\r\n", strings.ReplaceAll(base64Of(phish), "\r\n", "!\r\n*-")),
			"no padding":     mailOf(html+"Content-Transfer-Encoding: base64\r\n", strings.TrimRight(base64Of(phish), "=\r\n")),
		},
		"charsets": {
			"utf-7":                 mailOf("Content-Type: text/html; charset=utf-7\r\n", utf7Of(phish)),
			"utf-7 by its old name": mailOf("Content-Type: text/html; charset=unicode-1-1-utf-7\r\n", utf7Of(phish)),
			"utf-16":                mailOf("Content-Type: text/html; charset=utf-16\r\nContent-Transfer-Encoding: base64\r\n", base64Of(utf16Of(phish, "\xff\xfe"))),
			"utf-16 by its mark":    mailOf("Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n", base64Of(utf16Of(phish, "\xfe\xff"))),
			"utf-16 as utf-8":       mailOf(html+"Content-Transfer-Encoding: base64\r\n", base64Of(utf16Of(phish, "\xff\xfe"))),
			"utf-16 without mark":   mailOf(html+"Content-Transfer-Encoding: base64\r\n", base64Of(utf16Of(phish, ""))),
			"utf-8 as utf-16":       mailOf("Content-Type: text/html; charset=utf-16\r\n", phish),
			"utf-8 mark":            mailOf("Content-Type: text/html; charset=gb2312\r\n", "\ufeff"+phish),
			"unknown":               mailOf("Content-Type: text/html; charset=x-none\r\n", phish),
			"as the page says":      mailOf("Content-Type: text/html\r\n", "<meta charset=utf-7>"+utf7Of(phish)),
		},
		"boundaries": {
			"well-formed":       multipartOf(`multipart/mixed; boundary="abc"`, "abc", html, phish),
			"sections":          multipartOf(`multipart/mixed; boundary*1=c; boundary*0=ab`, "abc", html, phish),
			"comment":           multipartOf(`multipart/mixed; boundary=abc (hello)`, "abc", html, phish),
			"escape":            multipartOf(`multipart/mixed; boundary="a\bc"`, "abc", html, phish),
			"single quotes":     multipartOf(`multipart/mixed; boundary='abc'`, "abc", html, phish),
			"trailing blank":    multipartOf(`multipart/mixed; boundary="abc "`, "abc", html, phish),
			"folded with a tab": multipartOf("multipart/mixed;\r\n boundary=\"=_x\r\n\t1\"", "=_x\t1", html, phish),
			"not indented":      multipartOf("multipart/mixed;\r\nboundary=abc", "abc", html, phish),
			"no semicolon":      multipartOf(`multipart/mixed boundary=abc`, "abc", html, phish),
			"never unquoted":    multipartOf(`multipart/mixed; boundary="abc`, "abc", html, phish),
			"missing end":       strings.TrimSuffix(multipartOf(`multipart/mixed; boundary=abc`, "abc", html, phish), "\r\n--abc--\r\n"),
			"behind the end":    multipartOf(`multipart/mixed; boundary=abc`, "abc", "", "x\r\n--abc--\r\n\r\n--abc\r\n"+html+"\r\n"+phish),
			"inner never ends":  multipartOf(`multipart/mixed; boundary=abc`, "abc", "Content-Type: multipart/x; boundary=d\r\n", "--d\r\n"+html+"\r\n"+phish),
		},
		"a multipart encoded as a whole": {
			"base64": mailOf("Content-Type: multipart/mixed; boundary=abc\r\nContent-Transfer-Encoding: base64\r\n",
				base64Of("--abc\r\n"+html+"\r\n"+phish+"\r\n--abc--\r\n")),
			"quoted-printable": mailOf("Content-Type: multipart/mixed; boundary=abc\r\nContent-Transfer-Encoding: quoted-printable\r\n",
				quotedOf("--abc\r\n"+html+"\r\n"+phish+"\r\n--abc--\r\n")),
			"base64 in base64": mailOf("Content-Type: multipart/mixed; boundary=abc\r\nContent-Transfer-Encoding: base64\r\n",
				base64Of("--abc\r\n"+html+"Content-Transfer-Encoding: base64\r\n\r\n"+base64Of(phish)+"\r\n--abc--\r\n")),
			"said of a multipart that is not": mailOf("Content-Type: multipart/mixed; boundary=abc\r\nContent-Transfer-Encoding: base64\r\n",
				"--abc\r\n"+html+"\r\n"+phish+"\r\n--abc--\r\n"),
			"meant of its parts": mailOf("Content-Type: multipart/mixed; boundary=abc\r\nContent-Transfer-Encoding: quoted-printable\r\n",
				"--abc\r\n"+html+"Content-Transfer-Encoding: quoted-printable\r\n\r\n"+quotedOf(phish)+"\r\n--abc--\r\n"),
			"an inner one": multipartOf(`multipart/mixed; boundary=abc`, "abc", "Content-Type: multipart/x; boundary=d\r\nContent-Transfer-Encoding: base64\r\n",
				base64Of("--d\r\n"+html+"\r\n"+phish+"\r\n--d--\r\n")),
			"an attached message": multipartOf(`multipart/mixed; boundary=abc`, "abc", "Content-Type: message/rfc822\r\nContent-Transfer-Encoding: base64\r\n",
				base64Of(mailOf(html, phish))),
		},
		"no empty line": {
			"of the message":        strings.TrimSuffix(mailOf(html, ""), "\r\n") + phish,
			"of a part":             strings.Replace(multipartOf(`multipart/mixed; boundary=abc`, "abc", html, phish), html+"\r\n", html, 1),
			"before base64":         strings.TrimSuffix(mailOf(html+"Content-Transfer-Encoding: base64\r\n", ""), "\r\n") + base64Of(phish),
			"before the delimiter":  strings.Replace(multipartOf(`multipart/mixed; boundary=abc`, "abc", html, phish), "\r\n\r\npreamble", "", 1),
			"of an inner multipart": strings.Replace(multipartOf(`multipart/mixed; boundary=abc`, "abc", "Content-Type: multipart/x; boundary=d\r\n", "--d\r\n"+html+"\r\n"+phish+"--d--"), "d\r\n\r\n", "d\r\n", 1),
			"a broken line instead": strings.TrimSuffix(mailOf(html+"this is no field\r\nSubject: x\r\n", ""), "\r\n") + "\r\n" + phish,
		},
	}
	for kind, neighbours := range kinds {
		if len(neighbours) < 4 {
			t.Errorf("%s has %d cases", kind, len(neighbours))
		}
		for name, text := range neighbours {
			m := read(t, text)
			shown := m.HTML.Text
			if name == "an attached message" { // what is attached is none of the message's own text
				shown = "a=b sign in"
			}
			linked := slices.ContainsFunc(m.Links,
				func(l Link) bool { return l.Raw == "https://evil.example/a?b=3D41" && l.Label == "sign in" })
			if !linked || !strings.Contains(shown, "a=b") || !strings.Contains(shown, "sign in") {
				t.Errorf("%s, %s: links %v, text %q, %d parts", kind, name, m.Links, m.HTML.Text, len(m.Parts))
			}
		}
	}
}

// A text without any field of its own, whose address would read as one.
func TestRead_partOfTextAlone(t *testing.T) {
	for _, text := range []string{"sign in\r\nhttps://evil.example/a", "https://evil.example/a", "see: https://evil.example/a\r\nnow or never", "--\r\nhttps://evil.example/a"} {
		m := read(t, mailOf("Content-Type: multipart/mixed; boundary=abc\r\n", "--abc\r\n"+text+"\r\n--abc--\r\n"))
		if strings.HasPrefix(text, "see:") { // reads as a field to every program
			continue
		}
		if len(m.Links) != 1 || m.Links[0].Host != "evil.example" {
			t.Errorf("%q: links %v", text, m.Links)
		}
	}
}

// A text of a subtype that nobody knows is shown as text (RFC 2046, section 4.1.4); what is known to be none is not.
func TestRead_textsOfUnknownSubtypes(t *testing.T) {
	const text = "Sign in at https://evil.example/a\r\n"
	for kind, shown := range map[string]bool{
		"text/foo": true, "text//plain": true, "text/pla\u0130n": true, "text/plain-text": true, "text/": true,
		"text/markdown": true, "text/enriched": true, "TEXT/Foo": true,
		"text/x-amp-html": false, "text/css": false, "text/rfc822-headers": false, "text/vcard": false,
		"text/foo; name=a.foo": false, "text/foo\r\nContent-Disposition: attachment": false, "foo/bar": false,
	} {
		for form, mail := range map[string]string{
			"alone": mailOf("Content-Type: "+kind+"\r\n", text),
			"a part": mailOf("Content-Type: multipart/mixed; boundary=abc\r\n",
				"--abc\r\nContent-Type: "+kind+"\r\n\r\n"+text+"\r\n--abc--\r\n"),
		} {
			m := read(t, mail)
			if got := len(m.Links) == 1 && strings.Contains(m.Plain, "Sign in"); got != shown {
				t.Errorf("%q, %s: shown %v, want %v (%d links, text %q)", kind, form, got, shown, len(m.Links), m.Plain)
			}
		}
	}
}

// What some programs skip and others show is looked at, too.
func TestRead_brokenLinesAreLookedAt(t *testing.T) {
	for name, text := range map[string]string{
		"among the fields":     mailOf("Content-Type: text/html\r\n<a href=\"https://evil.example/a\">x</a>\r\nX-Other: 1\r\n", "hello"),
		"before an empty line": mailOf("Content-Type: text/html\r\n<a href=\"https://evil.example/a\">x</a>\r\n", "hello"),
		"alone":                mailOf("Content-Type: text/html\r\n<a href=\"https://evil.example/a\">x</a>hello\r\n", ""),
		"encoded": mailOf("Content-Type: text/html\r\nContent-Transfer-Encoding: base64\r\n"+
			base64.StdEncoding.EncodeToString([]byte("<a href=\"https://evil.example/a\">x</a>"))+"\r\nX-Other: 1\r\n", base64Of("hello")),
		"of a part": multipartOf("multipart/mixed; boundary=abc", "abc", "Content-Type: text/plain\r\nhttps://evil.example/a\r\nX-Other: 1\r\n", "hello"),
	} {
		m := read(t, text)
		if len(m.Links) != 1 || m.Links[0].Host != "evil.example" || !strings.Contains(m.Body(), "hello") {
			t.Errorf("%s: links %v, text %q", name, m.Links, m.Body())
		}
	}
	m := read(t, mailOf("Content-Type: multipart/mixed; boundary=abc\r\n", "https://before.example/\r\n--abc\r\n\r\nhello\r\n--abc--\r\nhttps://behind.example/\r\n"))
	if len(m.Links) != 0 || strings.Join(m.More, " ") != "https://before.example/ https://behind.example/" {
		t.Errorf("outside of the parts: links %v, for the indicators %v", m.Links, m.More)
	}
}

func TestRead_uuencodedFiles(t *testing.T) {
	const file = "begin 644 order.js\r\n+=F%R(&$@/2`Q.PH \r\n`\r\nend\r\n"
	for name, c := range map[string]struct{ text, path string }{
		"in a text":          {mailOf("", "Good morning.\r\n\r\n"+file+"Bye\r\n"), "1.uu1"},
		"in a part":          {multipartOf("multipart/mixed; boundary=abc", "abc", "Content-Type: text/plain\r\n", "Good morning.\r\n"+file+"Bye"), "1.uu1"},
		"in encoded text":    {mailOf("Content-Transfer-Encoding: base64\r\n", base64Of("Good morning.\r\n"+file+"Bye\r\n")), "1.uu1"},
		"without an end":     {mailOf("", "Good morning. Bye\r\n\r\n"+strings.TrimSuffix(file, "`\r\nend\r\n")), "1.uu1"},
		"as an encoding":     {mailOf("Content-Type: application/octet-stream; name=order.js\r\nContent-Transfer-Encoding: x-uuencode\r\n", file), "1"},
		"under another name": {mailOf("Content-Type: application/octet-stream; name=order.js\r\nContent-Transfer-Encoding: uue\r\n", file), "1"},
	} {
		m := read(t, c.text)
		i := slices.IndexFunc(m.Parts, func(p Part) bool { return p.Path == c.path })
		if i < 0 {
			t.Errorf("%s: parts %+v", name, m.Parts)
			continue
		}
		p := &m.Parts[i]
		if p.Name != "order.js" || string(p.Body()) != "var a = 1;\n" || !p.Attached() {
			t.Errorf("%s: file %q, %q", name, p.Name, p.Body())
		}
		if c.path == "1" {
			continue
		}
		if strings.Contains(m.Plain, "begin") || !strings.Contains(m.Plain, "Good morning") ||
			!strings.Contains(m.Plain, "Bye") {
			t.Errorf("%s: text %q", name, m.Plain)
		}
	}
	m := read(t, mailOf("", strings.Repeat(file, 400)))
	if len(m.Parts) != maxUU+1 || len(m.NotRead) != 1 || m.NotRead[0].Bound != BoundParts {
		t.Errorf("%d parts, not read: %+v", len(m.Parts), m.NotRead)
	}
}

func TestRead_fileNames(t *testing.T) {
	for name, fields := range map[string]string{
		"well-formed":         "Content-Disposition: attachment; filename=\"invoice.js\"\r\n",
		"sections":            "Content-Disposition: attachment;\r\n filename*2=\"js\"; filename*0=\"invoice\"; filename*1=\".\"\r\n",
		"encoded sections":    "Content-Disposition: attachment;\r\n filename*1*=%2Ejs; filename*0*=utf-8''invoice\r\n",
		"name not indented":   "Content-Type: application/octet-stream; x-unix-mode=0600;\r\nname=\"invoice.js\"\r\n",
		"not indented":        "Content-Disposition: attachment;\r\nfilename=\"invoice.js\"\r\n",
		"no semicolon":        "Content-Type: application/octet-stream; x-unix-mode=0600 name=\"invoice.js\"\r\n",
		"no quotes":           "Content-Disposition: attachment; filename=invoice.js\r\n",
		"split encoded words": "Content-Disposition: attachment; filename=\"=?utf-8?Q?invoi?= =?utf-8?Q?ce.js?=\"\r\n",
		"of the other field":  "Content-Disposition: attachment; name=invoice.js\r\n",
		"no disposition":      "Content-Disposition: filename=invoice.js\r\n",
	} {
		m := read(t, mailOf(fields, "x"))
		if m.Parts[0].Name != "invoice.js" {
			t.Errorf("%s: %q", name, m.Parts[0].Name)
		}
	}
}

// names are those of one part, in as many ways as there are to give it one.
func names(count int) string {
	var types strings.Builder
	types.WriteString("Content-Type: application/octet-stream")
	for i := range count {
		fmt.Fprintf(&types, "; name=\"a%d.txt\"", i)
	}
	return types.String() + "\n"
}

// boundaries are so many of one multipart.
func boundaries(count int) string {
	out := "Content-Type: multipart/mixed"
	for i := range count {
		out += fmt.Sprintf("; boundary=b%d", i)
	}
	return out + "\n"
}

func TestRead_saysWhichBoundItReached(t *testing.T) {
	small := Limits{Octets: 1 << 20, Parts: 5, Depth: 2, Text: 1000, Source: 1000, Links: 10}
	deep := ""
	for i := range 6 {
		deep += fmt.Sprintf("Content-Type: multipart/mixed; boundary=b%d\n\n--b%d\n", i, i)
	}
	for name, c := range map[string]struct {
		text  string
		bound Bound
	}{
		"fields":         {strings.Repeat("X-A: 1\n", 4000) + "\nhello", BoundHeader},
		"a long field":   {"Subject: " + strings.Repeat("x", 100_000) + "\n\nhello", BoundHeader},
		"addresses":      {"To: " + strings.Repeat("a@example.com, ", 300) + "\n\nhello", BoundHeader},
		"fields of part": {"Content-Type: multipart/mixed; boundary=b\n\n--b\n" + strings.Repeat("X-A: 1\n", 4000) + "\nhello\n--b--", BoundHeader},
		"parts":          {"Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--b\n\nx\n", 6) + "--b--", BoundParts},
		"parts in parts": {"Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\n\nx\n--c\n\ny\n--c--\n", 4) + "--b--", BoundParts},
		"depth":          {deep, BoundDepth},
		"text":           {"\n" + strings.Repeat("hello you\n", 200), BoundText},
		"page":           {"Content-Type: text/html\n\n" + strings.Repeat("<p>hello you\n", 200), BoundText},
		"names":          {names(9) + "\nhello", BoundHeader},
		"types":          {strings.Repeat("Content-Type: text/plain\n", 5) + "\nhello", BoundHeader},
		"boundaries":     {boundaries(9) + "\n--b0\n\nhello\n--b0--", BoundHeader},
		"empty ones":     {"To: " + strings.Repeat(",", 450) + "a@example.com\n\nhello", BoundHeader},
		"outside": {"Content-Type: multipart/mixed; boundary=b\n\n" + strings.Repeat("hello you\n", 200) + "--b\n\nx\n--b--",
			BoundText},
	} {
		m, err := Read(strings.NewReader(c.text), int64(len(c.text)), small)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(m.NotRead, func(u Unread) bool { return u.Bound == c.bound && u.Text != "" }) {
			t.Errorf("%s: %+v, want %s", name, m.NotRead, c.bound)
		}
	}
	for name, text := range map[string]string{
		"names": names(8) + "\nhello", "types": strings.Repeat("Content-Type: text/plain\n", 4) + "\nhello",
		"boundaries": boundaries(4) + "\n--b0\n\nhello\n--b0--",
		"addresses":  "To: " + strings.Repeat("a@example.com, ", 199) + "\n\nhello",
	} {
		if m := read(t, text); len(m.NotRead) != 0 {
			t.Errorf("%s: within the bound: %+v", name, m.NotRead)
		}
	}
	if m := read(t, multipartOf("multipart/mixed; boundary=abc", "abc", "Content-Type: text/html\r\n",
		phish)); len(m.NotRead) != 0 || m.Forgiven != 0 {
		t.Errorf("well-formed: %+v, forgiven %v", m.NotRead, m.Forgiven.Codes())
	}
	if m := read(t, "Content-Transfer-Encoding: base64;\n\n"); m.Forgiven != rfc822.LooseEncoding {
		t.Errorf("forgiven %v", m.Forgiven.Codes())
	}
}

// What lies behind the last part that is read is searched for addresses all the same.
func TestRead_addressesBehindThePartsThatAreRead(t *testing.T) {
	small := Limits{Octets: 1 << 20, Parts: 5, Depth: 2, Text: 1000, Source: 1000, Links: 10}
	const hidden = "https://hidden.example/a"
	coded := base64.StdEncoding.EncodeToString([]byte(hidden + "\n"))
	parts := strings.Repeat("--b\n\nx\n", 9)
	for name, text := range map[string]string{
		"a part":         parts + "--b\n\n" + hidden + "\n--b--",
		"a page":         parts + "--b\nContent-Type: text/html\n\n<a href=\"" + hidden + "\">x</a>\n--b--",
		"the sixth part": strings.Repeat("--b\n\nx\n", 5) + "--b\n\n" + hidden + "\n--b--",
		"without an end": parts + "--b\n\n" + hidden,
		"base64":         parts + "--b\nContent-Transfer-Encoding: base64\n\n" + coded + "\n--b--",
		"base64 in lines": parts + "--b\nContent-Transfer-Encoding: base64\n\n" + coded[:10] + "\r\n" + coded[10:] +
			"\r\n--b--",
		"base64 within": parts + "--b\nContent-Type: multipart/mixed; boundary=c\n\n--c\n" +
			"Content-Transfer-Encoding: base64\n\n" + coded + "\n--c--\n--b--",
		"quoted-printable": parts + "--b\nContent-Transfer-Encoding: quoted-printable\n\nhttps://hid=\nden.exampl=65/a\n--b--",
		"much before it":   parts + "--b\n\n" + strings.Repeat("x ", 400_000) + hidden + "\n--b--",
		"two multiparts": "--b\nContent-Type: multipart/mixed; boundary=c\n\n" + strings.Repeat("--c\n\nx\n", 4) +
			"--c--\n--b\nContent-Type: multipart/mixed; boundary=d\n\n" + strings.Repeat("--d\n\nx\n", 4) +
			"--d\nContent-Transfer-Encoding: base64\n\n" + coded + "\n--d--\n--b--",
		"behind the last one": parts + "--b--\n" + hidden,
	} {
		text = "Content-Type: multipart/mixed; boundary=b\n\n" + text
		m, err := Read(strings.NewReader(text), int64(len(text)), small)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Contains(m.More, hidden) || len(m.NotRead) == 0 {
			t.Errorf("%s: %q, %+v", name, m.More, m.NotRead)
		}
	}
}

// A message that is attached in quoted-printable as a whole is read as it was before that.
func TestRead_messageInQuotedPrintable(t *testing.T) {
	const page = "<a href=3D\"https://hidden.example/a=\n\">x</a>"
	for name, inner := range map[string]string{
		"with a charset":    "Content-Type: text/html; charset=3Dutf-8\n\n" + page,
		"without":           "Content-Type: text/html\n\n" + page,
		"of its text alone": "Content-Type: text/html\nContent-Transfer-Encoding: quoted-printable\n\n" + page,
		"of a part":         "Content-Type: multipart/mixed; boundary=c\n\n--c\nContent-Type: text/html\nContent-Transfer-Encoding: quoted-printable\n\n" + page + "\n--c--",
		"of a multipart":    "Content-Type: multipart/mixed; boundary=3Dc\n\n--c\nContent-Type: text/html\n\n" + page + "\n--c--",
	} {
		m := read(t, multipartOf("multipart/mixed; boundary=b", "b",
			"Content-Type: message/rfc822\nContent-Transfer-Encoding: quoted-printable\n", "From: a@b.example\n"+inner))
		if len(m.Links) != 1 || m.Links[0].Raw != "https://hidden.example/a" {
			t.Errorf("%s: %+v", name, m.Links)
		}
	}
}
