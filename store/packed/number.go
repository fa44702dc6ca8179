package packed

import (
	"bytes"
	"encoding/binary"
	"strconv"
)

// maxDigits is how many digits a number may have to be kept as one: fewer than an int64 holds.
const maxDigits = 18

func (p *packer) number() bool {
	n := 0
	for n < len(p.in) && bytes.IndexByte([]byte("+-.0123456789eE"), p.in[n]) >= 0 {
		n++
	}
	if n == 0 {
		return false
	}
	text := p.in[:n]
	p.in = p.in[n:]
	if !p.decimal(text) {
		p.out = appendBytes(append(p.out, formNumber), text)
	}
	return true
}

// decimal writes a number of few digits, with a point or without.
func (p *packer) decimal(text []byte) bool {
	whole, behind, point := bytes.Cut(text, []byte("."))
	if len(whole)+len(behind) > maxDigits || bytes.IndexByte(behind, '-') >= 0 || point && len(behind) == 0 {
		return false
	}
	n, err := strconv.ParseInt(string(whole)+string(behind), 10, 64)
	if err != nil || string(appendDecimal(nil, n, len(behind))) != string(text) {
		return false
	}
	if !point {
		p.out = binary.AppendVarint(append(p.out, formInt), n)
		return true
	}
	p.out = binary.AppendVarint(append(p.out, formDecimal, byte(len(behind))), n)
	return true
}

// appendDecimal writes n with its last digits behind a point.
func appendDecimal(dst []byte, n int64, behind int) []byte {
	if behind == 0 {
		return strconv.AppendInt(dst, n, 10)
	}
	if n < 0 {
		dst, n = append(dst, '-'), -n
	}
	digits := strconv.FormatInt(n, 10)
	for len(digits) <= behind {
		digits = "0" + digits
	}
	dst = append(dst, digits[:len(digits)-behind]...)
	return append(append(dst, '.'), digits[len(digits)-behind:]...)
}
