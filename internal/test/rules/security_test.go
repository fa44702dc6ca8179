package rules

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Each test that docs/security.md names is there, so that no line of it claims what nothing shows.
func TestSecurity_namesTestsThatExist(t *testing.T) {
	root := moduleRoot(t)
	doc, err := os.ReadFile(filepath.Join(root, "docs", "security.md"))
	if err != nil {
		t.Fatal(err)
	}
	there := testNames(t, root)
	named := regexp.MustCompile("`(Test[A-Za-z0-9_]+)`").FindAllStringSubmatch(string(doc), -1)
	for _, m := range named {
		if !there[m[1]] {
			t.Errorf("docs/security.md names %s, which no package has", m[1])
		}
	}
	if len(named) < 20 {
		t.Errorf("only %d tests are named: the test looks for the wrong thing", len(named))
	}
	for _, line := range strings.Split(string(doc), "\n") {
		if strings.HasPrefix(line, "| ") && !strings.Contains(line, "| shown by |") &&
			!strings.Contains(line, "`Test") {
			t.Errorf("no test is named in the line %.60q", line)
		}
	}
}

// testNames are the names of all tests of the module.
func testNames(t *testing.T, root string) map[string]bool {
	t.Helper()
	declared := regexp.MustCompile(`(?m)^func (Test[A-Za-z0-9_]+)\(`)
	names := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, _ fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		source, err := os.ReadFile(path)
		for _, m := range declared.FindAllSubmatch(source, -1) {
			names[string(m[1])] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}
