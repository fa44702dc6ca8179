package bolt

import (
	"context"

	"clawback/queue"
)

// answer is what somebody waits for.
type answer struct {
	err  error
	done chan struct{}
}

func (a *answer) complete(err error) {
	a.err = err
	close(a.done)
}

// submit hands work to one of the queue's goroutines and waits for its answer a. When ctx ends first it may still be
// carried out.
func submit[T any](ctx context.Context, q *Queue, to chan<- T, work T, a *answer) error {
	a.done = make(chan struct{})
	if q.isBroken() {
		return queue.ErrStorage
	}
	select {
	case to <- work:
	case <-q.done:
		return queue.ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-a.done:
		return a.err
	case <-q.done:
		return a.orphaned()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// orphaned is the answer to what may have been left lying when the queue was closed.
func (a *answer) orphaned() error {
	select {
	case <-a.done:
		return a.err
	default:
		return queue.ErrClosed
	}
}

// gather takes what waits in from, until full says so. It does not wait for more: while a batch is on its way to the
// disk, the next one gathers.
func gather[T any](from <-chan T, first T, full func(T) bool) []T {
	batch := []T{first}
	for last := first; !full(last) && len(batch) < maxBatch; {
		select {
		case last = <-from:
			batch = append(batch, last)
		default:
			return batch
		}
	}
	return batch
}

// maxBatch is how many things go to the disk together at most.
const maxBatch = 1024

// refuse answers everything that comes until Close with ErrStorage.
func refuse[T interface{ complete(error) }](q *Queue, from <-chan T) {
	for {
		select {
		case work := <-from:
			work.complete(queue.ErrStorage)
		case <-q.quit:
			return
		}
	}
}
