package store

import (
	"context"
	"fmt"
	"runtime"
	"slices"

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
	to := s.calls
	if c.urgent() {
		to = s.urgent
		s.ahead.Add(1)
	}
	err := ErrClosed
	select {
	case to <- c:
		<-c.done // not ctx: a commit is short, and its answer must not be lost for nothing
		return c.err
	case <-ctx.Done():
		err = ctx.Err()
	case <-s.closing:
	}
	if c.urgent() {
		s.ahead.Add(-1)
	}
	return err
}

// urgent calls go in front: a message that is being taken out of a mailbox does not wait behind the verdicts of others.
func (c *call) urgent() bool { return c.point == "c3" || c.point == "c4" }

// group is what shares one transaction: the urgent calls first, in the order in which they came, then the others.
type group struct {
	urgent, bulk []*call
}

// add takes a call that was received.
func (s *Store) add(g *group, c *call) {
	if c.urgent() {
		s.ahead.Add(-1)
		g.urgent = append(g.urgent, c)
	} else {
		g.bulk = append(g.bulk, c)
	}
}

func (g *group) size() int { return len(g.urgent) + len(g.bulk) }

// commitLoop is the only writer. It takes what waits, commits it at once, and answers: no timer, so that a single
// caller waits for one fsync and many callers share one.
func (s *Store) commitLoop() {
	defer close(s.stopped)
	var g group
	for {
		if g.size() == 0 && !s.wait(&g) {
			return
		}
		s.drain(&g)
		g.urgent, g.bulk = nil, s.commit(append(g.urgent, g.bulk...))
	}
}

// wait adds the next call that comes, and reports false when there will be none.
func (s *Store) wait(g *group) bool {
	select {
	case c := <-s.urgent:
		s.add(g, c)
	case c := <-s.calls:
		s.add(g, c)
	case <-s.closing:
		return false
	}
	return true
}

// maxYields bounds how often a batch waits for more callers to come forward.
const maxYields = 4

// drain adds what waits at this moment, and what is about to: callers that have just been answered are ready
// to run, and the first of them to do so would otherwise get a commit of its own. Measured with 64 callers: 31 calls in
// a commit without the yields, 46 with them; with 8 callers 4 and 6.
func (s *Store) drain(g *group) {
	for range maxYields {
		had := g.size()
		runtime.Gosched()
		if s.collect(g); g.size() == had {
			return
		}
	}
}

// collect adds the calls that wait, the urgent ones first. It leaves room for some of the others.
func (s *Store) collect(g *group) {
	for g.size() < maxBatch {
		urgent := s.urgent
		if len(g.urgent) >= maxBatch-besideUrgent {
			urgent = nil
		}
		select {
		case c := <-urgent:
			s.add(g, c)
			continue
		default:
		}
		select {
		case c := <-s.calls:
			s.add(g, c)
		default:
			return
		}
	}
}

// commit runs a batch in one transaction and answers its calls. It returns those of the batch that were not run,
// because urgent ones have come meanwhile: they are in the next one.
func (s *Store) commit(batch []*call) (putOff []*call) {
	ran := len(batch)
	defer func() {
		for _, c := range batch[:ran] {
			close(c.done)
		}
	}()
	if s.isBroken() {
		fail(batch, ErrStorage)
		return nil
	}
	n, err := s.transact(batch)
	ran = n
	if nospace.Is(err) {
		// The engine has rolled back: what is asked again later finds the rows as they were.
		fail(batch[:ran], err)
		return batch[ran:]
	}
	if err != nil {
		close(s.broken)
		fail(batch[:ran], fmt.Errorf("%w: %w", ErrStorage, err))
		return batch[ran:]
	}
	for _, c := range batch[:ran] {
		if c.err == nil {
			c.err = s.failpoint(c.point, "after-commit")
		}
	}
	return batch[ran:]
}

// besideUrgent is how many other calls a transaction carries while urgent ones are in it or wait for it: few, so that
// these are answered soon, and some, so that a stream of urgent calls never keeps the others from being written.
const besideUrgent = 16

// cut reports whether a transaction that carries so many calls that are not urgent is to end before next.
func (s *Store) cut(batch []*call, next *call, bulk int) bool {
	return !next.urgent() && bulk >= besideUrgent && (batch[0].urgent() || s.ahead.Load() > 0)
}

// transact runs the calls one after the other, and answers how many; its own error means that the file's state is
// unknown.
func (s *Store) transact(batch []*call) (ran int, err error) {
	tx, err := s.engine.Begin(context.Background(), true) // for calls that have contexts of their own
	if err != nil {
		return len(batch), err
	}
	defer tx.Rollback() // does nothing after a commit
	wrote, bulk := false, 0
	seq, shared := s.seq, &gathered{log: s.log.clone()}
	written := map[string]*recentRecord{}
	var room pending
	for _, c := range batch {
		if s.cut(batch, c, bulk) {
			break
		}
		ran++
		if !c.urgent() {
			bulk++
		}
		t := &txn{ctx: c.ctx, tx: tx, shared: shared, now: s.now(), pending: room}
		if c.err = s.run(c, t); c.err == nil {
			wrote = wrote || t.dirty()
			if seq, err = t.flush(seq); err != nil {
				return ran, err
			}
			shared.addLeaves(t.leaves)
			s.forget(t, written)
		}
		room = t.pending.reused()
	}
	if !wrote {
		return ran, nil
	}
	if err := shared.settleAll(tx); err != nil {
		return ran, err
	}
	if err := s.o.Fail("commit"); err != nil {
		return ran, err
	}
	if err := tx.Commit(); err != nil {
		return ran, err
	}
	s.seq, s.log = seq, shared.log
	for _, rec := range written {
		s.recent.add(rec)
	}
	return ran, nil
}

// forget drops from what is recent what a call changes, and notes what is to be there after the commit.
func (s *Store) forget(t *txn, written map[string]*recentRecord) {
	for _, id := range t.touched {
		s.recent.drop(id)
		delete(written, id)
	}
	if t.written != nil && !slices.Contains(t.touched[t.touchedSince:], t.written.record.ID) {
		written[t.written.record.ID] = t.written
	}
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
