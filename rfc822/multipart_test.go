package rfc822

import (
	"encoding/base64"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// splitOf cuts a message's body from a slice, and checks that from streams it is cut the same.
func splitOf(t *testing.T, contentType, body string, o SplitOptions) Multipart {
	t.Helper()
	h, _ := ParseHeader([]byte("Content-Type: "+contentType+"\n\n"), HeaderOptions{})
	m := Split(LinesOf([]byte(body)), h.Boundary(), o)
	for name, r := range map[string]io.Reader{"stream": strings.NewReader(body), "byte by byte": iotest.OneByteReader(strings.NewReader(body))} {
		streamed := Split(NewLines(r), h.Boundary(), o)
		if diff := cmp.Diff(m, streamed, cmp.AllowUnexported(Header{})); diff != "" {
			t.Errorf("%q from a %s: %s", body, name, diff)
		}
	}
	return m
}

func bodiesOf(m Multipart, text string) string {
	var all []string
	for _, p := range m.Parts {
		all = append(all, text[p.Body.Start:p.Body.End])
	}
	return strings.Join(all, "|")
}

func TestSplit(t *testing.T) {
	for name, c := range map[string]struct {
		contentType, body, parts string
		forgiven                 Forgiven
	}{
		"well-formed":                  {`m/x; boundary=b`, "pre\r\n--b\r\nA: 1\r\n\r\none\r\n--b\r\n\r\ntwo\r\n\r\n--b--\r\nepi", "one|two\r\n", 0},
		"LF alone":                     {`m/x; boundary=b`, "--b\n\none\n--b\n\ntwo\n--b--\n", "one|two", 0},
		"LF delimiters, CR of its own": {`m/x; boundary=b`, "--b\n\none\r\n--b--\n", "one\r", 0},
		"CRLF delimiters, LF before":   {`m/x; boundary=b`, "--b\r\n\r\none\n--b--\r\n", "one", 0},
		"empty parts":                  {`m/x; boundary=b`, "--b\r\n\r\n--b\r\n--b\r\nA: 1\r\n--b--", "||", 0},
		"missing end":                  {`m/x; boundary=b`, "--b\r\n\r\none\r\n", "one\r\n", UnclosedMultipart},
		"a header alone":               {`m/x; boundary=b`, "--b\r\nA: 1", "", UnclosedMultipart},
		"no delimiter":                 {`m/x; boundary=b`, "one\r\n", "", 0},
		"longer boundaries":            {`m/x; boundary=b`, "--bb\r\n--b\r\n\r\n--bb\r\n--b-\r\n--b--b\r\n--b--", "--bb\r\n--b-\r\n--b--b", 0},
		"padding":                      {`m/x; boundary=b`, "--b \t\r\n\r\none\r\n--b-- \r\n", "one", 0},
		"in the middle of a line":      {`m/x; boundary=b`, "--b\r\n\r\none --b\r\n--b--", "one --b", 0},
		"no empty line":                {`m/x; boundary=b`, "--b\r\nContent-Type: text/html\r\n<p>\r\n--b--", "<p>", 0},
		"no header, no empty line":     {`m/x; boundary=b`, "--b\r\nhello you\r\nhttps://x/\r\n--b--", "hello you\r\nhttps://x/", 0},
		"behind the end":               {`m/x; boundary=b`, "--b\r\n\r\none\r\n--b--\r\n--b\r\n\r\ntwo\r\n--b--", "one|two", ReopenedMultipart},
		"quoted":                       {`m/x; boundary="b c"`, "--b c\r\n\r\none\r\n--b c--", "one", 0},
		"blank at its end":             {`m/x; boundary="b "`, "--b\r\n\r\none\r\n--b--", "one", 0},
		"blank at its end, written":    {`m/x; boundary="b "`, "--b \r\n\r\none\r\n--b --", "one", 0},
		"single quotes":                {`m/x; boundary='b'`, "--b\r\n\r\none\r\n--b--", "one", 0},
		"single quotes of its own":     {`m/x; boundary='b'`, "--'b'\r\n\r\none\r\n--'b'--", "one", LooseBoundary},
		"escape":                       {`m/x; boundary="a\bc"`, "--abc\r\n\r\none\r\n--abc--", "one", 0},
		"escape as it stands":          {`m/x; boundary="a\bc"`, "--a\\bc\r\n\r\none\r\n--a\\bc--", "one", LooseBoundary},
		"comment":                      {`m/x; boundary=b (hello)`, "--b\r\n\r\none\r\n--b--", "one", 0},
		"comment without blank":        {`m/x; boundary=b(hello)`, "--b\r\n\r\none\r\n--b--", "one", 0},
		"comment before":               {`m/x (c); (c) boundary (c) = (c) b`, "--b\r\n\r\none\r\n--b--", "one", 0},
		"sections":                     {`m/x; boundary*1=c; boundary*0=ab`, "--abc\r\n\r\none\r\n--abc--", "one", 0},
		"folded with a tab":            {"m/x;\n boundary=\"=_x\n\t1\"", "--=_x\t1\r\n\r\none\r\n--=_x\t1--", "one", 0},
		"folded, and written with one": {"m/x;\n boundary=\"=_x\n\t1\"", "--=_x 1\r\n\r\none\r\n--=_x 1--", "one", LooseBoundary},
		"folded, and written without":  {"m/x;\n boundary=\"=_x\n\t1\"", "--=_x1\r\n\r\none\r\n--=_x1--", "one", LooseBoundary},
		"never unquoted":               {`m/x; boundary="b`, "--b\r\n\r\none\r\n--b--", "one", 0},
		"two of them, the first":       {`m/x; boundary=b; boundary=c`, "--b\r\n\r\none\r\n--b--", "one", 0},
		"two of them, the second":      {`m/x; boundary=b; boundary=c`, "--c\r\n\r\none\r\n--c--", "one", LooseBoundary},
		"two of them, both":            {`m/x; boundary=b; boundary=c`, "--b\r\n\r\none\r\n--c\r\n\r\ntwo\r\n--b--", "one|two", LooseBoundary},
	} {
		t.Run(name, func(t *testing.T) {
			m := splitOf(t, c.contentType, c.body, SplitOptions{PastEnd: true})
			if got := bodiesOf(m, c.body); got != c.parts || m.Forgiven != c.forgiven {
				t.Errorf("%q, forgiven %v; want %q, %v", got, m.Forgiven.Codes(), c.parts, c.forgiven.Codes())
			}
		})
	}
}

func TestSplit_outside(t *testing.T) {
	const body = "pre\r\n--b\r\n\r\none\r\n--b--\r\nepi\r\n"
	m := splitOf(t, "m/x; boundary=b", body, SplitOptions{PastEnd: true})
	if pre, epi := body[m.Preamble.Start:m.Preamble.End], body[m.Epilogue.Start:m.Epilogue.End]; pre != "pre" ||
		epi != "epi\r\n" {
		t.Errorf("preamble %q, epilogue %q", pre, epi)
	}
	m = splitOf(t, "m/x; boundary=b", body+"--b\r\n\r\ntwo", SplitOptions{})
	if len(m.Parts) != 1 || !m.Closed || m.Forgiven != 0 {
		t.Errorf("without PastEnd: %d parts, forgiven %v", len(m.Parts), m.Forgiven.Codes())
	}
}

func TestSplit_bounds(t *testing.T) {
	body := strings.Repeat("--b\r\nA: 1\r\n\r\nx\r\n", 50)
	if m := splitOf(t, "m/x; boundary=b", body, SplitOptions{Parts: 7}); len(m.Parts) != 7 || m.Bounds != PartCount {
		t.Errorf("%d parts, bounds %v", len(m.Parts), m.Bounds.Codes())
	}
	room := 10
	m := Split(LinesOf([]byte(body)), newBoundary("b"), SplitOptions{Header: HeaderOptions{Room: &room}})
	kept := 0
	for _, p := range m.Parts {
		kept += len(p.Header.Fields)
	}
	if kept != 5 || m.Parts[49].Header.Bounds != HeaderRoom {
		t.Errorf("%d fields kept, bounds of the last %v", kept, m.Parts[49].Header.Bounds.Codes())
	}
}

// The line break before a delimiter, and the delimiter itself, may lie across two reads.
func TestSplit_acrossReads(t *testing.T) {
	for n := lineBuffer - 20; n < lineBuffer+20; n++ {
		body := "--b\r\n\r\n" + strings.Repeat("x", n) + "\r\n--b--\r\n"
		m := Split(NewLines(strings.NewReader(body)), newBoundary("b"), SplitOptions{})
		if len(m.Parts) != 1 || m.Parts[0].Body.Size() != int64(n) || !m.Closed {
			t.Fatalf("%d bytes: %+v", n, m)
		}
		many := "--b\r\n\r\n" + strings.Repeat("y\r\n", n/3) + "--b--\r\n"
		if m := Split(NewLines(strings.NewReader(many)), newBoundary("b"), SplitOptions{}); !m.Closed {
			t.Fatalf("%d bytes of lines: %+v", n, m)
		}
	}
}

func TestWholeEncoding(t *testing.T) {
	const part = "--b\r\nContent-Type: text/html; charset=utf-8\r\n\r\n<p>a=b</p>\r\n--b--\r\n"
	quoted := strings.ReplaceAll(part, "=", "=3D")
	for name, c := range map[string]struct {
		encoding, body string
		want           Encoding
	}{
		"none":                               {"7bit", part, Identity},
		"base64":                             {"base64", base64.StdEncoding.EncodeToString([]byte(part)), Base64},
		"base64, and is not":                 {"base64", part, Identity},
		"base64 with a long preamble":        {"base64", strings.Repeat("hello you. ", 2000) + "\r\n" + part, Identity},
		"quoted-printable":                   {"quoted-printable", quoted, QuotedPrintable},
		"quoted-printable, delimiters too":   {"quoted-printable", strings.ReplaceAll(quoted, "--b", "--=62"), QuotedPrintable},
		"quoted-printable of the parts":      {"quoted-printable", strings.Replace(part, "\r\n\r\n", "\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n", 1), Identity},
		"quoted-printable, nothing to see":   {"quoted-printable", "--b\r\n\r\nhello\r\n--b--", QuotedPrintable},
		"uuencode":                           {"x-uuencode", uuencode([]byte(part), "x"), UUEncode},
		"base64 in which there is no mail":   {"base64", base64.StdEncoding.EncodeToString([]byte("hello you, here is nothing")), Identity},
		"base64 with a comment in its token": {"base64 (whole)", base64.StdEncoding.EncodeToString([]byte(part)), Base64},
	} {
		h, _ := ParseHeader([]byte("Content-Type: multipart/mixed; boundary=b\r\nContent-Transfer-Encoding: "+c.encoding+"\r\n\r\n"), HeaderOptions{})
		if got := h.WholeEncoding([]byte(c.body)); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func TestBeginsWithHeader(t *testing.T) {
	for head, want := range map[string]bool{
		"From: a\r\nTo: b\r\n\r\nx": true, "From: a\n b\n\nx": true, "From: a\r\nTo: b": true, "A: b\n": true,
		"": false, "hello": false, "hello you: x\n": false, "https://x/\n": false, "From: a\nhello\n\n": false, "\r\nFrom: a\n": false, "%PDF-1.4\n": false,
	} {
		if got := BeginsWithHeader([]byte(head)); got != want {
			t.Errorf("%q: %v", head, got)
		}
	}
}

func TestMessageEncoding(t *testing.T) {
	for name, c := range map[string]struct {
		encoding, body string
		want           Encoding
	}{
		"none":                               {"7bit", "From: a\r\n\r\na=3Db", Identity},
		"all in base64":                      {"base64", "RnJvbTogYQ0KDQph\r\n", Base64},
		"base64 of its text":                 {"base64", "From: a\r\nContent-Transfer-Encoding: base64\r\n\r\naGVsbG8=", Identity},
		"all in quoted-printable":            {"quoted-printable", "From: a\r\nContent-Type: text/html; charset=3Dutf-8\r\n\r\n<a href=3D\"x\">", QuotedPrintable},
		"the same, without parameters":       {"quoted-printable", "From: a\r\nContent-Type: text/html\r\n\r\n<a href=3D\"x\">", QuotedPrintable},
		"all of a multipart":                 {"quoted-printable", "From: a\r\nContent-Type: multipart/mixed; boundary=3Db\r\n\r\n--b\r\n", QuotedPrintable},
		"quoted-printable of its text":       {"quoted-printable", "From: a\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\n<a href=3D\"x\">", Identity},
		"quoted-printable of a part":         {"quoted-printable", "From: a\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\n\r\na=3Db", Identity},
		"quoted-printable, and no escape":    {"quoted-printable", "From: a\r\n\r\n<a href=\"x\">", Identity},
		"its first field is encoded as well": {"quoted-printable", "Fr=6Fm: a\r\n\r\nb", QuotedPrintable},
	} {
		h, _ := ParseHeader([]byte("Content-Transfer-Encoding: "+c.encoding+"\r\n\r\n"), HeaderOptions{})
		if got := h.MessageEncoding([]byte(c.body)); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}

func ExampleSplit() {
	const message = "Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\nhello\r\n--b--\r\n"
	lines := LinesOf([]byte(message))
	h := ReadHeader(lines, HeaderOptions{})
	for _, p := range Split(lines, h.Boundary(), SplitOptions{}).Parts {
		fmt.Println(p.Header.MediaType().Type, message[p.Body.Start:p.Body.End])
	}
	// Output: text/plain hello
}
