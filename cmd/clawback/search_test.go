package main

import (
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestQueryText_asAShellGivesIt(t *testing.T) {
	for _, tt := range []struct {
		args []string
		want string
	}{
		{nil, ""},
		{[]string{"from:a", "invoice"}, "from:a invoice"},
		{[]string{"subject:invoice due", "-to:b"}, `subject:"invoice due" -to:b`},
		{[]string{"invoice due"}, `"invoice due"`},
		{[]string{"since:2026-03-01 10:00:00+01:00"}, `since:"2026-03-01 10:00:00+01:00"`},
		{[]string{"subject:meet at 10:30"}, `subject:"meet at 10:30"`},
		{[]string{"from:a -to:b"}, "from:a -to:b"},
		{[]string{"from:a to:b invoice"}, "from:a to:b invoice"},
		{[]string{`subject:"invoice due" from:a`}, `subject:"invoice due" from:a`},
	} {
		if got := queryText(tt.args); got != tt.want {
			t.Errorf("%q gives %q, want %q", tt.args, got, tt.want)
		}
	}
}

// What must not fit looks like a flag, and is none; flags stay flags.
func TestWithNegations(t *testing.T) {
	got := withNegations([]string{"search", "-outcome:done", "--json", "-y", "--since=2d", "-", "-from:*"})
	want := []string{"search", "!outcome:done", "--json", "-y", "--since=2d", "-", "!from:*"}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}
