package rules

import (
	"go/parser"
	"go/token"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	saysReads  = regexp.MustCompile(`(?m)^(Reads\b|.*\bReads:)`)
	saysWrites = regexp.MustCompile(`\b[Ww]rites\b`)
)

// The doc of each package says what it reads and what it writes, or that it does neither: what flows in, and what out.
func TestDocs_sayWhatFlowsInAndOut(t *testing.T) {
	root := moduleRoot(t)
	seen := 0
	for pkg := range imports(t) {
		if forTests(pkg) {
			continue
		}
		doc := packageDoc(t, filepath.Join(root, pkg))
		seen++
		switch {
		case doc == "":
			t.Errorf("package %s has no doc", pkg)
		case !saysReads.MatchString(doc) || !saysWrites.MatchString(doc):
			t.Errorf("the doc of package %s does not say what it Reads and Writes", pkg)
		}
	}
	if seen < 60 {
		t.Errorf("only %d packages were looked at", seen)
	}
}

// packageDoc is the doc of the package in a directory: the longest of its files', for some have one for each build tag.
func packageDoc(t *testing.T, dir string) (doc string) {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range files {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, parser.ParseComments|parser.PackageClauseOnly)
		if err != nil {
			t.Fatal(err)
		}
		if text := file.Doc.Text(); len(text) > len(doc) {
			doc = text
		}
	}
	return doc
}
