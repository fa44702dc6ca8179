package config

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzParse wants an answer for any text: a whole configuration, or problems with lines that exist.
func FuzzParse(f *testing.F) {
	f.Add([]byte(minimal))
	files, _ := filepath.Glob("testdata/broken/*.toml")
	for _, file := range append(files, "clawback.example.toml") {
		data, err := os.ReadFile(file)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(data)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := Parse("/nonexistent/clawback.toml", data)
		if err == nil {
			if c == nil || c.Hostname == "" || len(c.Tenants) == 0 || len(c.Listeners) == 0 {
				t.Fatalf("a configuration with holes was accepted: %+v", c)
			}
			return
		}
		problems, ok := errors.AsType[Problems](err)
		if !ok || len(problems) == 0 || c != nil {
			t.Fatalf("error is %T: %v", err, err)
		}
		lines := 1 + strings.Count(string(data), "\n")
		for _, p := range problems {
			if p.Line < 0 || p.Line > lines || p.Text == "" {
				t.Errorf("problem at line %d of %d: %v", p.Line, lines, p)
			}
		}
	})
}
