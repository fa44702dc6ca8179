package rfc822

import (
	"bytes"
	"io"
)

// base64Values has the value of each character of the alphabet; 64 for padding, 65 for blanks, 66 for the rest.
var base64Values = func() (t [256]byte) {
	for i := range t {
		t[i] = 66
	}
	for i, c := range []byte("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/") {
		t[c] = byte(i)
	}
	t['='] = 64
	for _, c := range []byte(" \t\r\n") {
		t[c] = 65
	}
	return t
}()

// base64State decodes quantum by quantum: padding ends one, and another may follow. RFC 2045, section 6.8: what is not
// in the alphabet is passed over.
type base64State struct {
	bits     uint32 // of the quantum that has begun
	have     int    // characters of it
	equals   bool   // one equals sign was behind two characters: padding, unless a character follows at once
	padded   bool   // padding was there
	forgiven Forgiven
}

// decode appends what src decodes to.
func (d *base64State) decode(dst, src []byte) []byte {
	for i := 0; i < len(src); {
		if d.have == 0 && !d.padded {
			for i+4 <= len(src) { // whole quanta, without looking at each character
				a, b, c, e := base64Values[src[i]], base64Values[src[i+1]], base64Values[src[i+2]],
					base64Values[src[i+3]]
				if a|b|c|e >= 64 {
					break
				}
				v := uint32(a)<<18 | uint32(b)<<12 | uint32(c)<<6 | uint32(e)
				dst = append(dst, byte(v>>16), byte(v>>8), byte(v))
				i += 4
			}
			if i == len(src) {
				return dst
			}
		}
		dst = d.character(dst, src[i])
		i++
	}
	return dst
}

func (d *base64State) character(dst []byte, c byte) []byte {
	v := base64Values[c]
	if d.equals && v < 64 { // it stood within a quantum
		d.equals = false
		d.forgiven |= BadBase64
	}
	switch {
	case v == 64:
		return d.equalsSign(dst)
	case d.equals: // half the padding is missing
		d.forgiven |= BadBase64
		dst = d.pad(dst)
	}
	switch {
	case v == 65:
		return dst
	case v == 66:
		d.forgiven |= BadBase64
		return dst
	}
	if d.padded {
		d.padded = false
		d.forgiven |= PaddedRuns
	}
	d.bits = d.bits<<6 | uint32(v)
	if d.have++; d.have == 4 {
		dst = append(dst, byte(d.bits>>16), byte(d.bits>>8), byte(d.bits))
		d.bits, d.have = 0, 0
	}
	return dst
}

// equalsSign is padding behind three characters, and with another one behind two.
func (d *base64State) equalsSign(dst []byte) []byte {
	switch {
	case d.have == 3, d.equals:
		return d.pad(dst)
	case d.have == 2:
		d.equals = true
	case d.have == 1 || !d.padded: // it pads nothing
		d.forgiven |= BadBase64
	}
	return dst
}

// pad ends a quantum.
func (d *base64State) pad(dst []byte) []byte {
	switch d.have {
	case 2:
		dst = append(dst, byte(d.bits>>4))
	case 3:
		dst = append(dst, byte(d.bits>>10), byte(d.bits>>2))
	}
	d.bits, d.have, d.equals, d.padded = 0, 0, false, true
	return dst
}

// end finishes where padding is missing.
func (d *base64State) end(dst []byte) []byte {
	if d.have == 0 {
		return dst
	}
	d.forgiven |= BadBase64
	return d.pad(dst)
}

func decodeBase64(b []byte) ([]byte, Forgiven) {
	var d base64State
	out := d.end(d.decode(make([]byte, 0, len(b)/4*3+3), b))
	return out, d.forgiven
}

// isBase64 reports whether bytes can be base64, as far as they go.
func isBase64(b []byte) bool {
	for _, c := range b {
		if base64Values[c] == 66 {
			return false
		}
	}
	return len(bytes.TrimSpace(b)) > 0
}

// base64Reader decodes a stream.
type base64Reader struct {
	r     io.Reader
	state base64State
	in    []byte
	buf   []byte
	out   []byte // what of buf is not read yet
	err   error
}

// Forgiven implements Decoder.
func (b *base64Reader) Forgiven() Forgiven { return b.state.forgiven }

// Read implements io.Reader.
func (b *base64Reader) Read(p []byte) (int, error) {
	if b.in == nil {
		b.in = make([]byte, 4096)
	}
	for len(b.out) == 0 && b.err == nil && len(p) > 0 {
		n, err := b.r.Read(b.in)
		b.buf = b.state.decode(b.buf[:0], b.in[:n])
		if b.err = err; err != nil {
			b.buf = b.state.end(b.buf)
		}
		b.out = b.buf
	}
	n := copy(p, b.out)
	b.out = b.out[n:]
	if n == 0 && len(p) > 0 {
		return 0, b.err
	}
	return n, nil
}
