package rules

import (
	"go/ast"
	"go/parser"
	"go/token"
	"slices"
	"testing"
)

// searched are the functions that look for words in a sentence instead of a code beside it: by file and function, and
// why there is nothing else to go by.
var searched = map[string]string{
	"cmd/clawback/queue.go about":                      "nothing is decided: what a sentence names already is not put before it again",
	"internal/bolt/file.go Unhide":                     "bbolt drops the cause where it grows the file; see there",
	"retract/graph/transport/answer.go deniedBy":       "Graph has one code for both; see there",
	"retract/graph/transport/answer.go segmentUnknown": "OData has no code of its own for it; see there",
}

// search are the functions of package strings, and of bytes, that find words in a text. Cut is none of them: it makes a
// sentence shorter.
var search = []string{"Contains", "ContainsAny", "HasPrefix", "HasSuffix", "Index", "LastIndex", "EqualFold",
	"CutPrefix", "CutSuffix", "Count"}

// sentences are names of fields and variables that hold what is written for a person.
var sentences = []string{"Reason", "reason", "Detail", "detail", "Why", "why", "Message", "message", "Comment"}

// No decision is made by what a sentence says: sentences are reworded and translated, and a stranger may write into
// them. A code or a type stands beside each.
func TestSentences_decideNothing(t *testing.T) {
	met, seen := map[string]bool{}, 0
	sources(t, func(file, text string) {
		tree, err := parser.ParseFile(token.NewFileSet(), file, text, 0)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range tree.Decls {
			f, is := d.(*ast.FuncDecl)
			if !is {
				continue
			}
			seen++
			if searchesSentence(f) {
				place := file + " " + f.Name.Name
				if met[place] = true; searched[place] == "" {
					t.Errorf("%s looks for words in a sentence: go by a code or a type", place)
				}
			}
		}
	})
	for place := range searched {
		if !met[place] {
			t.Errorf("%s searches no sentence any more: take it out here", place)
		}
	}
	if seen < 3000 {
		t.Errorf("only %d functions were looked at", seen)
	}
}

// searchesSentence reports whether a function looks for words in an error's text, or in another sentence.
func searchesSentence(f *ast.FuncDecl) (is bool) {
	texts := map[string]bool{} // variables that hold the text of an error
	ast.Inspect(f, func(n ast.Node) bool {
		switch n := n.(type) {
		case *ast.AssignStmt:
			for i, right := range n.Rhs {
				if v, ok := n.Lhs[min(i, len(n.Lhs)-1)].(*ast.Ident); ok && hasErrorText(right) {
					texts[v.Name] = true
				}
			}
		case *ast.CallExpr:
			call, ok := n.Fun.(*ast.SelectorExpr)
			if !ok {
				return true
			}
			pkg, ok := call.X.(*ast.Ident)
			if !ok || pkg.Name != "strings" && pkg.Name != "bytes" || !slices.Contains(search, call.Sel.Name) {
				return true
			}
			is = is || isSentence(n.Args[0], texts)
		}
		return true
	})
	return is
}

// isSentence reports whether an expression is the text of an error, or is named as a sentence.
func isSentence(e ast.Expr, texts map[string]bool) bool {
	if hasErrorText(e) {
		return true
	}
	switch e := e.(type) {
	case *ast.Ident:
		return texts[e.Name] || slices.Contains(sentences, e.Name)
	case *ast.SelectorExpr:
		return slices.Contains(sentences, e.Sel.Name)
	}
	return false
}

// hasErrorText reports whether an expression calls Error.
func hasErrorText(e ast.Expr) (is bool) {
	ast.Inspect(e, func(n ast.Node) bool {
		if call, ok := n.(*ast.CallExpr); ok && len(call.Args) == 0 {
			if sel, ok := call.Fun.(*ast.SelectorExpr); ok && sel.Sel.Name == "Error" {
				is = true
			}
		}
		return !is
	})
	return is
}
