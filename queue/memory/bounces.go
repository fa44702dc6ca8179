package memory

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"clawback/queue"
)

// bouncesBy is the bounces that are wanted, in an order. The caller holds mu.
func (s *Server) bouncesBy(want func(queue.Bounce) bool, key func(queue.Bounce) time.Time) (list []queue.Bounce) {
	for _, b := range s.bounces {
		if want(b) {
			list = append(list, b)
		}
	}
	slices.SortFunc(list, func(a, b queue.Bounce) int {
		return cmp.Or(key(a).Compare(key(b)), cmp.Compare(a.ID, b.ID))
	})
	return list
}

// DueBounces lists bounces whose time has come.
func (q *Queue) DueBounces(ctx context.Context, now time.Time, max int) ([]queue.Bounce, error) {
	unlock, err := q.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	due := q.bouncesBy(
		func(b queue.Bounce) bool { return b.State != queue.BounceSent && !b.NotBefore.After(now) },
		func(b queue.Bounce) time.Time { return b.NotBefore })
	return due[:min(len(due), max)], nil
}

// Bounces lists bounces, oldest first.
func (q *Queue) Bounces(ctx context.Context, f queue.BounceFilter) ([]queue.Bounce, error) {
	unlock, err := q.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	list := q.bouncesBy(
		func(b queue.Bounce) bool { return f.Selects(&b) },
		func(b queue.Bounce) time.Time { return b.Created })
	if f.Limit > 0 && len(list) > f.Limit {
		list = list[:f.Limit]
	}
	return list, nil
}

// Bounce reads one bounce.
func (q *Queue) Bounce(ctx context.Context, id string) (queue.Bounce, error) {
	unlock, err := q.begin(ctx)
	if err != nil {
		return queue.Bounce{}, err
	}
	defer unlock()
	b, ok := q.bounces[id]
	if !ok {
		return b, fmt.Errorf("%w: bounce %q", queue.ErrNotFound, id)
	}
	return b, nil
}

func (q *Queue) changeBounce(ctx context.Context, verb, id string, edit func(b *queue.Bounce) error) error {
	unlock, err := q.begin(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	b, ok := q.bounces[id]
	err = queue.ErrNotFound
	if ok {
		err = edit(&b)
	}
	if err != nil {
		return fmt.Errorf("%s bounce %s: %w", verb, id, err)
	}
	q.bounces[id] = b
	return nil
}

// BounceSent notes that a server took a bounce.
func (q *Queue) BounceSent(ctx context.Context, id, to string) error {
	return q.changeBounce(ctx, "note as sent", id, func(b *queue.Bounce) error {
		if b.State == queue.BounceSent {
			return nil
		}
		b.State, b.SentTo, b.SentAt, b.LastError = queue.BounceSent, to, q.time(), ""
		q.dropSent(q.o.KeepSent)
		return nil
	})
}

// dropSent drops bounces that were sent longer ago. The caller holds mu.
func (s *Server) dropSent(keep time.Duration) {
	for id, b := range s.bounces {
		if b.State == queue.BounceSent && b.SentAt.Before(s.time().Add(-keep)) {
			s.dropBounce(id)
		}
	}
}

// dropBounce drops a bounce, and that items were given up for it. The caller holds mu.
func (s *Server) dropBounce(id string) {
	delete(s.bounces, id)
	for item, of := range s.given {
		if of == id {
			delete(s.given, item)
		}
	}
}

// BounceDefer has a bounce tried again at a time.
func (q *Queue) BounceDefer(ctx context.Context, id string, at time.Time, why string, stuck bool) error {
	return q.changeBounce(ctx, "defer", id, func(b *queue.Bounce) error {
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

// RetryBounce makes a bounce due now.
func (q *Queue) RetryBounce(ctx context.Context, id string) error {
	return q.changeBounce(ctx, "retry", id, func(b *queue.Bounce) error {
		if b.State == queue.BounceSent {
			if _, err := q.open(b.Body); err != nil {
				return err
			}
		}
		b.State, b.NotBefore, b.Tries = queue.BounceWaiting, q.time(), 0
		return nil
	})
}
