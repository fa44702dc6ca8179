package queue

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Claim hands out up to max items to work on, and waits until there is at least one. Their starts are durable before
// it returns. An item that has been started MaxStarts times without an end is quarantined instead. On an error of
// storage nothing is handed out; unless the queue is broken, the caller may try again after a while.
func (q *Queue) Claim(ctx context.Context, max int) ([]Item, error) {
	for {
		yes, wake, due := q.tally.claimable(q.now())
		if yes {
			items, err := q.claim(max)
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
		return ErrStorage
	case <-q.quit:
		return ErrClosed
	}
}

// claim asks the committer once. It waits for the answer whatever happens, or items would be claimed by nobody.
func (q *Queue) claim(max int) ([]Item, error) {
	var items, poison []Item
	err := q.submit(context.Background(), &op{apply: func(t *txn) (err error) {
		items, poison, err = t.claim(max)
		return err
	}})
	if errors.Is(err, errUnreadable) {
		q.setBroken(err)
	}
	if err != nil {
		return nil, fmt.Errorf("claim: %w", err)
	}
	for _, it := range poison {
		q.log.Error("item quarantined", "event", "item.quarantined", "item", it.ID, "reason", it.Reason)
	}
	return items, nil
}

func (t *txn) claim(max int) (items, poison []Item, err error) {
	for _, id := range t.claimable(max) {
		old, err := t.item(id)
		if err != nil {
			return nil, nil, err
		}
		it := *old
		if it.Starts >= MaxStarts {
			it.State, it.NotBefore, it.Cause = Quarantined, time.Time{}, CauseCrash
			it.Reason = fmt.Sprintf("the process ended %d times while it was worked on", it.Starts)
			poison = append(poison, it)
		} else {
			it.State, it.NotBefore, it.Starts = Working, time.Time{}, it.Starts+1
			items = append(items, it)
		}
		if err := t.set(old, &it); err != nil {
			return nil, nil, err
		}
	}
	return items, poison, nil
}

// claimable is up to max ids that are due. The deferred that are due and the ready take turns, so that neither a
// flood of new mail nor a wave of retries keeps the other from being worked on.
func (t *txn) claimable(max int) []string {
	var ready, due []string
	each(t.index, stateLetters[Ready], func(_ time.Time, id string) bool {
		ready = append(ready, id)
		return len(ready) < max
	})
	each(t.index, stateLetters[Deferred], func(at time.Time, id string) bool {
		if at.After(t.now) {
			return false
		}
		due = append(due, id)
		return len(due) < max
	})
	var ids []string
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
