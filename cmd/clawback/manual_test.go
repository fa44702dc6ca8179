package main

import (
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/alecthomas/kong"
	"github.com/google/go-cmp/cmp"

	"clawback/internal/test/needs"
)

// model is the command line as kong knows it.
func model(t *testing.T) *kong.Application {
	t.Helper()
	return newParser(&cli{}, t.Output(), t.Output()).Model
}

// current compares what the code makes with the files of a directory, and writes them with -update.
func current(t *testing.T, dir string, made map[string]string) {
	t.Helper()
	if *update {
		if err := os.RemoveAll(dir); err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		for name, text := range made {
			if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o644); err != nil {
				t.Fatal(err)
			}
		}
	}
	there := map[string]string{}
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		data, err := os.ReadFile(filepath.Join(dir, e.Name()))
		if err != nil {
			t.Fatal(err)
		}
		there[e.Name()] = string(data)
	}
	if diff := cmp.Diff(there, made); diff != "" {
		t.Errorf("%s is not current; go test ./cmd/clawback -run Current -update writes it (-is +should be)\n%s", dir,
			diff)
	}
}

func TestManual_isCurrent(t *testing.T) { current(t, "../../packaging/man", manual(model(t))) }

func TestCompletion_isCurrent(t *testing.T) {
	made := map[string]string{}
	for shell, name := range map[string]string{"bash": "clawback.bash", "zsh": "_clawback", "fish": "clawback.fish"} {
		made[name] = completion(model(t), shell)
	}
	current(t, "../../packaging/completions", made)
}

// Every command, flag and argument that is not hidden stands in the manual, and every page that one refers to is there.
func TestManual_isWhole(t *testing.T) {
	pages := manual(model(t))
	for _, c := range completable(model(t))[1:] {
		top, _, _ := strings.Cut(c.path, " ")
		text := pages["clawback-"+top+".1"]
		for _, f := range c.flags {
			if !strings.Contains(text+pages["clawback.1"], `Fl \-`+f.Name) {
				t.Errorf("%s: --%s is not in the manual", c.path, f.Name)
			}
		}
		if !strings.Contains(text, " Cm "+c.path) {
			t.Errorf("%s is not in the manual", c.path)
		}
	}
	for name, text := range pages {
		for _, m := range regexp.MustCompile(`(?m)^\.(?:It )?Xr (clawback\S*) (\d)`).FindAllStringSubmatch(text, -1) {
			if pages[m[1]+"."+m[2]] == "" {
				t.Errorf("%s refers to %s(%s), which is not there", name, m[1], m[2])
			}
		}
	}
}

// What is in a help text steers no macro.
func TestPage_textIsText(t *testing.T) {
	p := &page{}
	p.text(".Sh NAME\n'quoted \\fB first. Second \"one\".\n\n.")
	if want := "\\&.Sh NAME 'quoted \\efB first.\nSecond \"one\".\n.Pp\n\\&.\n"; p.String() != want {
		t.Errorf("%q, want %q", p.String(), want)
	}
}

func TestManual_lint(t *testing.T) {
	mandoc := needs.Program(t, "mandoc")
	dir := t.TempDir()
	for name, text := range manual(model(t)) {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(mandoc, "-T", "lint", "-W", "base", name)
		cmd.Dir = dir
		out, err := cmd.CombinedOutput()
		for line := range strings.Lines(string(out)) {
			// What is not installed here cannot be found; isWhole looks for ours.
			if !strings.Contains(line, "referenced manual not found") && !strings.Contains(line, "mandoc.db") {
				t.Error(strings.TrimSpace(line))
				err = nil
			}
		}
		if err != nil && len(out) == 0 {
			t.Error(err)
		}
	}
}

// completions is what bash offers at the end of a command line.
func completions(t *testing.T, script, line string) []string {
	t.Helper()
	bash := needs.Program(t, "bash")
	words := strings.Split(line, " ")
	program := script + `
COMP_WORDS=("$@") COMP_CWORD=$(($# - 1))
_clawback
printf '%s\n' "${COMPREPLY[@]}"`
	out, err := exec.Command(bash, append([]string{"-u", "-c", program, "bash"}, words...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return strings.Fields(string(out))
}

func TestCompletion_bash(t *testing.T) {
	script := completion(model(t), "bash")
	for _, c := range []struct {
		line       string
		with, lack []string
	}{
		{"clawback q", []string{"queue"}, []string{"status"}},
		{"clawback queue ", []string{"list", "discard"}, []string{"queue", "search"}},
		{"clawback --json queue li", []string{"list"}, []string{"discard"}},
		{"clawback --socket /run/x queue li", []string{"list"}, nil},
		{"clawback queue list --st", []string{"--state"}, []string{"--socket"}},
		{"clawback queue list --state ", []string{"quarantined", "ready"}, []string{"list"}},
		{"clawback queue list --state q", []string{"quarantined"}, []string{"ready"}},
		{"clawback retract --to ", []string{"junk", "hard_delete"}, nil},
		{"clawback completion ", []string{"bash", "zsh", "fish"}, nil},
		{"clawback check --config completion.g", []string{"completion.go"}, nil},
		{"clawback unwrap manual_t", []string{"manual_test.go"}, nil},
		{"clawback show ", nil, []string{"list", "show"}},
		{"clawback bounce list queue --st", []string{"--state"}, nil}, // no command within a command's arguments
	} {
		got := completions(t, script, c.line)
		for _, w := range c.with {
			if !slices.Contains(got, w) {
				t.Errorf("%q: %q is not in %q", c.line, w, got)
			}
		}
		for _, w := range c.lack {
			if slices.Contains(got, w) {
				t.Errorf("%q: %q is in %q", c.line, w, got)
			}
		}
	}
}

func TestCompletion_zsh(t *testing.T) {
	zsh := needs.Program(t, "zsh")
	script := completion(model(t), "zsh")
	cmd := exec.Command(zsh, "-n")
	cmd.Stdin = strings.NewReader(script)
	if out, err := cmd.CombinedOutput(); err != nil || len(out) > 0 {
		t.Errorf("%v: %s", err, out)
	}
}

func TestCompletion_fish(t *testing.T) {
	fish := needs.Program(t, "fish")
	file := filepath.Join(t.TempDir(), "clawback.fish")
	if err := os.WriteFile(file, []byte(completion(model(t), "fish")), 0o600); err != nil {
		t.Fatal(err)
	}
	for line, want := range map[string]string{
		"clawback queu":                     "queue",
		"clawback --socket /run/x queue li": "list",
		"clawback queue list --stat":        "--state",
		"clawback queue list --state quar":  "quarantined",
		"clawback completion fi":            "fish",
	} {
		cmd := exec.Command(fish, "--no-config", "-c", "source $argv[1]; complete -C $argv[2]", file, line)
		cmd.Env = append(os.Environ(), "HOME="+filepath.Dir(file))
		out, err := cmd.CombinedOutput()
		if words := strings.Fields(string(out)); err != nil || !slices.Contains(words, want) {
			t.Errorf("%q: %v: no %q in %q", line, err, want, out)
		}
	}
}

// No two nodes are taken for one: every path leads to a row of its own in each script.
func TestCompletion_hasEveryCommand(t *testing.T) {
	paths := map[string]bool{}
	for _, c := range completable(model(t)) {
		if paths[c.path] {
			t.Errorf("%q is there twice", c.path)
		}
		paths[c.path] = true
		for _, shell := range []string{"bash", "zsh", "fish"} {
			if !strings.Contains(completion(model(t), shell), c.path) {
				t.Errorf("%s: nothing for %q", shell, c.path)
			}
		}
	}
	if len(paths) < 40 {
		t.Errorf("only %d commands: %q", len(paths), slices.Sorted(maps.Keys(paths)))
	}
}
