package bolt

import (
	"context"
	"errors"
	"fmt"
	"time"

	"clawback/queue"
)

// Finish removes an item whose work is done. An item that is not there is finished already: nil.
func (q *Queue) Finish(ctx context.Context, id string) error {
	err := q.change(ctx, id, func(t *txn, it *queue.Item) (*queue.Item, error) { return nil, nil })
	if errors.Is(err, queue.ErrNotFound) {
		return nil
	}
	return wrap("finish", id, err)
}

// Defer puts an item back until at, and says why. A try is counted; crashes before it are forgotten, since it did not
// end the process now. What is in quarantine stays there: ErrState.
func (q *Queue) Defer(ctx context.Context, id string, at time.Time, why string) error {
	return wrap("defer", id, q.change(ctx, id, func(_ *txn, it *queue.Item) (*queue.Item, error) {
		if it.State == queue.Quarantined {
			return nil, fmt.Errorf("%w: %s", queue.ErrState, it.State)
		}
		it.State, it.NotBefore, it.Reason = queue.Deferred, at.UTC().Round(0), why
		it.Crashes, it.CrashesAlone = 0, 0
		it.Tries++
		return it, nil
	}))
}

// Release gives an item back as if it had not been claimed. It is for an orderly stop.
func (q *Queue) Release(ctx context.Context, id string) error {
	return wrap("release", id, q.change(ctx, id, func(_ *txn, it *queue.Item) (*queue.Item, error) {
		if it.State != queue.Working {
			return nil, fmt.Errorf("%w: %s", queue.ErrState, it.State)
		}
		it.Requeue()
		return it, nil
	}))
}

// Quarantine sets an item aside for a person, and says why.
func (q *Queue) Quarantine(ctx context.Context, id string, cause queue.Cause, why string) error {
	return wrap("quarantine", id, q.change(ctx, id, func(_ *txn, it *queue.Item) (*queue.Item, error) {
		it.SetAside(cause, why)
		return it, nil
	}))
}

// Retry makes a quarantined or deferred item ready, at a person's word. Its crashes and tries are forgotten.
func (q *Queue) Retry(ctx context.Context, id string) error {
	return wrap("retry", id, q.change(ctx, id, func(_ *txn, it *queue.Item) (*queue.Item, error) {
		if it.State == queue.Working {
			return nil, fmt.Errorf("%w: it is being worked on", queue.ErrState)
		}
		it.MakeReady()
		return it, nil
	}))
}

// Trust makes an item in quarantine ready and notes who vouches that it comes from its tenant.
func (q *Queue) Trust(ctx context.Context, id, who string) error {
	return wrap("trust", id, q.change(ctx, id, func(_ *txn, it *queue.Item) (*queue.Item, error) {
		if it.State != queue.Quarantined {
			return nil, fmt.Errorf("%w: it is not in quarantine but %s", queue.ErrState, it.State)
		}
		it.MakeReady()
		it.Trusted = who
		return it, nil
	}))
}

// change carries one change of one item through the committer. edit gets a copy of the item and answers with what is
// to stand there; nil without an error removes it.
func (q *Queue) change(ctx context.Context, id string, edit func(*txn, *queue.Item) (*queue.Item, error)) error {
	return q.submit(ctx, &op{apply: func(t *txn) error {
		old, err := t.item(id)
		if err != nil {
			return err
		}
		it := *old
		next, err := edit(t, &it)
		if err != nil {
			return err
		}
		return t.set(old, next)
	}})
}

func wrap(verb, id string, err error) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s item %s: %w", verb, id, err)
}
