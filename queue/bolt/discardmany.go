package bolt

import (
	"context"
	"fmt"

	"go.etcd.io/bbolt"

	"clawback/queue"
)

// Preview says what DiscardSelected would discard now.
func (q *Queue) Preview(_ context.Context, s queue.Selection) (queue.Preview, error) {
	d := queue.Preview{Selection: s, AsOf: q.now()}
	err := q.view(func(tx *bbolt.Tx) error {
		return eachQuarantined(tx, "", func(it *queue.Item) bool {
			if s.Fits(it) && !it.Changed.After(d.AsOf) {
				d.Add(it)
			}
			return true
		})
	})
	return d, err
}

// discardStep is how many items one commit discards: others wait for it.
const discardStep = 500

// DiscardSelected throws away what a Preview has shown, and of it what has not changed since: an item that came into
// quarantine later, or was worked on again, stays. The note is part of each commit and says what is gone by then: after
// a crash in the middle Discarded has it. ErrState when more would be discarded than was shown.
func (q *Queue) DiscardSelected(ctx context.Context, d queue.Preview,
	note queue.Note) (done queue.Discarded, err error) {
	if err := d.Check(); err != nil {
		return done, err
	}
	n, err := q.countPreviewed(&d)
	if err != nil {
		return done, err
	}
	if err := d.CheckCount(n); err != nil {
		return done, err
	}
	step := discarding{previewed: &d, note: note}
	for !step.last {
		next := step
		// The commit may be tried twice: each try begins where the last step has ended.
		err := q.submit(ctx, &op{apply: func(t *txn) error {
			next = step
			return next.apply(t)
		}})
		if err != nil {
			return step.done.Discarded, fmt.Errorf("discard selected items: %w", err)
		}
		step = next
	}
	return step.done.Discarded, nil
}

// countPreviewed counts what would be discarded.
func (q *Queue) countPreviewed(d *queue.Preview) (n int, err error) {
	err = q.view(func(tx *bbolt.Tx) error {
		return eachQuarantined(tx, "", func(it *queue.Item) bool {
			if d.Has(it) {
				n++
			}
			return it.ID < d.Through
		})
	})
	return n, err
}

// discarding is how far a DiscardSelected has come.
type discarding struct {
	previewed *queue.Preview
	note      queue.Note
	done      queue.Discarding
	after     string // the id up to which it was looked
	last      bool   // nothing is left
}

// apply does one step.
func (s *discarding) apply(t *txn) error {
	items, err := s.next(t.items.Tx())
	if err != nil || len(items) == 0 {
		return err
	}
	if s.done, err = s.done.Add(items); err != nil {
		return err
	}
	text, err := s.note.Text(s.done.Discarded)
	if err != nil {
		return err
	}
	for i := range items {
		if err := t.discard(&items[i]); err != nil {
			return err
		}
	}
	return t.putNote(s.note.Key, text)
}

// next are the items of the step.
func (s *discarding) next(tx *bbolt.Tx) (items []queue.Item, err error) {
	s.last = true
	err = eachQuarantined(tx, s.after, func(it *queue.Item) bool {
		s.after = it.ID
		if s.previewed.Has(it) {
			items = append(items, *it)
		}
		s.last = len(items) < discardStep
		return s.last && it.ID < s.previewed.Through
	})
	return items, err
}

// discard removes an item that is in quarantine, with what is kept of its row where that cannot be read.
func (t *txn) discard(it *queue.Item) error {
	if err := it.CheckDiscard(); err != nil {
		return err
	}
	if kept := t.items.Tx().Bucket(unreadableBucket); kept != nil {
		t.delete(kept, []byte("items/"+it.ID))
	}
	return t.set(it, nil)
}

// putNote keeps what the audit is to have.
func (t *txn) putNote(key string, note []byte) error {
	discarded, err := t.items.Tx().CreateBucketIfNotExists(discardedBucket)
	t.fail(err)
	if err == nil {
		t.put(discarded, []byte(key), note)
	}
	return t.err
}
