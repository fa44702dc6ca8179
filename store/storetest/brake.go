package storetest

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clawback/store"
)

func testBrake(t *testing.T, b *bench) {
	s := b.start(t)
	counts := func(want ...int) {
		t.Helper()
		since := b.now().Add(-time.Hour)
		got := []int{ok(s.Seen(t.Context(), Contoso, since)), ok(s.Acted(t.Context(), Contoso, since)),
			ok(s.Acted(t.Context(), Fabrikam, since))}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("seen, acted, acted for another tenant:\n%s", diff)
		}
	}
	in := pending(t, s, Contoso, 1, 6, Start, Start)
	fork := Report(Contoso, 1)
	fork.Key = "fork"
	apply(t, s, fork)
	apply(t, s, forged(2))
	counts(1, 0, 0)

	in, attempt, err := s.Begin(t.Context(), in, store.Attempt{Operation: "find"})
	must(t, err)
	counts(1, 0, 0)
	in, err = s.Complete(t.Context(), in, attempt)
	must(t, err)
	in, attempt, err = s.Begin(t.Context(), in, store.Attempt{Operation: store.OpMove})
	must(t, err)
	counts(1, 1, 0) // from C3 on: what is under way counts
	in, err = s.Complete(t.Context(), in, attempt)
	must(t, err)
	in, _, err = s.Begin(t.Context(), in, store.Attempt{Operation: store.OpMove})
	must(t, err)
	counts(1, 1, 0) // the same mailbox and message
	if n := ok(s.RecordActed(t.Context(), in.Record)); n != 1 {
		t.Errorf("mailboxes acted upon for the record: %d, want 1", n)
	}
	asked := pending(t, s, Contoso, 3, 6, Start, Start)
	asked.Approved = "ada"
	_, _, err = s.Begin(t.Context(), asked, store.Attempt{Operation: store.OpMove})
	must(t, err)
	asked = pending(t, s, Contoso, 4, 6, Start, Start)
	asked.By = "ada"
	_, _, err = s.Begin(t.Context(), asked, store.Attempt{Operation: store.OpMove})
	must(t, err)
	counts(3, 1, 0) // what a person stands behind is not the brake's
	if n := ok(s.RecordActed(t.Context(), asked.Record)); n != 0 {
		t.Errorf("mailboxes acted upon by itself for a record that a person asked for: %d, want 0", n)
	}
	s = b.restart(t, s)
	counts(3, 1, 0)
	b.advance(62 * time.Minute)
	counts(0, 0, 0)
}
