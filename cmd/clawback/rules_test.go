package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// rules test says which rules a file meets, what they would count, and where one is wrong.
func TestRulesTest_saysWhatAFileMeets(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	mail := write("mail.eml", "From: Eve <eve@shop.example>\r\nSubject: Garden news\r\nMessage-ID: <1@shop.example>\r\n\r\nhello\r\n")
	run := func(rule string) (string, error) {
		write("rules/own.toml", rule)
		var out bytes.Buffer
		err := rulesTestCmd{Rules: filepath.Join(dir, "rules"), Files: []string{mail}}.Run(&app{ctx: t.Context(), out: &out, errOut: &out, files: files})
		return out.String(), err
	}
	for _, c := range []struct{ rule, want string }{
		{"[[rule]]\nid = \"garden\"\nwhen = 'lower(subject) contains \"garden\"'\nspam = 2.5\n", "meets 1 rule\n    +0.0  garden"},
		{"[[rule]]\nid = \"garden\"\nmode = \"act\"\nwhen = 'lower(subject) contains \"garden\"'\nspam = 2.5\n", "+2.5  garden"},
		{"[[rule]]\nid = \"garden\"\nwhen = 'lower(subject) contains \"desert\"'\n", "meets 0 rules"},
	} {
		if out, err := run(c.rule); err != nil || !strings.Contains(out, c.want) {
			t.Errorf("%s\nsays %v:\n%s", c.rule, err, out)
		}
	}
	if _, err := run("[[rule]]\nid = \"garden\"\nwhen = 'lower(subjet) contains \"garden\"'\n"); err == nil ||
		!strings.Contains(err.Error(), "own.toml:3:15: rule garden: unknown name subjet") {
		t.Errorf("a wrong rule: %v", err)
	}
}
