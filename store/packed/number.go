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
	for n < len(p.in) && isOfNumber(p.in[n]) {
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

func isOfNumber(c byte) bool {
	return '0' <= c && c <= '9' || c == '+' || c == '-' || c == '.' || c == 'e' || c == 'E'
}

// decimal writes a number of few digits, with a point or without.
func (p *packer) decimal(text []byte) bool {
	whole, behind, point := bytes.Cut(text, []byte("."))
	if len(whole)+len(behind) > maxDigits || point && len(behind) == 0 {
		return false
	}
	n := digits(digits(0, bytes.TrimPrefix(whole, []byte("-"))), behind) // what are no digits comes back otherwise
	if text[0] == '-' {
		n = -n
	}
	var room [maxDigits + 3]byte
	if string(appendDecimal(room[:0], n, len(behind))) != string(text) {
		return false
	}
	if !point {
		p.out = binary.AppendVarint(append(p.out, formInt), n)
		return true
	}
	p.out = binary.AppendVarint(append(p.out, formDecimal, byte(len(behind))), n)
	return true
}

// digits is n with more digits behind it.
func digits(n int64, more []byte) int64 {
	for _, c := range more {
		n = 10*n + int64(c-'0')
	}
	return n
}

// appendDecimal writes n with its last digits behind a point.
func appendDecimal(dst []byte, n int64, behind int) []byte {
	if behind == 0 {
		return strconv.AppendInt(dst, n, 10)
	}
	if n < 0 {
		dst, n = append(dst, '-'), -n
	}
	var room [20]byte
	digits := strconv.AppendInt(room[:0], n, 10)
	if more := behind + 1 - len(digits); more > 0 {
		digits = append(bytes.Repeat([]byte("0"), more), digits...)
	}
	dst = append(dst, digits[:len(digits)-behind]...)
	return append(append(dst, '.'), digits[len(digits)-behind:]...)
}
