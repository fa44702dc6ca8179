package store

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"time"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"
)

// File is the database's name in the state directory.
const File = "store.db"

// Options steer a Store. The zero value is ready for use.
type Options struct {
	Now          func() time.Time         // nil: time.Now
	Fail         func(point string) error // failpoints for tests: c2.before, c2.after-commit, c3..., c4..., commit
	HistoryLimit int                      // entries kept for each tenant; 0: 200,000
	MaxDelay     time.Duration            // an intent is never due further ahead than this when loaded; 0: 31 days
	MmapSize     int                      // address space taken at once, so that growth does not wait for readers; 0: 1 GiB
	CompactFrom  int64                    // size of the file from which compaction is considered; 0: 64 MiB
}

// Store is the durable memory of what was seen and done. Safe for concurrent use.
type Store struct {
	db      *bolt.DB
	o       Options
	calls   chan *call
	closing chan struct{}
	stopped chan struct{} // closed when the committer has ended
	broken  chan struct{}
	once    sync.Once
	err     error // of closing the file; written inside once
}

// Open opens dir/store.db, creating, migrating or compacting it as needed, and starts its committer.
func Open(dir string, o Options) (*Store, error) {
	o = o.withDefaults()
	path := filepath.Join(dir, File)
	if err := prepare(path, o); err != nil {
		return nil, fmt.Errorf("open store %s: %w", path, err)
	}
	db, err := openFile(path, o.MmapSize)
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", path, err)
	}
	s := &Store{
		db: db, o: o,
		calls:   make(chan *call),
		closing: make(chan struct{}),
		stopped: make(chan struct{}),
		broken:  make(chan struct{}),
	}
	if err := s.load(); err != nil {
		_ = db.Close()
		return nil, fmt.Errorf("open store %s: %w", path, err)
	}
	go s.commitLoop()
	return s, nil
}

// load brings the schema up to date and pulls in due times that a wrong clock has set.
func (s *Store) load() error {
	if err := migrate(s.db, migrations()); err != nil {
		return err
	}
	return s.db.Update(func(tx *bolt.Tx) error { return clampDue(tx, s.now().Add(s.o.MaxDelay)) })
}

// Close ends the committer after the calls it has taken, and closes the file. It may be called more than once.
func (s *Store) Close() error {
	s.once.Do(func() {
		close(s.closing)
		<-s.stopped
		s.err = s.db.Close()
	})
	return s.err
}

// Broken is closed when a commit has failed. The daemon should then stop and be started again.
func (s *Store) Broken() <-chan struct{} { return s.broken }

// Probe makes an empty round trip through the committer, for the watchdog.
func (s *Store) Probe(ctx context.Context) error {
	return s.do(ctx, "", func(*txn) error { return nil })
}

// Size is the file's size in octets.
func (s *Store) Size() (int64, error) {
	info, err := os.Stat(s.db.Path())
	if err != nil {
		return 0, fmt.Errorf("size of store: %w", err)
	}
	return info.Size(), nil
}

// now is the time in UTC without its monotonic part, as it will be read back.
func (s *Store) now() time.Time { return s.o.Now().UTC().Round(0) }

// view runs fn in a read transaction.
func (s *Store) view(fn func(t *txn) error) error {
	err := s.db.View(func(tx *bolt.Tx) error { return fn(&txn{tx: tx, now: s.now()}) })
	if errors.Is(err, bolterrors.ErrDatabaseNotOpen) {
		return ErrClosed
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
	o.MmapSize = orDefault(o.MmapSize, 1<<30)
	o.CompactFrom = orDefault(o.CompactFrom, 64<<20)
	return o
}

func orDefault[T int | int64 | time.Duration](v, def T) T {
	if v <= 0 {
		return def
	}
	return v
}
