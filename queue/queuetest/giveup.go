package queuetest

import (
	"bytes"
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clawback/queue"
)

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

func wantBounces(t *testing.T, q queue.Queue, want int) []queue.Bounce {
	t.Helper()
	list, err := q.Bounces(t.Context(), queue.BounceFilter{})
	must(t, err)
	if len(list) != want {
		t.Errorf("%d bounces, want %d", len(list), want)
	}
	return list
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

func bounceLife(t *testing.T, h Harness) {
	now := time.Now().Round(0).UTC()
	o := queue.Options{Now: func() time.Time { return now }}
	q := h.Open(t, o)
	ctx := t.Context()
	var ids []string
	for range 3 {
		b, err := q.GiveUp(ctx, put(t, q, contoso, unlike()), "why", "")
		must(t, err)
		ids = append(ids, b.ID)
		now = now.Add(time.Second)
	}
	wantDue(t, q, now, ids...)
	must(t, q.BounceSent(ctx, ids[1], "mx.example.com: 250 2.0.0 ok"))
	must(t, q.BounceSent(ctx, ids[1], "another: 250"))
	must(t, q.BounceDefer(ctx, ids[0], now.Add(time.Hour), "421 later", false))
	must(t, q.BounceDefer(ctx, ids[2], now.Add(24*time.Hour), "421 later", true))
	q = reopen(t, h, q, o)
	wantDue(t, q, now)
	wantDue(t, q, now.Add(time.Hour), ids[0])
	wantDue(t, q, now.Add(24*time.Hour), ids[0], ids[2])
	if b := bounce(t, q, ids[1]); b.State != queue.BounceSent || b.SentTo != "mx.example.com: 250 2.0.0 ok" ||
		!b.SentAt.Equal(now) {
		t.Errorf("sent: %+v", b)
	}
	if b := bounce(t, q, ids[2]); b.State != queue.BounceStuck || b.LastError != "421 later" || b.Tries != 1 {
		t.Errorf("stuck: %+v", b)
	}
	if err := q.BounceDefer(ctx, ids[1], now, "", false); !errors.Is(err, queue.ErrState) {
		t.Errorf("BounceDefer of a sent one = %v, want ErrState", err)
	}
	for _, id := range ids {
		must(t, q.RetryBounce(ctx, id))
	}
	check(t, q)
	if got, err := q.DueBounces(ctx, now, 2); err != nil || len(got) != 2 {
		t.Errorf("%d due after a person's retry, %v; want 2 of 3", len(got), err)
	}
	list, err := q.Bounces(t.Context(), queue.BounceFilter{State: queue.BounceWaiting, Tenant: contoso, Limit: 2})
	if err != nil || len(list) != 2 || list[0].ID != ids[0] {
		t.Errorf("listed %v, %v; want the two oldest", list, err)
	}
	if _, err := q.Bounce(t.Context(), "no-such-id"); !errors.Is(err, queue.ErrNotFound) {
		t.Errorf("Bounce of nothing = %v, want ErrNotFound", err)
	}
}

func wantDue(t *testing.T, q queue.Queue, at time.Time, want ...string) {
	t.Helper()
	list, err := q.DueBounces(t.Context(), at, 10)
	must(t, err)
	var got []string
	for _, b := range list {
		got = append(got, b.ID)
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("due (-want +got):\n%s", diff)
	}
}

func bounce(t *testing.T, q queue.Queue, id string) queue.Bounce {
	t.Helper()
	b, err := q.Bounce(t.Context(), id)
	must(t, err)
	return b
}

func bounceSentIsDropped(t *testing.T, h Harness) {
	now := time.Now()
	o := queue.Options{Now: func() time.Time { return now }, KeepSent: 24 * time.Hour}
	q := h.Open(t, o)
	give := func() queue.Bounce {
		b, err := q.GiveUp(t.Context(), put(t, q, contoso, unlike()), "why", "")
		must(t, err)
		return b
	}
	unsent, old := give(), give()
	must(t, q.BounceSent(t.Context(), old.ID, "mx"))
	now = now.Add(25 * time.Hour)
	young := give()
	must(t, q.BounceSent(t.Context(), young.ID, "mx"))
	for _, b := range wantBounces(t, q, 2) {
		if b.ID != unsent.ID && b.ID != young.ID {
			t.Errorf("listed: %+v", b)
		}
	}
	now = now.Add(25 * time.Hour)
	q = reopen(t, h, q, o)
	if got := wantBounces(t, q, 1); len(got) == 1 && got[0].ID != unsent.ID {
		t.Errorf("listed: %+v, want the one that was never sent", got[0])
	}
}

// inUse reports whether what holds a body is needed: InUse and Bodies must say the same.
func inUse(t *testing.T, q queue.Queue, file string) bool {
	t.Helper()
	used, err := q.InUse(t.Context(), file)
	must(t, err)
	bodies, whole, err := q.Bodies(t.Context(), file)
	must(t, err)
	if used != (whole || len(bodies) > 0) {
		t.Errorf("%s: in use is %v, and these need it: %v, all of it: %v", file, used, bodies, whole)
	}
	return used
}

func bodiesInUse(t *testing.T, h Harness) {
	q := h.Open(t, queue.Options{})
	large := bytes.Repeat([]byte("x"), 3<<20) // with a file of its own
	id := put(t, q, contoso, large)
	file := get(t, q, id).Body.File
	want := func(step string, want bool) {
		t.Helper()
		q = reopen(t, h, q, queue.Options{})
		if inUse(t, q, file) != want {
			t.Errorf("%s: in use %v, want %v", step, !want, want)
		}
	}
	want("ready", true)
	b, err := q.GiveUp(t.Context(), id, "why", queue.CauseFault)
	must(t, err)
	want("quarantined, bounce waits", true)
	must(t, q.Finish(t.Context(), id))
	want("gone, bounce waits", true)
	must(t, q.BounceDefer(t.Context(), b.ID, time.Now(), "421", true))
	want("gone, bounce stuck", true)
	must(t, q.BounceSent(t.Context(), b.ID, "mx"))
	want("gone, bounce sent", false)
	if inUse(t, q, "seg/none") {
		t.Error("a file that nobody refers to is in use")
	}
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
