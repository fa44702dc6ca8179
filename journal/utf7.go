package journal

import (
	"encoding/base64"
	"encoding/binary"
	"strings"
	"unicode/utf16"
)

// fromUTF7 decodes a line of RFC 2152's UTF-7, which no Go package does. What does not decode stays as it is.
func fromUTF7(octets []byte) string {
	line := looseText(octets)
	var out strings.Builder
	for {
		before, rest, shifted := strings.Cut(line, "+")
		out.WriteString(before)
		if !shifted {
			return out.String()
		}
		n := strings.IndexFunc(rest, func(c rune) bool { return !isBase64(c) })
		if n < 0 {
			n = len(rest)
		}
		out.WriteString(shiftedText(rest[:n]))
		line = strings.TrimPrefix(rest[n:], "-") // absorbed: RFC 2152, rule 2
	}
}

// shiftedText decodes what stands between "+" and "-": UTF-16 in base64 without padding, or nothing for a plus sign.
func shiftedText(s string) string {
	b, err := base64.RawStdEncoding.DecodeString(s)
	if s == "" || err != nil {
		return "+" + s
	}
	units := make([]uint16, 0, len(b)/2)
	for ; len(b) >= 2; b = b[2:] {
		units = append(units, binary.BigEndian.Uint16(b))
	}
	return string(utf16.Decode(units))
}

func isBase64(c rune) bool {
	return 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '+' || c == '/'
}
