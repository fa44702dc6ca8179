package queuetest

import (
	"context"
	"errors"
	"testing"
	"time"

	"clawback/queue"
)

// Shared is the Harness of an engine that several owners have open at one time.
type Shared interface {
	Harness
	// OpenAs opens the storage for o.Owner, beside the owners who have it open. The engine's clock is not o.Now.
	OpenAs(t *testing.T, o queue.Options) queue.Queue
	// SetClock gives the engine's clock.
	SetClock(now func() time.Time)
}

// two is a storage that two owners have open.
type two struct {
	Shared
	a, b queue.Queue
	now  time.Time
}

const lease = time.Minute

// twoOwners opens the storage twice. It skips engines that one process has alone, after looking that they say so
// rightly.
func twoOwners(t *testing.T, h Harness) *two {
	t.Helper()
	shared, ok := h.(Shared)
	if !ok {
		q := h.Open(t, queue.Options{Owner: "a"})
		if q.Abilities().Shared {
			t.Fatal("the engine says that owners share it, and its harness opens it for one alone")
		}
		t.Skip("one process has this engine's queue alone")
	}
	w := &two{Shared: shared, now: time.Date(2026, 11, 21, 19, 6, 12, 0, time.UTC)}
	h.Open(t, queue.Options{})
	w.SetClock(func() time.Time { return w.now })
	w.a, w.b = w.open(t, "a"), w.open(t, "b")
	return w
}

// open opens it for an owner whose own clock is wrong: leases follow the engine's.
func (w *two) open(t *testing.T, owner string) queue.Queue {
	t.Helper()
	wrong := func() time.Time { return w.now.AddDate(5, 0, 0) }
	return w.OpenAs(t, queue.Options{Owner: owner, Lease: lease, Now: wrong})
}

// ends are the ways in which work on an item ends.
var ends = map[string]func(q queue.Queue, id string) error{
	"Finish":  func(q queue.Queue, id string) error { return q.Finish(context.Background(), id) },
	"Defer":   func(q queue.Queue, id string) error { return q.Defer(context.Background(), id, time.Now(), "late") },
	"Release": func(q queue.Queue, id string) error { return q.Release(context.Background(), id) },
	"Quarantine": func(q queue.Queue, id string) error {
		return q.Quarantine(context.Background(), id, queue.CauseFault, "late")
	},
	"GiveUp": func(q queue.Queue, id string) error {
		_, err := q.GiveUp(context.Background(), id, "late", "")
		return err
	},
}

// When a lease has ended another owner has the item, and whatever the late one does changes nothing.
func leaseEnds(t *testing.T, h Harness) {
	w := twoOwners(t, h)
	for name, end := range ends {
		id := put(t, w.a, contoso, []byte("x "+name))
		if got := claim(t, w.a, 1)[0]; got.ID != id {
			t.Fatalf("claimed %s, want %s", got.ID, id)
		}
		claimNone(t, w.b)
		w.now = w.now.Add(lease)
		if got := claim(t, w.b, 1)[0]; got.ID != id || got.Crashes != 0 {
			t.Fatalf("after the lease b claimed %+v, want %s, which was not being scored", got, id)
		}
		before := get(t, w.b, id)
		if err := end(w.a, id); !errors.Is(err, queue.ErrLost) {
			t.Errorf("%s of the late owner = %v, want ErrLost", name, err)
		}
		if after := get(t, w.b, id); after.State != queue.Working || after.Claim != before.Claim {
			t.Errorf("after the late owner's %s: %+v", name, after)
		}
		wantBounces(t, w.b, 0)
		must(t, w.b.Finish(t.Context(), id))
		if err := w.a.Finish(t.Context(), id); err != nil {
			t.Errorf("Finish of what has ended = %v", err)
		}
		check(t, w.b)
	}
}

// An item that was freed and is nobody's is not the late owner's either; nor is one that it has claimed again by
// another claim.
func leaseEndsUnclaimed(t *testing.T, h Harness) {
	w := twoOwners(t, h)
	for name, end := range ends {
		id := put(t, w.a, contoso, []byte("x "+name))
		claim(t, w.a, 1)
		w.now = w.now.Add(lease)
		claim(t, w.b, 1)
		must(t, w.b.Release(t.Context(), id))
		if err := end(w.a, id); !errors.Is(err, queue.ErrLost) {
			t.Errorf("%s of an item that was freed = %v, want ErrLost", name, err)
		}
		wantItem(t, w.b, id, queue.Item{State: queue.Ready})
		again := claim(t, w.a, 1)[0]
		if again.ID != id {
			t.Fatalf("claimed %s, want %s", again.ID, id)
		}
		must(t, w.a.Finish(t.Context(), id))
	}
}

// A lease that is renewed does not end, and one owner's renewal is not another's.
func leaseRenewed(t *testing.T, h Harness) {
	w := twoOwners(t, h)
	ofA := put(t, w.a, contoso, []byte("a"))
	claim(t, w.a, 1)
	for range 5 {
		w.now = w.now.Add(lease - time.Second)
		must(t, w.a.Renew(t.Context()))
		must(t, w.b.Renew(t.Context()))
		claimNone(t, w.b)
	}
	must(t, w.a.Finish(t.Context(), ofA))
	ofA = put(t, w.a, contoso, []byte("b"))
	claim(t, w.a, 1)
	w.now = w.now.Add(lease)
	must(t, w.b.Renew(t.Context()))
	if got := claim(t, w.b, 1)[0]; got.ID != ofA {
		t.Errorf("b claimed %s, want %s", got.ID, ofA)
	}
	must(t, w.a.Renew(t.Context())) // too late: it is an owner again, of nothing
	if err := w.a.Finish(t.Context(), ofA); !errors.Is(err, queue.ErrLost) {
		t.Errorf("Finish after a late renewal = %v, want ErrLost", err)
	}
	must(t, w.b.Finish(t.Context(), ofA))
}

// Opening frees this owner's items and no other's.
func openFreesOwn(t *testing.T, h Harness) {
	w := twoOwners(t, h)
	ofA := put(t, w.a, contoso, []byte("a"))
	claim(t, w.a, 1)
	ofB := put(t, w.b, contoso, []byte("b"))
	claim(t, w.b, 1)
	must(t, w.b.Close())
	w.b = w.open(t, "b")
	wantItem(t, w.a, ofA, queue.Item{State: queue.Working})
	wantItem(t, w.a, ofB, queue.Item{State: queue.Ready})
	third := w.open(t, "c")
	wantItem(t, third, ofA, queue.Item{State: queue.Working})
	must(t, w.a.Finish(t.Context(), ofA))
}

// What was being scored when a lease ended is a suspect, as after a kill.
func leaseEndsWhileScored(t *testing.T, h Harness) {
	w := twoOwners(t, h)
	put(t, w.a, contoso, []byte("a"))
	put(t, w.a, contoso, []byte("b"))
	items := claim(t, w.a, 2) // of one instant, and so in any order
	score(t, w.a, items[0])
	w.now = w.now.Add(lease)
	got := claim(t, w.b, 2)
	if len(got) != 2 {
		t.Fatalf("claimed %v, want both", itemIDs(got))
	}
	for _, it := range got {
		want, known := map[string]int{items[0].ID: 1, items[1].ID: 0}[it.ID]
		if !known || it.Crashes != want {
			t.Errorf("%s has %d crashes, want %d; claimed before were %v", it.ID, it.Crashes, want, itemIDs(items))
		}
	}
}

// A clock that jumps ends a lease early, or late by no more than a lease; either way one owner alone ends an item.
func leaseClockJumps(t *testing.T, h Harness) {
	w := twoOwners(t, h)
	id := put(t, w.a, contoso, []byte("a"))
	claim(t, w.a, 1)
	w.now = w.now.AddDate(1, 0, 0) // ahead: b has it, though a works on
	if got := claim(t, w.b, 1)[0]; got.ID != id {
		t.Fatalf("claimed %s, want %s", got.ID, id)
	}
	if err := w.a.Finish(t.Context(), id); !errors.Is(err, queue.ErrLost) {
		t.Errorf("Finish after a jump = %v, want ErrLost", err)
	}
	w.now = w.now.AddDate(-1, 0, 0) // back: b's lease ends in a year by its row, and a minute from now in truth
	claimNone(t, w.a)
	w.now = w.now.Add(lease)
	if got := claim(t, w.a, 1)[0]; got.ID != id {
		t.Errorf("claimed %s, want %s", got.ID, id)
	}
	must(t, w.a.Finish(t.Context(), id))
	if err := w.b.Finish(t.Context(), id); err != nil {
		t.Errorf("Finish of what has ended = %v", err)
	}
}

// Renewing costs an engine that one process has alone nothing.
func renewIsFree(t *testing.T, h Harness) {
	q := h.Open(t, queue.Options{})
	if q.Abilities().Shared {
		t.Skip("a renewal of a shared engine is a write")
	}
	put(t, q, contoso, []byte("x"))
	before := claim(t, q, 1)[0]
	sizes, err := q.Stats(t.Context())
	must(t, err)
	for range 100 {
		must(t, q.Renew(t.Context()))
	}
	after, err := q.Stats(t.Context())
	must(t, err)
	if got := get(t, q, before.ID); got.Claim != before.Claim || !got.Changed.Equal(before.Changed) ||
		after.Size != sizes.Size {
		t.Errorf("after renewals %+v, of %d bytes; want %+v, %d", got, after.Size, before, sizes.Size)
	}
}
