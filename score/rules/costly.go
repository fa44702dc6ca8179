package rules

import (
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"regexp/syntax"
	"strings"
	"unicode/utf8"

	"github.com/expr-lang/expr/ast"
)

// maxPattern is how long a regular expression may be that is not written in the rule.
const maxPattern = 1000

// stepsBetween is how many steps a regular expression takes between two looks at the clock: some ten milliseconds.
const stepsBetween = 1 << 20

// join is the built-in function, paid for first.
func join(params ...any) (any, error) {
	left, glue := params[0].(*budget), ""
	if len(params) > 2 {
		glue = params[2].(string)
	}
	var parts []string
	switch all := params[1].(type) {
	case []string:
		parts = all
	case []any:
		for _, one := range all {
			s, ok := one.(string)
			if !ok {
				return nil, fmt.Errorf("join: %T is no text", one)
			}
			parts = append(parts, s)
		}
	default:
		return nil, fmt.Errorf("join: %T is no list of texts", all)
	}
	for _, part := range parts {
		if err := left.make(len(part) + len(glue)); err != nil {
			return nil, err
		}
	}
	return strings.Join(parts, glue), nil
}

// repeat is the built-in function, paid for first.
func repeat(params ...any) (any, error) {
	s, n := params[1].(string), params[2].(int)
	if n < 0 || n > maxOctets {
		return nil, errOctets
	}
	if err := params[0].(*budget).make(len(s) * n); err != nil {
		return nil, err
	}
	return strings.Repeat(s, n), nil
}

// replace is the built-in function, paid for first.
func replace(params ...any) (any, error) {
	s, old, with, n := params[1].(string), params[2].(string), params[3].(string), -1
	if len(params) > 4 {
		n = params[4].(int)
	}
	count := strings.Count(s, old)
	if n >= 0 {
		count = min(count, n)
	}
	if err := params[0].(*budget).make(len(s) + count*len(with)); err != nil {
		return nil, err
	}
	return strings.Replace(s, old, with, n), nil
}

// text is the built-in function string, of what is no list: that could be of any length.
func text(params ...any) (any, error) {
	switch kind := reflect.ValueOf(params[1]).Kind(); kind {
	case reflect.String, reflect.Bool, reflect.Int, reflect.Int64, reflect.Float64, reflect.Invalid:
		s := fmt.Sprint(params[1])
		return s, params[0].(*budget).make(len(s))
	default:
		return nil, fmt.Errorf("string: of a %s", kind)
	}
}

// expression is a regular expression and how long its program is.
type expression struct {
	*regexp.Regexp
	steps int // at most, for each letter
}

func newExpression(s string) (*expression, error) {
	parsed, err := syntax.Parse(s, syntax.Perl)
	if err != nil {
		return nil, err
	}
	program, err := syntax.Compile(parsed.Simplify())
	if err != nil {
		return nil, err
	}
	r, err := regexp.Compile(s)
	return &expression{r, len(program.Inst)}, err
}

// pattern is a regular expression made once, where it is written in the rule.
func pattern(n ast.Node) ast.Node {
	if written, ok := n.(*ast.StringNode); ok {
		if e, err := newExpression(written.Value); err == nil {
			return &ast.ConstantNode{Value: e}
		}
	}
	return n
}

// matches is the operator, which reads a text in as many pieces as the clock is to be looked at.
func matches(params ...any) (any, error) {
	left := params[0].(*budget)
	if params[1] == nil || params[2] == nil {
		return false, nil
	}
	s, ok := params[1].(string)
	if !ok {
		return nil, fmt.Errorf("matches: %T is no text", params[1])
	}
	e, ok := params[2].(*expression)
	if !ok {
		written, _ := params[2].(string)
		if len(written) > maxPattern {
			return nil, errors.New("matches: the regular expression is too long")
		}
		var err error
		if e, err = newExpression(written); err != nil {
			return nil, err
		}
	}
	if len(s)*e.steps <= stepsBetween {
		return e.MatchString(s), nil
	}
	in := &pieces{text: s, left: left, every: 1 + stepsBetween/e.steps}
	found := e.MatchReader(in)
	if in.late {
		return nil, errTime
	}
	return found, nil
}

// pieces is a text that ends when the time does.
type pieces struct {
	text  string
	left  *budget
	every int // letters between two looks at the clock
	read  int
	late  bool
}

func (p *pieces) ReadRune() (rune, int, error) {
	if p.read++; p.read%p.every == 0 && p.left.late() {
		p.late = true
	}
	if p.late || p.text == "" {
		return 0, 0, io.EOF
	}
	r, size := utf8.DecodeRuneInString(p.text)
	p.text = p.text[size:]
	return r, size, nil
}
