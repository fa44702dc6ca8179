package rules

import (
	"errors"
	"reflect"
	"time"

	"github.com/expr-lang/expr"
	"github.com/expr-lang/expr/ast"
)

// Bounds of the time that one rule takes on one message (I2): turns of its loops, and how long it may run.
const (
	maxTurns = 100_000
	maxTime  = 250 * time.Millisecond
)

var (
	errTurns = errors.New("its loops turn more than 100,000 times")
	errTime  = errors.New("it takes more than 250 ms")
)

// budget is what is left to one rule on one message.
type budget struct {
	turns int
	until time.Time
}

// environment is what a compiled rule runs in. Rules cannot name the budget: they are checked against Model alone.
type environment struct {
	Model
	Budget *budget `expr:"__budget"`
}

func newEnvironment(m Model) environment {
	return environment{m, &budget{turns: maxTurns, until: time.Now().Add(maxTime)}}
}

// spend pays for a loop over a collection before it begins.
func spend(params ...any) (any, error) {
	left, collection := params[0].(*budget), params[1]
	if v := reflect.ValueOf(collection); v.Kind() == reflect.Slice || v.Kind() == reflect.Array || v.Kind() == reflect.Map {
		left.turns -= 1 + v.Len()
	}
	switch {
	case left.turns < 0:
		return nil, errTurns
	case time.Now().After(left.until):
		return nil, errTime
	}
	return collection, nil
}

// metered has each loop of an expression pay for its turns.
func metered() []expr.Option {
	return []expr.Option{
		expr.Env(environment{}),
		expr.Function("__spend", spend, // the types keep what is known of the elements
			new(func(*budget, []Link) []Link), new(func(*budget, []Attachment) []Attachment), new(func(*budget, []Address) []Address),
			new(func(*budget, []string) []string), new(func(*budget, []int) []int), new(func(*budget, []any) []any), new(func(*budget, any) any)),
		expr.Patch(meter{}),
	}
}

// meter puts __spend around what a loop goes over.
type meter struct{}

func (meter) Visit(node *ast.Node) {
	loop, ok := (*node).(*ast.BuiltinNode)
	if !ok || len(loop.Arguments) < 2 {
		return
	}
	if _, ok := loop.Arguments[1].(*ast.PredicateNode); !ok || paid(loop.Arguments[0]) {
		return
	}
	call := &ast.CallNode{Callee: &ast.IdentifierNode{Value: "__spend"}, Arguments: []ast.Node{&ast.IdentifierNode{Value: "__budget"}, loop.Arguments[0]}}
	call.SetLocation(loop.Arguments[0].Location())
	loop.Arguments[0] = call
}

// paid reports whether a collection is paid for already: visitors may come twice.
func paid(n ast.Node) bool {
	call, ok := n.(*ast.CallNode)
	if !ok {
		return false
	}
	name, ok := call.Callee.(*ast.IdentifierNode)
	return ok && name.Value == "__spend"
}
