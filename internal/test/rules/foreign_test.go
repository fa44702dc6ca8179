package rules

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// sources calls do for each source file of the program, not of its tests.
func sources(t *testing.T, do func(file, text string)) {
	t.Helper()
	root := moduleRoot(t)
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		name, _ := filepath.Rel(root, path)
		switch {
		case entry.IsDir() && (strings.HasPrefix(entry.Name(), ".") && name != "." || forTests(name+"/")):
			return fs.SkipDir
		case entry.IsDir() || !strings.HasSuffix(name, ".go") || strings.HasSuffix(name, "_test.go"):
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		do(filepath.ToSlash(name), string(text))
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Foreign text has one way out of the program, which is safe for terminals, CSV and logs. These are the ways around it,
// and the files that may use them.
var waysOut = map[*regexp.Regexp][]string{
	regexp.MustCompile(`\bfmt\.Print|\bprintln\(`):                       nil,
	regexp.MustCompile(`\bos\.Std(out|err)\b`):                           {"cmd/clawback/main.go"},
	regexp.MustCompile(`\bfmt\.Fprint\w*\(a\.(out|errOut|raw|rawErr)\b`): {"cmd/clawback/print.go"},
	regexp.MustCompile(`\ba\.raw\b`):                                     {"cmd/clawback/main.go", "cmd/clawback/unwrap.go", "cmd/clawback/demo.go", "cmd/clawback/print.go"},
	regexp.MustCompile(`\ba\.rawErr\b`):                                  {"cmd/clawback/main.go", "cmd/clawback/serve.go", "cmd/clawback/bulk.go", "cmd/clawback/score.go"},
	regexp.MustCompile(`\bslog\.New(Text|JSON)Handler\(`):                {"systemd/handler.go"},
	regexp.MustCompile(`\bcsv\.NewWriter\(`):                             nil,
	regexp.MustCompile(`\btabwriter\.NewWriter\(`):                       {"cmd/clawback/print.go", "journal/describe.go"},
	regexp.MustCompile(`\blog\.(Print|Fatal|Panic|New|SetOutput)`):       nil,
}

func TestForeign_hasOneWayOut(t *testing.T) {
	seen := map[string]bool{}
	sources(t, func(file, text string) {
		for way, allowed := range waysOut {
			if !way.MatchString(text) {
				continue
			}
			seen[way.String()] = true
			if !slices.Contains(allowed, file) {
				t.Errorf("%s uses %s: write by the functions of cmd/clawback/print.go, or package internal/visible",
					file, way)
			}
		}
	})
	for way, allowed := range waysOut {
		if len(allowed) > 0 && !seen[way.String()] {
			t.Errorf("nothing uses %s any more: take it out here", way)
		}
	}
}
