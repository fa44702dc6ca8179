package config

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestScan_findsKeysOfEveryForm(t *testing.T) {
	got := scan(`# comment with [brackets] and = signs
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
[many.inner]`)
	want := positions{
		"top": 2, "a": 3, "a.b": 3, "a.b.c.d": 3, "one": 5, "one.k": 6, "one.after": 9,
		"many[0]": 10, "many[0].x": 11, "many[0].x[0]": 11, "many[0].x[1]": 11, "many[0].x[1][0]": 11, "many[0].x[1][1]": 12,
		"many[0].x[2]": 12, "many[0].x[2].in": 12, "many[0].x[2].line": 13, "many[0].inner[0]": 14, "many[0].inner[0].y": 15,
		"many[0].inner[1]": 16, "many[0].sub": 17, "many[0].sub.z": 18, "many[1]": 19, "many[1].quoted key": 20, "many[1].inner": 21,
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
