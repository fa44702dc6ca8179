package queuetest

import (
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"clawback/queue"
)

// expected is what the queue should hold, kept by the simplest means.
type expected struct {
	items   map[string]queue.Item
	bounces map[string]bool // by item
	scored  map[string]func()
}

// model takes random steps, crashes among them, and compares with what should be there.
func model(t *testing.T, h Harness) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	q := h.Open(t, queue.Options{})
	want := expected{items: map[string]queue.Item{}, bounces: map[string]bool{}, scored: map[string]func(){}}
	for range 400 {
		if r.IntN(20) == 0 {
			q = reopen(t, h, q, queue.Options{})
			want.crash()
		} else {
			want.step(t, q, r)
		}
		if t.Failed() {
			break
		}
	}
	check(t, q)
	got := map[string]queue.Item{}
	items, err := q.List(t.Context(), queue.Filter{})
	must(t, err)
	for _, it := range items {
		got[it.ID] = it
	}
	ignored := cmpopts.IgnoreFields(queue.Item{}, "Envelope", "Body", "Claim", "Changed", "NotBefore", "Reason")
	if diff := cmp.Diff(want.items, got, ignored); diff != "" {
		t.Errorf("items (-want +got):\n%s", diff)
	}
	wantBounces(t, q, len(want.bounces))
}

// crash is what opening makes of items in work.
func (e expected) crash() {
	for id, it := range e.items {
		if it.State != queue.Working {
			continue
		}
		it.State = queue.Ready
		if e.scored[id] != nil {
			if it.Crashes > 0 && len(e.scored) == 1 {
				it.CrashesAlone++
			}
			it.Crashes++
		}
		if it.Crashes > 0 {
			it.State = queue.Suspect
		}
		e.items[id] = it
	}
	clear(e.scored)
}

// step takes one random step in both.
func (e expected) step(t *testing.T, q queue.Queue, r *rand.Rand) {
	t.Helper()
	it, ok := e.any(r)
	ctx := t.Context()
	switch n := r.IntN(10); {
	case n <= 1 || !ok:
		id := put(t, q, contoso, unlike())
		e.items[id] = queue.Item{ID: id, State: queue.Ready}
		return
	case n == 2 && e.count(queue.Ready) > 0:
		for _, got := range claim(t, q, 1+r.IntN(3)) {
			had := e.items[got.ID]
			had.State = queue.Working
			e.items[got.ID] = had
		}
		return
	case n == 3:
		must(t, q.Finish(ctx, it.ID))
		e.ended(it, it.State)
		delete(e.items, it.ID)
		return
	case n == 4 && it.State != queue.Quarantined:
		must(t, q.Defer(ctx, it.ID, time.Now().Add(time.Hour), "later"))
		it = e.ended(it, queue.Deferred)
		it.Crashes, it.CrashesAlone = 0, 0
		it.Tries++
	case n == 5:
		must(t, q.Quarantine(ctx, it.ID, queue.CauseFault, "why"))
		it = e.ended(it, queue.Quarantined)
		it.Cause = queue.CauseFault
	case n == 6:
		_, err := q.GiveUp(ctx, it.ID, "why", queue.CauseFault)
		must(t, err)
		e.bounces[it.ID] = true
		it = e.ended(it, queue.Quarantined)
		it.Cause = queue.CauseFault
	case n == 7 && it.State == queue.Working:
		must(t, q.Release(t.Context(), it.ID))
		it = e.ended(it, queue.Ready)
		if it.Crashes > 0 {
			it.State = queue.Suspect
		}
	case n == 9 && it.State == queue.Working && e.scored[it.ID] == nil:
		end, err := q.StartScoring(t.Context(), it.ID)
		must(t, err)
		e.scored[it.ID] = end
	case n == 8 && it.State != queue.Working:
		must(t, q.Retry(ctx, it.ID))
		it = queue.Item{ID: it.ID, State: queue.Ready}
	}
	e.items[it.ID] = it
}

// ended is what Defer, Quarantine, GiveUp or Release make of an item. That it is being scored is no longer noted.
func (e expected) ended(it queue.Item, s queue.State) queue.Item {
	if end := e.scored[it.ID]; end != nil {
		end()
		delete(e.scored, it.ID)
	}
	it.State = s
	return it
}

func (e expected) count(s queue.State) (n int) {
	for _, it := range e.items {
		if it.State == s {
			n++
		}
	}
	return n
}

// any is some item, if there is one.
func (e expected) any(r *rand.Rand) (queue.Item, bool) {
	if len(e.items) == 0 {
		return queue.Item{}, false
	}
	ids := slices.Sorted(maps.Keys(e.items)) // by age, so that the seed alone decides
	return e.items[ids[r.IntN(len(ids))]], true
}

// concurrent lets everything happen at once, and then looks whether every accepted item came to its end.
func concurrent(t *testing.T, h Harness) {
	q := h.Open(t, queue.Options{})
	const writers, each = 8, 50
	var put, work sync.WaitGroup
	for range writers {
		put.Go(func() {
			for range each {
				if _, err := tryPut(q, contoso, []byte("x")); err != nil {
					t.Error(err)
				}
			}
		})
	}
	ended := make(chan struct{}, writers*each*2)
	for range 4 {
		work.Go(func() { worker(t, q, ended) })
	}
	put.Wait()
	for range writers * each {
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
			t.Fatal("not every item came to its end")
		}
	}
	check(t, q)
	must(t, q.Close())
	work.Wait()
	q = h.Open(t, queue.Options{})
	if items, err := q.List(t.Context(), queue.Filter{}); err != nil || len(items) > 0 {
		t.Errorf("left: %v, %v", itemIDs(items), err)
	}
}

// worker ends items in all the ways there are until the queue is closed.
func worker(t *testing.T, q queue.Queue, ended chan<- struct{}) {
	for n := 0; ; n++ {
		items, err := q.Claim(t.Context(), 5)
		if err != nil {
			return
		}
		for i, it := range items {
			switch {
			case it.Tries == 0 && (n+i)%3 == 0:
				err = q.Defer(t.Context(), it.ID, time.Now().Add(time.Millisecond), "again")
			case (n+i)%3 == 1:
				_, err = q.GiveUp(t.Context(), it.ID, "why", "")
				ended <- struct{}{}
			default:
				err = q.Finish(t.Context(), it.ID)
				ended <- struct{}{}
			}
			if err != nil {
				t.Error(err)
			}
		}
	}
}
