package storetest

import (
	"errors"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"clawback/journal"
	"clawback/store"
)

func testApply(t *testing.T, b *bench) {
	s := b.start(t)
	first := apply(t, s, Report(Contoso, 1))
	before := snapshot(t, s)

	again, fresh, err := s.Apply(t.Context(), Report(Contoso, 1), PlanAll)
	if err != nil || fresh {
		t.Fatalf("second Apply: fresh %v, error %v; want false, nil", fresh, err)
	}
	if diff := cmp.Diff(first, again); diff != "" {
		t.Errorf("the stored record was not answered:\n%s", diff)
	}
	if diff := cmp.Diff(before, snapshot(t, s)); diff != "" {
		t.Errorf("a second Apply changed something:\n%s", diff)
	}
	if diff := cmp.Diff(before, snapshot(t, b.restart(t, s))); diff != "" {
		t.Errorf("a restart changed something:\n%s", diff)
	}

	t.Run("many at once, each twice", func(t *testing.T) {
		b := &bench{open: b.open}
		s := b.start(t)
		var wg sync.WaitGroup
		for i := range 200 {
			wg.Go(func() {
				if _, _, err := s.Apply(t.Context(), Report(Contoso, i/2), PlanAll); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		c := ok(s.Counts(t.Context(), Contoso))
		if c.Processed != 100 || c.Records != 100 || c.Outcomes[store.Pending] != 100 {
			t.Errorf("counts after 100 reports, each applied twice: %+v", c)
		}
	})
	t.Run("restored record stays pinned", func(t *testing.T) { testPinned(t, &bench{open: b.open}) })
	t.Run("what cannot be stored is refused", func(t *testing.T) {
		s := (&bench{open: b.open}).start(t)
		for _, a := range []store.Application{
			{Tenant: Contoso}, {Key: "k"}, {Key: "k", Tenant: "a\x00b"}, {Key: "k", Tenant: "\xff"},
		} {
			if _, _, err := s.Apply(t.Context(), a, nil); !errors.Is(err, store.ErrInvalid) {
				t.Errorf("Apply of %+v: %v, want ErrInvalid", a, err)
			}
		}
	})
}

func testPinned(t *testing.T, b *bench) {
	s := b.start(t)
	rec := apply(t, s, Report(Contoso, 1))
	rec.Pinned, rec.PinnedBy = "restored", "operator"
	must(t, s.Update(t.Context(), store.Change{Record: &rec}))
	fork := Report(Contoso, 1)
	fork.Key = "another"
	if got := apply(t, s, fork); got.Pinned != "restored" || got.PinnedBy != "operator" {
		t.Errorf("after a late fork: pinned %q by %q", got.Pinned, got.PinnedBy)
	}
}

func testNotFirstHand(t *testing.T, b *bench) {
	s := b.start(t)
	rec := apply(t, s, Report(Contoso, 1))
	told := forged(1)
	got, fresh, err := s.Apply(t.Context(), told, PlanAll)
	if err != nil || !fresh {
		t.Fatalf("Apply: %v, %v", fresh, err)
	}
	if diff := cmp.Diff(rec, got); diff != "" {
		t.Errorf("a report that is not first-hand changed the record:\n%s", diff)
	}
	if got := ok(s.Intents(t.Context(), rec.ID)); len(got) != 1 {
		t.Errorf("it made intents: %+v", got)
	}
	c := ok(s.Counts(t.Context(), Contoso))
	if c.Processed != 2 || c.NotFirstHand != 1 || c.Records != 1 {
		t.Errorf("counts: %+v", c)
	}
	if acts := ok(s.Audit(t.Context(), store.AuditFilter{Object: rec.ID})); len(acts) != 1 {
		t.Errorf("audit has %d entries of it, want 1", len(acts))
	}
	before := snapshot(t, s)
	if _, fresh, err := s.Apply(t.Context(), told, PlanAll); err != nil || fresh {
		t.Errorf("the same again: fresh %v, error %v; want false, nil", fresh, err)
	}
	if diff := cmp.Diff(before, snapshot(t, s)); diff != "" {
		t.Errorf("the same again changed something:\n%s", diff)
	}
}

// forged tells of message n, not first-hand, with a recipient and a verdict of its own.
func forged(n int) store.Application {
	a := Report(Contoso, n)
	a.Key, a.Network, a.Record.FirstHand = "forged", "", false
	a.Record.Recipients = []journal.Recipient{{Address: "victim@contoso.example"}}
	a.Record.Variants[0].SHA256 = "forged"
	return a
}
