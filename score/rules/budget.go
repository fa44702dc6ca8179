package rules

import (
	"errors"
	"reflect"
	"time"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
)

// Bounds of what one rule takes on one message (I2): turns of its loops, octets that it makes, and how long it may run.
const (
	maxTurns  = 100_000
	maxOctets = 16 << 20
	maxTime   = 250 * time.Millisecond
)

var (
	errTurns  = errors.New("its loops turn more than 100,000 times")
	errOctets = errors.New("it makes more than 16 MiB of text")
	errTime   = errors.New("it takes more than 250 ms")
)

// budget is what is left to one rule on one message.
type budget struct {
	turns, octets int
	until         time.Time
}

// environment is what a compiled rule runs in. Rules cannot name the budget: they are checked against Model alone.
type environment struct {
	Model
	Budget *budget `expr:"__budget"`
}

func newEnvironment(m Model) environment {
	return environment{m, &budget{maxTurns, maxOctets, time.Now().Add(maxTime)}}
}

func (b *budget) late() bool { return time.Now().After(b.until) }

// make pays for so many octets before or after they are made.
func (b *budget) make(octets int) error {
	if b.octets -= octets; b.octets < 0 || octets < 0 {
		return errOctets
	}
	return nil
}

// payLoop pays for a loop over a collection before it begins.
func payLoop(params ...any) (any, error) {
	left, collection := params[0].(*budget), params[1]
	if v := reflect.ValueOf(collection); v.Kind() == reflect.Slice || v.Kind() == reflect.Array ||
		v.Kind() == reflect.Map {
		left.turns -= 1 + v.Len()
	}
	if left.turns < 0 {
		return nil, errTurns
	}
	return payTurn(params[0], collection)
}

// payTurn looks at the clock, at each turn of a loop: between two looks there are no more steps than an expression has
// nodes.
func payTurn(params ...any) (any, error) {
	if params[0].(*budget).late() {
		return nil, errTime
	}
	return params[1], nil
}

// payText pays for text that was made. It is not much longer than what it was made of.
func payText(params ...any) (any, error) {
	left, size := params[0].(*budget), 0
	switch v := params[1].(type) {
	case string:
		size = len(v)
	case []string:
		size = 16 * len(v)
	case []any:
		size = 16 * len(v)
	}
	return params[1], left.make(size)
}

// metered has an expression pay for its loops and for what it makes.
func metered() []expr.Option {
	list := []any{ // the types keep what is known of the elements
		new(func(*budget, []Link) []Link), new(func(*budget, []Attachment) []Attachment),
		new(func(*budget, []Address) []Address),
		new(func(*budget, []string) []string), new(func(*budget, []int) []int), new(func(*budget, []any) []any),
		new(func(*budget, any) any),
	}
	return []expr.Option{
		expr.Env(environment{}),
		expr.Function("__spend", payLoop, list...),
		expr.Function("__turn", payTurn, new(func(*budget, bool) bool)),
		expr.Function("__made", payText, new(func(*budget, string) string), new(func(*budget, []string) []string),
			new(func(*budget, []any) []any)),
		expr.Function("__any", payText, new(func(*budget,
			any) any)), // apart, since it would be taken for one of the others
		expr.Function("__join", join, new(func(*budget, any) string), new(func(*budget, any, string) string)),
		expr.Function("__repeat", repeat, new(func(*budget, string, int) string)),
		expr.Function("__replace", replace, new(func(*budget, string, string, string) string),
			new(func(*budget, string, string, string, int) string)),
		expr.Function("__string", text, new(func(*budget, any) string)),
		expr.Function("__matches", matches, new(func(*budget, any, any) bool)),
		expr.Patch(meter{map[ast.Node]bool{}}),
	}
}

// meter puts the functions above around what costs. Visitors may come twice: done is what they have put there.
type meter struct{ done map[ast.Node]bool }

func (m meter) Visit(node *ast.Node) {
	if m.done[*node] {
		return
	}
	m.done[*node] = true
	switch n := (*node).(type) {
	case *ast.PredicateNode:
		n.Node = &ast.SequenceNode{Nodes: []ast.Node{m.call("__turn", n, &ast.BoolNode{Value: true}), n.Node}}
	case *ast.BuiltinNode:
		m.builtin(node, n)
	case *ast.BinaryNode:
		switch n.Operator {
		case "matches":
			*node = m.call("__matches", n, n.Left, pattern(n.Right))
		case "+":
			m.measure(node)
		}
	}
}

func (m meter) builtin(node *ast.Node, n *ast.BuiltinNode) {
	switch n.Name {
	case "join", "repeat", "replace", "string": // what they make may be far longer than what it is made of
		*node = m.call("__"+n.Name, n, n.Arguments...)
		return
	}
	if len(n.Arguments) > 1 {
		if _, ok := n.Arguments[1].(*ast.PredicateNode); ok {
			n.Arguments[0] = m.call("__spend", n.Arguments[0], n.Arguments[0])
			return
		}
	}
	m.measure(node)
}

// measure pays for the text or the list that a node gives.
func (m meter) measure(node *ast.Node) {
	switch t := (*node).Type(); {
	case t == nil, t.Kind() == reflect.Interface:
		*node = m.call("__any", *node, *node)
	case t.Kind() == reflect.String, t.Kind() == reflect.Slice &&
		(t.Elem().Kind() == reflect.String || t.Elem().Kind() == reflect.Interface):
		*node = m.call("__made", *node, *node)
	}
}

// call is a call of one of the functions above, in the place of a node.
func (m meter) call(name string, place ast.Node, arguments ...ast.Node) ast.Node {
	call := &ast.CallNode{
		Callee:    &ast.IdentifierNode{Value: name},
		Arguments: append([]ast.Node{&ast.IdentifierNode{Value: "__budget"}}, arguments...),
	}
	call.SetLocation(place.Location())
	m.done[call] = true
	return call
}
