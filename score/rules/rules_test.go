package rules

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

func write(t *testing.T, text string) string {
	t.Helper()
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "own.toml"), []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return dir
}

func TestMatch_seesTheModel(t *testing.T) {
	m := Model{
		Subject: "Invoice 12", From: Address{Address: "a@gmail.example", Domain: "gmail.example", FreeMail: true},
		Links: []Link{{Host: "files.example.org"}}, Headers: map[string][]string{"x-mailer": {"PHP 5"}},
	}
	for _, c := range []struct {
		when string
		want bool
	}{
		{`from.free_mail && lower(subject) contains "invoice"`, true},
		{`from.free_mail && lower(subject) contains "salary"`, false},
		{`any(links, .host endsWith ".example.org")`, true},
		{`any(links, .host endsWith ".example.net")`, false},
		{`"x-mailer" in headers && headers["x-mailer"][0] startsWith "PHP"`, true},
		{`auth.aligned`, false},
	} {
		set, err := New([]Rule{{ID: "r", When: c.when, Mode: "act"}})
		if err != nil {
			t.Fatalf("%s: %v", c.when, err)
		}
		if got := len(set.Match(m)) == 1; got != c.want {
			t.Errorf("%s: %v, want %v", c.when, got, c.want)
		}
	}
}

func TestLoad_namesLineAndColumnOfEveryProblem(t *testing.T) {
	dir := write(t, "[[rule]]\nid = \"a\"\nwhen = 'nothing == 1'\n\n[[rule]]\nid = \"b\"\nwhen = 'subject + 1 == 2'\n")
	_, err := Load(dir)
	if err == nil {
		t.Fatal("rules with unknown names were taken")
	}
	for _, want := range []string{"own.toml:3:9: rule a", "own.toml:7:", "rule b"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("error does not say %q:\n%v", want, err)
		}
	}
}

// A key that no rule has is refused, with line and column: a misspelt one would be a rule that does not act.
func TestLoad_refusesUnknownKeys(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"misspelt", "[[rule]]\nid = \"a\"\nwhen = 'true'\n  hrad = true\n", `own.toml:4:3: unknown key "rule.hrad"`},
		{"in the second rule", "[[rule]]\nid = \"a\"\nwhen = 'true'\n[[rule]]\nid = \"b\"\nwhen = 'true'\nscore = 3\n", `own.toml:7:1: unknown key "rule.score"`},
		{"at the top", "version = 1\n[[rule]]\nid = \"a\"\nwhen = 'true'\n", `own.toml:1:1: unknown key "version"`},
		{"another table", "[[rules]]\nid = \"a\"\n", `own.toml:1:3: unknown key "rules"`},
		{"within a rule", "rule = [{id = \"a\", when = 'true', act = 1}]\n", `own.toml:1:35: unknown key "rule.act"`},
		{"a table in a rule", "[[rule]]\nid = \"a\"\nwhen = 'true'\n[rule.more]\nx = 1\n", `own.toml:4:2: unknown key "rule.more"`},
	} {
		_, err := Load(write(t, c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) || strings.Count(err.Error(), "unknown key") != 1 {
			t.Errorf("%s: %v, want %s alone", c.name, err, c.want)
		}
	}
}

func TestLoad_countsColumnsAsAnEditorDoes(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"in quotes", "[[rule]]\nid = \"a\"\nwhen = 'subject == nothing'\n", "own.toml:3:20: rule a"},
		{"the same expression twice", "[[rule]]\nid = \"a\"\nwhen = 'true'\n\n[[rule]]\nwhen = 'x'\nid = \"b\"\n\n[[rule]]\nid = \"c\"\n  when = 'x'\n", "own.toml:11:11: rule c"},
		{"over several lines", "[[rule]]\nid = \"a\"\nwhen = '''\ntrue &&\n  nothing'''\n", "own.toml:5:3: rule a"},
		{"over lines of Windows", "[[rule]]\r\nid = \"a\"\r\nwhen = '''\r\n\r\n  nothing'''\r\n", "own.toml:5:3: rule a"},
		{"as a list", "rule = [{id = \"a\", when = 'true'}, {id = \"b\", when = 'nothing'}]\n", "own.toml:1:55: rule b"},
		{"after its like in a text", "[[rule]]\nid = \"a\"\ntext = '''\nwhen = 'nothing''''\nwhen = 'nothing'\n", "own.toml:5:9: rule a"},
		{"as a dotted key", "[[rule]]\nid = \"a\"\n\"when\"  =  'nothing'\n", "own.toml:3:13: rule a"},
		{"with escapes", "[[rule]]\nid = \"a\"\nwhen = \"subject == \\\"x\\\" && nothing\"\n", "own.toml:3:"},
	} {
		_, err := Load(write(t, c.text))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: error %v does not say %q", c.name, err, c.want)
		}
	}
}

func TestLoad_newRulesObserve(t *testing.T) {
	set, err := Load(write(t, "[[rule]]\nid = \"a\"\nwhen = 'true'\nthreat = 9\n"))
	if err != nil {
		t.Fatal(err)
	}
	if got := set.Match(Model{}); len(got) != 1 || got[0].Acts() {
		t.Errorf("matches %+v, want one that observes", got)
	}
}

func TestMatch_isBoundedInMemory(t *testing.T) {
	set, err := New([]Rule{{ID: "bomb", When: `len(map(1..1000000, # * 2)) > 0`}})
	if err != nil {
		t.Fatal(err)
	}
	if got := set.Match(Model{}); len(got) != 1 || got[0].Err == nil {
		t.Errorf("matches %+v, want one with an error", got)
	}
}

func TestNew_refusesTheClock(t *testing.T) {
	if _, err := New([]Rule{{ID: "late", When: `now().Hour() > 20`}}); err == nil {
		t.Error("a rule that reads the clock was taken")
	}
}
