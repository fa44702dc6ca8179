package bolt

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	"clawback/queue"
	"clawback/spool"
)

// view reads in one snapshot.
func (q *Queue) view(read func(tx *bbolt.Tx) error) error {
	err := q.db.View(read)
	if errors.Is(err, errUnreadable) {
		q.setBroken(err)
	}
	if errors.Is(err, bolterrors.ErrDatabaseNotOpen) {
		return queue.ErrClosed
	}
	return err
}

// Get reads one item: ErrNotFound when there is none.
func (q *Queue) Get(_ context.Context, id string) (it queue.Item, err error) {
	waiting, waits := q.logged.item(id) // before queue.db, to which it may be transferred any time
	err = q.view(func(tx *bbolt.Tx) (err error) {
		it, err = readItem(tx.Bucket(itemsBucket), id)
		return err
	})
	if waits && errors.Is(err, queue.ErrNotFound) {
		return waiting, nil
	}
	return it, err
}

// List lists items, oldest first.
func (q *Queue) List(_ context.Context, f queue.Filter) ([]queue.Item, error) {
	waiting := q.logged.backlog().rows // before queue.db, to which they may be transferred any time
	var items []queue.Item
	err := q.view(func(tx *bbolt.Tx) error {
		rows := tx.Bucket(itemsBucket)
		for _, id := range ids(tx, f) {
			it, err := readItem(rows, id)
			if err != nil {
				return err
			}
			if f.Tenant != "" && it.Envelope.Tenant != f.Tenant || it.Envelope.Received.Before(f.Since) {
				continue
			}
			items = append(items, it)
			if len(items) == f.Limit {
				break
			}
		}
		for _, r := range waiting {
			if f.Selects(&r.item) && rows.Get([]byte(r.item.ID)) == nil {
				items = append(items, r.item)
			}
		}
		return nil
	})
	slices.SortFunc(items, func(a, b queue.Item) int { return strings.Compare(a.ID, b.ID) })
	if f.Limit > 0 && len(items) > f.Limit {
		items = items[:f.Limit]
	}
	return items, err
}

// ids are those of the items in the filter's state after its id, in order.
func ids(tx *bbolt.Tx, f queue.Filter) []string {
	var list []string
	for state, letter := range stateLetters {
		if f.State != "" && f.State != state {
			continue
		}
		each(tx.Bucket(indexBucket), letter, func(_ time.Time, id string) bool {
			if id > f.After {
				list = append(list, id)
			}
			return true
		})
	}
	slices.Sort(list)
	return list
}

// Bounces lists bounces, oldest first.
func (q *Queue) Bounces(_ context.Context, f queue.BounceFilter) ([]queue.Bounce, error) {
	var list []queue.Bounce
	err := q.view(func(tx *bbolt.Tx) error {
		return tx.Bucket(bouncesBucket).ForEach(func(id, _ []byte) error {
			b, err := readBounce(tx.Bucket(bouncesBucket), string(id))
			if err == nil && f.Selects(&b) {
				list = append(list, b)
			}
			return err
		})
	})
	slices.SortFunc(list, func(a, b queue.Bounce) int { return a.Created.Compare(b.Created) })
	if f.Limit > 0 && len(list) > f.Limit {
		list = list[:f.Limit]
	}
	return list, err
}

// Bounce reads one bounce: ErrNotFound when there is none.
func (q *Queue) Bounce(_ context.Context, id string) (b queue.Bounce, err error) {
	err = q.view(func(tx *bbolt.Tx) (err error) {
		b, err = readBounce(tx.Bucket(bouncesBucket), id)
		return err
	})
	return b, err
}

// InUse reports whether an item, or a bounce that was not sent yet, refers to a file of the spool, or whether its log
// is needed. It is answered from memory.
func (q *Queue) InUse(_ context.Context, file string) (bool, error) {
	return q.tally.inUse(file) || q.logged.inUse(file), nil
}

// Body opens the bytes of an item after checking them against their checksum. When they are missing or wrong, the
// item is quarantined with that reason and the error wraps spool.ErrMissing or spool.ErrCorrupt.
func (q *Queue) Body(ctx context.Context, it queue.Item) (spool.Body, error) {
	b, err := q.spool.OpenVerified(ctx, it.Body)
	if err == nil || !errors.Is(err, spool.ErrMissing) && !errors.Is(err, spool.ErrCorrupt) {
		return b, err
	}
	q.log.Error("item quarantined", "event", "item.quarantined", "item", it.ID, "reason", err.Error())
	return nil, errors.Join(err, q.Quarantine(context.WithoutCancel(ctx), it.ID, queue.CauseLost, err.Error()))
}
