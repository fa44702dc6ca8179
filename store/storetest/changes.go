package storetest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clawback/store"
	"clawback/verdict"
)

// eventsAfter is what the events after a cursor say, without numbers and times.
func eventsAfter(t *testing.T, s Store, after uint64) (list []string) {
	t.Helper()
	for _, e := range ok(s.Changes(t.Context(), after, 0)) {
		list = append(list, e.Kind.String()+" "+e.ID)
	}
	return list
}

func testChanges(t *testing.T, b *bench) {
	s := b.start(t)
	if last := ok(s.LastChange(t.Context())); last != 0 || len(eventsAfter(t, s, 0)) != 0 {
		t.Fatalf("an empty store has changed: %d", last)
	}
	rec := apply(t, s, Report(Contoso, 1))
	in := ok(s.Intents(t.Context(), rec.ID))[0]
	expect := func(name string, after uint64, want ...string) uint64 {
		t.Helper()
		if diff := cmp.Diff(want, eventsAfter(t, s, after)); diff != "" {
			t.Errorf("%s: %s", name, diff)
		}
		return ok(s.LastChange(t.Context()))
	}
	at := expect("a report", 0, "record_added "+rec.ID, "outcome_changed "+in.ID)
	apply(t, s, Report(Contoso, 1))
	at = expect("the same report again", at)
	in.Reason = "later"
	must(t, s.Update(t.Context(), store.Change{Intents: []store.Intent{in}}))
	at = expect("an intent with the same outcome", at)
	in = ok(s.Intent(t.Context(), in.ID))
	in.Outcome = store.Done
	must(t, s.Update(t.Context(), store.Change{Intents: []store.Intent{in}}))
	at = expect("an outcome", at, "outcome_changed "+in.ID)
	rec.Pinned = "clean"
	must(t, s.Update(t.Context(), store.Change{Record: &rec}))
	at = expect("a record", at, "record_changed "+rec.ID)
	if err := s.Update(t.Context(), store.Change{Record: &rec}); !errors.Is(err, store.ErrConflict) {
		t.Fatalf("err = %v", err)
	}
	at = expect("a call that failed", at)
	fork := Report(Contoso, 1)
	fork.Key, fork.Record.Variants[0].SHA256 = "another", "ff"
	fork.Record.Variants[0].Verdict = verdict.Verdict{Disposition: verdict.Malicious, Score: 99}
	apply(t, s, fork)
	at = expect("a worse fork", at, "verdict_changed "+rec.ID)

	s = b.restart(t, s)
	expect("after a restart", at)
	apply(t, s, Report(Fabrikam, 2))
	if e := ok(s.Changes(t.Context(), at, 1)); len(e) != 1 || e[0].Seq != at+1 ||
		!e[0].At.Equal(b.now().Truncate(time.Second)) {
		t.Errorf("the next event is %+v, want number %d", e, at+1)
	}
	b.advance(48 * time.Hour)
	at = ok(s.LastChange(t.Context()))
	e := ok(s.Expire(t.Context(), store.Retention{Records: b.now().Add(-24 * time.Hour)}))
	expect("a record past its retention", at, "record_deleted "+rec.ID)
	if e.Records != 1 {
		t.Errorf("expired %+v", e)
	}
}

func testPruned(t *testing.T, b *bench) {
	s := b.start(t)
	for n := range 5 {
		a := Report(Contoso, n)
		if _, _, err := s.Apply(t.Context(), a, nil); err != nil {
			t.Fatal(err)
		}
	}
	must(t, s.SetCursor(t.Context(), "index", 0))
	must(t, s.SetCursor(t.Context(), "alerts", 4))
	b.advance(time.Hour)
	prune := func(before time.Time) int { return ok(s.Expire(t.Context(), store.Retention{Changes: before})).Changes }
	if n := prune(b.now()); n != 0 {
		t.Errorf("%d events were pruned that a follower has not seen", n)
	}
	must(t, s.SetCursor(t.Context(), "index", 3))
	if n := prune(Start); n != 0 {
		t.Errorf("%d events were pruned before their time", n)
	}
	if n := prune(b.now()); n != 3 {
		t.Errorf("%d events were pruned, want 3", n)
	}
	s = b.restart(t, s)
	if _, err := s.Changes(t.Context(), 2, 0); !errors.Is(err, store.ErrPruned) {
		t.Errorf("behind what is kept: %v, want ErrPruned", err)
	}
	if n := len(eventsAfter(t, s, 3)); n != 2 {
		t.Errorf("%d events are left, want 2", n)
	}
	must(t, s.SetCursor(t.Context(), "index", 5))
	must(t, s.DropCursor(t.Context(), "alerts"))
	if n := prune(b.now()); n != 2 {
		t.Errorf("%d events were pruned, want 2", n)
	}
	s = b.restart(t, s)
	if last := ok(s.LastChange(t.Context())); last != 5 || ok(s.Cursor(t.Context(), "index")) != 5 {
		t.Errorf("with all events pruned the last number is %d, want 5", last)
	}
	apply(t, s, Report(Contoso, 9))
	if e := ok(s.Changes(t.Context(), 5, 1)); len(e) != 1 || e[0].Seq != 6 {
		t.Errorf("the next event is %+v, want number 6", e)
	}
	if err := s.SetCursor(t.Context(), "index", 100); !errors.Is(err, store.ErrInvalid) {
		t.Errorf("a cursor ahead of all changes: %v", err)
	}
}
