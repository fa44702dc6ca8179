package rules

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// forOneConstant are the imports of which a package uses one constant alone, by "importer imported", and why.
var forOneConstant = map[string]string{
	"pipeline bounce":     "OwnHeader is written there and looked for here: two copies of the name could part",
	"retract verdict":     "its constants are the words for a verdict",
	"retract/job verdict": "its constants are the words for a verdict",
}

// constantsOf are the exported constants of a package.
func constantsOf(t *testing.T, dir string) map[string]bool {
	t.Helper()
	all := map[string]bool{}
	for _, file := range filesOf(t, dir) {
		for _, d := range file.Decls {
			group, ok := d.(*ast.GenDecl)
			if !ok || group.Tok != token.CONST {
				continue
			}
			for _, spec := range group.Specs {
				for _, name := range spec.(*ast.ValueSpec).Names {
					all[name.Name] = true
				}
			}
		}
	}
	return all
}

// filesOf are a package's files without its tests.
func filesOf(t *testing.T, dir string) (files []*ast.File) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "*.go"))
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range names {
		if strings.HasSuffix(name, "_test.go") {
			continue
		}
		file, err := parser.ParseFile(token.NewFileSet(), name, nil, 0)
		if err != nil {
			t.Fatal(err)
		}
		files = append(files, file)
	}
	return files
}

// usesOf are the names that a package uses of each package of ours.
func usesOf(t *testing.T, dir string) map[string]map[string]bool {
	t.Helper()
	used := map[string]map[string]bool{}
	for _, file := range filesOf(t, dir) {
		imported := map[string]string{} // by the name that it has in the file
		for _, spec := range file.Imports {
			path, err := strconv.Unquote(spec.Path.Value)
			if err != nil {
				t.Fatal(err)
			}
			pkg, ours := strings.CutPrefix(path, "clawback/")
			if !ours {
				continue
			}
			name := filepath.Base(pkg)
			if spec.Name != nil {
				name = spec.Name.Name
			}
			imported[name] = pkg
			if used[pkg] == nil {
				used[pkg] = map[string]bool{}
			}
		}
		ast.Inspect(file, func(n ast.Node) bool {
			if sel, ok := n.(*ast.SelectorExpr); ok {
				if x, ok := sel.X.(*ast.Ident); ok && x.Obj == nil && imported[x.Name] != "" {
					used[imported[x.Name]][sel.Sel.Name] = true
				}
			}
			return true
		})
	}
	return used
}

// No package imports another one for a single constant.
func TestImports_areForMoreThanOneConstant(t *testing.T) {
	root, met := moduleRoot(t), map[string]bool{}
	for pkg := range mayImport {
		for other, names := range usesOf(t, filepath.Join(root, pkg)) {
			if len(names) != 1 {
				continue
			}
			name := slices.Collect(maps.Keys(names))[0]
			if !constantsOf(t, filepath.Join(root, other))[name] {
				continue
			}
			edge := pkg + " " + other
			if met[edge] = true; forOneConstant[edge] == "" {
				t.Errorf("%s imports %s for %s alone: have it given, or move it to where both may import it",
					pkg, other, name)
			}
		}
	}
	for edge := range forOneConstant {
		if !met[edge] {
			t.Errorf("forOneConstant names %q, which is no such import any more", edge)
		}
	}
}
