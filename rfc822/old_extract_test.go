package rfc822

// What package score/extract read mail with before this package was made, kept to compare: nothing that it could read
// is lost.

import (
	"bytes"
	"encoding/base64"
	"github.com/emersion/go-message/charset"
	"io"
	"net/url"
	"strings"
	"unicode/utf8"
)

// Bounds of a header block.
const (
	oldExtractMaxFields      = 3000
	oldExtractMaxHeaderBlock = 4 << 20
)

// oldExtractField is one header field, unfolded, not oldExtractDecoded.
type oldExtractField struct {
	Name  string // as written
	Value string
}

// oldExtractHeader is the fields of a header block, in order.
type oldExtractHeader struct {
	Fields []oldExtractField
	Broken int // lines that are no field
}

// oldExtractParseHeader splits a message or part into its header and its body.
func oldExtractParseHeader(raw []byte) (oldExtractHeader, []byte) {
	var h oldExtractHeader
	rest := raw
	used := 0
	for len(rest) > 0 && used < oldExtractMaxHeaderBlock {
		line, next := oldExtractCutLine(rest)
		used += len(rest) - len(next)
		rest = next
		if len(line) == 0 {
			return h, rest
		}
		h.line(line)
	}
	return h, rest
}

// oldExtractCutLine is the first line without its end, and what follows it. CRLF, LF and lone CR before LF are taken.
func oldExtractCutLine(b []byte) (line, rest []byte) {
	end := bytes.IndexByte(b, '\n')
	if end < 0 {
		return bytes.TrimSuffix(b, []byte{'\r'}), nil
	}
	return bytes.TrimRight(b[:end], "\r"), b[end+1:]
}

func (h *oldExtractHeader) line(line []byte) {
	if (line[0] == ' ' || line[0] == '\t') && len(h.Fields) > 0 {
		last := &h.Fields[len(h.Fields)-1]
		if len(last.Value) < 64<<10 {
			last.Value += " " + strings.TrimSpace(string(line))
		}
		return
	}
	name, value, found := bytes.Cut(line, []byte{':'})
	if !found || len(name) == 0 || len(name) > 200 || bytes.IndexByte(bytes.TrimRight(name, " \t"), ' ') >= 0 {
		h.Broken++
		return
	}
	if len(h.Fields) < oldExtractMaxFields {
		h.Fields = append(h.Fields, oldExtractField{Name: string(bytes.TrimRight(name, " \t")), Value: string(bytes.TrimSpace(value))})
	}
}

// First is the first field's value of that name, "" when there is none.
func (h oldExtractHeader) First(name string) string {
	for _, f := range h.Fields {
		if strings.EqualFold(f.Name, name) {
			return f.Value
		}
	}
	return ""
}

// All are the values of all fields of that name, in order.
func (h oldExtractHeader) All(name string) []string {
	var all []string
	for _, f := range h.Fields {
		if strings.EqualFold(f.Name, name) {
			all = append(all, f.Value)
		}
	}
	return all
}

// Has reports whether a field of that name is there.
func (h oldExtractHeader) Has(name string) bool {
	for _, f := range h.Fields {
		if strings.EqualFold(f.Name, name) {
			return true
		}
	}
	return false
}

// Text is the first field's value with encoded words oldExtractDecoded.
func (h oldExtractHeader) Text(name string) string { return oldExtractDecodeWords(h.First(name)) }

// Addresses are all addresses of all fields of that name.
func (h oldExtractHeader) Addresses(name string) []Address {
	var all []Address
	for _, value := range h.All(name) {
		all = append(all, ParseAddresses(value)...)
		if len(all) > 500 {
			break
		}
	}
	return all
}

// oldExtractParameter reads a MIME oldExtractParameter of a field's value, RFC 2231 continuations and RFC 2047 misuse
// included.
func oldExtractParameter(value, name string) string {
	var joined strings.Builder
	extended := false
	for i, p := range oldExtractParameters(value) {
		if i == 0 {
			continue
		}
		key, text, _ := strings.Cut(p, "=")
		key = strings.ToLower(strings.TrimSpace(key))
		if key == name {
			return oldExtractDecodeWords(oldExtractUnquote(text))
		}
		base, _, starred := strings.Cut(key, "*")
		if starred && base == name && joined.Len() < 4096 {
			extended = extended || strings.HasSuffix(key, "*")
			joined.WriteString(oldExtractUnquote(text))
		}
	}
	if extended {
		return oldExtractDecode2231(joined.String())
	}
	return joined.String()
}

// oldExtractParameters splits at semicolons outside quotes.
func oldExtractParameters(value string) []string {
	var out []string
	quoted, start := false, 0
	for i := 0; i < len(value) && len(out) < 64; i++ {
		switch value[i] {
		case '\\':
			if quoted {
				i++
			}
		case '"':
			quoted = !quoted
		case ';':
			if !quoted {
				out = append(out, value[start:i])
				start = i + 1
			}
		}
	}
	return append(out, value[start:])
}

func oldExtractUnquote(s string) string {
	s = strings.TrimSpace(s)
	if len(s) >= 2 && s[0] == '"' {
		s = strings.TrimSuffix(s[1:], `"`)
		s = strings.ReplaceAll(s, `\"`, `"`)
	}
	return s
}

// oldExtractToUTF8 decodes text of a named character set. An unknown one is taken as UTF-8, and as Latin 1 where it is
// not that.
func oldExtractToUTF8(text []byte, name string) string {
	name = strings.ToLower(strings.TrimSpace(name))
	if name == "" || name == "utf-8" || name == "us-ascii" || name == "utf8" || name == "ascii" {
		return oldExtractValid(text)
	}
	r, err := charset.Reader(name, bytes.NewReader(text))
	if err != nil {
		return oldExtractValid(text)
	}
	out, err := io.ReadAll(io.LimitReader(r, int64(4*len(text)+16)))
	if err != nil {
		return oldExtractValid(text)
	}
	return string(out)
}

func oldExtractValid(text []byte) string {
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

// oldExtractDecodeWords decodes the encoded words of RFC 2047 in a header's value, in quotes and with spaces missing
// too, as mail programs do.
func oldExtractDecodeWords(s string) string {
	if !strings.Contains(s, "=?") {
		return oldExtractValid([]byte(s))
	}
	var out strings.Builder
	afterWord := false
	for len(s) > 0 && out.Len() < 64<<10 {
		start := strings.Index(s, "=?")
		if start < 0 {
			break
		}
		word, rest, ok := oldExtractEncodedWord(s[start:])
		if !ok {
			out.WriteString(oldExtractValid([]byte(s[:start+2])))
			s, afterWord = s[start+2:], false
			continue
		}
		// RFC 2047, section 6.2: white space between two encoded words is not shown.
		if between := s[:start]; !afterWord || strings.TrimSpace(between) != "" {
			out.WriteString(oldExtractValid([]byte(between)))
		}
		out.WriteString(word)
		s, afterWord = rest, true
	}
	out.WriteString(oldExtractValid([]byte(s)))
	return out.String()
}

// oldExtractEncodedWord decodes =?charset?encoding?text?= at the start of s.
func oldExtractEncodedWord(s string) (word, rest string, ok bool) {
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
		return oldExtractToUTF8(oldExtractLooseBase64([]byte(text)), name), rest, true
	case "q", "Q":
		return oldExtractToUTF8(oldExtractQWord(text), name), rest, true
	}
	return "", "", false
}

func oldExtractQWord(s string) []byte {
	out := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch {
		case s[i] == '_':
			out = append(out, ' ')
		case s[i] == '=' && i+2 < len(s) && oldExtractHex(s[i+1]) >= 0 && oldExtractHex(s[i+2]) >= 0:
			out = append(out, byte(oldExtractHex(s[i+1])<<4|oldExtractHex(s[i+2])))
			i += 2
		default:
			out = append(out, s[i])
		}
	}
	return out
}

func oldExtractHex(c byte) int {
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

// oldExtractLooseBase64 decodes what can be oldExtractDecoded, whatever stands between.
func oldExtractLooseBase64(in []byte) []byte {
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
	clean = clean[:len(clean)-oldExtractOneIf(len(clean)%4 == 1)]
	n, _ := base64.RawStdEncoding.Decode(clean, clean) // decoding in place only ever writes behind what it read
	return clean[:n]
}

func oldExtractOneIf(b bool) int {
	if b {
		return 1
	}
	return 0
}

func oldExtractLooseQuoted(body []byte) []byte {
	out := make([]byte, 0, len(body))
	for i := 0; i < len(body); i++ {
		if body[i] != '=' {
			out = append(out, body[i])
			continue
		}
		switch {
		case i+2 < len(body) && oldExtractHex(body[i+1]) >= 0 && oldExtractHex(body[i+2]) >= 0:
			out = append(out, byte(oldExtractHex(body[i+1])<<4|oldExtractHex(body[i+2])))
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

// oldExtractDecode2231 decodes charset'language'percent-encoded.
func oldExtractDecode2231(s string) string {
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
	return oldExtractToUTF8([]byte(plain), name)
}
