package bolt

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"clawback/queue"
	"clawback/spool"
)

// Between a commit and the tally that follows it, the bodies that somebody asks for are those of the commit, or the
// whole file is needed: what is not named is deleted with its segment.
func TestBodies_whileTheTallyIsBehind(t *testing.T) {
	var q *Queue
	var file string
	var early []spool.Ref
	whole := true
	q = openOn(t, t.TempDir(), spool.OS(), Options{Options: queue.Options{Fail: func(point string) error {
		if point == "c1.after-rows" && file != "" {
			var err error
			if early, whole, err = q.Bodies(t.Context(), file); err != nil {
				t.Error(err)
			}
		}
		return nil
	}}})
	for n := range 12 {
		mustDeliver(t, q, fmt.Appendf(nil, "message %d", n))
	}
	items, err := q.Claim(t.Context(), 12)
	must(t, err)
	if len(items) != 12 {
		t.Fatalf("%d items, want 12", len(items))
	}
	file = items[0].Body.File
	step := func(name string, op func() error) {
		t.Helper()
		early, whole = nil, false
		must(t, op())
		settled, all, err := q.Bodies(t.Context(), file)
		if err != nil || all {
			t.Fatalf("%s: all of the file is needed afterwards, %v", name, err)
		}
		for _, r := range settled {
			if !whole && !slices.Contains(early, r) {
				t.Errorf("%s: the body at %d is needed, and was not named while the tally was behind", name, r.Offset)
			}
		}
	}
	giveUp := func(keep queue.Cause, id string) func() error {
		return func() error { _, err := q.GiveUp(t.Context(), id, "why", keep); return err }
	}
	for n, it := range items[:9] {
		step(fmt.Sprint("give up ", n), giveUp([]queue.Cause{"", queue.CauseFault, queue.CauseFault}[n%3], it.ID))
	}
	step("finish", func() error { return q.Finish(t.Context(), items[9].ID) })
	step("quarantine", func() error { return q.Quarantine(t.Context(), items[10].ID, queue.CauseFault, "odd") })
	step("discard", func() error { return q.Discard(t.Context(), items[10].ID, []byte("seen")) })
	step("retry", func() error { return q.Retry(t.Context(), items[1].ID) })
	due, err := q.DueBounces(t.Context(), q.now(), 20)
	must(t, err)
	if len(due) != 9 {
		t.Fatalf("%d bounces wait, want 9", len(due))
	}
	for _, b := range due[:4] {
		step("bounce sent", func() error { return q.BounceSent(t.Context(), b.ID, "mx: 250") })
	}
	step("bounce retried", func() error { return q.RetryBounce(t.Context(), due[0].ID) })
}

// ownFile is the n-th body that has a file of its own.
func ownFile(n int) []byte { return bytes.Repeat(fmt.Appendf(nil, "large message %d\r\n", n), 40_000) }

// Whatever somebody is told while a change is durable and not counted yet: the file of what needs its bytes is in use.
func TestInUse_whileTheTallyIsBehind(t *testing.T) {
	var q *Queue
	var file string
	used, asked := false, false
	ask := func() {
		if bodies, whole, err := q.Bodies(t.Context(), file); err != nil || !whole && len(bodies) == 0 {
			t.Errorf("of a file that is needed these are needed: %v, %v, %v", bodies, whole, err)
		}
		var err error
		if used, err = q.InUse(t.Context(), file); err != nil {
			t.Error(err)
		}
		asked = true
	}
	q = openOn(t, t.TempDir(), spool.OS(), Options{Options: queue.Options{Fail: func(point string) error {
		if point == "c1.after-rows" && file != "" {
			ask()
		}
		return nil
	}}})
	for n := range 4 {
		mustDeliver(t, q, ownFile(n))
	}
	items, err := q.Claim(t.Context(), 4)
	must(t, err)
	if len(items) != 4 {
		t.Fatalf("%d items, want 4", len(items))
	}
	step := func(name string, it queue.Item, op func() error) {
		t.Helper()
		file, asked = it.Body.File, false
		must(t, op())
		file = ""
		if !asked || !used {
			t.Errorf("%s: asked is %v, and the file is in use: %v", name, asked, used)
		}
	}
	bounce := make([]queue.Bounce, 4)
	for n, keep := range []queue.Cause{queue.CauseFault, ""} {
		step("give up", items[n], func() (err error) {
			bounce[n], err = q.GiveUp(t.Context(), items[n].ID, "why", keep)
			return err
		})
	}
	step("quarantine", items[2], func() error {
		return q.Quarantine(t.Context(), items[2].ID, queue.CauseFault, "odd")
	})
	step("retry", items[2], func() error { return q.Retry(t.Context(), items[2].ID) })
	step("defer", items[3], func() error { return q.Defer(t.Context(), items[3].ID, q.now(), "later") })
	for n := range 2 {
		must(t, q.BounceSent(t.Context(), bounce[n].ID, "mx: 250"))
		step("send again what was sent", items[n], func() error {
			if n == 0 {
				return q.RetryBounce(t.Context(), bounce[n].ID)
			}
			return q.changeBounce(t.Context(), "revive", bounce[n].ID, func(_ *txn, b *queue.Bounce) error {
				b.State = queue.BounceWaiting // the commit alone sees to it
				return nil
			})
		})
	}
}

// The committer may have new rows in queue.db before the intake has counted them.
func TestInUse_whileTheIntakeIsBehind(t *testing.T) {
	var q *Queue
	asked := 0
	q = openOn(t, t.TempDir(), spool.OS(), Options{Options: queue.Options{Fail: func(point string) error {
		if point != "c1.logged" {
			return nil
		}
		must(t, q.submit(t.Context(), &op{apply: func(*txn) error { return nil }})) // which transfers what waits
		items, err := q.List(t.Context(), queue.Filter{})
		must(t, err)
		for _, it := range items {
			asked++
			if used, err := q.InUse(t.Context(), it.Body.File); err != nil || !used {
				t.Errorf("the file of %s is in use: %v, %v", it.ID, used, err)
			}
		}
		return nil
	}}})
	mustDeliver(t, q, ownFile(1))
	mustDeliver(t, q, []byte("small"))
	if asked != 3 {
		t.Errorf("asked %d times, want once and twice", asked)
	}
	q.tally.mu.Lock()
	defer q.tally.mu.Unlock()
	for file, n := range q.tally.files {
		if n != 1 {
			t.Errorf("%s is counted %d times", file, n)
		}
	}
}

// A bounce that was sent is sent again where its bytes are there still; else it stays what it is.
func TestRetryBounce_bytesAreGone(t *testing.T) {
	q := openOn(t, t.TempDir(), spool.OS(), Options{})
	all := func(context.Context, string) (bool, error) { return false, nil }
	for _, test := range []struct {
		name       string
		body       []byte
		sent, gone bool
		refused    bool
	}{
		{"waits", ownFile(1), false, false, false},
		{"waits, and its bytes are lost", ownFile(2), false, true, false}, // somebody may bring them back
		{"was sent", ownFile(3), true, false, false},
		{"was sent, and its bytes are past their retention", ownFile(4), true, true, true},
	} {
		mustDeliver(t, q, test.body)
		items, err := q.Claim(t.Context(), 1)
		must(t, err)
		b, err := q.GiveUp(t.Context(), items[0].ID, "why", "")
		must(t, err)
		if test.sent {
			must(t, q.BounceSent(t.Context(), b.ID, "mx: 250"))
		}
		if test.gone {
			_, err := q.spool.Expire(t.Context(), q.now().Add(2*time.Hour), q.now(), all)
			must(t, err)
		}
		err = q.RetryBounce(t.Context(), b.ID)
		if errors.Is(err, spool.ErrMissing) != test.refused || err != nil && !test.refused {
			t.Errorf("%s: %v", test.name, err)
		}
		want := queue.BounceWaiting
		if test.refused {
			want = queue.BounceSent
		}
		if after, err := q.Bounce(t.Context(), b.ID); err != nil || after.State != want {
			t.Errorf("%s: %+v, %v; want it %s", test.name, after, err, want)
		}
		if used, err := q.InUse(t.Context(), b.Body.File); err != nil || used == test.refused {
			t.Errorf("%s: its file is in use: %v, %v", test.name, used, err)
		}
	}
}

// A report that comes again while its bounce waits leaves its own bytes to it: those that it had may be damaged.
func TestGiveUp_againWithTheSameBytes(t *testing.T) {
	q := openOn(t, t.TempDir(), spool.OS(), Options{})
	giveUp := func(body []byte, keep queue.Cause) (queue.Item, queue.Bounce) {
		t.Helper()
		mustDeliver(t, q, body)
		items, err := q.Claim(t.Context(), 1)
		must(t, err)
		b, err := q.GiveUp(t.Context(), items[0].ID, "why", keep)
		must(t, err)
		return items[0], b
	}
	for n, keep := range []queue.Cause{"", queue.CauseFault} {
		first, bounce := giveUp(ownFile(n), "")
		q.spool.Discard(first.Body)
		second, again := giveUp(ownFile(n), keep)
		have, err := q.Bounce(t.Context(), bounce.ID)
		must(t, err)
		if again.ID != bounce.ID || have.Body != second.Body || again.Body != second.Body {
			t.Errorf("the bounce is %+v, want %s with the bytes of %s", have, bounce.ID, second.ID)
		}
		must(t, q.spool.Verify(have.Body))
		if used, err := q.InUse(t.Context(), second.Body.File); err != nil || !used {
			t.Errorf("its file is in use: %v, %v", used, err)
		}
		if used, err := q.InUse(t.Context(), first.Body.File); err != nil || used {
			t.Errorf("the file before is in use: %v, %v", used, err)
		}
	}
	_, bounce := giveUp(ownFile(9), "")
	must(t, q.BounceSent(t.Context(), bounce.ID, "mx: 250"))
	if _, again := giveUp(ownFile(9), ""); again.State != queue.BounceSent || again.Body != bounce.Body {
		t.Errorf("of what was sent: %+v, want %+v", again, bounce)
	}
}

// Items of which the digest could not be had are not taken for one another: each has a bounce of its own.
func TestGiveUp_withoutDigest(t *testing.T) {
	q := openOn(t, t.TempDir(), spool.OS(), Options{})
	for n := range 3 {
		mustDeliver(t, q, fmt.Appendf(nil, "message %d", n))
	}
	items, err := q.Claim(t.Context(), 3)
	must(t, err)
	seen := map[string]bool{}
	for _, it := range items {
		must(t, q.submit(t.Context(), &op{apply: func(t *txn) error {
			b, err := t.giveUp(it.ID, "", "why", "")
			if err == nil {
				seen[b.ID] = true
			}
			return err
		}}))
	}
	if len(seen) != 3 {
		t.Errorf("%d bounces for three reports", len(seen))
	}
}
