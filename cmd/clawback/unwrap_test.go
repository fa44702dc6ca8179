package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

const sample = "../../testdata/journal/"

// unwrapping runs the command and gives both outputs; the error's text is added to the second.
func unwrapping(c unwrapCmd) (out, errOut string) {
	var o, e bytes.Buffer
	if err := c.Run(&app{ctx: context.Background(), raw: &o, out: &o, errOut: &e}); err != nil {
		fmt.Fprintln(&e, err)
	}
	return o.String(), e.String()
}

func TestUnwrap_writesOneMessageOctetForOctet(t *testing.T) {
	tests := []struct {
		name, file string
		set        func(c *unwrapCmd, to string)
		shown      string // which line of what is shown says the size and the hash
	}{
		{"report", "50-bounce-base64.eml", func(c *unwrapCmd, to string) { c.Report = to }, "  carried "},
		{"original", "28-octets-of-all-kinds.eml", func(c *unwrapCmd, to string) { c.Original = to }, "  original "},
		{"original of a carried report", "50-bounce-base64.eml", func(c *unwrapCmd, to string) { c.Original = to }, "  original "},
		{"decrypted", "38-irm-protected-first.eml", func(c *unwrapCmd, to string) { c.Decrypted = to }, "decrypted copy"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			to := filepath.Join(t.TempDir(), "out.eml")
			c := unwrapCmd{Files: []string{sample + test.file}}
			test.set(&c, to)
			shown, problem := unwrapping(c)
			got, err := os.ReadFile(to)
			if err != nil || problem != "" {
				t.Fatalf("%v, %s", err, problem)
			}
			if !hasLine(shown, test.shown, sizeAndHash(got)) {
				t.Errorf("%s was written, but this was said:\n%s", sizeAndHash(got), shown)
			}
			if _, problem := unwrapping(c); !strings.Contains(problem, "file exists") {
				t.Errorf("the second time: %q", problem)
			}
			test.set(&c, "-")
			if again, shown := unwrapping(c); again != string(got) || !hasLine(shown, test.shown, "octets") {
				t.Errorf("on standard output: %d octets, and on standard error:\n%s", len(again), shown)
			}
		})
	}
}

func hasLine(text string, parts ...string) bool {
	for line := range strings.Lines(text) {
		found := 0
		for _, p := range parts {
			if strings.Contains(line, p) {
				found++
			}
		}
		if found == len(parts) {
			return true
		}
	}
	return false
}

func TestUnwrap_saysWhyNothingIsWritten(t *testing.T) {
	one, ndr, plain := sample+"01-exchange-online.eml", sample+"48-ndr.eml", sample+"63-ordinary-mail.eml"
	to := filepath.Join(t.TempDir(), "out.eml")
	tests := []struct {
		name string
		cmd  unwrapCmd
		want string
	}{
		{"several files", unwrapCmd{Files: []string{ndr, one}, Report: to}, "one file at a time"},
		{"one output twice", unwrapCmd{Files: []string{ndr}, Report: "-", Original: "-"}, "need a file each"},
		{"the report itself", unwrapCmd{Files: []string{one}, Report: to}, "it is the report itself"},
		{"nothing carried", unwrapCmd{Files: []string{plain}, Report: to}, "it carries no message"},
		{"no original", unwrapCmd{Files: []string{plain}, Original: to}, "there is none in it"},
		{"nothing decrypted", unwrapCmd{Files: []string{one}, Decrypted: to}, "no decrypted copy"},
		{"no such folder", unwrapCmd{Files: []string{ndr}, Report: filepath.Join(to, "x")}, "no such file"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			if _, problem := unwrapping(test.cmd); !strings.Contains(problem, test.want) {
				t.Errorf("said %q, want %q", problem, test.want)
			}
			if _, err := os.Stat(to); err == nil {
				t.Error("a file was left")
			}
		})
	}
}

func sizeAndHash(octets []byte) string {
	return fmt.Sprintf("%d octets, sha256 %x", len(octets), sha256.Sum256(octets))
}

func TestUnwrap_standardInput(t *testing.T) {
	in, err := os.Open(sample + "50-bounce-base64.eml")
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	var fromInput bytes.Buffer
	if err := (unwrapCmd{Files: []string{"-"}}).Run(&app{ctx: t.Context(), in: in, out: &fromInput}); err != nil {
		t.Fatal(err)
	}
	fromFile, _ := unwrapping(unwrapCmd{Files: []string{sample + "50-bounce-base64.eml"}})
	_, want, _ := strings.Cut(fromFile, "\n")
	if got, ok := strings.CutPrefix(fromInput.String(), "-: ndr\n"); !ok || got != want {
		t.Errorf("%s", fromInput.String())
	}
}
