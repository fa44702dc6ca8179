package config

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestRetract(t *testing.T) {
	for _, c := range []struct {
		line  string
		want  []time.Duration
		wrong string
	}{
		{"", DefaultLookForCopies(), ""},
		{"look_for_copies = []", nil, ""},
		{`look_for_copies = ["5s", "1h"]`, []time.Duration{5 * time.Second, time.Hour}, ""},
		{`look_for_copies = ["30d"]`, []time.Duration{30 * 24 * time.Hour}, ""},
		{`look_for_copies = ["1h", "59m"]`, nil, "ends with 59m"},
		{`look_for_copies = ["0s", "1h"]`, nil, "too short"},
		{`look_for_copies = ["31d"]`, nil, "too long"},
		{`look_for_copies = "1h"`, nil, "list"},
	} {
		r := &reader{file: filepath.Join(t.TempDir(), "clawback.toml"), known: map[string]bool{},
			keys: map[string]Key{}}
		values, problem := decode(r.file, []byte("[retract]\n"+c.line+"\n"))
		if problem != nil {
			t.Fatal(problem)
		}
		r.values = values
		root := &table{r: r, values: values}
		got := readRetract(root.table("retract"))
		root.finish()
		switch {
		case c.wrong != "":
			if len(r.problems) == 0 || !strings.Contains(r.problems.Error(), c.wrong) {
				t.Errorf("%s: %v, want a problem with %q", c.line, r.problems, c.wrong)
			}
		case len(r.problems) > 0:
			t.Errorf("%s: %v", c.line, r.problems)
		default:
			if diff := cmp.Diff(c.want, got.LookForCopies); diff != "" {
				t.Errorf("%s: (-want +got)\n%s", c.line, diff)
			}
		}
	}
	waits := DefaultLookForCopies()
	for i := 2; i < len(waits); i++ {
		if waits[i] < waits[i-1] || waits[i] <= 0 {
			t.Errorf("wait %d is %s, after %s", i, waits[i], waits[i-1])
		}
	}
}
