package storetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clawback/store"
)

// steps are the calls of the commit points, each to be run against a store in which what comes before it has happened.
func steps() map[string]struct{ prepare, call func(*testing.T, Store) error } {
	type pair = struct{ prepare, call func(*testing.T, Store) error }
	started := Start.Add(time.Second)
	nothing := func(*testing.T, Store) error { return nil }
	c2 := func(t *testing.T, s Store) error {
		_, _, err := s.Apply(t.Context(), Report(Contoso, 1), PlanAll)
		return err
	}
	// C3 and C4 read what they need anew, as the engine does after a restart.
	intent := func(s Store) store.Intent { return ok(s.IntentsBy(context.Background(), store.IntentFilter{}))[0] }
	c3 := func(t *testing.T, s Store) error {
		in := intent(s)
		in.Rev = 1
		_, _, err := s.Begin(t.Context(), in, store.Attempt{Operation: store.OpMove, Started: started})
		return err
	}
	c4 := func(t *testing.T, s Store) error {
		in := intent(s)
		in.Rev, in.Outcome = 2, store.Done
		_, err := s.Complete(t.Context(), in, store.Attempt{Seq: 1, Operation: store.OpMove, Outcome: "done"})
		return err
	}
	both := func(t *testing.T, s Store) error { return errors.Join(c2(t, s), c3(t, s)) }
	return map[string]pair{"c2": {nothing, c2}, "c3": {c2, c3}, "c4": {both, c4}}
}

// testCrash is the failure table: each commit point fails, succeeds with its answer lost, or its commit fails. After
// each the directory is opened again, the call is made again, and all must be as if nothing had happened.
func testCrash(t *testing.T, b *bench) {
	for name, step := range steps() {
		want := undisturbed(t, b.open, step.prepare, step.call)
		for _, point := range []string{name + ".before", name + ".after-commit", "commit"} {
			t.Run(point+" at "+name, func(t *testing.T) {
				b := &bench{open: b.open}
				s := b.start(t)
				must(t, step.prepare(t, s))
				before := snapshot(t, s)

				b.failAt(point, errInjected)
				if err := step.call(t, s); !errors.Is(err, errInjected) {
					t.Fatalf("the call's error is %v, want the injected one", err)
				}
				b.failAt("", nil)
				checkBroken(t, s, point == "commit")

				s = b.restart(t, s)
				written := cmp.Diff(before, snapshot(t, s)) != ""
				if after := point == name+".after-commit"; written != after {
					t.Errorf("after the failure the write is there: %v, want %v", written, after)
				}
				must(t, step.call(t, s))
				if diff := cmp.Diff(want, snapshot(t, s)); diff != "" {
					t.Errorf("made again, the call gives another state than undisturbed:\n%s", diff)
				}
			})
		}
	}
	t.Run("cancelled before it began", func(t *testing.T) {
		s := (&bench{open: b.open}).start(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if err := s.Note(ctx, store.Act{}); !errors.Is(err, context.Canceled) {
			t.Errorf("Note: %v", err)
		}
	})
	t.Run("closed", func(t *testing.T) {
		s := (&bench{open: b.open}).start(t)
		must(t, s.Close())
		must(t, s.Close())
		if err := s.Note(t.Context(), store.Act{}); !errors.Is(err, store.ErrClosed) {
			t.Errorf("Note: %v", err)
		}
		if _, err := s.Counts(t.Context(), ""); !errors.Is(err, store.ErrClosed) {
			t.Errorf("Counts: %v", err)
		}
	})
}

// undisturbed is the state after a step in which nothing fails.
func undisturbed(t *testing.T, open Opener, prepare, call func(*testing.T, Store) error) state {
	t.Helper()
	s := (&bench{open: open}).start(t)
	must(t, prepare(t, s))
	must(t, call(t, s))
	return snapshot(t, s)
}

// checkBroken requires that a store knows whether its file can be trusted.
func checkBroken(t *testing.T, s Store, want bool) {
	t.Helper()
	broken := false
	select {
	case <-s.Broken():
		broken = true
	default:
	}
	if broken != want {
		t.Errorf("the store says that it is broken: %v, want %v", broken, want)
	}
	probe := store.Change{Addresses: store.Edit[store.Address]{Put: []store.Address{{Address: "probe"}}}}
	if err := s.Update(t.Context(), probe); want && !errors.Is(err, store.ErrStorage) {
		t.Errorf("a write to a broken store: %v, want ErrStorage", err)
	} else if !want && err != nil {
		t.Errorf("a write after one call failed: %v", err)
	}
}
