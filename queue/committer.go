package queue

import (
	"context"

	"clawback/internal/nospace"
	"clawback/spool"
)

// maxBatch is how many operations one commit takes at most.
const maxBatch = 1024

// op is one operation on its way through the committer, which owns it until done is answered.
type op struct {
	body  *spool.Small       // a small body to append first, nil for none
	ref   spool.Ref          // where body went
	grows bool               // it is left out when there is no space: a put
	apply func(t *txn) error // an error fails this operation alone, so it must come before the first change
	early string             // failpoint before the commit
	late  string             // failpoint after it: done, and answered with an error
	stood bool               // it was committed, whatever the answer
	err   error
	done  chan struct{}
}

// submit hands an operation to the committer and waits for its answer. When ctx ends first it may still be carried out.
func (q *Queue) submit(ctx context.Context, o *op) error {
	o.done = make(chan struct{})
	if q.isBroken() {
		return ErrStorage
	}
	select {
	case q.ops <- o:
	case <-q.done:
		return ErrClosed
	case <-ctx.Done():
		return ctx.Err()
	}
	select {
	case <-o.done:
		return o.err
	case <-q.done:
		return o.orphaned()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// orphaned is the answer to an operation that the committer may have left lying when it ended.
func (o *op) orphaned() error {
	select {
	case <-o.done:
		return o.err
	default:
		return ErrClosed
	}
}

// committer is the only writer of queue.db. Open starts it, Close waits for it.
func (q *Queue) committer() {
	defer close(q.done)
	for {
		select {
		case o := <-q.ops:
			q.commit(q.gather(o))
		case <-q.spool.Broken():
			q.setBroken(spool.ErrBroken)
			q.refuse()
			return
		case <-q.quit:
			q.drain()
			return
		}
	}
}

// gather takes what waits, up to the bounds of a batch. It does not wait for more.
func (q *Queue) gather(first *op) []*op {
	batch, size := []*op{first}, first.size()
	for len(batch) < maxBatch && size < q.o.BatchBytes {
		select {
		case o := <-q.ops:
			batch = append(batch, o)
			size += o.size()
		default:
			return batch
		}
	}
	return batch
}

// size is how many octets are to be appended for it.
func (o *op) size() int64 {
	if o.body == nil {
		return 0
	}
	return o.body.Size()
}

func (q *Queue) drain() {
	for {
		select {
		case o := <-q.ops:
			q.commit(q.gather(o))
		default:
			return
		}
	}
}

// refuse answers everything until Close, once the spool is broken.
func (q *Queue) refuse() {
	for {
		select {
		case o := <-q.ops:
			o.answer(ErrStorage)
		case <-q.quit:
			return
		}
	}
}

// commit carries a batch out and answers all of it.
func (q *Queue) commit(batch []*op) {
	batch = q.bodies(batch)
	err := q.rows(batch)
	if nospace.Is(err) && !q.isBroken() {
		batch = q.withoutGrowth(batch, err)
		err = q.rows(batch)
	}
	for _, o := range batch {
		if o.stood = err == nil && o.err == nil; o.stood {
			o.err = q.fail(o.late)
		}
		o.answer(err)
	}
}

// bodies appends the small bodies of a batch. Operations whose body could not be written are answered and left out.
func (q *Queue) bodies(batch []*op) []*op {
	batch = q.failEarly(batch, "c1.before-spool")
	var with []*op
	var bodies []*spool.Small
	for _, o := range batch {
		if o.body != nil {
			with, bodies = append(with, o), append(bodies, o.body)
		}
	}
	refs, err := q.spool.AppendBatch(bodies)
	if err != nil {
		return without(batch, with, storage(err))
	}
	for i, o := range with {
		o.ref = refs[i]
	}
	return q.failEarly(batch, "c1.after-spool")
}

// failEarly leaves out the puts when a failpoint says so.
func (q *Queue) failEarly(batch []*op, point string) []*op {
	var puts []*op
	for _, o := range batch {
		if o.grows {
			puts = append(puts, o)
		}
	}
	if len(puts) == 0 {
		return batch
	}
	if err := q.fail(point); err != nil {
		return without(batch, puts, storage(err))
	}
	return batch
}

// without answers some of the batch with err and returns the others.
func without(batch, some []*op, err error) []*op {
	out := map[*op]bool{}
	for _, o := range some {
		out[o] = true
		o.answer(err)
	}
	var rest []*op
	for _, o := range batch {
		if !out[o] {
			rest = append(rest, o)
		}
	}
	return rest
}

// withoutGrowth answers the puts, because there is no space, so that the others can free some.
func (q *Queue) withoutGrowth(batch []*op, err error) []*op {
	var puts []*op
	for _, o := range batch {
		o.err = nil
		if o.grows {
			puts = append(puts, o)
		}
	}
	return without(batch, puts, err)
}

// rows carries the operations out in one transaction. An error means that none of them happened, or, when the queue
// is broken afterwards, that nobody knows.
func (q *Queue) rows(batch []*op) error {
	if len(batch) == 0 {
		return nil
	}
	if q.isBroken() {
		return ErrStorage
	}
	tx, err := q.db.Begin(true)
	if err != nil {
		return storage(err)
	}
	defer func() { _ = tx.Rollback() }() // does nothing after a commit
	t := newTxn(tx, q.now())
	for _, o := range batch {
		o.err = q.fail(o.early)
		if o.err == nil {
			o.err = o.apply(t)
		}
		if t.err != nil {
			return q.commitFailed(t.err)
		}
	}
	if !t.changed {
		return nil
	}
	t.due = nextDue(t.index)
	if err := tx.Commit(); err != nil {
		return q.commitFailed(err)
	}
	q.tally.add(t)
	q.measure()
	return nil
}

func (o *op) answer(err error) {
	if err != nil {
		o.err = err
	}
	close(o.done)
}

func (q *Queue) fail(point string) error {
	if point == "" {
		return nil
	}
	return q.o.Fail(point)
}
