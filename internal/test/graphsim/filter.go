package graphsim

import (
	"fmt"
	"strings"
	"time"
)

// parseFilter reads a $filter after percent-decoding. Nothing may follow the expression.
func parseFilter(text string) (expr, error) {
	p := &filterParser{rest: text}
	e, err := p.or(0)
	if err != nil {
		return nil, err
	}
	if p.space(); p.rest != "" {
		return nil, fmt.Errorf("%w: syntax error at position %d", errFilter, len(text)-len(p.rest))
	}
	return e, nil
}

type filterParser struct{ rest string }

func (p *filterParser) space() { p.rest = strings.TrimLeft(p.rest, " ") }

// word reads a name, a path, an operator or a literal without quotes.
func (p *filterParser) word() string {
	p.space()
	end := strings.IndexAny(p.rest, " ()',:")
	// A time has colons in it, a name never begins with a digit.
	if p.rest != "" && p.rest[0] >= '0' && p.rest[0] <= '9' {
		end = strings.IndexAny(p.rest, " ()',")
	}
	if end < 0 {
		end = len(p.rest)
	}
	word := p.rest[:end]
	p.rest = p.rest[end:]
	return word
}

// accept reads a fixed character.
func (p *filterParser) accept(c byte) bool {
	p.space()
	if p.rest == "" || p.rest[0] != c {
		return false
	}
	p.rest = p.rest[1:]
	return true
}

// keyword reads a word if it is that one.
func (p *filterParser) keyword(name string) bool {
	before := p.rest
	if strings.EqualFold(p.word(), name) {
		return true
	}
	p.rest = before
	return false
}

func (p *filterParser) or(depth int) (expr, error) {
	l, err := p.and(depth)
	for err == nil && p.keyword("or") {
		var r expr
		r, err = p.and(depth)
		l = junction{true, l, r}
	}
	return l, err
}

func (p *filterParser) and(depth int) (expr, error) {
	l, err := p.unary(depth)
	for err == nil && p.keyword("and") {
		var r expr
		r, err = p.unary(depth)
		l = junction{false, l, r}
	}
	return l, err
}

func (p *filterParser) unary(depth int) (expr, error) {
	if depth > maxDepth {
		return nil, fmt.Errorf("%w: nested too deeply", errFilter)
	}
	if p.keyword("not") {
		e, err := p.unary(depth + 1)
		return negation{e}, err
	}
	if p.accept('(') {
		return p.closed(depth)
	}
	name := p.word()
	if name == "" {
		return nil, fmt.Errorf("%w: a name is missing", errFilter)
	}
	if p.accept('(') {
		return p.call(name, depth)
	}
	return p.comparison(name)
}

// closed reads the rest of a parenthesis.
func (p *filterParser) closed(depth int) (expr, error) {
	e, err := p.or(depth + 1)
	if err == nil && !p.accept(')') {
		err = fmt.Errorf("%w: ')' is missing", errFilter)
	}
	return e, err
}

func (p *filterParser) call(name string, depth int) (expr, error) {
	if strings.EqualFold(name, "startswith") {
		return p.startsWith()
	}
	path, found := strings.CutSuffix(name, "/any")
	if !found {
		return nil, fmt.Errorf("%w: an unknown function with name '%s' was found", errFilter, name)
	}
	variable := p.word()
	if variable == "" || !p.accept(':') {
		return nil, fmt.Errorf("%w: the range variable is missing", errFilter)
	}
	body, err := p.closed(depth)
	return lambda{path, variable, body}, err
}

func (p *filterParser) startsWith() (expr, error) {
	path := p.word()
	if !p.accept(',') {
		return nil, fmt.Errorf("%w: ',' is missing", errFilter)
	}
	literal, err := p.literal()
	if err != nil {
		return nil, err
	}
	text, ok := literal.(string)
	if !ok || !p.accept(')') {
		return nil, fmt.Errorf("%w: startswith", errFilter)
	}
	return prefix{path, text}, nil
}

func (p *filterParser) comparison(path string) (expr, error) {
	op := strings.ToLower(p.word())
	switch op {
	case "eq", "ne", "ge", "gt", "le", "lt":
	default:
		return nil, fmt.Errorf("%w: operator '%s'", errFilter, op)
	}
	literal, err := p.literal()
	return compare{path, op, literal}, err
}

// literal reads a string in single quotes (two of them stand for one), true, false or a time.
func (p *filterParser) literal() (any, error) {
	if p.accept('\'') {
		return p.quoted()
	}
	word := p.word()
	switch strings.ToLower(word) {
	case "true":
		return true, nil
	case "false":
		return false, nil
	}
	at, err := time.Parse(time.RFC3339, word)
	if err != nil {
		return nil, fmt.Errorf("%w: literal '%s'", errFilter, word)
	}
	return at, nil
}

// quoted reads up to the closing quote. OData 4.01 URL conventions, section 2: a quote within is doubled.
func (p *filterParser) quoted() (string, error) {
	var out strings.Builder
	for {
		end := strings.IndexByte(p.rest, '\'')
		if end < 0 {
			return "", fmt.Errorf("%w: there is an unterminated string literal", errFilter)
		}
		out.WriteString(p.rest[:end])
		p.rest = p.rest[end+1:]
		if !strings.HasPrefix(p.rest, "'") {
			return out.String(), nil
		}
		out.WriteByte('\'')
		p.rest = p.rest[1:]
	}
}

// equalities lists the literals of a filter that is nothing but `path/any(x:x eq '...')` joined by or.
func equalities(e expr, path string) ([]string, bool) {
	switch e := e.(type) {
	case junction:
		l, ok := equalities(e.l, path)
		r, also := equalities(e.r, path)
		return append(l, r...), e.or && ok && also
	case lambda:
		c, ok := e.body.(compare)
		text, isText := c.literal.(string)
		return []string{text}, ok && isText && e.path == path && c.op == "eq" && c.path == e.variable
	}
	return nil, false
}
