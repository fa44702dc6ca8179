package rfc822

import (
	"slices"
	"strconv"
	"strings"

	"clawback/internal/mailaddr"
)

// MediaType is the value of a field that has parameters: Content-Type, or Content-Disposition.
type MediaType struct {
	Type     string // lower case; "" when there is none
	Params   []Param
	Forgiven Forgiven
	Bounds   Bounds
}

// Param is one parameter as written; a section of RFC 2231 is one of its own.
type Param struct {
	Name  string // lower case, as in "filename*0*"
	Value string // quotes and escapes taken off
	Raw   string // escapes as they stand
}

// maxParams is how many parameters of one field are read. RFC 2231 cuts long names into sections of some 70 bytes.
const maxParams = 256

// parseMediaType reads a field's value, however it is written: comments, doubled or missing semicolons, blanks, commas.
func parseMediaType(raw string) MediaType {
	p := &paramReader{s: raw}
	p.out.Type = strings.TrimSpace(p.mediaType())
	for p.skipSeparators(); p.i < len(p.s); p.skipSeparators() {
		if len(p.out.Params) >= maxParams {
			p.out.Bounds |= Parameters
			break
		}
		p.param()
	}
	return p.out
}

// Get is the value of a parameter: as it is where it stands plainly, else put together from the sections of RFC 2231.
func (m *MediaType) Get(name string) string {
	if all := m.all(name); len(all) > 0 {
		return all[0]
	}
	return ""
}

// all are the different values of a parameter, of which a mail program may take any.
func (m *MediaType) all(name string) []string {
	var all []string
	add := func(value string) {
		if value != "" && !slices.Contains(all, value) {
			all = append(all, value)
		}
	}
	for i := range m.Params {
		if m.Params[i].Name == name {
			add(m.Params[i].Value)
		}
	}
	for i := range m.Params {
		if m.Params[i].Name == name+"*" {
			add(joinSections([]section{{percent: true, value: m.Params[i].Value}}))
		}
	}
	add(joinSections(m.sections(name)))
	return all
}

// section is one of RFC 2231's.
type section struct {
	number  int
	percent bool // it is percent-encoded
	value   string
}

// sections are those of a parameter in the order of their numbers. RFC 2231, section 3. Of two with one number the
// first counts.
func (m *MediaType) sections(name string) []section {
	var list []section
	for i := range m.Params {
		s, ok := sectionOf(m.Params[i], name, i)
		same := func(o section) bool { return o.number == s.number }
		if ok && !slices.ContainsFunc(list, same) {
			list = append(list, s)
		}
	}
	slices.SortStableFunc(list, func(a, b section) int { return a.number - b.number })
	return list
}

// joinSections decodes a value that is written in sections. RFC 2231, section 4.
func joinSections(list []section) string {
	var octets []byte
	charset, percent := "", false
	for i, s := range list {
		if percent = percent || s.percent; !s.percent {
			octets = append(octets, s.value...)
			continue
		}
		text := s.value
		if i == 0 {
			charset, text = cutCharset(text)
		}
		octets = appendUnescaped(octets, text)
	}
	if !percent {
		return string(octets)
	}
	text, _ := DecodeText(octets, charset)
	return text
}

// sectionOf reads "name*3" and "name*3*". One without a number comes behind the others, as it stands there.
func sectionOf(p Param, name string, place int) (section, bool) {
	rest, ok := strings.CutPrefix(p.Name, name+"*")
	if !ok || rest == "" {
		return section{}, false
	}
	number, percent := strings.CutSuffix(rest, "*")
	n, err := strconv.Atoi(number)
	if err != nil || n < 0 {
		n = 1<<30 + place
	}
	return section{number: n, percent: percent, value: p.Value}, true
}

// cutCharset parts charset'language'text.
func cutCharset(s string) (charset, text string) {
	charset, rest, ok := strings.Cut(s, "'")
	if !ok {
		return "", s
	}
	if _, text, ok = strings.Cut(rest, "'"); !ok {
		return "", s
	}
	return charset, text
}

// appendUnescaped undoes percent escapes; what is none stays.
func appendUnescaped(to []byte, s string) []byte {
	for i := 0; i < len(s); i++ {
		if s[i] == '%' && i+2 < len(s) && unhex(s[i+1]) < 16 && unhex(s[i+2]) < 16 {
			to = append(to, unhex(s[i+1])<<4|unhex(s[i+2]))
			i += 2
			continue
		}
		to = append(to, s[i])
	}
	return to
}

// paramReader reads a value from left to right, each byte a bounded number of times.
type paramReader struct {
	s   string
	i   int
	out MediaType

	openComment bool // a comment does not end: no parenthesis behind it begins one either
}

// mediaType reads the type, also with blanks around the slash, in quotes, and with no semicolon behind it.
func (p *paramReader) mediaType() string {
	var out strings.Builder
	for p.skipBlanks(); p.i < len(p.s); {
		switch c := p.s[p.i]; {
		case c == '(' && p.openComment:
			return mailaddr.Lower(out.String())
		case c == '(':
			p.skipComment()
			if p.openComment {
				p.i--
			}
		case c == '=': // there is no type: a parameter comes first
			p.i = 0
			return ""
		case c == ';' || c == ',':
			return mailaddr.Lower(out.String())
		case isBlank(c):
			p.skipBlanks()
			slash := p.i < len(p.s) && p.s[p.i] == '/' || strings.HasSuffix(out.String(), "/")
			if out.Len() > 0 && !slash && !p.at('(') {
				return mailaddr.Lower(out.String())
			}
		case c == '"' || c == '\'' || out.Len() > maxName:
			p.i++
		default:
			out.WriteByte(c)
			p.i++
		}
	}
	return mailaddr.Lower(out.String())
}

func (p *paramReader) at(c byte) bool { return p.i < len(p.s) && p.s[p.i] == c }

func isBlank(c byte) bool { return c == ' ' || '\t' <= c && c <= '\r' }

func (p *paramReader) skipBlanks() {
	for p.i < len(p.s) && isBlank(p.s[p.i]) {
		p.i++
	}
}

func (p *paramReader) skipSeparators() {
	for p.i < len(p.s) {
		switch c := p.s[p.i]; {
		case c == '(':
			p.skipComment()
		case c == ';' || c == ',' || isBlank(c):
			p.i++
		default:
			return
		}
	}
}

// skipComment passes over a comment, which may hold others; one that does not end is none. RFC 5322, section 3.2.2.
func (p *paramReader) skipComment() {
	depth := 0
	for i := p.i; i < len(p.s) && !p.openComment; i++ {
		switch p.s[i] {
		case '\\':
			i++
		case '(':
			depth++
		case ')':
			if depth--; depth == 0 {
				p.i = i + 1
				return
			}
		}
	}
	p.openComment = true
	p.i++
}

// param reads one parameter; what has no equals sign is passed over.
func (p *paramReader) param() {
	start := p.i
	for p.i < len(p.s) && strings.IndexByte("=;,(", p.s[p.i]) < 0 && !isBlank(p.s[p.i]) {
		p.i++
	}
	name := mailaddr.Lower(p.s[start:p.i])
	for p.skipBlanks(); p.at('('); p.skipBlanks() {
		p.skipComment()
	}
	switch {
	case strings.ContainsAny(name, "<>"): // markup has come into the field: its attributes are no parameters
		p.i = len(p.s)
		return
	case !p.at('='):
		if p.i == start { // whatever it is
			p.i++
		}
		return
	}
	p.i++
	for p.skipBlanks(); p.at('('); p.skipBlanks() {
		p.skipComment()
	}
	value, raw := p.value(name)
	if name != "" {
		p.out.Params = append(p.out.Params, Param{Name: name, Value: value, Raw: raw})
	}
}

func (p *paramReader) value(name string) (value, raw string) {
	switch {
	case p.at('"'):
		raw = p.quoted('"', isFileName(name))
	case p.at('\'') && !strings.HasSuffix(name, "*") && p.closes('\''):
		p.out.Forgiven |= SingleQuotes
		start := p.i
		value = p.quoted('\'', isFileName(name))
		return value, p.s[start:p.i] // the quotes may belong to it
	default:
		raw = p.token(name)
		return raw, raw
	}
	return unescape(raw, isFileName(name)), raw
}

// isFileName knows the parameters whose value is a file's name. Programs write these with quotes within quotes, blanks
// without quotes, and Windows' backslashes.
func isFileName(name string) bool {
	base, _, _ := strings.Cut(name, "*")
	return base == "filename" || base == "name"
}

// closes reports whether a value that begins with a quote ends with one.
func (p *paramReader) closes(quote byte) bool {
	end := strings.IndexByte(p.s[p.i+1:], quote)
	semicolon := strings.IndexByte(p.s[p.i+1:], ';')
	return end >= 0 && (semicolon < 0 || end < semicolon)
}

// quoted reads to the closing quote, or to the end where there is none. Within a file's name only a quote that
// something fitting follows is the closing one.
func (p *paramReader) quoted(quote byte, fileName bool) string {
	p.i++
	start := p.i
	for p.i < len(p.s) {
		switch p.s[p.i] {
		case '\\':
			p.i++
		case quote:
			end := p.i
			if p.i++; !fileName || p.atEndOfValue() {
				return p.s[start:end]
			}
			continue
		}
		p.i++
	}
	p.i = len(p.s)
	p.out.Forgiven |= LooseParameter
	return p.unclosed(start)
}

// unclosed ends a value that lacks its closing quote where the next parameter begins.
func (p *paramReader) unclosed(start int) string {
	for i := start; i < len(p.s); i++ {
		if p.s[i] == ';' && (strings.TrimLeft(p.s[i+1:min(len(p.s), i+100)], " \t") == "" ||
			isParameter(strings.TrimLeft(p.s[i+1:], " \t"))) {
			p.i = i
			return strings.TrimRight(p.s[start:i], " \t")
		}
	}
	return strings.TrimRight(strings.TrimSuffix(p.s[start:], `"`), " \t")
}

// atEndOfValue reports whether what follows is not part of a value.
func (p *paramReader) atEndOfValue() bool {
	rest := strings.TrimLeft(p.s[p.i:], " \t\r\n")
	return rest == "" || strings.IndexByte(";,(", rest[0]) >= 0 || isParameter(rest)
}

// token reads a value without quotes. A blank may be part of it, unless a parameter or a comment follows.
func (p *paramReader) token(name string) string {
	start := p.i
	for p.i < len(p.s) && p.s[p.i] != ';' {
		switch c := p.s[p.i]; {
		case isBlank(c) || c == ',':
			end := p.i
			p.skipBlankOrComma()
			if p.at('(') && !isFileName(name) {
				return p.s[start:end]
			}
			if isParameter(p.s[p.i:]) {
				p.out.Forgiven |= LooseParameter
				return p.s[start:end]
			}
		case c == '(' && !isFileName(name):
			return p.s[start:p.i]
		default:
			p.i++
		}
	}
	return strings.TrimRight(p.s[start:p.i], " \t\r\n,")
}

func (p *paramReader) skipBlankOrComma() {
	for p.i < len(p.s) && (isBlank(p.s[p.i]) || p.s[p.i] == ',') {
		p.i++
	}
}

// unescape takes backslashes off. In a file's name they stay, but for those before a quote or another one.
func unescape(s string, fileName bool) string {
	if strings.IndexByte(s, '\\') < 0 {
		return s
	}
	var out strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] == '\\' && i+1 < len(s) && (!fileName || s[i+1] == '"' || s[i+1] == '\\') {
			i++
		}
		out.WriteByte(s[i])
	}
	return out.String()
}

// isParameter reports whether a text begins with one of the parameters of mail and its equals sign.
func isParameter(s string) bool {
	equals := strings.IndexByte(s[:min(len(s), 40)], '=')
	if equals <= 0 || equals == len(s)-1 {
		return false
	}
	name, _, _ := strings.Cut(mailaddr.Lower(strings.TrimRight(s[:equals], " \t")), "*")
	switch name {
	case "name", "filename", "charset", "boundary", "type", "format", "delsp", "report-type", "protocol", "micalg",
		"size",
		"creation-date", "modification-date", "read-date", "start", "start-info", "method", "reply-type", "differences",
		"access-type", "number", "total", "id", "smime-type", "version", "padding", "conversions":
		return true
	}
	return strings.HasPrefix(name, "x-") && !strings.ContainsAny(name, " \t;,<>:\"")
}
