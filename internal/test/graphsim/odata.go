package graphsim

import (
	"errors"
	"fmt"
	"strings"
	"time"
)

// The part of OData 4.01 URL conventions, section 5.1.1, that Graph understands for mail and users: comparisons with
// eq, ne, ge, gt, le and lt, and, or, not, parentheses, startswith, and lambda any.

// object is what a filter judges: strings, booleans, times, lists of strings and lists of objects.
type object map[string]any

// expr is a parsed filter. The scope holds the object under "" and lambda variables under their names.
type expr interface {
	eval(scope object) (bool, error)
}

const maxDepth = 20

var errFilter = errors.New("invalid filter clause")

type (
	junction struct {
		or   bool
		l, r expr
	}
	negation struct{ of expr }
	compare  struct {
		path, op string
		literal  any
	}
	prefix struct{ path, text string }
	lambda struct {
		path, variable string
		body           expr
	}
)

func (b junction) eval(scope object) (bool, error) {
	l, err := b.l.eval(scope)
	if err != nil || l == b.or {
		return l, err
	}
	return b.r.eval(scope)
}

func (n negation) eval(scope object) (bool, error) {
	v, err := n.of.eval(scope)
	return !v, err
}

func (p prefix) eval(scope object) (bool, error) {
	v, err := lookup(scope, p.path)
	text, _ := v.(string)
	return len(text) >= len(p.text) && strings.EqualFold(text[:len(p.text)], p.text), err
}

func (l lambda) eval(scope object) (bool, error) {
	v, err := lookup(scope, l.path)
	if err != nil {
		return false, err
	}
	var items []any
	switch list := v.(type) {
	case []string:
		for _, s := range list {
			items = append(items, s)
		}
	case []object:
		for _, o := range list {
			items = append(items, o)
		}
	default:
		return false, fmt.Errorf("%w: %s is not a collection", errFilter, l.path)
	}
	for _, item := range items {
		if yes, err := l.body.eval(object{"": scope[""], l.variable: item}); yes || err != nil {
			return yes, err
		}
	}
	return false, nil
}

func (c compare) eval(scope object) (bool, error) {
	v, err := lookup(scope, c.path)
	if err != nil {
		return false, err
	}
	order, err := c.order(v)
	if err != nil {
		return false, err
	}
	switch c.op {
	case "eq":
		return order == 0, nil
	case "ne":
		return order != 0, nil
	case "ge":
		return order >= 0, nil
	case "gt":
		return order > 0, nil
	case "le":
		return order <= 0, nil
	default:
		return order < 0, nil
	}
}

// order compares a value with the literal. Exchange and Entra compare strings without case; the prefix of a proxy
// address is compared exactly here, because nothing says that the service does not.
func (c compare) order(v any) (int, error) {
	switch literal := c.literal.(type) {
	case string:
		text, ok := v.(string)
		if !ok {
			return 0, fmt.Errorf("%w: %s is not a string", errFilter, c.path)
		}
		if len(text) > 5 && len(literal) > 5 && strings.EqualFold(text[:5], "smtp:") && text[:5] != literal[:5] {
			return 1, nil
		}
		return strings.Compare(strings.ToLower(text), strings.ToLower(literal)), nil
	case bool:
		b, ok := v.(bool)
		if !ok {
			return 0, fmt.Errorf("%w: %s is not a boolean", errFilter, c.path)
		}
		if b == literal {
			return 0, nil
		}
		return 1, nil
	case time.Time:
		at, ok := v.(time.Time)
		if !ok {
			return 0, fmt.Errorf("%w: %s is not a time", errFilter, c.path)
		}
		return at.Compare(literal), nil
	}
	return 0, fmt.Errorf("%w: literal of %s", errFilter, c.path)
}

// lookup follows a path such as "internetMessageId", "x" or "ep/value".
func lookup(scope object, path string) (any, error) {
	head, rest, nested := strings.Cut(path, "/")
	if v, ok := scope[head]; ok && head != "" {
		if !nested {
			return v, nil
		}
		inner, ok := v.(object)
		if !ok {
			return nil, fmt.Errorf("%w: %s has no properties", errFilter, head)
		}
		return property(inner, rest)
	}
	root, _ := scope[""].(object)
	return property(root, path)
}

// property reads a property by its name, without regard to case.
func property(o object, name string) (any, error) {
	if v, ok := o[name]; ok {
		return v, nil
	}
	for key, v := range o {
		if strings.EqualFold(key, name) {
			return v, nil
		}
	}
	return nil, fmt.Errorf("%w: could not find a property named '%s'", errFilter, name)
}

func matches(e expr, o object) (bool, error) {
	if e == nil {
		return true, nil
	}
	return e.eval(object{"": o})
}
