package feed

import (
	"errors"
	"strings"

	"clawback/internal/mailaddr"
	"clawback/score/web"
)

// patternValue is one value that a pattern wants.
type patternValue struct{ kind, value string }

// errPattern means that a pattern wants more than one of some values.
var errPattern = errors.New("is more than a list of values")

// maxPattern bounds a pattern, and with it how deep it nests.
const maxPattern = 64 << 10

// readPattern reads a STIX pattern that wants one of some values: comparisons by = and IN, with OR between them. An
// address of the web AND its own host is the address. All else (AND, FOLLOWEDBY, qualifiers, NOT, LIKE, MATCHES, ...)
// is errPattern: a part of what it wants would match too much. STIX 2.1, section 9.
func readPattern(pattern string) ([]patternValue, error) {
	if len(pattern) > maxPattern {
		return nil, errPattern
	}
	p := &patternReader{rest: pattern}
	all, err := p.observations()
	if err != nil {
		return nil, err
	}
	if p.space(); p.rest != "" || len(all) == 0 {
		return nil, errPattern
	}
	return all, nil
}

// patternReader reads a pattern from left to right.
type patternReader struct {
	rest  string
	depth int
}

func (p *patternReader) space() { p.rest = strings.TrimLeft(p.rest, " \t\r\n") }

// symbol takes a sign that comes next.
func (p *patternReader) symbol(sign string) bool {
	p.space()
	rest, ok := strings.CutPrefix(p.rest, sign)
	if ok {
		p.rest = rest
	}
	return ok
}

// word takes a word of the language that comes next.
func (p *patternReader) word(word string) bool {
	p.space()
	if len(p.rest) < len(word) || !mailaddr.Equal(p.rest[:len(word)], word) {
		return false
	}
	rest := p.rest[len(word):]
	if rest != "" && (rest[0] == '_' || rest[0]|0x20 >= 'a' && rest[0]|0x20 <= 'z') {
		return false
	}
	p.rest = rest
	return true
}

// observations reads [...] OR [...].
func (p *patternReader) observations() (all []patternValue, err error) {
	for {
		var some []patternValue
		switch {
		case p.symbol("["):
			some, err = p.comparisons()
			if err == nil && !p.symbol("]") {
				err = errPattern
			}
		case p.symbol("("):
			some, err = p.group(p.observations)
		default:
			err = errPattern
		}
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
		if !p.word("OR") {
			return all, nil
		}
	}
}

// group reads what stands in round brackets.
func (p *patternReader) group(inside func() ([]patternValue, error)) ([]patternValue, error) {
	if p.depth++; p.depth > maxDepth {
		return nil, errPattern
	}
	defer func() { p.depth-- }()
	some, err := inside()
	if err == nil && !p.symbol(")") {
		err = errPattern
	}
	return some, err
}

// comparisons reads what stands in square brackets: terms with OR between them, each of comparisons with AND.
func (p *patternReader) comparisons() (all []patternValue, err error) {
	for {
		some, err := p.both()
		if err != nil {
			return nil, err
		}
		all = append(all, some...)
		if !p.word("OR") {
			return all, nil
		}
	}
}

// both reads comparisons with AND between them.
func (p *patternReader) both() ([]patternValue, error) {
	some, err := p.comparison()
	for err == nil && p.word("AND") {
		var more []patternValue
		if more, err = p.comparison(); err == nil {
			some, err = narrow(some, more)
		}
	}
	return some, err
}

// narrow is the one value that two sets want together: an address of the web that is on the host of the other.
func narrow(a, b []patternValue) ([]patternValue, error) {
	if len(a) != 1 || len(b) != 1 {
		return nil, errPattern
	}
	if b[0].kind == kindURL {
		a, b = b, a
	}
	u, ok := web.Parse(web.Absolute(refang(a[0].value)))
	host := b[0].kind == kindDomain || b[0].kind == kindIP
	if a[0].kind != kindURL || !ok || !host || mailaddr.Name(refang(b[0].value)) != u.Host {
		return nil, errPattern
	}
	return a, nil
}

// comparison reads path = 'value', path IN ('a', 'b'), or a group of them.
func (p *patternReader) comparison() ([]patternValue, error) {
	if p.symbol("(") {
		return p.group(p.comparisons)
	}
	kind, err := p.path()
	if err != nil {
		return nil, err
	}
	switch {
	case p.symbol("="):
		value, err := p.text()
		return []patternValue{{kind, value}}, err
	case p.word("IN") && p.symbol("("):
		var all []patternValue
		for {
			value, err := p.text()
			if err != nil {
				return nil, err
			}
			all = append(all, patternValue{kind, value})
			if p.symbol(")") {
				return all, nil
			}
			if !p.symbol(",") {
				return nil, errPattern
			}
		}
	}
	return nil, errPattern
}

// path reads an object path, and answers the kind of what it leads to. Publishers write the names of hashes in
// several ways, and some write wrong objects: those that cannot be mistaken are read.
func (p *patternReader) path() (string, error) {
	p.space()
	end := strings.IndexAny(p.rest, "= \t\r\n<>!()")
	if end < 0 {
		return "", errPattern
	}
	path := mailaddr.Lower(strings.NewReplacer("'", "", `"`, "").Replace(p.rest[:end]))
	p.rest = p.rest[end:]
	switch path {
	case "url:value":
		return kindURL, nil
	case "domain-name:value", "domain:value", "hostname:value":
		return kindDomain, nil
	case "ipv4-addr:value", "ipv6-addr:value":
		return kindIP, nil
	case "file:hashes.sha-256", "file:hashes.sha256", "artifact:hashes.sha-256", "artifact:hashes.sha256",
		"sha256:value":
		return kindSHA256, nil
	case "email-addr:value", "email-message:from_ref.value", "email-message:sender_ref.value":
		return kindEmail, nil
	}
	if strings.Contains(path, ":") {
		return "other:" + path, nil // it is counted as of another kind
	}
	return "", errPattern
}

// text reads a value in quotes, in which \' and \\ stand for themselves.
func (p *patternReader) text() (string, error) {
	if !p.symbol("'") {
		return "", errPattern
	}
	var b strings.Builder
	for i := 0; i < len(p.rest); i++ {
		switch c := p.rest[i]; {
		case c == '\'':
			p.rest = p.rest[i+1:]
			return b.String(), nil
		case c == '\\' && i+1 < len(p.rest):
			i++
			b.WriteByte(p.rest[i])
		default:
			b.WriteByte(c)
		}
	}
	return "", errPattern
}
