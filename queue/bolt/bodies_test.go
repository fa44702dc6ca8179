package bolt

import (
	"fmt"
	"slices"
	"testing"

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
