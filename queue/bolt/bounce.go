package bolt

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"io"
	"time"

	"go.etcd.io/bbolt"

	"clawback/queue"
)

// GiveUp ends work on an item that cannot be carried through: its bounce and its end are one commit. With quarantine
// the item stays, set aside; without, it is finished. Giving up an item again, or another one with the same bytes (a
// report that was sent again because its 250 was lost), answers with the same bounce and adds none.
func (q *Queue) GiveUp(ctx context.Context, id, why string, keep queue.Cause) (queue.Bounce, error) {
	var b *queue.Bounce
	digest := q.digest(ctx, id)
	// C5: once this is committed, the bounce and the item's end are durable together.
	// A crash before it means that the item is worked on again; after it, that the bounce is sent from its row.
	err := q.submit(ctx, &op{early: "c5.before", late: "c5.after-commit", apply: func(t *txn) (err error) {
		b, err = t.giveUp(id, digest, why, keep)
		return err
	}})
	if err != nil {
		return queue.Bounce{}, wrap("give up", id, err)
	}
	return *b, nil
}

// digest is what a bounce's identity follows from: the item's bytes, or where they are not to be had, where they lay.
func (q *Queue) digest(ctx context.Context, id string) string {
	it, err := q.Get(ctx, id)
	if err != nil {
		return "" // given up before, or giveUp finds why
	}
	sum := sha256.New()
	body, err := q.spool.Open(ctx, it.Body)
	if err == nil {
		defer body.Close()
		_, err = io.Copy(sum, io.NewSectionReader(body, 0, body.Size()))
	}
	if err != nil {
		return place(&it)
	}
	return fmt.Sprintf("%x", sum.Sum(nil))
}

// place stands for the digest of bytes that are not to be had. No other item has the same.
func place(it *queue.Item) string {
	return fmt.Sprintf("%s\x00%s\x00%d", it.ID, it.Body.File, it.Body.Offset)
}

// giveUp ends an item and makes its bounce in one transaction (C5), or finds the bounce that it has.
func (t *txn) giveUp(id, digest, why string, keep queue.Cause) (*queue.Bounce, error) {
	have, err := t.bounceOf(id)
	if err != nil {
		return nil, err
	}
	old, err := t.item(id)
	if err != nil {
		if have != nil {
			return have, nil // given up before, and its row is gone
		}
		return nil, err
	}
	if have == nil {
		if have, err = t.bounceFor(old, digest, why); err != nil {
			return nil, err
		}
	}
	if keep == "" {
		return have, t.set(old, nil)
	}
	it := *old
	it.SetAside(keep, why)
	return have, t.set(old, &it)
}

// bounceFor finds the bounce of the same bytes, or makes one for this item. One that was not sent yet has these bytes
// from now on: they were read just now, and those that it had may be damaged since.
func (t *txn) bounceFor(it *queue.Item, digest, why string) (*queue.Bounce, error) {
	if digest == "" { // it could not be read, and is not to be taken for another one of which that is true
		digest = place(it)
	}
	id := queue.BounceID(it.Envelope.Tenant, digest)
	t.put(t.given, []byte(it.ID), []byte(id))
	if t.bounces.Get([]byte(id)) != nil {
		have, err := readBounce(t.bounces, id)
		if err != nil || have.State == queue.BounceSent {
			return &have, err
		}
		next := have
		next.Body = it.Body
		return &next, t.setBounce(&have, &next)
	}
	b := &queue.Bounce{
		ID: id, Item: it.ID, Envelope: it.Envelope, Body: it.Body, Reason: why,
		State: queue.BounceWaiting, Created: t.now, NotBefore: t.now,
	}
	return b, t.setBounce(nil, b)
}

// bounceOf is the bounce of an item that was given up, or nil.
func (t *txn) bounceOf(item string) (*queue.Bounce, error) {
	id := t.given.Get([]byte(item))
	if id == nil {
		return nil, nil
	}
	b, err := readBounce(t.bounces, string(id))
	if err != nil {
		return nil, err
	}
	return &b, nil
}

func readBounce(bounces *bbolt.Bucket, id string) (queue.Bounce, error) {
	var b queue.Bounce
	row := bounces.Get([]byte(id))
	if row == nil {
		return b, fmt.Errorf("%w: bounce %q", queue.ErrNotFound, id)
	}
	if err := decode(row, &b); err != nil {
		return b, fmt.Errorf("bounce %s: %w", id, err)
	}
	return b, nil
}

// forgetGiven drops the items that a bounce stood for. There are few, and the bucket holds those with a bounce alone.
func (t *txn) forgetGiven(bounce string) {
	var items [][]byte
	t.fail(t.given.ForEach(func(item, id []byte) error {
		if string(id) == bounce {
			items = append(items, bytes.Clone(item))
		}
		return nil
	}))
	for _, item := range items {
		t.delete(t.given, item)
	}
}

// setBounce replaces old, nil for none, by b, nil for none.
func (t *txn) setBounce(old, b *queue.Bounce) error {
	if old != nil {
		t.delete(t.bindex, bounceKey(old))
		t.countBounce(-1, old)
	}
	if b == nil {
		t.delete(t.bounces, []byte(old.ID))
		t.forgetGiven(old.ID)
		return t.err
	}
	t.putJSON(t.bounces, b.ID, b)
	t.put(t.bindex, bounceKey(b), nil)
	t.countBounce(+1, b)
	return t.err
}

// bounceKey sorts the unsent bounces, waiting and stuck, by due time, and the sent by when that was.
func bounceKey(b *queue.Bounce) []byte {
	if b.State == queue.BounceSent {
		return indexKey('s', b.SentAt, b.ID)
	}
	return indexKey('u', b.NotBefore, b.ID)
}

// DueBounces lists up to max bounces whose time has come, the longest overdue first. It claims nothing: one
// goroutine sends bounces.
func (q *Queue) DueBounces(_ context.Context, now time.Time, max int) ([]queue.Bounce, error) {
	var due []queue.Bounce
	err := q.view(func(tx *bbolt.Tx) (err error) {
		each(tx.Bucket(bounceIndex), 'u', func(at time.Time, id string) bool {
			if at.After(now) || len(due) >= max {
				return false
			}
			var b queue.Bounce
			b, err = readBounce(tx.Bucket(bouncesBucket), id)
			due = append(due, b)
			return err == nil
		})
		return err
	})
	return due, err
}

// BounceSent notes that a server took a bounce: to is "host: reply". Noting it again changes nothing. Bounces that were
// sent longer ago than Options.KeepSent are dropped on the way.
func (q *Queue) BounceSent(ctx context.Context, id, to string) error {
	return q.changeBounce(ctx, "note as sent", id, func(t *txn, b *queue.Bounce) error {
		if b.State == queue.BounceSent {
			return nil
		}
		b.State, b.SentTo, b.SentAt, b.LastError = queue.BounceSent, to, t.now, ""
		return t.dropSent(t.now.Add(-q.o.KeepSent))
	})
}

// maxDrop is how many old rows one commit drops.
const maxDrop = 100

// dropSent drops bounces that were sent before a time.
func (t *txn) dropSent(before time.Time) error {
	var ids []string
	each(t.bindex, 's', func(at time.Time, id string) bool {
		ids = append(ids, id)
		return at.Before(before) && len(ids) < maxDrop
	})
	for _, id := range ids {
		b, err := readBounce(t.bounces, id)
		if err != nil {
			return err
		}
		if !b.SentAt.Before(before) {
			continue
		}
		if err := t.setBounce(&b, nil); err != nil {
			return err
		}
	}
	return nil
}

// BounceDefer puts a bounce off until at, and says why. stuck marks one that has not got through for days.
func (q *Queue) BounceDefer(ctx context.Context, id string, at time.Time, why string, stuck bool) error {
	return q.changeBounce(ctx, "defer", id, func(_ *txn, b *queue.Bounce) error {
		if b.State == queue.BounceSent {
			return fmt.Errorf("%w: it was sent", queue.ErrState)
		}
		b.NotBefore, b.LastError, b.State = at.UTC().Round(0), why, queue.BounceWaiting
		if stuck {
			b.State = queue.BounceStuck
		}
		b.Tries++
		return nil
	})
}

// RetryBounce makes a bounce due now, at a person's word; also one that was sent, to send it again, if its bytes are
// there still: spool.ErrMissing.
func (q *Queue) RetryBounce(ctx context.Context, id string) error {
	release, err := q.holdBounce(ctx, id)
	if err != nil {
		return fmt.Errorf("retry bounce %s: %w", id, err)
	}
	defer release()
	return q.changeBounce(ctx, "retry", id, func(t *txn, b *queue.Bounce) error {
		b.State, b.NotBefore, b.Tries = queue.BounceWaiting, t.now, 0
		return nil
	})
}

// holdBounce keeps the bytes of a bounce until release: those of one that was sent may be deleted at any time.
func (q *Queue) holdBounce(ctx context.Context, id string) (release func(), err error) {
	b, err := q.Bounce(ctx, id)
	if err != nil {
		return nil, err
	}
	release = func() {}
	err = q.spool.Hold(b.Body, func() { release = q.tally.hold([]delta{{n: 1, file: b.Body.File}}) })
	if err != nil && b.State == queue.BounceSent {
		return nil, fmt.Errorf("%s took it at %s, and its bytes are past their retention: %w", b.SentTo,
			b.SentAt.Format(time.RFC3339), err)
	}
	return release, nil
}

// changeBounce edits one bounce's row, for the operation that verb names.
func (q *Queue) changeBounce(ctx context.Context, verb, id string, edit func(*txn, *queue.Bounce) error) error {
	err := q.submit(ctx, &op{apply: func(t *txn) error {
		old, err := readBounce(t.bounces, id)
		if err != nil {
			return err
		}
		b := old
		if err := edit(t, &b); err != nil {
			return err
		}
		return t.setBounce(&old, &b)
	}})
	if err != nil {
		return fmt.Errorf("%s bounce %s: %w", verb, id, err)
	}
	return nil
}
