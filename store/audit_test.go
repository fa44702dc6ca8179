package store

import (
	"errors"
	"fmt"
	"testing"
	"time"

	"clawback/store/memory"
)

// A long audit is read a part at a time: what lies behind the bound of one list is in the next, and a list of the last
// days ends where they end.
func TestAudit_long(t *testing.T) {
	start := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	s, err := New(&memory.Engine{}, Options{Now: func() time.Time { return start }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	const entries = 2*maxScan + 5000
	for n := 0; n < entries; {
		var acts []Act
		for range 5000 {
			act := Act{Who: "clawback", What: "x", At: start.Add(time.Duration(n) * time.Second)}
			switch n {
			case 1, 3000, maxScan + 3:
				act.Who = "ada"
			case entries - 100:
				act.At = start.AddDate(-6, 0, 0) // by a clock that was not set yet
			}
			acts, n = append(acts, act), n+1
		}
		if err := s.Update(t.Context(), Change{Acts: acts}); err != nil {
			t.Fatal(err)
		}
	}
	var found []uint64
	parts := 0
	for f := (AuditFilter{Who: "ada"}); ; parts++ {
		list, err := s.Audit(t.Context(), f)
		for _, act := range list {
			found = append(found, act.Seq)
		}
		bound, cut := errors.AsType[AuditBound](err)
		if err != nil && (!cut || !errors.Is(err, ErrBound)) || parts > 5 {
			t.Fatal(err)
		}
		if !cut {
			break
		}
		f.Before = bound.Before
	}
	if fmt.Sprint(found) != fmt.Sprint([]uint64{maxScan + 4, 3001, 2}) || parts != 2 {
		t.Errorf("found are %v in %d parts", found, parts+1)
	}
	for name, c := range map[string]struct {
		f    AuditFilter
		want int
	}{
		"the last minutes":   {AuditFilter{Since: start.Add((entries - 200) * time.Second)}, 199}, // but the one dated wrongly
		"nobody's of them":   {AuditFilter{Since: start.Add((entries - 200) * time.Second), Who: "ada"}, 0},
		"in the future":      {AuditFilter{Since: start.AddDate(1, 0, 0)}, 0},
		"first, up to limit": {AuditFilter{Since: start, Limit: 7}, 7},
	} {
		if list, err := s.Audit(t.Context(), c.f); err != nil || len(list) != c.want {
			t.Errorf("%s: %d entries, %v; want %d", name, len(list), err, c.want)
		}
	}
}
