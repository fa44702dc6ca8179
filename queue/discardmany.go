package queue

import (
	"context"
	"crypto/sha256"
	"encoding"
	"encoding/hex"
	"fmt"
	"time"

	bolt "go.etcd.io/bbolt"
)

// Doomed is what a selection selects at one time: what a person is shown, and says yes to.
type Doomed struct {
	Selection Selection
	Count     int
	Bytes     int64
	Oldest    time.Time // when the first was received
	Newest    time.Time
	Samples   []Item    // the first of them
	AsOf      time.Time // what has changed since is not part of it
	Through   string    // the id of the last
}

// maxSamples is how many items a preview shows.
const maxSamples = 10

// Preview says what DiscardSelected would discard now.
func (q *Queue) Preview(s Selection) (Doomed, error) {
	d := Doomed{Selection: s, AsOf: q.now()}
	err := q.view(func(tx *bolt.Tx) error {
		return eachQuarantined(tx, "", func(it *Item) bool {
			if s.fits(it) && !it.Changed.After(d.AsOf) {
				d.add(it)
			}
			return true
		})
	})
	return d, err
}

func (d *Doomed) add(it *Item) {
	received := it.Envelope.Received
	if d.Count == 0 || received.Before(d.Oldest) {
		d.Oldest = received
	}
	if received.After(d.Newest) {
		d.Newest = received
	}
	if len(d.Samples) < maxSamples {
		d.Samples = append(d.Samples, *it)
	}
	d.Count++
	d.Bytes += it.Body.Size
	d.Through = it.ID
}

// has reports whether an item is one of those that were shown, and has not changed since.
func (d *Doomed) has(it *Item) bool {
	return d.Selection.fits(it) && it.ID <= d.Through && !it.Changed.After(d.AsOf)
}

// Discarded is what a DiscardSelected has thrown away so far.
type Discarded struct {
	Count  int
	Bytes  int64
	Digest string // SHA-256 over the ids, each with a line feed behind it
}

// Note says what the audit is to have of a bulk discard, under a key that no item has.
type Note struct {
	Key  string
	Text func(Discarded) ([]byte, error)
}

// discardStep is how many items one commit discards: others wait for it.
const discardStep = 500

// DiscardSelected throws away what a Preview has shown, and of it what has not changed since: an item that came into
// quarantine later, or was worked on again, stays. The note is part of each commit and says what is gone by then: after a
// crash in the middle Discarded has it. ErrState when more would be discarded than was shown.
func (q *Queue) DiscardSelected(ctx context.Context, d Doomed, note Note) (done Discarded, err error) {
	if d.Selection.Empty() || d.Through == "" || d.AsOf.IsZero() {
		return done, fmt.Errorf("%w: nothing in particular is selected", ErrState)
	}
	n, err := q.countDoomed(&d)
	if err != nil {
		return done, err
	}
	if n > d.Count {
		return done, fmt.Errorf("%w: %d items are selected, and %d were shown: look again", ErrState, n, d.Count)
	}
	step := discarding{doomed: &d, note: note}
	for !step.last {
		next := step
		// The commit may be tried twice: each try begins where the last step has ended.
		err := q.submit(ctx, &op{apply: func(t *txn) error {
			next = step
			return next.apply(t)
		}})
		if err != nil {
			return step.done, fmt.Errorf("discard selected items: %w", err)
		}
		step = next
	}
	return step.done, nil
}

// countDoomed counts what would be discarded.
func (q *Queue) countDoomed(d *Doomed) (n int, err error) {
	err = q.view(func(tx *bolt.Tx) error {
		return eachQuarantined(tx, "", func(it *Item) bool {
			if d.has(it) {
				n++
			}
			return it.ID < d.Through
		})
	})
	return n, err
}

// discarding is how far a DiscardSelected has come.
type discarding struct {
	doomed *Doomed
	note   Note
	done   Discarded
	after  string // the id up to which it was looked
	sum    []byte // state of the digest
	last   bool   // nothing is left
}

// apply does one step.
func (s *discarding) apply(t *txn) error {
	items, err := s.next(t.items.Tx())
	if err != nil || len(items) == 0 {
		return err
	}
	if err := s.count(items); err != nil {
		return err
	}
	text, err := s.note.Text(s.done)
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
func (s *discarding) next(tx *bolt.Tx) (items []Item, err error) {
	s.last = true
	err = eachQuarantined(tx, s.after, func(it *Item) bool {
		s.after = it.ID
		if s.doomed.has(it) {
			items = append(items, *it)
		}
		s.last = len(items) < discardStep
		return s.last && it.ID < s.doomed.Through
	})
	return items, err
}

// count adds items to what is done.
func (s *discarding) count(items []Item) error {
	sum := sha256.New()
	if s.sum != nil {
		if err := sum.(encoding.BinaryUnmarshaler).UnmarshalBinary(s.sum); err != nil {
			return fmt.Errorf("resume digest: %w", err)
		}
	}
	for _, it := range items {
		s.done.Count++
		s.done.Bytes += it.Body.Size
		fmt.Fprintln(sum, it.ID)
	}
	s.done.Digest = hex.EncodeToString(sum.Sum(nil))
	var err error
	if s.sum, err = sum.(encoding.BinaryMarshaler).MarshalBinary(); err != nil {
		return fmt.Errorf("keep digest: %w", err)
	}
	return nil
}

// discard removes an item that is in quarantine, with what is kept of its row where that cannot be read.
func (t *txn) discard(it *Item) error {
	if it.State != Quarantined {
		return fmt.Errorf("%w: it is %s, and only what is in quarantine can be discarded: %s", ErrState, it.State, instead[it.State])
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
