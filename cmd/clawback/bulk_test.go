package main

import (
	"fmt"
	"strings"
	"testing"

	"clawback/api/routes"
)

// A file of ids is read whole, however long its lines are, or refused: what is not in a job is not done, and nobody
// would be told.
func TestIDsFrom_wholeOrNothing(t *testing.T) {
	if rest := routes.MaxBody - mostIDs; rest < 32<<10 {
		t.Errorf("beside the ids a request may have %d bytes", rest)
	}
	line := func(n int, beside string) string { return fmt.Sprintf("r-%024d%s\n", n, beside) }
	many := func(n int, beside string) string {
		var b strings.Builder
		for i := range n {
			b.WriteString(line(i, beside))
		}
		return b.String()
	}
	for name, c := range map[string]struct {
		text string
		want int
		fail string
	}{
		"a list":                 {"ID  TIME\n" + many(3, "  yesterday") + "\n \n" + many(2, ""), 5, ""},
		"no end of the line":     {"a\nb", 2, ""},
		"20 MB of search's":      {many(100_000, strings.Repeat(" x", 90)), 100_000, ""},
		"nothing":                {"ID\n\n", 0, "holds no ids"},
		"more than a job takes":  {many(700_000, ""), 0, "split it"},
		"a line that never ends": {strings.Repeat("x", 1<<20), 0, "too long"},
	} {
		ids, err := (&app{in: strings.NewReader(c.text)}).idsFrom("-")
		if len(ids) != c.want || (err == nil) != (c.fail == "") ||
			err != nil && !strings.Contains(err.Error(), c.fail) {
			t.Errorf("%s: %d ids, %v; want %d, %q", name, len(ids), err, c.want, c.fail)
		}
	}
}
