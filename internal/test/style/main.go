// Command style measures Go source by the figures of the house style, one row of a table for each tree that is named.
//
//	go run ./internal/test/style NAME=DIR ...
//
// Counted are files that are neither generated nor tests. A function's length is its lines from "func" to the closing
// brace; a comment line holds nothing but comment; nesting counts blocks within a function's own.
//
// Reads: source files. Writes: standard output.
package main

import (
	"bytes"
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// figures are what is measured of one tree.
type figures struct {
	lines, comments, wide, testLines int
	functions, files                 []int // lengths
	deep, manyParams                 int
	exported, documented             int
	packages                         map[string]bool
}

func main() {
	fmt.Println("| tree | lines | packages | test:code | fn median / p90 | fn >100 | nested 4 deep | >4 params | " +
		"file median / p90 / max |" +
		" comment | documented | lines >120 |")
	fmt.Println("|---|---|---|---|---|---|---|---|---|---|---|---|")
	for _, arg := range os.Args[1:] {
		name, dir, ok := strings.Cut(arg, "=")
		if !ok {
			name, dir = arg, arg
		}
		f, err := measure(dir)
		if err != nil {
			fmt.Fprintln(os.Stderr, "measure:", err)
			os.Exit(1)
		}
		fmt.Println(f.row(name))
	}
}

// measure walks a tree. Test data, and what tools generated, are left out.
func measure(dir string) (*figures, error) {
	f := &figures{packages: map[string]bool{}}
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != dir && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata"):
			return fs.SkipDir
		case entry.IsDir() || !strings.HasSuffix(path, ".go"):
			return nil
		}
		return f.file(path)
	})
	return f, err
}

func (f *figures) file(path string) error {
	source, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	lines := bytes.Count(source, []byte("\n"))
	if strings.HasSuffix(path, "_test.go") {
		f.testLines += lines
		return nil
	}
	files := token.NewFileSet()
	tree, err := parser.ParseFile(files, path, source, parser.ParseComments)
	if err != nil || ast.IsGenerated(tree) {
		return err
	}
	f.packages[filepath.Dir(path)] = true
	f.lines += lines
	f.files = append(f.files, lines)
	for line := range bytes.Lines(source) {
		if wide := len([]rune(strings.ReplaceAll(strings.TrimRight(string(line), "\r\n"), "\t", "    "))); wide > 120 {
			f.wide++
		}
	}
	f.comments += commentLines(files, tree, source)
	f.declarations(files, tree)
	return nil
}

// commentLines counts the lines that hold nothing but comment.
func commentLines(files *token.FileSet, tree *ast.File, source []byte) (n int) {
	all := bytes.Split(source, []byte("\n"))
	for _, group := range tree.Comments {
		for _, c := range group.List {
			from, to := files.Position(c.Pos()), files.Position(c.End())
			if len(bytes.TrimSpace(all[from.Line-1][:from.Column-1])) == 0 {
				n += to.Line - from.Line + 1
			}
		}
	}
	return n
}

func (f *figures) declarations(files *token.FileSet, tree *ast.File) {
	for _, d := range tree.Decls {
		switch d := d.(type) {
		case *ast.FuncDecl:
			f.function(files, d)
			f.document(d.Name, d.Doc)
		case *ast.GenDecl:
			for _, spec := range d.Specs {
				switch s := spec.(type) {
				case *ast.TypeSpec:
					f.document(s.Name, s.Doc, d.Doc)
				case *ast.ValueSpec:
					f.document(s.Names[0], s.Doc, s.Comment, d.Doc)
				}
			}
		}
	}
}

func (f *figures) document(name *ast.Ident, docs ...*ast.CommentGroup) {
	if !name.IsExported() {
		return
	}
	f.exported++
	if slices.ContainsFunc(docs, func(g *ast.CommentGroup) bool { return g != nil }) {
		f.documented++
	}
}

func (f *figures) function(files *token.FileSet, d *ast.FuncDecl) {
	if d.Body == nil {
		return
	}
	f.functions = append(f.functions, files.Position(d.End()).Line-files.Position(d.Pos()).Line+1)
	if d.Type.Params.NumFields() > 4 {
		f.manyParams++
	}
	if depth(d.Body) > 3 {
		f.deep++
	}
}

// depth is how deeply blocks are nested in one; the clauses of a switch are no level of their own.
func depth(body *ast.BlockStmt) (most int) {
	level := 0
	var stack []bool
	ast.Inspect(body, func(n ast.Node) bool {
		if n == nil {
			if stack[len(stack)-1] {
				level--
			}
			stack = stack[:len(stack)-1]
			return true
		}
		block, isBlock := n.(*ast.BlockStmt)
		deeper := isBlock && block != body
		if deeper {
			level++
			most = max(most, level)
		}
		stack = append(stack, deeper)
		return true
	})
	return most
}

func (f *figures) row(name string) string {
	slices.Sort(f.functions)
	slices.Sort(f.files)
	over := 0
	for _, n := range f.functions {
		if n > 100 {
			over++
		}
	}
	return fmt.Sprintf("| %s | %d | %d | %.2f | %d / %d | %.1f %% | %.1f %% | %.1f %% | %d / %d / %d | %.0f %% | "+
		"%.0f %% | %d |", name, f.lines,
		len(f.packages), float64(f.testLines)/float64(max(1, f.lines)), at(f.functions, 50), at(f.functions, 90),
		share(over, len(f.functions)), share(f.deep, len(f.functions)), share(f.manyParams, len(f.functions)),
		at(f.files, 50), at(f.files, 90), at(f.files, 100), share(f.comments, f.lines), share(f.documented, f.exported),
		f.wide)
}

// at is the value at a percentile of a sorted list.
func at(sorted []int, percent int) int {
	if len(sorted) == 0 {
		return 0
	}
	return sorted[min(len(sorted)-1, len(sorted)*percent/100)]
}

func share(part, whole int) float64 { return 100 * float64(part) / float64(max(1, whole)) }
