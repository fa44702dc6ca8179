package storetest

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"

	"clawback/store"
)

func testPlan(t *testing.T, b *bench) {
	s := b.start(t)
	bad := errors.New("")
	plans := map[string]func(store.Record, []store.Intent) []store.Intent{
		"panics": func(store.Record, []store.Intent) []store.Intent { panic(bad) },
		"names another record": func(store.Record, []store.Intent) []store.Intent {
			return []store.Intent{{ID: "i1", Record: "r1", Outcome: store.Pending}}
		},
		"gives no outcome": func(store.Record, []store.Intent) []store.Intent { return []store.Intent{{ID: "i1"}} },
	}
	before := snapshot(t, s)
	for name, plan := range plans {
		if _, _, err := s.Apply(t.Context(), Report(Contoso, 1), plan); err == nil {
			t.Errorf("a plan that %s: no error", name)
		}
		if diff := cmp.Diff(before, snapshot(t, s)); diff != "" {
			t.Errorf("a plan that %s left something:\n%s", name, diff)
		}
	}
	apply(t, s, Report(Contoso, 1))
	same := Report(Contoso, 1)
	same.Key = "same"
	rec, _, err := s.Apply(t.Context(), same, func(_ store.Record, have []store.Intent) []store.Intent { return have })
	must(t, err)
	if got := ok(s.Intents(t.Context(), rec.ID)); len(got) != 1 || got[0].Rev != 1 {
		t.Errorf("an intent that a plan returned unchanged was written: %+v", got)
	}
	fork := Report(Contoso, 1)
	fork.Key = "fork"
	rec, _, err = s.Apply(t.Context(), fork, func(rec store.Record, have []store.Intent) []store.Intent {
		have[0].Outcome, have[0].Reason = store.Skipped, "cancelled"
		return have
	})
	must(t, err)
	got := ok(s.Intents(t.Context(), rec.ID))
	if len(got) != 1 || got[0].Outcome != store.Skipped || got[0].Rev != 2 {
		t.Errorf("a plan's change of an intent: %+v", got)
	}
}
