package bolt

import (
	"context"
	"errors"
	"fmt"
	"time"

	"clawback/queue"
)

// Claim hands out up to max items to work on, and waits until there is at least one. Of the suspects one is handed out,
// and no other until it is ended or given back. On an error of storage nothing is handed out; unless the queue is
// broken, the caller may try again after a while.
func (q *Queue) Claim(ctx context.Context, max int) ([]queue.Item, error) {
	for {
		yes, wake, due := q.tally.claimable(q.now())
		if yes {
			items, err := q.claim(ctx, max)
			if err != nil || len(items) > 0 {
				return items, err
			}
		}
		if err := q.sleep(ctx, wake, due); err != nil {
			return nil, err
		}
	}
}

// sleep waits for wake, or until due when that is not zero.
func (q *Queue) sleep(ctx context.Context, wake <-chan struct{}, due time.Time) error {
	var timer <-chan time.Time
	if !due.IsZero() {
		t := time.NewTimer(due.Sub(q.now()))
		defer t.Stop()
		timer = t.C
	}
	select {
	case <-wake:
		return nil
	case <-timer:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	case <-q.broken:
		return queue.ErrStorage
	case <-q.quit:
		return queue.ErrClosed
	}
}

// claim asks the committer once. It waits for the answer whatever happens, or items would be claimed by nobody.
func (q *Queue) claim(ctx context.Context, max int) ([]queue.Item, error) {
	var items []queue.Item
	err := q.submit(context.WithoutCancel(ctx), &op{apply: func(t *txn) (err error) {
		items, err = t.claim(max)
		return err
	}})
	if errors.Is(err, errUnreadable) {
		q.setBroken(err)
	}
	if err != nil {
		return nil, fmt.Errorf("claim: %w", err)
	}
	return items, nil
}

// claim is one try at Claim. It goes on when ctx ends: what was claimed would be lost to its caller otherwise.
func (t *txn) claim(max int) (items []queue.Item, err error) {
	for _, id := range t.claimable(max) {
		old, err := t.item(id)
		if err != nil {
			return nil, err
		}
		it := *old
		it.State, it.NotBefore = queue.Working, time.Time{}
		if err := t.set(old, &it); err != nil {
			return nil, err
		}
		items = append(items, it) // as it stands now, with the time of this change
	}
	return items, nil
}

// claimable is up to max ids that are due: a suspect, if none is in work, and the deferred that are due and the ready
// in turns, so that neither a flood of new mail nor a wave of retries keeps the other from being worked on. Of the
// ready each tenant has its share.
func (t *txn) claimable(max int) []string {
	var ready, due, ids []string
	if first, at := nextDue(t.index, queue.Suspect); first != "" && !at.After(t.now) && t.suspects == 0 {
		ids = append(ids, first)
	}
	ready = t.ready(max)
	each(t.index, stateLetters[queue.Deferred], func(at time.Time, id string) bool {
		if at.After(t.now) {
			return false
		}
		due = append(due, id)
		return len(due) < max
	})
	for len(ids) < max && len(ready)+len(due) > 0 {
		ids = append(ids, head(&due)...)
		ids = append(ids, head(&ready)...)
	}
	return ids[:min(len(ids), max)]
}

// head takes the first off a list, if there is one.
func head(list *[]string) []string {
	n := min(1, len(*list))
	first := (*list)[:n]
	*list = (*list)[n:]
	return first
}

// Abilities: it is durable, and one process has it alone.
func (q *Queue) Abilities() queue.Abilities { return queue.Abilities{Durable: true} }

// Renew has nothing to do: who holds the file's lock holds all claims.
func (q *Queue) Renew(context.Context) error {
	if q.isBroken() {
		return queue.ErrStorage
	}
	return nil
}
