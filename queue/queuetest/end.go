package queuetest

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clawback/queue"
)

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

func giveUp(t *testing.T, h Harness) {
	q := h.Open(t, queue.Options{})
	for _, keep := range []queue.Cause{queue.CauseFault, queue.CauseCrash, ""} {
		id := put(t, q, contoso, fmt.Appendf(nil, "cannot be unwrapped, quarantined %q", keep))
		it := claim(t, q, 1)[0]
		b, err := q.GiveUp(t.Context(), id, "no MIME", keep)
		must(t, err)
		if b.Item != id || b.Body != it.Body || b.Reason != "no MIME" || b.State != queue.BounceWaiting ||
			b.Envelope.Tenant != contoso {
			t.Errorf("bounce %+v", b)
		}
		q = reopen(t, h, q, queue.Options{})
		again, err := q.GiveUp(t.Context(), id, "another reason", keep)
		must(t, err)
		if diff := cmp.Diff(b, again); diff != "" {
			t.Errorf("given up twice (-first +second):\n%s", diff)
		}
		wantEnd(t, q, id, keep != "")
		if !inUse(t, q, b.Body.File) {
			t.Errorf("%s of a waiting bounce is not in use", b.Body.File)
		}
	}
	wantBounces(t, q, 3)
	if b, err := q.GiveUp(t.Context(), "no-such-id", "", ""); !errors.Is(err, queue.ErrNotFound) {
		t.Errorf("GiveUp of nothing = %+v, %v", b, err)
	}
}

// wantEnd checks that an item that was given up is quarantined, or gone.
func wantEnd(t *testing.T, q queue.Queue, id string, kept bool) {
	t.Helper()
	it, err := q.Get(t.Context(), id)
	if kept && (err != nil || it.State != queue.Quarantined) {
		t.Errorf("given up: %+v, %v; want it quarantined", it, err)
	}
	if !kept && !errors.Is(err, queue.ErrNotFound) {
		t.Errorf("given up: %+v, %v; want it gone", it, err)
	}
	check(t, q)
}

// C5 fails, or succeeds and its answer is lost: after giving up again there is one bounce.
func giveUpFails(t *testing.T, h Harness) {
	tests := []struct {
		point   string
		bounces int // that the failed call leaves
	}{
		{"c5.before", 0},
		{"c5.after-commit", 1},
	}
	q := h.Open(t, queue.Options{})
	bounces := 0
	for _, test := range tests {
		for _, keep := range []queue.Cause{queue.CauseFault, queue.CauseCrash, ""} {
			f := &failOnce{point: test.point}
			q = reopen(t, h, q, queue.Options{Fail: f.fail})
			id := put(t, q, contoso, unlike())
			claim(t, q, 1)
			f.armed = true
			if b, err := q.GiveUp(t.Context(), id, "why", keep); !errors.Is(err, errInjected) {
				t.Errorf("%s: GiveUp = %+v, %v", test.point, b, err)
			}
			wantBounces(t, q, bounces+test.bounces)
			if it := get1(q, id); test.bounces == 0 && it.State != queue.Working {
				t.Errorf("%s: item %+v, want it still in work", test.point, it)
			}
			q = reopen(t, h, q, queue.Options{})
			_, err := q.GiveUp(t.Context(), id, "why", keep)
			must(t, err)
			bounces++
			wantBounces(t, q, bounces)
			wantEnd(t, q, id, keep != "")
		}
	}
}

// get1 is an item, or the zero one.
func get1(q queue.Queue, id string) queue.Item {
	it, _ := q.Get(context.Background(), id)
	return it
}

// An item that a person tries again and that has to be given up again has the bounce it had.
func giveUpAfterRetry(t *testing.T, h Harness) {
	q := h.Open(t, queue.Options{})
	id := put(t, q, contoso, unlike())
	claim(t, q, 1)
	first, err := q.GiveUp(t.Context(), id, "why", queue.CauseFault)
	must(t, err)
	must(t, q.BounceSent(t.Context(), first.ID, "mx.example.com: 250"))
	must(t, q.Retry(t.Context(), id))
	claim(t, q, 1)
	second, err := q.GiveUp(t.Context(), id, "why", "")
	must(t, err)
	if second.ID != first.ID || second.State != queue.BounceSent {
		t.Errorf("second bounce %+v, want the first, %s, as sent", second, first.ID)
	}
	wantBounces(t, q, 1)
	wantEnd(t, q, id, false)
}

// unlike makes bytes that no other report has.
func unlike() []byte { return []byte(rand.Text()) }

// A report that was sent again, because the 250 for it was lost, makes no second bounce.
func giveUpSameReportTwice(t *testing.T, h Harness) {
	q := h.Open(t, queue.Options{})
	report := unlike()
	first, err := q.GiveUp(t.Context(), put(t, q, contoso, report), "why", "")
	must(t, err)
	must(t, q.BounceSent(t.Context(), first.ID, "mx"))
	again, err := q.GiveUp(t.Context(), put(t, q, contoso, report), "why", "")
	must(t, err)
	if again.ID != first.ID || again.State != queue.BounceSent {
		t.Errorf("second item with the same bytes: %+v, want the bounce that was sent", again)
	}
	other, err := q.GiveUp(t.Context(), put(t, q, fabrikam, report), "why", "")
	must(t, err)
	if other.ID == first.ID {
		t.Error("another tenant's report shares the bounce")
	}
	wantBounces(t, q, 2)
	if items, err := q.List(t.Context(), queue.Filter{}); err != nil || len(items) != 0 {
		t.Errorf("%d items are left, %v", len(items), err)
	}
}
