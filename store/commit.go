package store

import (
	"context"
	"fmt"
	"runtime"

	"clawback/internal/nospace"
)

// maxBatch bounds how many calls share one commit, and so what one transaction holds in memory.
const maxBatch = 256

// call is one caller's write on its way through the committer.
type call struct {
	ctx   context.Context
	point string // commit point, "c2" to "c4", or "" for none
	fn    func(*txn) error
	err   error
	done  chan struct{}
}

// do runs fn inside a transaction that it may share with other calls, and returns when that is durable. When fn
// returns an error or panics, nothing of it is written and the other calls are not touched.
func (s *Store) do(ctx context.Context, point string, fn func(*txn) error) error {
	c := &call{ctx: ctx, point: point, fn: fn, done: make(chan struct{})}
	select {
	case <-s.closing:
		return ErrClosed
	case <-s.broken:
		return ErrStorage
	default:
	}
	select {
	case s.calls <- c:
		<-c.done // not ctx: a commit is short, and its answer must not be lost for nothing
		return c.err
	case <-ctx.Done():
		return ctx.Err()
	case <-s.closing:
		return ErrClosed
	}
}

// commitLoop is the only writer. It takes what waits, commits it at once, and answers: no timer, so that a single
// caller waits for one fsync and many callers share one.
func (s *Store) commitLoop() {
	defer close(s.stopped)
	for {
		select {
		case c := <-s.calls:
			s.commit(s.drain(c))
		case <-s.closing:
			return
		}
	}
}

// maxYields bounds how often a batch waits for more callers to come forward.
const maxYields = 4

// drain adds to first what waits at this moment, and what is about to: callers that have just been answered are ready
// to run, and the first of them to do so would otherwise get a commit of its own. Measured with 64 callers: 31 calls in
// a commit without the yields, 46 with them; with 8 callers 4 and 6.
func (s *Store) drain(first *call) []*call {
	batch := []*call{first}
	for range maxYields {
		had := len(batch)
		runtime.Gosched()
		if batch = s.take(batch); len(batch) == had {
			break
		}
	}
	return batch
}

// take adds the calls that wait to batch.
func (s *Store) take(batch []*call) []*call {
	for len(batch) < maxBatch {
		select {
		case c := <-s.calls:
			batch = append(batch, c)
		default:
			return batch
		}
	}
	return batch
}

// commit runs a batch in one transaction and answers every call.
func (s *Store) commit(batch []*call) {
	defer func() {
		for _, c := range batch {
			close(c.done)
		}
	}()
	if s.isBroken() {
		fail(batch, ErrStorage)
		return
	}
	err := nospace.Unhide(s.transact(batch))
	if nospace.Is(err) {
		// The engine has rolled back: what is asked again later finds the rows as they were.
		fail(batch, err)
		return
	}
	if err != nil {
		close(s.broken)
		fail(batch, fmt.Errorf("%w: %w", ErrStorage, err))
		return
	}
	for _, c := range batch {
		if c.err == nil {
			c.err = s.failpoint(c.point, "after-commit")
		}
	}
}

// transact runs the calls one after the other; its own error means that the file's state is unknown.
func (s *Store) transact(batch []*call) error {
	tx, err := s.engine.Begin(true)
	if err != nil {
		return err
	}
	defer tx.Rollback() // does nothing after a commit
	wrote := false
	for _, c := range batch {
		t := &txn{tx: tx, now: s.now()}
		if c.err = s.run(c, t); c.err != nil {
			continue
		}
		wrote = wrote || t.dirty()
		if err := t.flush(); err != nil {
			return err
		}
	}
	if !wrote {
		return nil
	}
	if err := s.o.Fail("commit"); err != nil {
		return err
	}
	return tx.Commit()
}

// run lets a call read and collect its writes. A panic is that call's error: one bad item must not stop the store.
func (s *Store) run(c *call, t *txn) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("panic in a write: %v", p)
		}
	}()
	if err := c.ctx.Err(); err != nil {
		return err
	}
	if err := s.failpoint(c.point, "before"); err != nil {
		return err
	}
	err = c.fn(t)
	if failed := t.failure(); failed != nil {
		return failed // what fn made of rows that could not be read says nothing
	}
	return err
}

func (s *Store) failpoint(point, when string) error {
	if point == "" {
		return nil
	}
	return s.o.Fail(point + "." + when)
}

func (s *Store) isBroken() bool {
	select {
	case <-s.broken:
		return true
	default:
		return false
	}
}

func fail(batch []*call, err error) {
	for _, c := range batch {
		if c.err == nil {
			c.err = err
		}
	}
}
