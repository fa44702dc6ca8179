package extract

import (
	"bytes"
	"strings"
)

// Bounds of a header block.
const (
	maxFields      = 3000
	maxHeaderBlock = 4 << 20
)

// Field is one header field, unfolded, not decoded.
type Field struct {
	Name  string // as written
	Value string
}

// Header is the fields of a header block, in order.
type Header struct {
	Fields []Field
	Broken int // lines that are no field
}

// parseHeader splits a message or part into its header and its body.
func parseHeader(raw []byte) (Header, []byte) {
	var h Header
	rest := raw
	used := 0
	for len(rest) > 0 && used < maxHeaderBlock {
		line, next := cutLine(rest)
		used += len(rest) - len(next)
		rest = next
		if len(line) == 0 {
			return h, rest
		}
		h.line(line)
	}
	return h, rest
}

// cutLine is the first line without its end, and what follows it. CRLF, LF and lone CR before LF are taken.
func cutLine(b []byte) (line, rest []byte) {
	end := bytes.IndexByte(b, '\n')
	if end < 0 {
		return bytes.TrimSuffix(b, []byte{'\r'}), nil
	}
	return bytes.TrimRight(b[:end], "\r"), b[end+1:]
}

func (h *Header) line(line []byte) {
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
	if len(h.Fields) < maxFields {
		h.Fields = append(h.Fields, Field{Name: string(bytes.TrimRight(name, " \t")), Value: string(bytes.TrimSpace(value))})
	}
}

// First is the first field's value of that name, "" when there is none.
func (h Header) First(name string) string {
	for _, f := range h.Fields {
		if strings.EqualFold(f.Name, name) {
			return f.Value
		}
	}
	return ""
}

// All are the values of all fields of that name, in order.
func (h Header) All(name string) []string {
	var all []string
	for _, f := range h.Fields {
		if strings.EqualFold(f.Name, name) {
			all = append(all, f.Value)
		}
	}
	return all
}

// Has reports whether a field of that name is there.
func (h Header) Has(name string) bool {
	for _, f := range h.Fields {
		if strings.EqualFold(f.Name, name) {
			return true
		}
	}
	return false
}

// Text is the first field's value with encoded words decoded.
func (h Header) Text(name string) string { return DecodeWords(h.First(name)) }

// Addresses are all addresses of all fields of that name.
func (h Header) Addresses(name string) []Address {
	var all []Address
	for _, value := range h.All(name) {
		all = append(all, ParseAddresses(value)...)
		if len(all) > 500 {
			break
		}
	}
	return all
}

// parameter reads a MIME parameter of a field's value, RFC 2231 continuations and RFC 2047 misuse included.
func parameter(value, name string) string {
	var joined strings.Builder
	extended := false
	for i, p := range parameters(value) {
		if i == 0 {
			continue
		}
		key, text, _ := strings.Cut(p, "=")
		key = strings.ToLower(strings.TrimSpace(key))
		if key == name {
			return DecodeWords(unquote(text))
		}
		base, _, starred := strings.Cut(key, "*")
		if starred && base == name && joined.Len() < 4096 {
			extended = extended || strings.HasSuffix(key, "*")
			joined.WriteString(unquote(text))
		}
	}
	if extended {
		return decode2231(joined.String())
	}
	return joined.String()
}

// parameters splits at semicolons outside quotes.
func parameters(value string) []string {
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

func unquote(s string) string {
	s = strings.TrimSpace(s)
	if len(s) >= 2 && s[0] == '"' {
		s = strings.TrimSuffix(s[1:], `"`)
		s = strings.ReplaceAll(s, `\"`, `"`)
	}
	return s
}
