package rfc822

import (
	"bytes"
	"io"
	"slices"
	"strings"

	"clawback/internal/mailaddr"
)

// Encoding is a content transfer encoding that changes bytes. RFC 2045, section 6.
type Encoding string

// The encodings. 7bit, 8bit, binary and what nobody knows are Identity.
const (
	Identity        Encoding = ""
	Base64          Encoding = "base64"
	QuotedPrintable Encoding = "quoted-printable"
	UUEncode        Encoding = "uuencode" // of no standard; Outlook sends and opens it
)

// Decoder undoes a transfer encoding. Read fails only where the reader under it does.
type Decoder interface {
	io.Reader
	// Forgiven is what was read past up to now.
	Forgiven() Forgiven
}

// NewDecoder decodes a stream.
func NewDecoder(r io.Reader, e Encoding) Decoder {
	switch e {
	case Base64:
		return &base64Reader{r: r}
	case QuotedPrintable:
		return &quotedReader{r: r}
	case UUEncode:
		return &uuReader{lines: NewLines(r)}
	}
	return identity{r}
}

type identity struct{ io.Reader }

func (identity) Forgiven() Forgiven { return 0 }

// Decode decodes a slice. The answer may be the slice itself.
func Decode(b []byte, e Encoding) ([]byte, Forgiven) {
	switch e {
	case Base64:
		return decodeBase64(b)
	case QuotedPrintable:
		return decodeQuoted(b)
	case UUEncode:
		return decodeUU(b)
	}
	return b, 0
}

// Encodings are the different transfer encodings that a header names, in order. More than one: see EncodingOf.
func (h *Header) Encodings() ([]Encoding, Forgiven) {
	var all []Encoding
	var forgiven Forgiven
	for _, value := range h.All("Content-Transfer-Encoding") {
		e, exact := encodingIn(value)
		if !exact {
			forgiven |= LooseEncoding
		}
		if !slices.Contains(all, e) {
			all = append(all, e)
		}
	}
	if len(all) == 0 { // a program that forgets line breaks writes one field behind the other
		if _, value, ok := strings.Cut(mailaddr.Lower(h.First("Content-Type")), "content-transfer-encoding:"); ok {
			e, _ := encodingIn(value)
			return []Encoding{e}, LooseEncoding
		}
	}
	if len(all) > 1 {
		forgiven |= FieldTwice
	}
	return all, forgiven
}

// Encoding is the transfer encoding: the first that changes bytes where several are named.
func (h *Header) Encoding() Encoding {
	all, _ := h.Encodings()
	for _, e := range all {
		if e != Identity {
			return e
		}
	}
	return Identity
}

// EncodingOf is the transfer encoding of a body that begins with head. One that is named is believed, as mail programs
// do; among several the first that fits the body.
func (h *Header) EncodingOf(head []byte) Encoding {
	all, _ := h.Encodings()
	if len(all) < 2 {
		return h.Encoding()
	}
	for _, e := range all {
		if e != Identity && fits(head, e) {
			return e
		}
	}
	return Identity
}

func fits(head []byte, e Encoding) bool {
	switch e {
	case Base64:
		return isBase64(head) && !bytes.ContainsRune(bytes.TrimSpace(head), ' ')
	case QuotedPrintable:
		return escapesIn(head) > 0 && !fits(head, Base64) // whose padding looks like a soft line break
	case UUEncode:
		return bytes.Contains(head, []byte("begin "))
	}
	return false
}

// encodingIn finds an encoding's name in a value that may have comments, semicolons, quotes, and words around it. RFC
// 2045, section 6.1 has one token.
func encodingIn(value string) (e Encoding, exact bool) {
	if e, ok := encodingNamed(value); ok && !strings.Contains(value, "(") {
		return e, e == Identity || mailaddr.Equal(strings.TrimSpace(value), string(e))
	}
	p := &paramReader{s: value}
	var names []string
	for p.skipSeparators(); p.i < len(p.s); p.skipSeparators() {
		start := p.i
		for p.i < len(p.s) && strings.IndexByte(";,(", p.s[p.i]) < 0 && !isBlank(p.s[p.i]) {
			p.i++
		}
		if e, ok := encodingNamed(p.s[start:p.i]); ok && e != Identity {
			return e, false
		}
		names = append(names, p.s[start:p.i])
		if len(names) == 8 {
			break
		}
	}
	e, _ = encodingNamed(strings.Join(names, ""))
	return e, value == ""
}

// encodingNamed knows an encoding by its name, whatever stands between the words of it.
func encodingNamed(name string) (Encoding, bool) {
	letters := strings.Map(func(c rune) rune {
		switch {
		case 'a' <= c && c <= 'z' || '0' <= c && c <= '9':
			return c
		case 'A' <= c && c <= 'Z':
			return c + 'a' - 'A'
		}
		return -1
	}, name)
	switch letters {
	case "base64", "xbase64":
		return Base64, true
	case "quotedprintable", "qp":
		return QuotedPrintable, true
	case "xuuencode", "uuencode", "xuue", "uue", "uu", "xuu":
		return UUEncode, true
	case "7bit", "8bit", "binary", "7bits", "8bits":
		return Identity, true
	}
	return Identity, false
}
