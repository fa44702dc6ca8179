package store

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"clawback/store/rows"
)

// Options steer a Store. The zero value is ready for use.
type Options struct {
	Now          func() time.Time         // nil: time.Now
	Fail         func(point string) error // failpoints for tests: c2.before, c2.after-commit, c3..., c4..., commit
	HistoryLimit int                      // entries kept for each tenant; 0: 200,000
	MaxDelay     time.Duration            // an intent is never due further ahead than this when loaded; 0: 31 days
}

// Store is the durable memory of what was seen and done. Safe for concurrent use.
type Store struct {
	engine  rows.Engine
	o       Options
	calls   chan *call
	urgent  chan *call   // C3 and C4, which go in front
	ahead   atomic.Int64 // urgent calls that the committer has not received yet
	seq     uint64       // of the last change; owned by the committer
	log     logHead      // the log's end; owned by the committer
	recent  recent
	closing chan struct{}
	stopped chan struct{} // closed when the committer has ended
	broken  chan struct{}
	once    sync.Once
	err     error // of closing the engine; written inside once
}

// New makes a store over an engine's rows, migrating them as needed, and starts its committer. The engine is the
// store's from then on, and closed with it; after an error it is still the caller's.
func New(e rows.Engine, o Options) (*Store, error) {
	s := &Store{
		engine: e, o: o.withDefaults(),
		calls:   make(chan *call),
		urgent:  make(chan *call),
		closing: make(chan struct{}),
		stopped: make(chan struct{}),
		broken:  make(chan struct{}),
	}
	if err := s.load(); err != nil {
		return nil, err
	}
	go s.commitLoop()
	return s, nil
}

// load brings the schema up to date and pulls in due times that a wrong clock has set.
func (s *Store) load() error {
	if err := migrate(s.engine, migrations()); err != nil {
		return err
	}
	tx, err := s.engine.Begin(context.Background(), true)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	if err := clampDue(tx, s.now().Add(s.o.MaxDelay)); err != nil {
		return err
	}
	t := &txn{tx: tx}
	s.seq = t.lastChange()
	if s.log, err = t.logHead(); err != nil {
		return err
	}
	if err := t.failure(); err != nil {
		return err
	}
	return tx.Commit()
}

// Close ends the committer after the calls it has taken, and closes the engine. It may be called more than once.
func (s *Store) Close() error {
	s.once.Do(func() {
		close(s.closing)
		<-s.stopped
		s.err = s.engine.Close()
	})
	return s.err
}

// Broken is closed when a commit has failed. The daemon should then stop and be started again.
func (s *Store) Broken() <-chan struct{} { return s.broken }

// Probe makes an empty round trip through the committer, for the watchdog.
func (s *Store) Probe(ctx context.Context) error {
	return s.do(ctx, "", func(*txn) error { return nil })
}

// Size is how many bytes the store occupies on the disk.
func (s *Store) Size(ctx context.Context) (int64, error) {
	n, err := s.engine.Size(ctx)
	if err != nil {
		return 0, fmt.Errorf("size of store: %w", err)
	}
	return n, nil
}

// now is the time in UTC without its monotonic part, as it will be read back.
func (s *Store) now() time.Time { return s.o.Now().UTC().Round(0) }

// view runs fn in a read transaction. Long walks end with ctx.
func (s *Store) view(ctx context.Context, fn func(t *txn) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	tx, err := s.engine.Begin(ctx, false)
	if err != nil {
		return err
	}
	defer tx.Rollback()
	t := &txn{ctx: ctx, tx: tx, now: s.now()}
	err = fn(t)
	if failed := t.failure(); failed != nil {
		return failed // what fn made of rows that could not be read says nothing
	}
	return err
}

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Fail == nil {
		o.Fail = func(string) error { return nil }
	}
	o.HistoryLimit = orDefault(o.HistoryLimit, 200_000)
	o.MaxDelay = orDefault(o.MaxDelay, 31*24*time.Hour)
	return o
}

func orDefault[T int | time.Duration](v, def T) T {
	if v <= 0 {
		return def
	}
	return v
}
