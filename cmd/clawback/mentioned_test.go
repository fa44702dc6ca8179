package main

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
)

// What documents, journald's catalog and the program's own sentences tell a person to run can be run: each command in
// them exists, and has the flags that they name.
func TestCommands_thatAreMentionedExist(t *testing.T) {
	app, mentioned := model(t), 0
	for _, file := range mentioning(t) {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for n, line := range strings.Split(string(data), "\n") {
			for _, words := range commandLines(file, line, app.Node) {
				mentioned++
				if err := runnable(app.Node, words); err != nil {
					t.Errorf("%s:%d: %v in: %s", file, n+1, err, strings.Join(words, " "))
				}
			}
		}
	}
	if mentioned < 300 {
		t.Errorf("only %d command lines were found: the test looks for the wrong thing", mentioned)
	}
}

func TestRunnable(t *testing.T) {
	app := model(t)
	for line, want := range map[string]string{
		"queue list --state deferred":   "",
		"queue list\\|show":             "",
		"held approve --campaign NAME":  "",
		"search from:evil.example":      "",
		"status says what stands":       "",
		"queue":                         "",
		"queue throw ID":                "no command queue throw",
		"queue list\\|throw":            "no command queue throw",
		"frobnicate":                    "no command frobnicate",
		"search --sender-of ADDRESS":    "no flag --sender-of",
		"rescan since:2d shows what":    "",
		"retract ID --to=junk --socket": "",
	} {
		got := ""
		if err := runnable(app.Node, strings.Fields(line)); err != nil {
			got = err.Error()
		}
		if got != want {
			t.Errorf("%s: %q, want %q", line, got, want)
		}
	}
}

// mentioning are the files whose text a person reads, and those of the code, whose sentences he does.
func mentioning(t *testing.T) (files []string) {
	t.Helper()
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		switch name := d.Name(); {
		case err != nil:
			return err
		case d.IsDir() && (name == "testdata" || name == ".git" || name == "dist" || name == "decisions" ||
			name == "test"):
			return filepath.SkipDir
		case strings.HasSuffix(name, "_test.go"):
		case filepath.Ext(name) == ".go", filepath.Ext(name) == ".md" && name != "CHANGELOG.md",
			filepath.Ext(name) == ".catalog", filepath.Ext(name) == ".tmpl":
			files = append(files, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}

var (
	named  = regexp.MustCompile(`\bclawback ([a-z][^` + "`" + `";,\\]*(?:\\\|[^` + "`" + `";,\\]*)*)`)
	quoted = regexp.MustCompile("`([^`]+)`")
)

// commandLines are the commands in a line of text, each without the program's name. In running text only the names of
// commands are taken for ones; what stands by itself, in backticks or indented, is one whatever it names.
func commandLines(file, line string, app *kong.Node) (found [][]string) {
	take := func(text string, known bool) {
		text, _, _ = strings.Cut(text, "#")
		words := strings.Fields(text)
		if len(words) > 0 && (!known || child(app, clean(words[0])) != nil) {
			found = append(found, words)
		}
	}
	for _, m := range named.FindAllStringSubmatch(line, -1) {
		take(m[1], !strings.HasPrefix(line, "    clawback ") && !strings.Contains(line, "`clawback "+m[1]+"`"))
	}
	if filepath.Ext(file) == ".md" {
		for _, m := range quoted.FindAllStringSubmatch(line, -1) {
			if !strings.HasPrefix(m[1], "clawback ") && strings.Contains(m[1], " ") {
				take(m[1], true)
			}
		}
	}
	return found
}

// runnable says what of a command line does not exist.
func runnable(node *kong.Node, words []string) error {
	path, flags, ended := "", flagsOf(node), false
	for i, word := range words {
		if name, is := strings.CutPrefix(word, "--"); is {
			name, _, _ = strings.Cut(clean(name), "=")
			if name != "" && name != "help" && !flags[name] {
				return fmt.Errorf("no flag --%s", name)
			}
			continue
		}
		if len(node.Children) == 0 || ended {
			continue
		}
		if ended = i > 0 && !isCommand(word); ended {
			continue // an argument: no command follows
		}
		var next *kong.Node
		for _, name := range strings.Split(strings.ReplaceAll(word, `\|`, "|"), "|") {
			name = clean(name)
			if next = child(node, name); next == nil {
				return fmt.Errorf("no command %s", strings.TrimSpace(path+" "+name))
			}
			for flag := range flagsOf(next) {
				flags[flag] = true
			}
		}
		path, node = strings.TrimSpace(path+" "+next.Name), next
	}
	return nil
}

// isCommand reports whether a word may name a command: an argument is in capitals, or has a sign in it.
func isCommand(word string) bool {
	return regexp.MustCompile(`^[a-z][a-z-]*(\\?\|[a-z][a-z-]*)*[.:)]?$`).MatchString(word)
}

// clean is a word without the marks that running text or a usage line puts around it.
func clean(word string) string { return strings.Trim(word, "[].,:;()'\\…") }

func child(node *kong.Node, name string) *kong.Node {
	for _, c := range node.Children {
		if c.Name == name {
			return c
		}
	}
	return nil
}

func flagsOf(node *kong.Node) map[string]bool {
	flags := map[string]bool{}
	for _, group := range append(node.AllFlags(false), defaultFlags(node)...) {
		for _, f := range group {
			flags[f.Name] = true
			if f.Tag.Negatable != "" {
				flags["no-"+f.Name] = true
			}
		}
	}
	return flags
}

// defaultFlags are those of the command that is run where only its parent is named.
func defaultFlags(node *kong.Node) (groups [][]*kong.Flag) {
	for _, c := range node.Children {
		if c.Tag.Default != "" {
			groups = append(groups, c.Flags)
		}
	}
	return groups
}
