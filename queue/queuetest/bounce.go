package queuetest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clawback/queue"
)

func wantBounces(t *testing.T, q queue.Queue, want int) []queue.Bounce {
	t.Helper()
	list, err := q.Bounces(t.Context(), queue.BounceFilter{})
	must(t, err)
	if len(list) != want {
		t.Errorf("%d bounces, want %d", len(list), want)
	}
	return list
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
