package bolt

import (
	"bytes"
	"context"

	"go.etcd.io/bbolt"
)

// discardedBucket keeps what is to be said of discarded items until that stands in the audit: id of the item -> note.
var discardedBucket = []byte("discarded")

// Discard throws an item in quarantine away, at a person's word, with what is kept of its row where that cannot be
// read. The item's end and the note are one commit: after a crash it is there as before, or gone, and Discarded tells
// of it until Noted. In any other state it is work to be done: ErrState.
func (q *Queue) Discard(ctx context.Context, id string, note []byte) error {
	return wrap("discard", id, q.submit(ctx, &op{apply: func(t *txn) error {
		it, err := t.item(id)
		if err != nil {
			return err
		}
		if err := t.discard(it); err != nil {
			return err
		}
		return t.putNote(id, note)
	}}))
}

// Discarded are the notes on discarded items that Noted was not called for, by id.
func (q *Queue) Discarded(_ context.Context) (map[string][]byte, error) {
	notes := map[string][]byte{}
	err := q.view(func(tx *bbolt.Tx) error {
		discarded := tx.Bucket(discardedBucket)
		if discarded == nil {
			return nil
		}
		return discarded.ForEach(func(id, note []byte) error {
			notes[string(id)] = bytes.Clone(note)
			return nil
		})
	})
	return notes, err
}

// Noted forgets the note on a discarded item: it stands elsewhere now.
func (q *Queue) Noted(ctx context.Context, id string) error {
	return wrap("forget discarded", id, q.submit(ctx, &op{apply: func(t *txn) error {
		if discarded := t.items.Tx().Bucket(discardedBucket); discarded != nil {
			t.delete(discarded, []byte(id))
		}
		return t.err
	}}))
}
