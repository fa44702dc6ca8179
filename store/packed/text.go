package packed

import (
	"bytes"
	"encoding/binary"
)

func isHex(text []byte) bool {
	for _, c := range text {
		if (c < '0' || c > '9') && (c < 'a' || c > 'f') {
			return false
		}
	}
	return true
}

// isGUID asks for 8-4-4-4-12 hexadecimal digits in lower case.
func isGUID(text []byte) bool {
	for i, c := range text {
		if dash := i == 8 || i == 13 || i == 18 || i == 23; dash != (c == '-') || !dash && !isHex(text[i:i+1]) {
			return false
		}
	}
	return true
}

// isID asks for a letter and the base32 of 16 bytes, of which the last digit has only two bits that may not be zero.
func isID(text []byte) bool {
	for _, c := range text {
		if (c < 'a' || c > 'z') && (c < '2' || c > '7') {
			return false
		}
	}
	return bytes.IndexByte([]byte("aeimquy4"), text[len(text)-1]) >= 0
}

// escapes are the characters that encoding/json writes escaped so that a browser does not read them.
var escapes = [...]struct{ escaped, plain string }{{`\u003c`, "<"}, {`\u003e`, ">"}, {`\u0026`, "&"}}

// plain undoes those escapes. A text in which one of the characters stands by itself is not one of encoding/json's: it
// would not come back.
func plain(text []byte) []byte {
	if bytes.IndexByte(text, '\\') < 0 {
		return text
	}
	for _, e := range escapes {
		text = bytes.ReplaceAll(text, []byte(e.escaped), []byte(e.plain))
	}
	return text
}

// appendEscaped is the inverse of plain.
func appendEscaped(dst, text []byte) []byte {
	for _, c := range text {
		switch c {
		case '<':
			dst = append(dst, escapes[0].escaped...)
		case '>':
			dst = append(dst, escapes[1].escaped...)
		case '&':
			dst = append(dst, escapes[2].escaped...)
		default:
			dst = append(dst, c)
		}
	}
	return dst
}

// appendBytes writes bytes behind their length.
func appendBytes(dst, b []byte) []byte {
	return append(binary.AppendUvarint(dst, uint64(len(b))), b...)
}
