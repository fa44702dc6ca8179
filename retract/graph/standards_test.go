package graph

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"
)

func TestStandards_namesTestsThatExist(t *testing.T) {
	text, err := os.ReadFile("../../docs/standards-graph.md")
	if err != nil {
		t.Fatal(err)
	}
	have := map[string]bool{}
	for _, dir := range []string{".", "transport", "consent", "..", "../limit", "../policy", "../../internal/test/graphsim",
		"../../journal/identity", "../../journal/identity/outlook", "../../store", "../../store/memory", "../../internal/test/e2e"} {
		files, err := filepath.Glob(filepath.Join(dir, "*_test.go"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no tests in %s: %v", dir, err)
		}
		for _, file := range files {
			source, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			for _, name := range regexp.MustCompile(`(?m)^func (Test\w+)\(`).FindAllSubmatch(source, -1) {
				have[string(name[1])] = true
			}
		}
	}
	named := regexp.MustCompile(`\bTest[A-Z]\w+`).FindAllString(string(text), -1)
	if len(named) < 50 {
		t.Errorf("only %d tests are named", len(named))
	}
	for _, name := range named {
		if !have[name] {
			t.Errorf("%s does not exist", name)
		}
	}
}
