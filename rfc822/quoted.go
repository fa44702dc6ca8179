package rfc822

import (
	"bytes"
	"io"
	"slices"
)

// decodeQuoted decodes quoted-printable as RFC 2045, section 6.7 has robust decoders do: what is no escape stays,
// blanks before a line break go, lines may be of any length and hold any byte.
func decodeQuoted(b []byte) ([]byte, Forgiven) {
	var d quotedState
	return d.decode(make([]byte, 0, len(b)), b), d.forgiven
}

type quotedState struct{ forgiven Forgiven }

// decode appends what whole lines decode to; the last may be without its line break.
func (d *quotedState) decode(dst, src []byte) []byte {
	for len(src) > 0 {
		end := bytes.IndexByte(src, '\n') + 1
		if end == 0 {
			end = len(src)
		}
		dst = d.line(dst, src[:end])
		src = src[end:]
	}
	return dst
}

func (d *quotedState) line(dst, line []byte) []byte {
	text := bytes.TrimRight(line, " \t\r\n")
	if n := len(text); n > 0 && text[n-1] == '=' { // a soft line break
		return d.text(dst, text[:n-1])
	}
	dst = d.text(dst, text)
	_, eol := cutEOL(line)
	return append(dst, eol...)
}

// text decodes what lies within a line.
func (d *quotedState) text(dst, text []byte) []byte {
	for {
		i := bytes.IndexByte(text, '=')
		if i < 0 {
			d.look(text)
			return append(dst, text...)
		}
		d.look(text[:i])
		dst = append(dst, text[:i]...)
		if text = text[i:]; isEscape(text) {
			dst = append(dst, unhex(text[1])<<4|unhex(text[2]))
			text = text[3:]
			continue
		}
		if len(text) > 1 && text[1] == '\r' { // where lines end in CR alone
			d.forgiven |= BadQuotedPrintable
			text = text[2:]
			continue
		}
		d.forgiven |= BadQuotedPrintable
		dst = append(dst, '=')
		text = text[1:]
	}
}

// look records raw bytes that an encoder escapes.
func (d *quotedState) look(text []byte) {
	if d.forgiven&RawByte != 0 {
		return
	}
	for _, c := range text {
		if c < ' ' && c != '\t' || c >= 0x7f {
			d.forgiven |= RawByte
			return
		}
	}
}

func isEscape(b []byte) bool { return len(b) >= 3 && unhex(b[1]) < 16 && unhex(b[2]) < 16 }

// escapesIn counts what only quoted-printable has: escapes and soft line breaks.
func escapesIn(b []byte) int {
	n := 0
	for i := bytes.IndexByte(b, '='); i >= 0; i = bytes.IndexByte(b, '=') {
		if b = b[i:]; isEscape(b) || len(b) > 1 && (b[1] == '\n' || b[1] == '\r') {
			n++
		}
		b = b[1:]
	}
	return n
}

// unhex is the value of a hexadecimal digit, 16 for anything else.
func unhex(c byte) byte {
	switch {
	case '0' <= c && c <= '9':
		return c - '0'
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10
	}
	return 16
}

// quotedReader decodes a stream.
type quotedReader struct {
	r     io.Reader
	state quotedState
	in    []byte // read, and not decoded yet
	buf   []byte
	out   []byte // what of buf is not read yet
	err   error
}

// Forgiven implements Decoder.
func (q *quotedReader) Forgiven() Forgiven { return q.state.forgiven }

// Read implements io.Reader.
func (q *quotedReader) Read(p []byte) (int, error) {
	for len(q.out) == 0 && (q.err == nil || len(q.in) > 0) && len(p) > 0 {
		q.fill()
	}
	n := copy(p, q.out)
	q.out = q.out[n:]
	if n == 0 && len(p) > 0 {
		return 0, q.err
	}
	return n, nil
}

// fill reads on and decodes the lines that are whole.
func (q *quotedReader) fill() {
	if q.err == nil {
		q.in = slices.Grow(q.in, max(0, lineBuffer-len(q.in)))
		var n int
		n, q.err = q.r.Read(q.in[len(q.in):cap(q.in)])
		q.in = q.in[:len(q.in)+n]
	}
	whole := bytes.LastIndexByte(q.in, '\n') + 1
	q.buf = q.state.decode(q.buf[:0], q.in[:whole])
	rest := q.in[whole:]
	if q.err != nil || len(rest) >= lineBuffer/2 {
		n := len(rest)
		if q.err == nil {
			n = undecided(rest)
		}
		if q.err != nil {
			q.buf = q.state.decode(q.buf, rest)
		} else {
			q.buf = q.state.text(q.buf, rest[:n])
		}
		rest = rest[n:]
	}
	q.in = append(q.in[:0], rest...)
	q.out = q.buf
}

// undecided is where the end of a line begins that says nothing before its line break is there: blanks, and what may be
// an escape or a soft line break. A line that ends in thousands of blanks keeps them.
func undecided(line []byte) int {
	n := len(bytes.TrimRight(line, " \t\r"))
	for i := 1; i <= 3 && i <= n; i++ {
		if line[n-i] == '=' {
			n -= i
			break
		}
	}
	if n == 0 {
		return len(line)
	}
	return n
}
