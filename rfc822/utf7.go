package rfc822

import (
	"unicode/utf16"
	"unicode/utf8"

	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/transform"
)

// utf7Decoder decodes RFC 2152's UTF-7, which no package does. What does not decode stays as it is.
type utf7Decoder struct {
	shifted bool
	began   bool // "+" was the last byte: "+-" is a plus sign
	bits    uint32
	have    int  // bits of it
	high    rune // the first half of a surrogate pair
}

// Reset implements transform.Transformer.
func (d *utf7Decoder) Reset() { *d = utf7Decoder{} }

// Transform implements transform.Transformer. A byte in gives at most two runes.
func (d *utf7Decoder) Transform(dst, src []byte, atEOF bool) (nDst, nSrc int, err error) {
	for nSrc < len(src) {
		if len(dst)-nDst < 2*utf8.UTFMax {
			return nDst, nSrc, transform.ErrShortDst
		}
		if !d.shifted && src[nSrc] >= utf8.RuneSelf && !atEOF && !utf8.FullRune(src[nSrc:]) {
			return nDst, nSrc, transform.ErrShortSrc
		}
		out, size := d.step(dst[:nDst], src[nSrc:])
		nDst, nSrc = len(out), nSrc+size
	}
	if atEOF && d.shifted {
		if len(dst)-nDst < 2*utf8.UTFMax {
			return nDst, nSrc, transform.ErrShortDst
		}
		nDst = len(d.end(dst[:nDst]))
	}
	return nDst, nSrc, nil
}

// step decodes one byte, or one character that UTF-7 would not have.
func (d *utf7Decoder) step(dst, src []byte) ([]byte, int) {
	c := src[0]
	switch {
	case !d.shifted && c == '+':
		d.shifted, d.began = true, true
		return dst, 1
	case !d.shifted && c < utf8.RuneSelf:
		return append(dst, c), 1
	case !d.shifted:
		r, size := utf8.DecodeRune(src)
		if r == utf8.RuneError && size == 1 {
			r = charmap.Windows1252.DecodeByte(c)
		}
		return utf8.AppendRune(dst, r), size
	}
	if v := base64Values[c]; v < 64 {
		d.began = false
		return d.add(dst, uint32(v)), 1
	}
	dst = d.end(dst)
	if c == '-' { // absorbed: RFC 2152, rule 2
		return dst, 1
	}
	return dst, 0
}

func (d *utf7Decoder) add(dst []byte, v uint32) []byte {
	d.bits, d.have = d.bits<<6|v, d.have+6
	if d.have < 16 {
		return dst
	}
	d.have -= 16
	unit := rune(d.bits >> d.have & 0xffff)
	d.bits &= 1<<d.have - 1
	if d.high != 0 {
		high := d.high
		d.high = 0
		if r := utf16.DecodeRune(high, unit); r != utf8.RuneError {
			return utf8.AppendRune(dst, r)
		}
		dst = utf8.AppendRune(dst, utf8.RuneError)
	}
	if 0xd800 <= unit && unit < 0xdc00 {
		d.high = unit
		return dst
	}
	return utf8.AppendRune(dst, unit)
}

// end leaves the shifted state.
func (d *utf7Decoder) end(dst []byte) []byte {
	if d.began {
		dst = append(dst, '+')
	}
	if d.high != 0 || d.have >= 6 || d.bits != 0 { // RFC 2152, rule 2: what is left of the last sextet is zero
		dst = utf8.AppendRune(dst, utf8.RuneError)
	}
	*d = utf7Decoder{}
	return dst
}
