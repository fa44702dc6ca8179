package api

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// Every metric that the dashboard and the rules of contrib/ name exists.
func TestContrib_namesMetricsThatExist(t *testing.T) {
	source, err := os.ReadFile("metrics.go")
	if err != nil {
		t.Fatal(err)
	}
	known := map[string]bool{}
	for _, m := range regexp.MustCompile(`metric\("([a-z_]+)"`).FindAllStringSubmatch(
		strings.ReplaceAll(string(source), "metric(\n\t\t\"", `metric("`), -1) {
		known["clawback_"+m[1]] = true
	}
	if len(known) < 25 {
		t.Fatalf("only %d metrics were found", len(known))
	}
	files, err := filepath.Glob("../contrib/*/*")
	if err != nil || len(files) != 2 {
		t.Fatalf("files %q, %v", files, err)
	}
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		if strings.HasSuffix(file, ".json") && !json.Valid(text) {
			t.Errorf("%s is not JSON", file)
		}
		named := regexp.MustCompile(`clawback_[a-z_]+`).FindAllString(string(text), -1)
		if len(named) < 10 {
			t.Errorf("%s names only %d metrics", file, len(named))
		}
		for _, name := range named {
			if !known[name] {
				t.Errorf("%s names %s, which is no metric", file, name)
			}
		}
	}
}
