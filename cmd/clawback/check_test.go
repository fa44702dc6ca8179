package main

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// A script that asks for JSON gets a configuration's problems in it too.
func TestCheck_jsonOfABadConfiguration(t *testing.T) {
	file := filepath.Join(t.TempDir(), "bad.toml")
	if err := os.WriteFile(file, []byte("hostnme = \"gw.example.com\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	if err := (checkCmd{Config: file}).Run(&app{ctx: t.Context(), out: &out, json: true}); err == nil {
		t.Error("it is said to be in order")
	}
	var texts []string
	for lines := json.NewDecoder(&out); lines.More(); {
		var f finding
		if err := lines.Decode(&f); err != nil || f.OK || f.What != "configuration" {
			t.Fatalf("%+v, %v", f, err)
		}
		texts = append(texts, f.Text)
	}
	if all := strings.Join(texts, "\n"); len(texts) < 2 || !strings.Contains(all, `bad.toml:1: hostnme: is not a known key; did you mean "hostname"?`) {
		t.Errorf("%q", texts)
	}
}
