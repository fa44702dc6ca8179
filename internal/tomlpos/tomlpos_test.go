package tomlpos

import (
	"strings"
	"testing"

	"github.com/BurntSushi/toml"
	"github.com/google/go-cmp/cmp"
)

func TestFind_keysOfEveryForm(t *testing.T) {
	const text = `# comment with [brackets] and = signs
top = 1
a.b."c.d" = "x # y"

[one]
k = """
two = 2
"""
after = 3 # two = 2
[[many]]
x = [ 1, [ 2,
  3 ], { in = 1,
  line = 2 } ]
[[many.inner]]
y = 'a\'
[[many.inner]]
[many.sub]
z = {}
[[many]]
'quoted key' = 1979-05-27T07:32:00Z
[many.inner]`
	got := map[string]int{}
	for path, p := range Find([]byte(text)) {
		got[path] = p.Line
	}
	want := map[string]int{
		"top": 2, "a": 3, "a.b": 3, "a.b.c.d": 3, "one": 5, "one.k": 6, "one.after": 9,
		"many[0]": 10, "many[0].x": 11, "many[0].x[0]": 11, "many[0].x[1]": 11, "many[0].x[1][0]": 11,
		"many[0].x[1][1]": 12, "many[0].x[2]": 12, "many[0].x[2].in": 12, "many[0].x[2].line": 13,
		"many[0].inner[0]": 14, "many[0].inner[0].y": 15, "many[0].inner[1]": 16, "many[0].sub": 17,
		"many[0].sub.z": 18, "many[1]": 19, "many[1].quoted key": 20, "many[1].inner": 21,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestFind_whereAValueBegins(t *testing.T) {
	const text = "\r\n[[rule]]\r\nwhen = '''\r\nsubject'''\n[[rule]]\n  id=\"x\"\nwhen   =   \"y\"\nlist = [ 'a' ]\n"
	found := Find([]byte(text))
	for path, want := range map[string]string{
		"rule[0].when": "'''\r\nsubject'''", "rule[1].id": "\"x\"", "rule[1].when": "\"y\"", "rule[1].list[0]": "'a'",
	} {
		if at := found[path].Value; !strings.HasPrefix(text[at:], want) {
			t.Errorf("%s begins at %q", path, text[at:])
		}
	}
	if got := found["rule[1].when"].Line; got != 7 {
		t.Errorf("line %d", got)
	}
}

// Whatever the text is, the search ends, and each line exists. In what the parser of the values takes, every top-level
// key is found.
func FuzzFind(f *testing.F) {
	for _, seed := range []string{
		"", "a = 1", "[x]\ny = [[1], {z = 2}]", "[[a]]\n[[a.b]]\n\"q\\\"\" = 'x'", "a = [" + strings.Repeat("[", 200),
		`"""" = 1`, "[[[[a", "a = [[{b = ", "a.b.'c\nd' = \"\"\"\\", "= = =", "]}],",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		found := Find([]byte(text))
		lines := 1 + strings.Count(text, "\n")
		for path, p := range found {
			if p.Line < 1 || p.Line > lines || p.Value > len(text) {
				t.Errorf("%q is at %+v of %d lines", path, p, lines)
			}
		}
		values := map[string]any{}
		if _, err := toml.Decode(text, &values); err != nil {
			return
		}
		for key, value := range values {
			if _, table := value.(map[string]any); table {
				continue // [a.b] opens no a
			}
			_, one := found[key]
			_, list := found[key+"[0]"]
			if !one && !list {
				t.Errorf("key %q is not found in %q", key, text)
			}
		}
	})
}
