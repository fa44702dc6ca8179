package bolt

import (
	"errors"
	"strings"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"clawback/queue"
	"clawback/spool"
)

// quarantineOne delivers an item and sets it aside.
func quarantineOne(t *testing.T, q *Queue) queue.Item {
	t.Helper()
	mustDeliver(t, q, small)
	items, err := q.Claim(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if err := q.Quarantine(t.Context(), items[0].ID, queue.CauseNetwork, "not attributed"); err != nil {
		t.Fatal(err)
	}
	return items[0]
}

// A discarded item stays gone, nothing holds its bytes, and its note is told of until it stands in the audit.
func TestDiscard_survivesRestart(t *testing.T) {
	dir := t.TempDir()
	q := openOn(t, dir, spool.OS(), Options{})
	it := quarantineOne(t, q)
	if err := q.Discard(t.Context(), it.ID, []byte("why")); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		q.Close()
		q = openOn(t, dir, spool.OS(), Options{})
		wantItems(t, q, 0)
		notes, err := q.Discarded(t.Context())
		if err != nil || len(notes) != 1 || string(notes[it.ID]) != "why" {
			t.Fatalf("notes %q, %v", notes, err)
		}
	}
	if inUse(q, it.Body.File) {
		t.Error("its bytes are held")
	}
	if err := q.Noted(t.Context(), it.ID); err != nil {
		t.Fatal(err)
	}
	if notes, err := q.Discarded(t.Context()); err != nil || len(notes) != 0 {
		t.Errorf("notes %q, %v", notes, err)
	}
	if err := q.Discard(t.Context(), it.ID, []byte("again")); !errors.Is(err, queue.ErrNotFound) {
		t.Errorf("discarded again: %v", err)
	}
}

// What is not in quarantine is work to be done.
func TestDiscard_onlyFromQuarantine(t *testing.T) {
	states := map[queue.State]func(*Queue, string) error{
		queue.Ready:   func(*Queue, string) error { return nil },
		queue.Working: func(q *Queue, _ string) error { _, err := q.Claim(t.Context(), 1); return err },
		queue.Deferred: func(q *Queue, id string) error {
			return q.Defer(t.Context(), id, time.Now().Add(time.Hour), "the store is away")
		},
	}
	for state, reach := range states {
		t.Run(string(state), func(t *testing.T) {
			q := openOn(t, t.TempDir(), spool.OS(), Options{})
			mustDeliver(t, q, small)
			items, err := q.List(t.Context(), queue.Filter{})
			if err != nil {
				t.Fatal(err)
			}
			id := items[0].ID
			if err := reach(q, id); err != nil {
				t.Fatal(err)
			}
			err = q.Discard(t.Context(), id, []byte("why"))
			if !errors.Is(err, queue.ErrState) || !strings.Contains(err.Error(), "it is "+string(state)) || !strings.Contains(err.Error(), (&queue.Item{State: state}).CheckDiscard().Error()) {
				t.Errorf("Discard = %v", err)
			}
			if it, err := q.Get(t.Context(), id); err != nil || it.State != state {
				t.Errorf("it is %s, %v", it.State, err)
			}
			if notes, err := q.Discarded(t.Context()); err != nil || len(notes) != 0 {
				t.Errorf("notes %q, %v", notes, err)
			}
		})
	}
}

// An item whose bytes were not found holds all files of the spool; discarding it lets go of them, for good.
func TestDiscard_unreadableRowLetsTheSpoolExpire(t *testing.T) {
	dir := t.TempDir()
	q := openOn(t, dir, spool.OS(), Options{})
	it := quarantineOne(t, q)
	q.Close()
	damageRow(t, dir, itemsBucket, it.ID, func(row []byte) []byte { return make([]byte, len(row)) })
	q = openOn(t, dir, spool.OS(), Options{})
	if !inUse(q, "any file") {
		t.Fatal("nothing is held: the test damages the wrong thing")
	}
	if err := q.Discard(t.Context(), it.ID, nil); err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if inUse(q, "any file") || inUse(q, it.Body.File) {
			t.Error("the spool is held")
		}
		if err := q.db.View(func(tx *bbolt.Tx) error {
			if row := tx.Bucket(unreadableBucket).Get([]byte("items/" + it.ID)); row != nil {
				t.Errorf("its row is kept: %q", row)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		q.Close()
		q = openOn(t, dir, spool.OS(), Options{})
	}
}
