package rules

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// wideProse are the pages that are written by a program, and not wrapped by it.
var wideProse = []string{"docs/configuration.md", "docs/exchange-online.md"}

// The prose of the documentation fits the columns; tables, commands, drawings and addresses are as wide as they are.
func TestProse_fitsTheColumns(t *testing.T) {
	root, seen := moduleRoot(t), 0
	for _, pattern := range []string{"*.md", "docs/*.md", "docs/decisions/*.md"} {
		names, err := filepath.Glob(filepath.Join(root, pattern))
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range names {
			page, err := filepath.Rel(root, name)
			if err != nil {
				t.Fatal(err)
			}
			if seen++; slices.Contains(wideProse, page) {
				continue
			}
			for _, line := range widePage(t, name) {
				t.Errorf("%s: wrap %q", page, line)
			}
		}
	}
	if seen < 30 {
		t.Errorf("only %d pages were looked at", seen)
	}
}

// widePage are the lines of prose that are too wide.
func widePage(t *testing.T, name string) (lines []string) {
	t.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	fenced := false
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSuffix(line, "\n")
		if strings.HasPrefix(strings.TrimSpace(line), "```") {
			fenced = !fenced
		}
		code := fenced || strings.HasPrefix(line, "    ") || strings.HasPrefix(line, "|")
		if !code && utf8.RuneCountInString(line) > maxColumns && !strings.Contains(line, "://") {
			lines = append(lines, line)
		}
	}
	return lines
}
