package config

import (
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
)

// wanted is a problem that a broken configuration announces in a comment on the line where it must be found.
type wanted struct {
	line      int
	key, text string
}

var wantForm = regexp.MustCompile(`# want(?:@(\d+))? (.*)$`)

// readWanted reads the comments "# want KEY: TEXT | KEY: TEXT", or "# want@LINE ..." for another line.
func readWanted(t *testing.T, text string) []wanted {
	t.Helper()
	var all []wanted
	for i, line := range strings.Split(text, "\n") {
		m := wantForm.FindStringSubmatch(line)
		if m == nil {
			continue
		}
		at := i + 1
		if m[1] != "" {
			at, _ = strconv.Atoi(m[1])
		}
		for one := range strings.SplitSeq(m[2], " | ") {
			key, rest, ok := strings.Cut(one, ": ")
			if !ok {
				t.Fatalf("line %d: cannot read %q", i+1, one)
			}
			all = append(all, wanted{at, key, strings.TrimSpace(rest)})
		}
	}
	if len(all) == 0 {
		t.Fatal("the file announces no problem")
	}
	return all
}

// fits reports whether a problem is the wanted one: its text and hint must hold the wanted text.
func (w wanted) fits(p Problem) bool {
	said := p.Text + "; " + p.Hint
	return p.Line == w.line && p.Key == w.key && strings.Contains(said, w.text)
}

func TestParse_reportsEveryProblemAtItsLine(t *testing.T) {
	files, err := filepath.Glob("testdata/broken/*.toml")
	if err != nil || len(files) < 10 {
		t.Fatalf("found %d broken configurations, %v", len(files), err)
	}
	dir := t.TempDir()
	write(t, filepath.Join(dir, "open-secret"), "x", 0o644)
	write(t, filepath.Join(dir, "empty-secret"), "", 0o600)
	write(t, filepath.Join(dir, "blank-secret"), "\r\n\n", 0o600)
	if err := os.Mkdir(filepath.Join(dir, "credentials"), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("CREDENTIALS_DIRECTORY", filepath.Join(dir, "credentials")) // whose files may be open
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			data, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			_, err = Parse(filepath.Join(dir, filepath.Base(file)), data)
			var got Problems
			if !errors.As(err, &got) {
				t.Fatalf("error is %T, want Problems: %v", err, err)
			}
			compare(t, readWanted(t, string(data)), got)
		})
	}
}

// compare wants each announced problem once, and no other.
func compare(t *testing.T, want []wanted, got Problems) {
	t.Helper()
	for _, w := range want {
		i := slices.IndexFunc(got, w.fits)
		if i < 0 {
			t.Errorf("line %d: nothing says %s: %s", w.line, w.key, w.text)
			continue
		}
		got = slices.Delete(slices.Clone(got), i, i+1)
	}
	for _, p := range got {
		t.Error("not announced:", p)
	}
}

func TestProblems_areInOrderAndHaveAHint(t *testing.T) {
	files, _ := filepath.Glob("testdata/broken/*.toml")
	for _, file := range files {
		data, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		_, err = Parse(file, data)
		got, _ := errors.AsType[Problems](err)
		if !slices.IsSortedFunc(got, func(a, b Problem) int { return a.Line - b.Line }) {
			t.Errorf("%s: problems are not in the order of their lines", file)
		}
		for _, p := range got {
			if p.Hint == "" {
				t.Error("no hint:", p)
			}
		}
	}
}

func TestProblem_printsAsCompilersDo(t *testing.T) {
	for _, row := range []struct {
		p    Problem
		want string
	}{
		{Problem{"c.toml", 12, "smtp.min_rate", "is 1", "use 2"}, "c.toml:12: smtp.min_rate: is 1; use 2"},
		{Problem{"c.toml", 0, "hostname", "is missing", ""}, "c.toml: hostname: is missing"},
		{Problem{"c.toml", 3, "", "is not TOML", ""}, "c.toml:3: is not TOML"},
	} {
		if got := row.p.String(); got != row.want {
			t.Errorf("got %q, want %q", got, row.want)
		}
	}
}
