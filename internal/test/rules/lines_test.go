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
	"internal/demo":           4,
	"internal/test/benchflow": 4,
	"internal/test/benchsmtp": 1,
	"internal/test/graphsim":  4,
	"internal/test/mailgen":   33,
	"internal/test/mailset":   4,
	"internal/test/smtpload":  1,
	"retract/policy":          4,
	"score":                   114,
	"score/attach":            9,
	"score/attach/confined":   3,
	"score/attach/qr":         2,
	"score/engines":           1,
	"score/page":              14,
	"score/rules":             1,
	"score/words":             1,
	"store/index":             1,
	"store/pebble":            13,
	"verdict":                 7,
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
