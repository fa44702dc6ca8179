package rules

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// privateNames are names of functions and methods that say nothing to whoever has not read them, and what some of those
// that had them are called now.
var privateNames = map[string]string{
	"answer": "respond, reply, call, or what the answer is",
	"apart":  "split",
	"bring":  "insert, load",
	"come":   "arrive",
	"give":   "release, send, complete",
	"own":    "writable, isInternal, allowedTenants",
	"poke":   "wake",
	"say":    "printf, fillWords",
	"says":   "wantNotice, respond",
	"take":   "acquire, reserve, admit, next",
	"tell":   "alert, log, deliver",
	"tells":  "alerts",
	"told":   "alertsOf, notification",
	"untold": "unreported",
}

// No function is named by a word of which only its author knows what it does, in tests neither.
func TestNames_areUnderstoodAtSight(t *testing.T) {
	seen := 0
	goFiles(t, func(file, text string) {
		for _, name := range functionsOf(t, file, text) {
			seen++
			if instead := privateNames[name]; instead != "" {
				t.Errorf("%s: a function is named %s: name what it does, such as %s", file, name, instead)
			}
		}
	})
	if seen < 5000 {
		t.Errorf("only %d functions were looked at", seen)
	}
}

// goFiles calls do for each source file, those of tests too.
func goFiles(t *testing.T, do func(name, text string)) {
	t.Helper()
	root := moduleRoot(t)
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && path != root && (strings.HasPrefix(entry.Name(), ".") || entry.Name() == "testdata"):
			return fs.SkipDir
		case entry.IsDir() || !strings.HasSuffix(path, ".go"):
			return nil
		}
		text, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		name, err := filepath.Rel(root, path)
		do(filepath.ToSlash(name), string(text))
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// functionsOf are the names of the functions and methods that a file declares.
func functionsOf(t *testing.T, file, text string) (names []string) {
	t.Helper()
	tree, err := parser.ParseFile(token.NewFileSet(), file, text, 0)
	if err != nil {
		t.Fatal(err)
	}
	for _, d := range tree.Decls {
		if f, is := d.(*ast.FuncDecl); is {
			names = append(names, f.Name.Name)
		}
	}
	return names
}
