package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// said is what the code has findings of a topic for, or the manual says that it has.
type said struct{ bad, warn bool }

// What docs/operations.md lists is what check can tell: each topic that the code has, and whether it can be bad or a
// warning.
func TestCheck_manualListsWhatItTells(t *testing.T) {
	code, manual := topicsOfCode(t), topicsOfManual(t)
	// Findings that other packages make, and check passes on.
	for topic, s := range map[string]said{
		"configuration": {bad: true},                                   // config.Problems
		"certificate":   {bad: true},                                   // certs.Check
		"region":        {bad: true}, "MX of": {bad: true, warn: true}, // regions.Check
		"Microsoft Graph": {bad: true, warn: true}, // graph.Client.Check
	} {
		code[topic] = s
	}
	for _, topic := range slices.Sorted(maps.Keys(code)) {
		if s, listed := manual[topic]; !listed || s != code[topic] {
			t.Errorf("%q: the code has %+v, docs/operations.md %+v (listed: %v)", topic, code[topic], s, listed)
		}
	}
	for topic := range manual {
		if _, is := code[topic]; !is {
			t.Errorf("docs/operations.md lists %q, which check never tells", topic)
		}
	}
}

// topicsOfManual reads the table: the topics stand in code style in the first column.
func topicsOfManual(t *testing.T) map[string]said {
	t.Helper()
	text, err := os.ReadFile("../../docs/operations.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, _ := strings.Cut(string(text), "## What `check` tells")
	section, _, _ = strings.Cut(section, "\n## ")
	found := map[string]said{}
	for line := range strings.Lines(section) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if len(cells) != 3 || !strings.Contains(cells[0], "`") {
			continue
		}
		first := cells[0]
		for i, word := range strings.Split(first, "`") {
			if i%2 == 1 && word != "hostname" {
				found[word] = said{strings.TrimSpace(cells[1]) != "", strings.TrimSpace(cells[2]) != ""}
			}
		}
	}
	return found
}

// topicsOfCode reads what the functions of this package say about which topic.
func topicsOfCode(t *testing.T) map[string]said {
	t.Helper()
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	r := &topicReader{found: map[string]said{}, given: map[string]string{}}
	var funcs []*ast.FuncDecl
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range file.Decls {
			if f, is := d.(*ast.FuncDecl); is && f.Recv == nil {
				funcs = append(funcs, f)
			}
		}
	}
	for range 2 { // helpers that are given a topic are known after the first pass
		for _, f := range funcs {
			r.read(f)
		}
	}
	return r.found
}

// Whatever is not well says what to do: no finding is made without a remedy.
func TestCheck_everyTroubleHasARemedy(t *testing.T) {
	files, err := filepath.Glob("*.go")
	if err != nil {
		t.Fatal(err)
	}
	made := 0
	for _, name := range files {
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, is := n.(*ast.CallExpr)
			if !is || len(call.Args) != 2 {
				return true
			}
			if fun, is := call.Fun.(*ast.SelectorExpr); is && (fun.Sel.Name == "bad" || fun.Sel.Name == "warn") {
				made++
				if lit, is := call.Args[1].(*ast.BasicLit); is && lit.Value == `""` {
					t.Errorf("%s: a finding of check without a remedy: %s", name, literal(call.Args[0]))
				}
			}
			return true
		})
	}
	if made < 30 {
		t.Errorf("only %d findings were looked at", made)
	}
}

type topicReader struct {
	found map[string]said
	given map[string]string // function -> the topic that it is given
}

// read notes what one function says. The variable what holds its topic, or it makes one where it speaks.
func (r *topicReader) read(f *ast.FuncDecl) {
	own := r.given[f.Name.Name]
	ast.Inspect(f, func(n ast.Node) bool {
		call, is := n.(*ast.CallExpr)
		if !is {
			return true
		}
		switch fun := call.Fun.(type) {
		case *ast.Ident:
			if fun.Name == "topic" {
				if text := literal(call.Args[0]); text != "" {
					own = text
					r.found[text] = r.found[text]
				}
			} else if len(call.Args) > 0 && isWhat(call.Args[0]) {
				r.given[fun.Name] = own
			}
		case *ast.SelectorExpr:
			r.finding(fun, own)
		}
		return true
	})
}

func (r *topicReader) finding(fun *ast.SelectorExpr, own string) {
	about := ""
	if isWhat(fun.X) {
		about = own
	} else if made, is := fun.X.(*ast.CallExpr); is {
		if name, is := made.Fun.(*ast.Ident); is && name.Name == "topic" {
			if about = literal(made.Args[0]); about == "" { // a constant of the function's
				about = own
			}
		}
	}
	s := r.found[about]
	switch {
	case about == "":
		return
	case fun.Sel.Name == "bad":
		s.bad = true
	case fun.Sel.Name == "warn":
		s.warn = true
	}
	r.found[about] = s
}

func isWhat(e ast.Expr) bool {
	name, is := e.(*ast.Ident)
	return is && name.Name == "what"
}

// literal is what an expression says in text, without the names in it.
func literal(e ast.Expr) string {
	text := ""
	ast.Inspect(e, func(n ast.Node) bool {
		if lit, is := n.(*ast.BasicLit); is && lit.Kind == token.STRING {
			part, _ := strconv.Unquote(lit.Value)
			text += part
		}
		return true
	})
	return strings.Trim(strings.TrimPrefix(text, "tenant "), " ,")
}
