// Package bolt keeps a queue on one machine: its rows in one bbolt file, the bodies in the spool.
//
// New items go through one goroutine, the intake: it drains what waits and appends bodies and rows to the spool's log,
// with one sync for all of them, and answers everyone. Every other change goes through another, the committer, which
// writes queue.db: it drains what waits, carries it out in one transaction, and transfers the rows of the log on the
// way. While one batch is written the next one gathers, so that it adapts to the load and nobody waits for a timer.
//
// Reads: queue.db, the spool. Writes: queue.db, the spool.
//
// Invariants, beside those of package queue:
//   - I5: the rows are the truth, those in queue.db and those in the log behind the place up to which queue.db has it:
//     bytes without a row are garbage, a row without its bytes is quarantined. A row that cannot be read is moved to a
//     bucket of its own, and what it stood for is quarantined with what can still be read of it.
//   - I6: a row goes from the log to queue.db once: in one transaction with the note of how far the log has been read.
//
// On failure: a full disk fails what would need space, with an error that wraps ENOSPC or EDQUOT; what frees space
// goes on, and so does the rest once there is space again. After any other failed commit the file's state is unknown:
// the queue is broken, every write answers ErrStorage, Broken is closed, and only opening it again helps.
//
// Standards: RFC 5321, section 4.2.5 (responsibility passes with the 250).
package bolt

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"go.etcd.io/bbolt"

	"clawback/queue"
	"clawback/spool"
)

// Options of a Queue. The zero value works.
type Options struct {
	queue.Options
	MaxSize      int64 // bytes of queue.db; 0 for no limit
	BatchBytes   int64 // bytes of new items in one write; 0: 1 MiB
	CompactAbove int64 // bytes of queue.db from which compaction at open is considered; 0: 64 MiB

	freelist bbolt.FreelistType // for the benchmark that compares them

	openFile func(name string, flag int, perm os.FileMode) (*os.File, error) // of queue.db, for tests to break it
}

// Queue is an open queue, a queue.Queue. Its methods may be called from several goroutines.
type Queue struct {
	dir   string
	o     Options
	db    *bbolt.DB
	spool *spool.Spool
	log   *slog.Logger

	puts   chan *put     // to the intake
	probes chan *answer  // to the intake
	ops    chan *op      // to the committer
	quit   chan struct{} // closed by Close
	taken  chan struct{} // closed when the intake has ended
	done   chan struct{} // closed when the committer has ended

	broken  chan struct{}
	breakIt sync.Once
	closeIt sync.Once
	closed  error // of Close; written once, read after closeIt

	turn   uint64  // counts transactions, so that the tenants take turns; the committer's alone
	deltas []delta // room for those of a transaction; the committer's alone
	claims claims  // the committer's alone

	logged  *logged
	tally   *tally
	scoring *scoring
	used    atomic.Int64 // bytes of queue.db in use; written by the committer
	lost    int          // items whose bytes Open has not found whole; Open's alone
}

// Open opens the queue in dir and recovers: what was accepted last is transferred from the log, what was being worked
// on is ready again, and a row whose bytes are missing, or that cannot be read, is quarantined. It may rewrite queue.db
// to give space back.
func Open(dir string, sp *spool.Spool, o Options) (*Queue, error) {
	q := &Queue{
		dir: dir, o: o.withDefaults(), spool: sp,
		puts: make(chan *put, maxBatch), probes: make(chan *answer), ops: make(chan *op, maxBatch),
		quit: make(chan struct{}), taken: make(chan struct{}), done: make(chan struct{}),
		broken: make(chan struct{}), logged: newLogged(), tally: newTally(), claims: claims{},
	}
	q.log = q.o.Log
	if err := q.open(); err != nil {
		return nil, fmt.Errorf("open queue %s: %w", q.path(), err)
	}
	err := q.recover()
	if err == nil {
		err = q.replay()
	}
	if err == nil { // what it said is in the rows now
		q.scoring, err = q.openScoring()
	}
	if err != nil {
		return nil, errors.Join(fmt.Errorf("recover queue %s: %w", q.path(), err), q.db.Close())
	}
	q.alertLost()
	go q.intake()
	go q.committer()
	return q, nil
}

func (o Options) withDefaults() Options {
	o.Options = o.Options.WithDefaults()
	setDefault(&o.BatchBytes, 1<<20)
	setDefault(&o.CompactAbove, 64<<20)
	return o
}

func setDefault(v *int64, d int64) {
	if *v <= 0 {
		*v = d
	}
}

func (q *Queue) path() string { return filepath.Join(q.dir, "queue.db") }

// now is the time in rows: UTC, without the monotonic reading.
func (q *Queue) now() time.Time { return q.o.Now().UTC().Round(0) }

// Broken is closed when the storage has failed for good. The process should end, and be started again.
func (q *Queue) Broken() <-chan struct{} { return q.broken }

// setBroken refuses everything from now on. Only the first reason is logged.
func (q *Queue) setBroken(why error) {
	q.breakIt.Do(func() {
		q.log.Error("queue storage failed, nothing more is accepted until restart", "event", "queue.broken",
			"error", why)
		close(q.broken)
	})
}

// isBroken reports whether the storage has failed for good.
func (q *Queue) isBroken() bool {
	select {
	case <-q.broken:
		return true
	default:
		return false
	}
}

// Probe goes through the intake and the committer and back. An idle or a full queue answers it; one that hangs or is
// broken does not.
func (q *Queue) Probe(ctx context.Context) error {
	a := &answer{}
	if err := submit(ctx, q, q.probes, a, a); err != nil {
		return err
	}
	return q.submit(ctx, &op{apply: func(*txn) error { return nil }})
}

// Close commits what was submitted and closes the files. What is still being worked on is ready again at the next Open,
// and what is being scored is a suspect then; Release gives it back as it was.
func (q *Queue) Close() error {
	q.closeIt.Do(func() {
		close(q.quit)
		<-q.taken
		<-q.done
		q.closed = errors.Join(q.db.Close(), q.scoring.Close())
	})
	return q.closed
}
