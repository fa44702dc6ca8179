package rfc822

import (
	"bytes"
	"io"
	"testing"
	"unicode/utf8"
)

// FuzzReader: whatever the bytes are, they read the same from a stream and from a slice, and offsets hold together.
func FuzzReader(f *testing.F) {
	f.Add([]byte("Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nA: 1\r\n\r\none\r\n--b--\r\n"))
	f.Add([]byte("Content-Type: text/html; charset='utf-7'; name*1=b; name*0=a\nContent-Transfer-Encoding: base64 (x)\n\naGVs=\n"))
	f.Add([]byte("From: =?utf-8?Q?a=C3?= =?utf-8?B?pA==?= <a@b>\n none\n\nbegin 644 a\n#86)C\nend\n"))
	f.Fuzz(func(t *testing.T, in []byte) {
		h, body := ParseHeader(in, HeaderOptions{})
		l := NewLines(bytes.NewReader(in))
		streamed := ReadHeader(l, HeaderOptions{})
		if len(streamed.Fields) != len(h.Fields) || l.Offset() != int64(len(in)-len(body)) || h.Size != l.Offset() {
			t.Fatalf("%d fields, the body at %d; from a stream %d fields, %d", len(h.Fields), len(in)-len(body),
				len(streamed.Fields), l.Offset())
		}
		for _, v := range []string{h.Text("From"), h.Text("Subject"), h.FileName()} {
			if !utf8.ValidString(v) || bytes.ContainsAny([]byte(v), "\r\n") {
				t.Fatalf("decoded field %q", v)
			}
		}
		_, _ = h.Addresses("From")
		h.WholeEncoding(body)
		fuzzDecoders(t, &h, body)
		fuzzSplit(t, &h, body)
	})
}

func fuzzDecoders(t *testing.T, h *Header, body []byte) {
	m := h.MediaType()
	for _, e := range []Encoding{h.EncodingOf(body), Base64, QuotedPrintable, UUEncode} {
		out, forgiven := Decode(body, e)
		d := NewDecoder(bytes.NewReader(body), e)
		if streamed, err := io.ReadAll(d); err != nil || !bytes.Equal(out, streamed) || d.Forgiven() != forgiven {
			t.Fatalf("%s: %q, forgiven %v; from a stream %q, %v, error %v", e, out, forgiven.Codes(), streamed,
				d.Forgiven().Codes(), err)
		}
		text, _ := DecodeText(out, m.Get("charset"))
		page, _ := DecodeHTML(out, m.Get("charset"))
		if !utf8.ValidString(text) || !utf8.ValidString(page) {
			t.Fatalf("%q, %q", text, page)
		}
		r := NewTextReader(bytes.NewReader(out), m.Get("charset"))
		if streamed, err := io.ReadAll(r); err != nil || !utf8.Valid(streamed) {
			t.Fatalf("%q, error %v", streamed, err)
		}
	}
	for _, b := range FindUU(body, 5) {
		if b.Start >= b.End || b.End > len(body) {
			t.Fatalf("%+v", b)
		}
	}
}

func fuzzSplit(t *testing.T, h *Header, body []byte) {
	b := h.Boundary()
	if b.None() {
		return
	}
	m := Split(LinesOf(body), b, SplitOptions{PastEnd: true})
	streamed := Split(NewLines(bytes.NewReader(body)), b, SplitOptions{PastEnd: true})
	if len(m.Parts) != len(streamed.Parts) || m.Forgiven != streamed.Forgiven || m.Epilogue != streamed.Epilogue {
		t.Fatalf("%+v; from a stream %+v", m, streamed)
	}
	at := int64(0)
	for i, p := range m.Parts {
		if p.Body.Start < at || p.Body.End < p.Body.Start || p.Body.End > int64(len(body)) ||
			p.Body != streamed.Parts[i].Body {
			t.Fatalf("part %d: %+v; from a stream %+v", i, p.Body, streamed.Parts[i].Body)
		}
		at = p.Body.End
	}
}
