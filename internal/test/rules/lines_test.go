package rules

import (
	"bytes"
	"fmt"
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
	"unicode/utf8"
)

// maxColumns is how wide a line may be; a tab counts as four columns.
const maxColumns = 120

// wideLines says how many wider lines the packages have that are not rid of them yet, tests and what was generated left
// out. A number may go down and never up; a package that is not here has none. What is left are tags of struct fields
// and texts that cannot be broken.
var wideLines = map[string]int{
	"cmd/clawback":            75,
	"internal/demo":           2,
	"internal/test/benchflow": 2,
	"internal/test/benchsmtp": 1,
	"internal/test/graphsim":  4,
	"internal/test/mailgen":   32,
	"internal/test/mailset":   4,
	"internal/test/smtpload":  1,
	"score":                   20,
	"score/attach/confined":   1,
	"score/words":             1,
	"store/pebble":            13,
}

// No line that is added is wider than a screen beside another one.
func TestLines_fitTheColumns(t *testing.T) {
	root, found := moduleRoot(t), map[string][]string{}
	seen := 0
	for pkg := range imports(t) {
		files, err := filepath.Glob(filepath.Join(root, pkg, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range files {
			if strings.HasSuffix(name, "_test.go") {
				continue
			}
			seen++
			found[pkg] = append(found[pkg], wide(t, name)...)
		}
	}
	if seen < 500 {
		t.Errorf("only %d files were looked at", seen)
	}
	for _, pkg := range slices.Sorted(maps.Keys(found)) {
		if n, may := len(found[pkg]), wideLines[pkg]; n > may {
			t.Errorf("%s has %d lines of more than %d columns, and may have %d: break those that were added\n%s",
				pkg, n, maxColumns, may, strings.Join(found[pkg], "\n"))
		}
	}
}

// wide are a file's lines that are too wide, each with its place.
func wide(t *testing.T, name string) (lines []string) {
	t.Helper()
	source, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	file, err := parser.ParseFile(token.NewFileSet(), name, source, parser.ParseComments|parser.PackageClauseOnly)
	if err != nil {
		t.Fatal(err)
	}
	if ast.IsGenerated(file) {
		return nil
	}
	n := 0
	for line := range bytes.Lines(source) {
		n++
		text := strings.ReplaceAll(strings.TrimRight(string(line), "\r\n"), "\t", "    ")
		if utf8.RuneCountInString(text) > maxColumns {
			lines = append(lines, fmt.Sprintf("%s:%d", filepath.Base(name), n))
		}
	}
	return lines
}

// Lines of tests fit as those of the program do, but for two kinds: rows of tables (all within a composite literal),
// which are read against each other and as columns, and texts that would have to be cut in two.
func TestLines_ofTestsFitTheColumns(t *testing.T) {
	seen := 0
	root := moduleRoot(t)
	goFiles(t, func(name, _ string) {
		if !strings.HasSuffix(name, "_test.go") {
			return
		}
		seen++
		path := filepath.Join(root, name)
		file, files := parsed(t, path)
		for _, place := range wide(t, path) {
			_, number, _ := strings.Cut(place, ":")
			if n, _ := strconv.Atoi(number); !withinTable(files, file, n) && !hasLongText(files, file, n) {
				t.Errorf("%s:%s has more than %d columns: break it", name, number, maxColumns)
			}
		}
	})
	if seen < 300 {
		t.Errorf("only %d files were looked at", seen)
	}
}

func parsed(t *testing.T, path string) (*ast.File, *token.FileSet) {
	t.Helper()
	files := token.NewFileSet()
	file, err := parser.ParseFile(files, path, nil, parser.SkipObjectResolution)
	if err != nil {
		t.Fatal(err)
	}
	return file, files
}

// withinTable reports whether a line, or a part of it, lies in a composite literal.
func withinTable(files *token.FileSet, file *ast.File, line int) (is bool) {
	ast.Inspect(file, func(n ast.Node) bool {
		if l, ok := n.(*ast.CompositeLit); ok {
			is = is || files.Position(l.Pos()).Line <= line && line <= files.Position(l.End()).Line
		}
		return !is
	})
	return is
}

// leastText is how many columns a text has that may reach beyond the columns.
const leastText = 70

// hasLongText reports whether a line has a text that cannot be broken: a long one, or lines of one between backquotes.
func hasLongText(files *token.FileSet, file *ast.File, line int) (is bool) {
	ast.Inspect(file, func(n ast.Node) bool {
		if l, ok := n.(*ast.BasicLit); ok && l.Kind == token.STRING {
			from, to := files.Position(l.Pos()).Line, files.Position(l.End()).Line
			is = is || from <= line && line <= to && (to > from || len(l.Value) > leastText)
		}
		return !is
	})
	return is
}
