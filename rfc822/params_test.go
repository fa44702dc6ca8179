package rfc822

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseMediaType(t *testing.T) {
	for raw, want := range map[string][2]string{ // type, charset
		`text/html; charset=utf-8`:                                     {"text/html", "utf-8"},
		` Text/HTML ; Charset = "UTF-8" `:                              {"text/html", "UTF-8"},
		`text/html, charset=UTF-8`:                                     {"text/html", "UTF-8"},
		"text/html\tcharset=UTF-8":                                     {"text/html", "UTF-8"},
		`text/html charset=UTF-8`:                                      {"text/html", "UTF-8"},
		`text/html(comment); charset=UTF-8`:                            {"text/html", "UTF-8"},
		`text/html (a (nested\) one)) ; charset=(c)UTF-8(d)`:           {"text/html", "UTF-8"},
		`text/html (never closed; charset=UTF-8`:                       {"text/html", "UTF-8"},
		`text / html; charset=x`:                                       {"text/html", "x"},
		`text/ html;charset=x`:                                         {"text/html", "x"},
		`"text/html"; charset='utf-8'`:                                 {"text/html", "utf-8"},
		`text/html;;; charset=utf-8;`:                                  {"text/html", "utf-8"},
		`text/html; charset="utf-8`:                                    {"text/html", "utf-8"},
		`text/html; charset="utf-8; format=flowed`:                     {"text/html", "utf-8"},
		`text/html; charset=utf-8; charset=latin1`:                     {"text/html", "utf-8"},
		`text/html; format=flowed charset=utf-8`:                       {"text/html", "utf-8"},
		`text/html; charset*=us-ascii'en'utf-8`:                        {"text/html", "utf-8"},
		`text/html; charset = "utf-8" Content-Transfer-Encoding: 8bit`: {"text/html", "utf-8"},
		`; charset=utf-8`:                                              {"", "utf-8"},
		`charset=utf-8`:                                                {"", "utf-8"},
		`text`:                                                         {"text", ""},
		``:                                                             {"", ""},
		`;=;==;"=";(`:                                                  {"", ""},
		`multipart/signed; protocol="a/b"; micalg=sha1; x="(;)"; charset=c`: {"multipart/signed", "c"},
	} {
		m := parseMediaType(raw)
		if got := [2]string{m.Type, m.Get("charset")}; got != want {
			t.Errorf("%s: %q, want %q", raw, got, want)
		}
	}
}

func TestFileNames(t *testing.T) {
	for raw, want := range map[string]string{
		`attachment; filename="a b.pdf"`:                                           "a b.pdf",
		"attachment; filename=\"a.js\x00.txt\"":                                    "a.js|a.js .txt",
		`attachment; filename="=?utf-8?q?a.js=00.txt?="`:                           "a.js|a.js .txt",
		`attachment; filename*=utf-8''a.js%00%00.txt`:                              "a.js|a.js  .txt",
		`attachment; filename*=utf-8''%00a.js`:                                     "a.js",
		`attachment; filename=a b.pdf`:                                             "a b.pdf",
		`attachment; filename=a b (1).pdf; size=3`:                                 "a b (1).pdf",
		`attachment; filename=a,b.pdf`:                                             "a,b.pdf",
		`attachment; filename="a;b.pdf"; size=1`:                                   "a;b.pdf",
		`attachment; filename="say \"hi\".js"`:                                     `say "hi".js`,
		`attachment; filename="say "hi".js"`:                                       `say "hi".js`,
		`attachment; filename="C:\dir\a.js"`:                                       `C:\dir\a.js`,
		`attachment; filename='a.js'`:                                              "a.js",
		`attachment; filename="a.js`:                                               "a.js",
		`attachment filename="a.js"`:                                               "a.js",
		`filename="a.js"`:                                                          "a.js",
		`attachment; x-unix-mode=0600 filename="a.js"`:                             "a.js",
		`attachment; filename*=utf-8''gr%C3%BCn.pdf`:                               "grün.pdf",
		`attachment; filename*="utf-8''gr%C3%BCn.pdf"`:                             "grün.pdf",
		`attachment; filename*=gr%20n.pdf`:                                         "gr n.pdf",
		`attachment; filename*0="inv"; filename*1="oice.pdf"`:                      "invoice.pdf",
		`attachment; filename*1="oice.pdf"; filename*0="inv"`:                      "invoice.pdf",
		`attachment; filename*2="js"; filename*0="invoice"; filename*1="."`:        "invoice.js",
		`attachment; filename*10="s"; filename*9="j"; filename*0="a."`:             "a.js",
		`attachment; filename*0*=utf-8''gr%C3; filename*1*=%BCn; filename*2=".p%"`: "grün.p%",
		`attachment; filename*1*=%BCn.js; filename*0*=utf-8''gr%C3`:                "grün.js",
		`attachment; filename*0="a"; filename*2=".js"`:                             "a.js",
		`attachment; filename*0="a"; filename*0="b"; filename*1=".js"`:             "a.js",
		`attachment; filename*0="a.txt"; filename*=utf-8''a.js`:                    "a.js|a.txt",
		`attachment; filename*x="a.js"`:                                            "a.js",
		`attachment; filename="=?utf-8?Q?gr=C3=BCn.pdf?="`:                         "grün.pdf",
		`attachment; filename="=?utf-8?Q?gr=C3?= =?utf-8?Q?=BCn.pdf?="`:            "grün.pdf",
		`attachment; filename="a.txt"; filename*=utf-8''a.js`:                      "a.txt|a.js",
		`attachment; filename="a.txt"; filename="a.js"`:                            "a.txt|a.js",
		`attachment; name="a.js"`:                                                  "a.js",
		`text/html; charset="=utf-8"> <meta name="viewport" content="a.js">`:       "",
		"attachment; filename=\"a=?utf-8?Q?=0A?=.js\"":                             "a .js",
		`attachment`: "",
	} {
		h := Header{Fields: []Field{{Name: "content-disposition", Raw: raw}}}
		if got := strings.Join(h.FileNames(), "|"); got != want {
			t.Errorf("%s: %q, want %q", raw, got, want)
		}
	}
	h := Header{Fields: []Field{{Name: "Content-Type", Raw: `application/x; name="b.js"; filename=c.js`}, {Name: "Content-Disposition", Raw: `attachment; filename=a.txt`}}}
	if diff := cmp.Diff([]string{"a.txt", "b.js", "c.js"}, h.FileNames()); diff != "" {
		t.Error(diff)
	}
}

// A parameter below its field counts without an indent, and without a semicolon before it.
func TestFileNames_belowTheField(t *testing.T) {
	for _, text := range []string{
		"Content-Type: application/octet-stream;\r\nname=\"a.js\"\r\n\r\n", "Content-Type: application/octet-stream\r\nname=\"a.js\"\r\n\r\n",
		"Content-Type: application/octet-stream\nname=a.js\n\n", "Content-Disposition: attachment\r\nfilename*=utf-8''a.js\r\n\r\n",
		"Content-Disposition: attachment; size=1\r\nfilename=a.js\r\nX-A: b\r\n\r\n",
		"Content-Disposition: attachment\r\n filename=a.js\r\n\r\n",
	} {
		h, _ := ParseHeader([]byte(text), HeaderOptions{})
		if got := h.FileName(); got != "a.js" {
			t.Errorf("%q: %q", text, got)
		}
	}
}

func TestParseMediaType_bounds(t *testing.T) {
	for name, raw := range map[string]string{
		"parameters": "a/b; " + strings.Repeat("x=y; ", 1<<16), "comments": "a/b; " + strings.Repeat("(", 1<<16),
		"closed comments": strings.Repeat("(", 1<<15) + strings.Repeat(")", 1<<15), "quotes": "a/b; filename=" + strings.Repeat(`"`, 1<<16),
		"blanks": "a/b; filename=\"" + strings.Repeat(`" `, 1<<15), "semicolons": "a/b; filename=\"" + strings.Repeat("; ", 1<<15),
		"single quotes": "a/b; name='" + strings.Repeat(`;'`, 1<<15), "sections": "a/b; " + strings.Repeat("name*0=x;", 1<<14),
	} {
		m := parseMediaType(raw)
		if len(m.Params) > maxParams || name == "parameters" && m.Bounds != Parameters {
			t.Errorf("%s: %d parameters, bounds %v", name, len(m.Params), m.Bounds.Codes())
		}
	}
}

func TestEncoding(t *testing.T) {
	for value, want := range map[string]Encoding{
		"base64": Base64, "BASE64": Base64, "base64;": Base64, "Base64 (enc)": Base64, "(c) base64": Base64, `"base64"`: Base64, "'base64'": Base64,
		"base 64": Base64, "x-base64": Base64, "base64, 7bit": Base64, "7bit base64": Base64, "base64 base64": Base64,
		"quoted-printable": QuotedPrintable, "quoted-printable;": QuotedPrintable, "quoted-printable (x)": QuotedPrintable, "quoted_printable": QuotedPrintable,
		"quoted printable": QuotedPrintable, "quotedprintable": QuotedPrintable, "Quoted-Printable; charset=utf-8": QuotedPrintable,
		"x-uuencode": UUEncode, "uuencode": UUEncode, "x-uue": UUEncode,
		"7bit": Identity, "8bit": Identity, "binary": Identity, "": Identity, "none": Identity, "utf-8": Identity, "(base64)": Identity, "8-bit": Identity,
	} {
		h := Header{Fields: []Field{{Name: "Content-Transfer-Encoding", Value: value}}}
		if got := h.Encoding(); got != want {
			t.Errorf("%q: %q, want %q", value, got, want)
		}
	}
}

func TestEncodingOf_several(t *testing.T) {
	for _, c := range []struct {
		values, head string
		want         Encoding
	}{
		{"7bit|base64", "aGVsbG8=\r\n", Base64}, {"base64|7bit", "aGVsbG8=\r\n", Base64}, {"7bit|base64", "<html>hello", Identity},
		{"7bit|quoted-printable", "a =3D b", QuotedPrintable}, {"7bit|quoted-printable", "a = b", Identity},
		{"base64|quoted-printable", "a =3D b", QuotedPrintable}, {"base64|base64", "<html>", Base64}, {"8bit|x-uuencode", "begin 644 a\n", UUEncode},
		{"quoted-printable|base64", "aGVsbG8=\r\n", Base64}, {"quoted-printable|base64", "aGVsbG8=\r\naGVsbA==\r\n", Base64},
		{"quoted-printable|7bit", "a soft=\r\nbreak", QuotedPrintable}, {"quoted-printable|base64", "a soft=\r\nbreak", QuotedPrintable},
	} {
		var h Header
		for v := range strings.SplitSeq(c.values, "|") {
			h.Fields = append(h.Fields, Field{Name: "Content-Transfer-Encoding", Value: v})
		}
		if got := h.EncodingOf([]byte(c.head)); got != c.want {
			t.Errorf("%s of %q: %q, want %q", c.values, c.head, got, c.want)
		}
	}
	h, _ := ParseHeader([]byte("Content-Type: text/plain; charset = \"x\" Content-Transfer-Encoding: base64\n\n"), HeaderOptions{})
	if h.Encoding() != Base64 {
		t.Error("two fields in one line: the second is lost")
	}
}

// A letter that only lower case makes one of ASCII is none: names are compared as Exchange compares them.
func TestParseMediaType_namesAreASCII(t *testing.T) {
	for _, value := range []string{"text/pla\u0130n; charset=utf-8", "text/mar\u212adown", "appl\u0130cation/zip"} {
		m := parseMediaType(value)
		if want, _, _ := strings.Cut(value, ";"); m.Type != want {
			t.Errorf("%q: type %q, want %q as it stands", value, m.Type, want)
		}
	}
	if m := parseMediaType("a/b; f\u0130lename=x.exe"); len(m.all("filename")) > 0 {
		t.Errorf("a look-alike of filename gives %q", m.all("filename"))
	}
}
