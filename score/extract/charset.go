package extract

import (
	"bytes"
	"encoding/base64"
	"io"
	"mime/quotedprintable"
	"net/url"
	"strings"
	"unicode/utf8"

	"github.com/emersion/go-message/charset"
)

// toUTF8 decodes text of a named character set. An unknown one is taken as UTF-8, and as Latin 1 where it is not that.
func toUTF8(text []byte, name string) string {
	name = strings.ToLower(strings.TrimSpace(name))
	if name == "" || name == "utf-8" || name == "us-ascii" || name == "utf8" || name == "ascii" {
		return valid(text)
	}
	r, err := charset.Reader(name, bytes.NewReader(text))
	if err != nil {
		return valid(text)
	}
	out, err := io.ReadAll(io.LimitReader(r, int64(4*len(text)+16)))
	if err != nil {
		return valid(text)
	}
	return string(out)
}

func valid(text []byte) string {
	if utf8.Valid(text) {
		return string(text)
	}
	var out strings.Builder
	out.Grow(len(text) + len(text)/8)
	for len(text) > 0 {
		r, size := utf8.DecodeRune(text)
		if r == utf8.RuneError && size == 1 {
			r = rune(text[0]) // Latin 1
		}
		out.WriteRune(r)
		text = text[size:]
	}
	return out.String()
}

// DecodeWords decodes the encoded words of RFC 2047 in a header's value, in quotes and with spaces missing too, as mail programs do.
func DecodeWords(s string) string {
	if !strings.Contains(s, "=?") {
		return valid([]byte(s))
	}
	var out strings.Builder
	afterWord := false
	for len(s) > 0 && out.Len() < 64<<10 {
		start := strings.Index(s, "=?")
		if start < 0 {
			break
		}
		word, rest, ok := encodedWord(s[start:])
		if !ok {
			out.WriteString(valid([]byte(s[:start+2])))
			s, afterWord = s[start+2:], false
			continue
		}
		// RFC 2047, section 6.2: white space between two encoded words is not shown.
		if between := s[:start]; !afterWord || strings.TrimSpace(between) != "" {
			out.WriteString(valid([]byte(between)))
		}
		out.WriteString(word)
		s, afterWord = rest, true
	}
	out.WriteString(valid([]byte(s)))
	return out.String()
}

// encodedWord decodes =?charset?encoding?text?= at the start of s.
func encodedWord(s string) (word, rest string, ok bool) {
	name, after, ok := strings.Cut(s[2:], "?")
	if !ok || len(name) > 60 {
		return "", "", false
	}
	encoding, after, ok := strings.Cut(after, "?")
	if !ok || len(encoding) != 1 {
		return "", "", false
	}
	text, rest, ok := strings.Cut(after, "?=")
	if !ok {
		return "", "", false
	}
	name, _, _ = strings.Cut(name, "*") // RFC 2231, section 5: language
	switch encoding {
	case "b", "B":
		return toUTF8(looseBase64([]byte(text)), name), rest, true
	case "q", "Q":
		return toUTF8(qWord(text), name), rest, true
	}
	return "", "", false
}

func qWord(s string) []byte {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '_':
			out = append(out, ' ')
		case s[i] == '=' && i+2 < len(s) && hex(s[i+1]) >= 0 && hex(s[i+2]) >= 0:
			out = append(out, byte(hex(s[i+1])<<4|hex(s[i+2])))
			i += 2
		default:
			out = append(out, s[i])
		}
	}
	return out
}

func hex(c byte) int {
	switch {
	case '0' <= c && c <= '9':
		return int(c - '0')
	case 'a' <= c && c <= 'f':
		return int(c-'a') + 10
	case 'A' <= c && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}

// looseBase64 decodes what can be decoded, whatever stands between.
func looseBase64(in []byte) []byte {
	clean := make([]byte, 0, len(in)+3)
	for _, c := range in {
		switch {
		case 'A' <= c && c <= 'Z' || 'a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '+' || c == '/':
			clean = append(clean, c)
		case c == '-':
			clean = append(clean, '+')
		case c == '_':
			clean = append(clean, '/')
		}
	}
	clean = clean[:len(clean)-oneIf(len(clean)%4 == 1)]
	n, _ := base64.RawStdEncoding.Decode(clean, clean) // decoding in place only ever writes behind what it read
	return clean[:n]
}

func oneIf(b bool) int {
	if b {
		return 1
	}
	return 0
}

// decoded undoes a content transfer encoding.
func decoded(body []byte, encoding string) []byte {
	switch strings.ToLower(strings.TrimSpace(encoding)) {
	case "base64":
		return looseBase64(body)
	case "quoted-printable":
		out, _ := io.ReadAll(quotedprintable.NewReader(bytes.NewReader(body)))
		if len(out) < len(body)/4 { // it stopped at something broken: decode by hand
			return looseQuoted(body)
		}
		return out
	}
	return body
}

func looseQuoted(body []byte) []byte {
	out := make([]byte, 0, len(body))
	for i := 0; i < len(body); i++ {
		if body[i] != '=' {
			out = append(out, body[i])
			continue
		}
		switch {
		case i+2 < len(body) && hex(body[i+1]) >= 0 && hex(body[i+2]) >= 0:
			out = append(out, byte(hex(body[i+1])<<4|hex(body[i+2])))
			i += 2
		case i+1 < len(body) && body[i+1] == '\n':
			i++
		case i+2 < len(body) && body[i+1] == '\r' && body[i+2] == '\n':
			i += 2
		default:
			out = append(out, '=')
		}
	}
	return out
}

// decode2231 decodes charset'language'percent-encoded.
func decode2231(s string) string {
	name, rest, found := strings.Cut(s, "'")
	if !found {
		return s
	}
	_, text, found := strings.Cut(rest, "'")
	if !found {
		return s
	}
	plain, err := url.PathUnescape(text)
	if err != nil {
		return text
	}
	return toUTF8([]byte(plain), name)
}
