package rfc822

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// headerOf reads a header from a slice, and checks that from streams of every kind it reads the same.
func headerOf(t *testing.T, text string, o HeaderOptions) (Header, string) {
	t.Helper()
	h, body := ParseHeader([]byte(text), o)
	for name, r := range map[string]io.Reader{
		"stream": strings.NewReader(text), "byte by byte": iotest.OneByteReader(strings.NewReader(text)),
	} {
		l := NewLines(r)
		streamed := ReadHeader(l, o)
		if diff := cmp.Diff(h, streamed, cmp.AllowUnexported(Header{})); diff != "" {
			t.Errorf("%q from a %s: %s", text, name, diff)
		}
		if l.Offset() != int64(len(text)-len(body)) {
			t.Errorf("%q from a %s: the body begins at %d, want %d", text, name, l.Offset(), len(text)-len(body))
		}
	}
	return h, string(body)
}

func fieldsOf(h Header) string {
	var out []string
	for _, f := range h.Fields {
		out = append(out, f.Name+"="+f.Value)
	}
	return strings.Join(out, "|")
}

func TestReadHeader(t *testing.T) {
	for name, c := range map[string]struct {
		text, fields, body string
		forgiven           Forgiven
	}{
		"well-formed":                    {"A: 1\r\nB: 2\r\n\r\nbody", "A=1|B=2", "body", 0},
		"LF alone":                       {"A: 1\nB: 2\n\nbody", "A=1|B=2", "body", 0},
		"folded":                         {"A: 1\r\n 2\r\n\t3\r\n\r\nbody", "A=1 2 3", "body", 0},
		"folded with nothing":            {"A: 1\r\n \r\nB: 2\r\n\r\nbody", "A=1|B=2", "body", 0},
		"empty value":                    {"X-MS-Journal-Report:\r\n\r\nbody", "X-MS-Journal-Report=", "body", 0},
		"blank before the colon":         {"A : 1\r\n\r\nbody", "A=1", "body", 0},
		"doubled CR":                     {"A: 1\r\r\n\r\r\nbody", "A=1", "body", 0},
		"no header":                      {"\r\nbody", "", "body", 0},
		"nothing":                        {"", "", "", 0},
		"no body":                        {"A: 1\r\n", "A=1", "", NoEmptyLine},
		"byte order mark":                {"\ufeffA: 1\r\n\r\nbody", "A=1", "body", 0},
		"mbox line":                      {"From a@example.com Thu Jan  1\nA: 1\n\nbody", "A=1", "body", 0},
		"quoted mbox line":               {">From a@example.com Thu Jan  1\nA: 1\n\nbody", "A=1", "body", 0},
		"html without empty line":        {"Content-Type: text/html\r\n<p>\r\n<a href=\"https://x\">\r\n\r\nmore", "Content-Type=text/html", "<p>\r\n<a href=\"https://x\">\r\n\r\nmore", NoEmptyLine},
		"text without empty line":        {"Content-Type: text/plain\r\nHello you\r\nhttps://x/\r\n", "Content-Type=text/plain", "Hello you\r\nhttps://x/\r\n", NoEmptyLine},
		"address without empty line":     {"Content-Type: text/plain\r\nhttps://x/\r\n", "Content-Type=text/plain", "https://x/\r\n", NoEmptyLine},
		"delimiter without empty line":   {"Content-Type: multipart/x; boundary=b\r\nMIME-Version: 1.0\r\n hello\r\n--b\r\nContent-Type: text/plain\r\n\r\nx", "Content-Type=multipart/x; boundary=b|MIME-Version=1.0 hello", "--b\r\nContent-Type: text/plain\r\n\r\nx", NoEmptyLine},
		"what looks like a delimiter":    {"A: 1\r\n--b\r\nContent-Type: text/plain\r\n\r\nx", "A=1|Content-Type=text/plain", "x", BrokenLine},
		"an odd name":                    {"--b=_:\r\nContent-Type: text/plain\r\n\r\nx", "--b=_=|Content-Type=text/plain", "x", 0},
		"markup before a field":          {"A: 1\r\n<a/href=\"https://x\">y\r\nX-B: 1\r\n\r\nbody", "A=1|X-B=1", "body", BrokenLine},
		"text with an odd name":          {"A: 1\r\n<p>hello:</p>\r\n<p>you</p>\r\n", "A=1", "<p>hello:</p>\r\n<p>you</p>\r\n", NoEmptyLine},
		"base64 without empty line":      {"Content-Transfer-Encoding: base64\r\naGVsbG8=\r\n\r\n", "Content-Transfer-Encoding=base64", "aGVsbG8=\r\n\r\n", NoEmptyLine},
		"text only":                      {"Hello you\r\nhttps://x/\r\n", "", "Hello you\r\nhttps://x/\r\n", 0},
		"broken line among fields":       {"A: 1\r\nthis is none\r\nSubject: 2\r\n\r\nbody", "A=1|Subject=2", "body", BrokenLine},
		"broken lines among fields":      {"Received: a\r\nnone\r\nX-B: 1\r\nnone either\r\nTo: x\r\n\r\nbody", "Received=a|X-B=1|To=x", "body", BrokenLine},
		"broken line, continued":         {"Received: a\r\n(1 2:3) by b\r\n\tc\r\n d\r\nReceived: e\r\n\r\nbody", "Received=a|Received=e", "body", BrokenLine},
		"indented text in a broken head": {"A: 1\r\n<html>\r\n <body>\r\nhello\r\n", "A=1", "<html>\r\n <body>\r\nhello\r\n", NoEmptyLine},
		"three broken lines":             {"A: 1\r\none\r\ntwo x\r\nthree: four five\r\nX-B: 1\r\n\r\nbody", "A=1|three=four five|X-B=1", "body", BrokenLine},
		"four broken lines":              {"A: 1\r\none\r\ntwo\r\nthree\r\nfour\r\nX-B: 1\r\n\r\nbody", "A=1", "one\r\ntwo\r\nthree\r\nfour\r\nX-B: 1\r\n\r\nbody", NoEmptyLine},
		"broken line first":              {"HTTP/1.1 200 OK\r\nSubject: 2\r\n\r\nbody", "Subject=2", "body", BrokenLine},
		"broken line last":               {"A: 1\r\nthis is none\r\n\r\nbody", "A=1", "body", BrokenLine},
		"broken line before base64":      {"Content-Transfer-Encoding: base64\r\nnone!\r\n\r\naGVsbG8=", "Content-Transfer-Encoding=base64", "aGVsbG8=", BrokenLine},
		"parameter not indented":         {"Content-Type: text/x;\r\nname=\"a.js\"\r\nB: 2\r\n\r\nbody", "Content-Type=text/x; name=\"a.js\"|B=2", "body", LooseParameter},
		"section not indented":           {"Content-Disposition: attachment;\r\nfilename*0=\"a\";\r\nfilename*1=\".js\"\r\n\r\nbody", "Content-Disposition=attachment; filename*0=\"a\"; filename*1=\".js\"", "body", LooseParameter},
		"boundary not indented":          {"Content-Type: multipart/mixed;\r\nboundary=b\r\n\r\n--b", "Content-Type=multipart/mixed; boundary=b", "--b", LooseParameter},
		"no parameter of Subject":        {"Subject: x\r\nname=y\r\n\r\nbody", "Subject=x", "body", BrokenLine},
		"continuation of a skipped line": {"A: 1\r\nnone\r\nX-B: 1\r\n 2\r\n\r\nbody", "A=1|X-B=1 2", "body", BrokenLine},
	} {
		t.Run(name, func(t *testing.T) {
			h, body := headerOf(t, c.text, HeaderOptions{})
			if got := fieldsOf(h); got != c.fields || body != c.body || h.Forgiven != c.forgiven {
				t.Errorf("fields %q, body %q, forgiven %v; want %q, %q, %v", got, body, h.Forgiven.Codes(), c.fields,
					c.body, c.forgiven.Codes())
			}
			if h.Size != int64(len(c.text)-len(body)) {
				t.Errorf("size %d, want %d", h.Size, len(c.text)-len(body))
			}
		})
	}
}

func TestReadHeader_keepsBrokenLines(t *testing.T) {
	h, _ := headerOf(t, "A: 1\r\n<a href=https://evil.example>\r\nX-B: 1\r\n\r\n", HeaderOptions{})
	if diff := cmp.Diff([]string{"<a href=https://evil.example>"}, h.Skipped); diff != "" {
		t.Error(diff)
	}
}

// A sender's bytes can hold a bare LF. Where the lines end in CRLF it ends no field.
func TestReadHeader_bareLineFeed(t *testing.T) {
	const text = "Subject: hi\nMessage-Id: <forged@x>\r\nMessage-Id: <own@x>\r\n\r\nbody"
	loose := ReadHeader(LinesOf([]byte(text)), HeaderOptions{})
	if loose.Count("Message-Id") != 2 {
		t.Errorf("as any program reads it: %q", fieldsOf(loose))
	}
	for _, l := range []*Lines{LinesOf([]byte(text)), NewLines(iotest.OneByteReader(strings.NewReader(text)))} {
		l.CRLF = true
		h := ReadHeader(l, HeaderOptions{})
		if got := fieldsOf(h); got != "Subject=hi Message-Id: <forged@x>|Message-Id=<own@x>" ||
			h.Forgiven != BareLineFeed {
			t.Errorf("%q, forgiven %v", got, h.Forgiven.Codes())
		}
	}
}

func TestReadHeader_endsAtDelimiter(t *testing.T) {
	for _, text := range []string{"A: 1\r\n--b\r\n\r\nbody", "--b\r\n\r\nbody", "A: 1\r\n 2\r\n--b--\r\n"} {
		at := strings.Index(text, "--b")
		_, body := headerOf(t, text, HeaderOptions{Ends: newBoundary("b").Ends})
		if body != text[at:] {
			t.Errorf("%q: the body is %q", text, body)
		}
	}
}

func TestReadHeader_bounds(t *testing.T) {
	room := 100
	for name, c := range map[string]struct {
		text  string
		o     HeaderOptions
		bound Bounds
		left  int // fields
	}{
		"bytes":              {strings.Repeat("A: 1\n", 100), HeaderOptions{Octets: 50}, HeaderOctets, 10},
		"fields":             {strings.Repeat("A: 1\n", 100), HeaderOptions{Fields: 7}, HeaderFields, 7},
		"fields, then one":   {strings.Repeat("A: 1\n", 100) + "Subject: x\nSubject: y\n", HeaderOptions{Fields: 7}, HeaderFields, 8},
		"one field":          {"A: " + strings.Repeat("x", 1000) + "\n", HeaderOptions{FieldOctets: 50}, FieldOctets, 1},
		"one field, folded":  {"A: x\n" + strings.Repeat(" x\n", 1000), HeaderOptions{FieldOctets: 50}, FieldOctets, 1},
		"fields of one name": {strings.Repeat("A: 1\nB: 1\n", 100), HeaderOptions{PerName: 3}, FieldsOfName, 6},
		"bytes of one name":  {strings.Repeat("A: 1\nB: 1\n", 100), HeaderOptions{NameOctets: 5}, FieldOctets, 4},
		"bytes of several":   {strings.Repeat("A: 1\n", 100), HeaderOptions{Room: &room}, HeaderRoom, 50},
	} {
		t.Run(name, func(t *testing.T) {
			h := ReadHeader(LinesOf([]byte(c.text+"\nbody")), c.o)
			if h.Bounds != c.bound || len(h.Fields) != c.left {
				t.Errorf("%d fields, bounds %v; want %d, %v", len(h.Fields), h.Bounds.Codes(), c.left, c.bound.Codes())
			}
			if n := strings.Count(c.text, "A:"); c.bound != HeaderOctets && h.Count("a") != n {
				t.Errorf("counted %d fields, want %d", h.Count("a"), n)
			}
		})
	}
}

// A line longer than the buffer comes in pieces, and must read as in a slice.
func TestReadHeader_longLines(t *testing.T) {
	for _, n := range []int{lineBuffer - 5, lineBuffer - 1, lineBuffer, lineBuffer + 1, 3 * lineBuffer} {
		for _, first := range []string{"A: " + strings.Repeat("x", n) + "\r\n", "A: 1\r\n" + strings.Repeat("<", n) + "\r\n"} {
			headerOf(t, first+"B: 2\r\n\r\nbody", HeaderOptions{FieldOctets: 1 << 20})
		}
	}
}

func TestLines_offsets(t *testing.T) {
	text := []byte("a\r\nbb\n\nccc")
	for name, l := range map[string]*Lines{"slice": LinesOf(text), "stream": NewLines(bytes.NewReader(text))} {
		var got []string
		for {
			piece, begins := l.Next()
			if len(piece) == 0 {
				break
			}
			got = append(got, fmt.Sprintf("%q %v %d", piece, begins, l.Offset()))
		}
		want := []string{`"a\r\n" true 3`, `"bb\n" true 6`, `"\n" true 7`, `"ccc" true 10`}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
	}
}

// After Close there are no more lines, whoever reads with the buffer since.
func TestLines_closed(t *testing.T) {
	l := NewLines(strings.NewReader("a\nb\nc\n"))
	l.Next()
	section := l.Until(func([]byte) bool { return false }, false)
	l.Close()
	other := NewLines(strings.NewReader("x\ny\n"))
	defer other.Close()
	if piece, _ := l.Next(); len(piece) > 0 || l.Offset() != 2 {
		t.Errorf("%q at %d after Close", piece, l.Offset())
	}
	if rest, err := io.ReadAll(section); len(rest) > 0 || err != nil {
		t.Errorf("%q, %v after Close", rest, err)
	}
	l.Close()
	if piece, _ := other.Next(); string(piece) != "x\n" {
		t.Errorf("the other reads %q", piece)
	}
}

func TestLines_until(t *testing.T) {
	for text, want := range map[string]string{
		"a\r\nb\r\n--b\r\nrest": "a\r\nb", "a\n\n--b--\n": "a\n", "--b\n": "", "a\r\n": "a\r\n", "": "", "--bb\n--b": "--bb",
	} {
		l := NewLines(strings.NewReader(text))
		got, err := io.ReadAll(iotest.OneByteReader(l.Until(newBoundary("b").Ends, true)))
		if string(got) != want || err != nil {
			t.Errorf("%q: %q, want %q, error %v", text, got, want, err)
		}
	}
}
