package bolt

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"

	"go.etcd.io/bbolt"

	"clawback/queue"
	"clawback/spool"
)

// unreadableBucket keeps the rows that could not be decoded, as they were: "items/ID" or "bounces/ID" -> row.
var unreadableBucket = []byte("unreadable")

// errUnreadable is of a row that cannot be decoded: the disk has changed it, or another version of the program wrote
// it. It was readable when the queue was opened, for recovery sets aside what is not; so the queue is broken when it is
// met later.
var errUnreadable = errors.New("the row cannot be read")

func decode(row []byte, v any) error {
	if err := json.Unmarshal(row, v); err != nil {
		return storage(fmt.Errorf("%w: %w", errUnreadable, err))
	}
	return nil
}

// wellFormed reports whether an item's row is one that was written under this id.
func wellFormed(it *queue.Item, id []byte) bool {
	return it.ID == string(id) && stateLetters[it.State] != 0
}

// keepRow moves a row that cannot be read to where it disturbs nobody. It gives the row, and the letter that its index
// had.
func (r *recovery) keepRow(rows, index *bbolt.Bucket, kind, id string) (row []byte, letter byte, err error) {
	row = bytes.Clone(rows.Get([]byte(id)))
	kept, err := rows.Tx().CreateBucketIfNotExists(unreadableBucket)
	if err != nil {
		return nil, 0, err
	}
	r.t.put(kept, []byte(kind+"/"+id), row)
	r.t.delete(rows, []byte(id))
	var keys [][]byte
	err = index.ForEach(func(k, _ []byte) error {
		if len(k) > keyHead && string(k[keyHead:]) == id {
			keys = append(keys, bytes.Clone(k))
		}
		return nil
	})
	for _, k := range keys {
		letter = k[0]
		r.t.delete(index, k)
	}
	return row, letter, err
}

// unreadableItem puts an item into quarantine whose row cannot be read, with what can still be had of it.
func (r *recovery) unreadableItem(id string) error {
	row, _, err := r.keepRow(r.t.items, r.t.index, "items", id)
	if err != nil {
		return err
	}
	return r.setAside(id, row, "its row in queue.db cannot be read")
}

// unreadableBounce puts back into quarantine what a bounce was for whose row cannot be read. Retrying that makes the
// bounce anew, under the same identity. Of one that was sent there is nothing left to do.
func (r *recovery) unreadableBounce(id string) error {
	row, letter, err := r.keepRow(r.t.bounces, r.t.bindex, "bounces", id)
	if err != nil {
		return err
	}
	r.q.log.Error("a row of queue.db cannot be read", "event", "queue.unreadable", "bounce", id, "sent", letter == 's')
	var items []string
	err = r.t.given.ForEach(func(item, of []byte) error {
		if string(of) == id {
			items = append(items, string(item))
		}
		return nil
	})
	r.t.forgetGiven(id)
	if letter == 's' {
		return err
	}
	if len(items) == 0 { // not even that is left: the bounce's own id has to do
		items = []string{id}
	}
	for _, item := range items {
		if r.t.items.Get([]byte(item)) == nil { // else it is in quarantine already
			err = errors.Join(err, r.setAside(item, row, "the row of its bounce "+id+" in queue.db cannot be read"))
		}
	}
	return err
}

// setAside puts what can be read of a damaged row into quarantine, under the id that it had.
func (r *recovery) setAside(id string, row []byte, why string) error {
	it := r.q.salvage(row)
	it.ID = id
	if it.Envelope.Received.IsZero() {
		it.Envelope.Received = queue.IDTime(id)
	}
	if it.Body.File == "" {
		why += ", and so not where its bytes are: the spool drops nothing until it is discarded"
	}
	it.SetAside(queue.CauseRow, why)
	r.q.log.Error("a row of queue.db cannot be read", "event", "queue.unreadable", "item", id, "reason", why)
	return r.t.set(nil, &it)
}

// salvage reads of a row what can be read. Rows of items and of bounces have in common what matters of both.
func (q *Queue) salvage(row []byte) (it queue.Item) {
	it.Envelope.Rcpts = []string{} // in JSON a list, also where there is none to be read
	field(row, "envelope", &it.Envelope)
	field(row, "body", &it.Body)
	body, err := q.spool.OpenVerified(context.Background(), it.Body)
	if err != nil {
		it.Body = spool.Ref{}
		return it
	}
	_ = body.Close() // it was only read
	return it
}

// field decodes one field, as far as it goes. What a peer sent cannot pass for one: in a JSON string its quotes are
// escaped.
func field(row []byte, name string, v any) {
	if _, value, ok := bytes.Cut(row, []byte(`"`+name+`":`)); ok {
		_ = json.NewDecoder(bytes.NewReader(value)).Decode(v) // what of it can be decoded is what there is
	}
}
