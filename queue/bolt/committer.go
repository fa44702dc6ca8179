package bolt

import (
	"context"
	"errors"
	"runtime"
	"time"

	"clawback/internal/nospace"
	"clawback/queue"
)

// op is one operation on its way through the committer, which owns it until it is answered.
type op struct {
	answer
	apply func(t *txn) error // an error fails this operation alone, so it must come before the first change
	early string             // failpoint before the commit
	late  string             // failpoint after it: done, and answered with an error
	own   error              // why this one failed
}

func (q *Queue) submit(ctx context.Context, o *op) error {
	return submit(ctx, q, q.ops, o, &o.answer)
}

// committer is the only writer of queue.db. Open starts it, Close waits for it.
func (q *Queue) committer() {
	defer func() {
		<-q.taken // it may still read what others wait with
		close(q.done)
	}()
	var timer <-chan time.Time
	for {
		select {
		case o := <-q.ops:
			q.commit(q.gatherOps(o))
		case <-q.logged.wake:
		case <-timer:
			q.commit(nil)
		case <-q.broken:
			refuse(q, q.ops)
			return
		case <-q.quit:
			q.drain()
			return
		}
		timer = q.logged.transferDue()
	}
}

// maxYields bounds how often a batch waits for more callers to come forward.
const maxYields = 4

// gatherOps takes what waits at this moment, and what is about to: those whose verdicts shared a commit end their items
// together, and the first of them to run would otherwise get a transaction of its own, with two syncs.
func (q *Queue) gatherOps(first *op) []*op {
	batch := []*op{first}
	for range maxYields {
		had := len(batch)
		runtime.Gosched()
		if batch = q.moreOps(batch); len(batch) == had {
			break
		}
	}
	return batch
}

// moreOps adds what waits.
func (q *Queue) moreOps(batch []*op) []*op {
	for len(batch) < maxBatch {
		select {
		case o := <-q.ops:
			batch = append(batch, o)
		default:
			return batch
		}
	}
	return batch
}

// drain commits what is left, once nothing more is appended to the log.
func (q *Queue) drain() {
	<-q.taken
	for len(q.ops) > 0 {
		q.commit(q.gatherOps(<-q.ops))
	}
	q.commit(nil)
}

// commit transfers what waits in the log, carries a batch out, and answers all of it. Where there is no space for new
// rows, what frees some goes on without them: they are safe in the log.
func (q *Queue) commit(batch []*op) {
	waiting := q.waiting()
	err := q.writeRows(waiting, batch)
	if nospace.Is(err) && !waiting.empty() && !q.isBroken() {
		q.noteFull(err)
		full := err
		err = q.writeRows(backlog{}, batch)
		for _, o := range batch {
			if errors.Is(o.own, queue.ErrNotFound) {
				o.own = full // it may be among what waits
			}
		}
	}
	for _, o := range batch {
		if err == nil && o.own == nil {
			o.own = q.fail(o.late)
		}
		o.complete(firstOf(err, o.own))
	}
}

// waiting is what waits in the log, nothing when a failpoint says so.
func (q *Queue) waiting() backlog {
	l := q.logged.backlog()
	if len(l.rows) > 0 && q.fail("c1.before-rows") != nil {
		return backlog{}
	}
	return l
}

// noteFull notes that what waits in the log cannot be transferred now.
func (q *Queue) noteFull(why error) {
	if q.logged.refusal() == nil {
		n, _ := q.logged.size()
		q.log.Warn("no space in queue.db: accepted items wait in the log, and new mail is answered 452",
			"event", "queue.database_full", "items", n, "error", why)
	}
	q.logged.setStuck(why)
}

func firstOf(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}

// maxDeltas bounds the room for what a transaction counts that is kept for the next: 256 items have twice as many.
const maxDeltas = 2048

// writeRows transfers what waits and carries operations out, in one transaction. An error means that none of it
// happened, or, when the queue is broken afterwards, that nobody knows.
func (q *Queue) writeRows(waiting backlog, batch []*op) error {
	if waiting.empty() && len(batch) == 0 {
		return nil
	}
	if q.isBroken() {
		return queue.ErrStorage
	}
	tx, err := q.db.Begin(true)
	if err != nil {
		return storage(err)
	}
	defer func() { _ = tx.Rollback() }() // does nothing after a commit
	t := newTxn(tx, q.now())
	t.suspects, t.turn, t.claims = q.tally.suspectsInWork(), q.turn, q.claims
	t.deltas = q.deltas[:0]
	q.turn++
	if t.transfer(waiting); t.err != nil {
		return q.commitFailed(t.err)
	}
	for _, o := range batch {
		o.own = q.fail(o.early)
		if o.own == nil {
			o.own = o.apply(t)
		}
		if t.err != nil {
			return q.commitFailed(t.err)
		}
	}
	if !t.changed {
		return nil
	}
	t.due = t.nextDues()
	defer q.tally.hold(t.deltas)()
	if err := tx.Commit(); err != nil {
		return q.commitFailed(err)
	}
	q.logged.forget(waiting) // before anybody is answered, who may read
	_ = q.fail("c1.after-rows")
	q.tally.commit(t)
	if q.deltas = t.deltas; cap(q.deltas) > maxDeltas {
		q.deltas = nil
	}
	q.measure()
	return nil
}

func (q *Queue) fail(point string) error {
	if point == "" {
		return nil
	}
	return q.o.Fail(point)
}
