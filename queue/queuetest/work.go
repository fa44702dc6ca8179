package queuetest

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clawback/queue"
)

func claimInOrder(t *testing.T, h Harness) {
	q := h.Open(t, queue.Options{})
	var want []string
	for range 7 {
		want = append(want, put(t, q, contoso, []byte("x")))
	}
	got := append(itemIDs(claim(t, q, 3)), itemIDs(claim(t, q, 100))...)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("claimed (-put +claimed):\n%s", diff)
	}
	check(t, q)
	claimNone(t, q)
}

func claimWaits(t *testing.T, h Harness) {
	q := h.Open(t, queue.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	if items, err := q.Claim(ctx, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("claim of a cancelled context = %v, %v", items, err)
	}
	ids := make(chan string, 1)
	time.AfterFunc(20*time.Millisecond, func() {
		id, err := tryPut(q, contoso, []byte("x"))
		if err != nil {
			t.Error(err)
		}
		ids <- id
	})
	if got := claim(t, q, 1); got[0].ID != <-ids || got[0].State != queue.Working {
		t.Errorf("claimed %+v", got[0])
	}
}

func claimOnceEach(t *testing.T, h Harness) {
	q := h.Open(t, queue.Options{})
	const n = 200
	for range n {
		put(t, q, contoso, []byte("x"))
	}
	var mu sync.Mutex
	seen := map[string]int{}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for {
				items, err := q.Claim(ctx, 3)
				if err != nil {
					return
				}
				mu.Lock()
				for _, it := range items {
					seen[it.ID]++
				}
				if len(seen) == n {
					cancel()
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	for id, times := range seen {
		if times != 1 {
			t.Errorf("item %s was handed out %d times", id, times)
		}
	}
	if len(seen) != n {
		t.Errorf("%d items were handed out, want %d", len(seen), n)
	}
}

// Neither a flood of new mail nor a wave of retries keeps the other from being worked on.
func claimTakesTurns(t *testing.T, h Harness) {
	q := h.Open(t, queue.Options{})
	for range 10 {
		put(t, q, contoso, []byte("x"))
	}
	for _, it := range claim(t, q, 10) {
		must(t, q.Defer(t.Context(), it.ID, time.Now().Add(-time.Minute), "again"))
	}
	for range 10 {
		put(t, q, contoso, []byte("x"))
	}
	tries := 0
	for _, it := range claim(t, q, 10) {
		tries += it.Tries
	}
	if tries != 5 {
		t.Errorf("%d of 10 claimed items were retries, want 5", tries)
	}
}

func deferred(t *testing.T, h Harness) {
	now := time.Now()
	o := queue.Options{Now: func() time.Time { return now }}
	q := h.Open(t, o)
	id := put(t, q, contoso, []byte("x"))
	claim(t, q, 1)
	at := now.Add(time.Hour)
	must(t, q.Defer(t.Context(), id, at, "Graph is down"))
	q = reopen(t, h, q, o)
	want := get(t, q, id)
	if want.State != queue.Deferred || want.Tries != 1 || want.Reason != "Graph is down" || !want.NotBefore.Equal(at) {
		t.Errorf("deferred: %+v", want)
	}
	claimNone(t, q)
	now = at
	if it := claim(t, q, 1)[0]; it.ID != id || it.Tries != 1 || !it.NotBefore.IsZero() {
		t.Errorf("claimed when due: %+v", it)
	}
	must(t, q.Defer(t.Context(), id, time.Now().Add(time.Hour), "again"))
	must(t, q.Retry(t.Context(), id))
	if it := claim(t, q, 1)[0]; it.Tries != 0 {
		t.Errorf("claimed after a person's retry: %+v, want no tries", it)
	}
	if err := q.Defer(t.Context(), "no-such-id", at, ""); !errors.Is(err, queue.ErrNotFound) {
		t.Errorf("Defer of nothing = %v, want ErrNotFound", err)
	}
	deferWakes(t, q, id)
}

// deferWakes checks that a waiting Claim notices when something becomes due without anything being committed.
func deferWakes(t *testing.T, q queue.Queue, id string) {
	t.Helper()
	it := get(t, q, id)
	must(t, q.Defer(t.Context(), id, it.Changed.Add(-time.Second), "due at once"))
	if got := claim(t, q, 1); got[0].ID != id {
		t.Errorf("claimed %v, want %s", itemIDs(got), id)
	}
}

// A clock that was years ahead when an item was deferred must not hold it for years.
func deferClockWasWrong(t *testing.T, h Harness) {
	q := h.Open(t, queue.Options{})
	id := put(t, q, contoso, []byte("x"))
	claim(t, q, 1)
	must(t, q.Defer(t.Context(), id, time.Now().AddDate(10, 0, 0), "later"))
	q = reopen(t, h, q, queue.Options{MaxDefer: time.Hour})
	if it := get(t, q, id); it.NotBefore.After(time.Now().Add(time.Hour)) {
		t.Errorf("due at %v, want within an hour", it.NotBefore)
	}
}

func release(t *testing.T, h Harness) {
	q := h.Open(t, queue.Options{})
	id := put(t, q, contoso, []byte("x"))
	for range 5 {
		claim(t, q, 1)
		must(t, q.Release(t.Context(), id))
		q = reopen(t, h, q, queue.Options{})
	}
	if it := get(t, q, id); it.State != queue.Ready || it.Crashes != 0 {
		t.Errorf("released: %+v, want ready", it)
	}
	if err := q.Release(t.Context(), id); !errors.Is(err, queue.ErrState) {
		t.Errorf("Release of a ready item = %v, want ErrState", err)
	}
	if err := q.Release(t.Context(), "no-such-id"); !errors.Is(err, queue.ErrNotFound) {
		t.Errorf("Release of nothing = %v, want ErrNotFound", err)
	}
}

func quarantine(t *testing.T, h Harness) {
	q := h.Open(t, queue.Options{})
	id := put(t, q, contoso, []byte("x"))
	claim(t, q, 1)
	if err := q.Retry(t.Context(), id); !errors.Is(err, queue.ErrState) {
		t.Errorf("Retry of an item in work = %v, want ErrState", err)
	}
	must(t, q.Quarantine(t.Context(), id, queue.CauseNetwork, "not attributed"))
	q = reopen(t, h, q, queue.Options{})
	if it := get(t, q, id); it.State != queue.Quarantined || it.Cause != queue.CauseNetwork ||
		it.Reason != "not attributed" {
		t.Errorf("quarantined: %+v", it)
	}
	if err := q.Defer(t.Context(), id, time.Now(), "again"); !errors.Is(err, queue.ErrState) {
		t.Errorf("Defer of a quarantined item = %v, want ErrState", err)
	}
	claimNone(t, q)
	must(t, q.Retry(t.Context(), id))
	if got := claim(t, q, 1); got[0].ID != id || got[0].Cause != "" {
		t.Errorf("claimed %+v after Retry, want %s without a cause", got[0], id)
	}
}

// Who vouches for a report is durable, and only for one in quarantine.
func trust(t *testing.T, h Harness) {
	q := h.Open(t, queue.Options{})
	id := put(t, q, contoso, []byte("x"))
	if err := q.Trust(t.Context(), id, "ada"); !errors.Is(err, queue.ErrState) {
		t.Errorf("Trust of a ready item = %v, want ErrState", err)
	}
	must(t, q.Quarantine(t.Context(), id, queue.CauseNetwork, "not attributed"))
	must(t, q.Trust(t.Context(), id, "ada"))
	q = reopen(t, h, q, queue.Options{})
	if got := claim(t, q, 1); got[0].ID != id || got[0].Trusted != "ada" {
		t.Errorf("claimed %+v, want %s with the word of ada", got[0], id)
	}
}

func finishTwice(t *testing.T, h Harness) {
	q := h.Open(t, queue.Options{})
	id := put(t, q, contoso, []byte("x"))
	claim(t, q, 1)
	must(t, q.Finish(t.Context(), id))
	must(t, q.Finish(t.Context(), id))
	q = reopen(t, h, q, queue.Options{})
	must(t, q.Finish(t.Context(), id))
	if it, err := q.Get(t.Context(), id); !errors.Is(err, queue.ErrNotFound) {
		t.Errorf("finished: %+v, %v", it, err)
	}
}

func probe(t *testing.T, h Harness) {
	q := h.Open(t, queue.Options{})
	must(t, q.Probe(t.Context()))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 100 { // either may be seen first
		if err := q.Probe(ctx); err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("Probe of a cancelled context = %v", err)
		}
	}
}

func closed(t *testing.T, h Harness) {
	q := h.Open(t, queue.Options{})
	id := put(t, q, contoso, []byte("x"))
	waiting := make(chan error, 1)
	claim(t, q, 1)
	go func() { _, err := q.Claim(context.Background(), 1); waiting <- err }()
	d, err := q.Begin(t.Context(), envelope(contoso), 0)
	must(t, err)
	must(t, q.Close())
	must(t, q.Close())
	if err := <-waiting; !errors.Is(err, queue.ErrClosed) {
		t.Errorf("waiting Claim = %v, want ErrClosed", err)
	}
	_, commit := d.Commit(t.Context())
	_, getting := q.Get(t.Context(), id)
	for name, err := range map[string]error{
		"Commit": commit, "Get": getting, "Finish": q.Finish(t.Context(), id), "Probe": q.Probe(t.Context()),
	} {
		if !errors.Is(err, queue.ErrClosed) {
			t.Errorf("%s after Close = %v, want ErrClosed", name, err)
		}
	}
}

// claimBothEnds: behind a backlog the newest are claimed beside the oldest, each item once, and all in the end.
func claimBothEnds(t *testing.T, h Harness) {
	q := h.Open(t, queue.Options{})
	var all []string
	for range 100 {
		all = append(all, put(t, q, contoso, []byte("x")))
	}
	first := itemIDs(claim(t, q, 20))
	want := append(slices.Clone(all[:10]), all[99], all[98], all[97], all[96], all[95], all[94], all[93], all[92],
		all[91], all[90])
	if diff := cmp.Diff(want, first); diff != "" {
		t.Errorf("claimed (-want +got):\n%s", diff)
	}
	rest := first
	for len(rest) < len(all) {
		rest = append(rest, itemIDs(claim(t, q, 16))...)
	}
	slices.Sort(rest)
	if diff := cmp.Diff(all, rest); diff != "" {
		t.Errorf("all that was claimed (-want +got):\n%s", diff)
	}
}
