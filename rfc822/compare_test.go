package rfc822

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime"
	"mime/quotedprintable"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// The targets of this file compare with the readers that journal, identity and score/extract had before. Nothing that
// one of them could read may be lost; where mail programs read otherwise, the difference stands beside its comparison.

func addMail(f *testing.F) {
	for _, text := range []string{
		"From: a@example.com\r\nSubject: =?utf-8?Q?a?= b\r\n\r\nbody\r\n",
		"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Type: text/plain\r\n\r\none\r\n--b\r\n\r\ntwo\r\n--b--\r\n",
		"Content-Type: multipart/mixed; boundary=\"b\"\n\n--b\nA: 1\n 2\n\none\n--b--\n",
		"Received: a\r\nnone\r\nSubject: x\r\n y\r\n\r\nbody",
		"Content-Disposition: attachment; filename*0=\"a\"; filename*1*=%20b; name=c\r\n\r\n",
		"Content-Type: text/html; charset=\"iso-8859-1\"\r\nContent-Transfer-Encoding: quoted-printable\r\n\r\na=3D=\r\nb=\r\n",
	} {
		f.Add([]byte(text))
	}
}

// squeezed is a value with each run of blanks as one.
func squeezed(s string) string { return strings.Join(strings.Fields(s), " ") }

// FuzzCompareHeader: each field that package journal kept is kept, with its value.
func FuzzCompareHeader(f *testing.F) {
	addMail(f)
	f.Fuzz(func(t *testing.T, in []byte) {
		if bytes.IndexByte(in, 0) >= 0 || len(in) > 4<<10 || bytes.Contains(in, []byte("\r\r")) {
			return // a line of two CR and LF is empty
		}
		old := oldJournalReadHeader(oldJournalNewLines(bytes.NewReader(in)))
		h := ReadHeader(NewLines(bytes.NewReader(in)), HeaderOptions{})
		if h.Forgiven&(NoEmptyLine|BrokenLine|LooseParameter) != 0 || len(h.Fields) == 0 {
			return // the body begins before the empty line, or a line joins the field before it: TestReadHeader
		}
		for name, values := range old.values {
			all := h.All(name)
			for i, want := range values {
				if i >= len(all) || squeezed(all[i]) != squeezed(strings.ReplaceAll(want, "\r", "\r")) &&
					!strings.Contains(want, "\r") {
					t.Errorf("field %s: %q, was %q", name, all, values)
				}
			}
		}
		oldHeader, oldBody := oldExtractParseHeader(in)
		_, body := ParseHeader(in, HeaderOptions{})
		if len(oldHeader.Fields) > len(h.Fields)+oldHeader.Broken || !bytes.Equal(body, oldBody) && len(oldBody) > 0 {
			t.Errorf("%d fields and body %q, was %d and %q", len(h.Fields), body, len(oldHeader.Fields), oldBody)
		}
	})
}

// FuzzCompareMediaType: what the standard library accepts is read as it does; a value that score/extract found is among
// those that are found.
func FuzzCompareMediaType(f *testing.F) {
	for _, v := range []string{`text/html; charset=utf-8`, `a/b; filename="a b"; x=y`, `attachment; filename*0="a"; filename*1="b"`, `attachment; filename*=utf-8''a%20b`} {
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, value string) {
		if len(value) > maxName || strings.ContainsAny(value, "\r\n\x00(\\'%") || !utf8.ValidString(value) {
			return // comments, escapes and quotes are read as they were not: TestParseMediaType
		}
		if strings.ContainsAny(value, "\u0130\u212a") {
			// the standard library takes these for i and k; names are compared in ASCII:
			// TestParseMediaType_namesAreASCII
			return
		}
		m := parseMediaType(value)
		kind, params, err := mime.ParseMediaType(value)
		if err == nil && kind != m.Type && strings.Trim(value, " ;\t") != "" {
			t.Errorf("%q: type %q, was %q", value, m.Type, kind)
		}
		for name, want := range params {
			// Where a section is missing the standard library stops, and we go on.
			found := func(v string) bool { return strings.HasPrefix(v, want) }
			if err == nil && !strings.Contains(name, "*") && want != "" && !slices.ContainsFunc(m.all(name), found) {
				t.Errorf("%q: parameter %s is %q, was %q", value, name, m.all(name), want)
			}
		}
		want := oldExtractParameter(value, "filename")
		if strings.Count(value, "*") > 1 {
			return // sections were put together as they stood, whatever their numbers: the standard library's count
		}
		if want == "" || strings.ContainsAny(value, "\"=?%*<>") && err != nil {
			return // broken quoting has no one reading
		}
		var all []string
		for _, v := range m.all("filename") {
			all = append(all, strings.TrimSpace(DecodeWords(v)))
		}
		if !slices.Contains(all, strings.TrimSpace(oneLine(want))) && err == nil {
			t.Errorf("%q: file names %q, was %q", value, all, want)
		}
	})
}

// FuzzCompareDecoders: what the strict decoders of journal and identity read is read the same, and all that they read
// before they gave up; what score/extract's decoders read is read, too.
func FuzzCompareDecoders(f *testing.F) {
	f.Add([]byte("aGVsbG8=\r\naGVs bG8="))
	f.Add([]byte("a=3Db=\r\nc \r\nd=ZZ"))
	f.Fuzz(func(t *testing.T, in []byte) {
		quoted, _ := Decode(in, QuotedPrintable)
		old, err := io.ReadAll(quotedprintable.NewReader(bytes.NewReader(in)))
		if err == nil && !bytes.Equal(quoted, old) && !bytes.HasSuffix(in, []byte("=")) ||
			!bytes.HasPrefix(quoted, old) {
			t.Errorf("quoted-printable of %q: %q, was %q, error %v", in, quoted, old, err)
		}
		if loose := oldExtractLooseQuoted(in); withoutSpace(loose) != withoutSpace(quoted) && !softBreaks(in) {
			t.Errorf("quoted-printable of %q: %q, was %q", in, quoted, loose)
		}
		plain, _ := Decode(in, Base64)
		old, err = io.ReadAll(base64.NewDecoder(base64.StdEncoding, &oldWithoutBlanks{bytes.NewReader(in)}))
		if err == nil && !bytes.Equal(plain, old) || !bytes.HasPrefix(plain, old) && bytes.IndexByte(in, '=') < 0 {
			t.Errorf("base64 of %q: %q, was %q, error %v", in, plain, old, err)
		}
		// Dashes and underscores are no base64, and mail programs pass over them; padding within ends a quantum.
		if bytes.ContainsAny(in, "-_") || bytes.IndexByte(bytes.TrimRight(in, "=\r\n \t"), '=') >= 0 {
			return
		}
		if loose := oldExtractLooseBase64(in); !bytes.Equal(plain, loose) {
			t.Errorf("base64 of %q: %q, was %q", in, plain, loose)
		}
	})
}

// softBreaks reports whether a line ends in an equals sign and blanks, or in one and a bare CR, which was no soft line
// break before.
func softBreaks(in []byte) bool {
	for line := range bytes.Lines(bytes.ReplaceAll(in, []byte("\r"), []byte("\n"))) {
		text := bytes.TrimRight(line, " \t\r\n")
		if bytes.HasSuffix(text, []byte("=")) {
			return true
		}
	}
	return false
}

func withoutSpace(b []byte) string {
	return strings.Map(func(c rune) rune {
		if c == ' ' || c == '\t' || c == '\r' || c == '\n' {
			return -1
		}
		return c
	}, string(b))
}

// oldWithoutBlanks is what package journal put before the standard library's decoder.
type oldWithoutBlanks struct{ r io.Reader }

func (w *oldWithoutBlanks) Read(b []byte) (int, error) {
	for {
		n, err := w.r.Read(b)
		kept := 0
		for _, c := range b[:n] {
			if c != ' ' && c != '\t' {
				b[kept] = c
				kept++
			}
		}
		if kept > 0 || err != nil || len(b) == 0 {
			return kept, err
		}
	}
}

// FuzzCompareText: text is what it was, but for what was not decoded before (UTF-7, byte order marks, adjacent words)
// and for windows-1252, which browsers read where Latin 1 is said.
func FuzzCompareText(f *testing.F) {
	f.Add([]byte("gr\xc3\xbcn =?utf-8?Q?a?= x =?iso-8859-2?B?4Q==?="), "utf-8")
	f.Add([]byte("gr\xfcn"), "koi8-r")
	f.Fuzz(func(t *testing.T, in []byte, label string) {
		if len(in) > 4<<10 || bytes.IndexByte(in, 0) >= 0 {
			return
		}
		text, _ := DecodeText(in, label)
		old := oldExtractToUTF8(in, label)
		if lower := strings.ToLower(label); isASCII7(in) && isUTF8Label(lower) && text != old {
			t.Errorf("%q in %q: %q, was %q", in, label, text, old)
		}
		if utf8.Valid(in) && isUTF8Label(label) && text != strings.TrimPrefix(string(in), "\ufeff") && label != "" {
			t.Errorf("%q in %q: %q", in, label, text)
		}
		words := DecodeWords(string(in))
		was := oldExtractDecodeWords(string(in))
		if isASCII7([]byte(was)) && isASCII7(in) && !strings.Contains(strings.ToLower(string(in)), "utf") &&
			!strings.Contains(words, "=?") && oneLine(was) != words && strings.Count(string(in), "=?") < 2 {
			t.Errorf("words of %q: %q, was %q", in, words, was)
		}
		decoded, err := new(mime.WordDecoder).DecodeHeader(string(in))
		if err == nil && decoded != string(in) && utf8.Valid(in) && strings.Count(string(in), "=?") < 2 &&
			!strings.Contains(string(in), "*") && oneLine(decoded) != words {
			t.Errorf("words of %q: %q, was %q", in, words, decoded)
		}
	})
}

func isASCII7(b []byte) bool {
	return !bytes.ContainsFunc(b, func(c rune) bool { return c >= utf8.RuneSelf || c == 0x1b || c == utf8.RuneError })
}

// FuzzCompareSplit: the same parts end at the same places; one begins earlier only where its header does not end in an
// empty line.
func FuzzCompareSplit(f *testing.F) {
	for _, body := range []string{"--b\r\n\r\none\r\n--b\r\nA: 1\r\n\r\ntwo\r\n--b--\r\n", "pre\n--b\n\none\r\n--b \n\n--bb\n\n--b--", "--b\r\nA: 1\r\n--b\r\n\r\n"} {
		f.Add([]byte(body))
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		if bytes.Contains(in, []byte("\r\r")) {
			return // a line of two CR and LF is empty
		}
		old := oldJournalSplit(oldJournalNewLines(bytes.NewReader(in)), "b")
		m := Split(LinesOf(in), newBoundary("b"), SplitOptions{})
		if len(m.Parts) != len(old.parts) || m.Seen != old.seen || m.Closed != old.closed {
			t.Fatalf("%d parts, seen %v, closed %v; was %d, %v, %v", len(m.Parts), m.Seen, m.Closed, len(old.parts),
				old.seen, old.closed)
		}
		for i, p := range old.parts {
			now := m.Parts[i]
			end := p.body.Offset + p.body.Size
			began := p.body.Offset
			switch odd := now.Header.Forgiven&(NoEmptyLine|BrokenLine) != 0 || len(now.Header.Fields) == 0; {
			case now.Body.Start != began && !odd, now.Body.Start > began:
				t.Errorf("part %d begins at %d, was %d", i, now.Body.Start, began)
			case now.Body.End != end && !odd:
				t.Errorf("part %d ends at %d, was %d", i, now.Body.End, end)
			}
		}
		whole := Split(LinesOf(in), newBoundary("b"), SplitOptions{PastEnd: true})
		if len(whole.Parts) < len(m.Parts) {
			t.Errorf("%d parts, and %d when it reads past the end", len(m.Parts), len(whole.Parts))
		}
	})
}
