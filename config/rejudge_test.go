package config

import (
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestRejudge(t *testing.T) {
	defaults := []time.Duration{5 * time.Minute, 12 * time.Hour, 24 * time.Hour}
	for _, c := range []struct {
		lines string
		want  Rejudge
		wrong string
	}{
		{"", Rejudge{defaults, 100}, ""},
		{"after = []", Rejudge{nil, 100}, ""},
		{`after = ["2d", "1h"]` + "\nrate = 7", Rejudge{[]time.Duration{time.Hour, 48 * time.Hour}, 7}, ""},
		{`rate = "off"`, Rejudge{defaults, Off}, ""},
		{`after = ["30d"]`, Rejudge{[]time.Duration{30 * 24 * time.Hour}, 100}, ""},
		{`after = ["31d"]`, Rejudge{}, "too late"},
		{`after = ["0s"]`, Rejudge{}, "too soon"},
		{`after = ["soon"]`, Rejudge{}, "soon"},
		{`after = "5m"`, Rejudge{}, "list"},
		{`after = ["1h","2h","3h","4h","5h","6h","7h","8h","9h"]`, Rejudge{}, "8 at most"},
		{"rate = 0", Rejudge{}, "at least 1"},
		{"every = 1", Rejudge{}, "every"},
	} {
		got, err := rejudgeOf(t, c.lines)
		switch {
		case c.wrong != "":
			if err == nil || !strings.Contains(err.Error(), c.wrong) {
				t.Errorf("%s: %v, want an error with %q", c.lines, err, c.wrong)
			}
		case err != nil:
			t.Errorf("%s: %v", c.lines, err)
		default:
			if diff := cmp.Diff(c.want, got); diff != "" {
				t.Errorf("%s: (-want +got)\n%s", c.lines, diff)
			}
		}
	}
}

// rejudgeOf reads one section of a file.
func rejudgeOf(t *testing.T, lines string) (Rejudge, error) {
	t.Helper()
	r := &reader{file: filepath.Join(t.TempDir(), "clawback.toml"), known: map[string]bool{}, keys: map[string]Key{}}
	values, problem := decode(r.file, []byte("[rejudge]\n"+lines+"\n"))
	if problem != nil {
		return Rejudge{}, Problems{*problem}
	}
	r.values = values
	root := &table{r: r, values: values}
	c := readRejudge(root.table("rejudge"))
	root.finish()
	if len(r.problems) > 0 {
		return c, r.problems
	}
	return c, nil
}
