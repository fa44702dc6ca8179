package pebble

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"syscall"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/sstable/colblk"
	"github.com/cockroachdb/pebble/v2/vfs"

	"clawback/store"
	"clawback/store/rows"
)

// Dir is the directory's name in the state directory.
const Dir = "store"

// Sizes of memory and files. A group of commits is far below a memtable; two memtables, the cache and the filters stay
// under 100 MiB.
const (
	memTable     = 8 << 20
	cacheBytes   = 64 << 20
	maxOpenFiles = 256
	// How many files that left memory are read as they are. Keys are hashes: each of these files overlaps the whole of
	// the level beneath, which is rewritten when they are merged into it. Filters spare most reads the further files.
	compactAt = 16
	reserve   = 24 << 20 // free bytes below which no commit is taken: a memtable, its flush, a manifest
)

// ErrDamaged means that files are missing or changed: only a backup helps.
var ErrDamaged = errors.New("it is damaged")

// Options of an engine. The zero value is ready for use.
type Options struct {
	FS  vfs.FS            // nil: the disk
	Log func(text string) // what Pebble says of its troubles; nil: nowhere
}

// Engine is an open directory.
type Engine struct {
	db    *pebble.DB
	fs    *waitingFS
	dir   string
	lock  *pebble.Lock
	cache *pebble.Cache
	codec codec

	writer  sync.Mutex // held by the transaction that writes
	closing sync.Once
	closed  chan struct{}
	fatal   *fatal
}

// Open opens dir/store as a store, making it as needed.
func Open(dir string, o store.Options) (*store.Store, error) {
	e, err := OpenEngine(filepath.Join(dir, Dir), Options{})
	if err != nil {
		return nil, err
	}
	s, err := store.New(e, o)
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", filepath.Join(dir, Dir), errors.Join(err, e.Close()))
	}
	return s, nil
}

// OpenExisting opens dir/store as Open does, and makes none where there is none.
func OpenExisting(dir string, o store.Options) (*store.Store, error) {
	if _, err := os.Stat(filepath.Join(dir, Dir)); err != nil {
		return nil, err
	}
	return Open(dir, o)
}

// OpenEngine opens a directory, making it as needed.
func OpenEngine(dir string, o Options) (*Engine, error) {
	if o.FS == nil {
		o.FS = vfs.Default
	}
	e := &Engine{dir: dir, fs: newWaitingFS(o.FS), closed: make(chan struct{}), fatal: newFatal(o.Log)}
	var err error
	if e.codec, err = newCodec(); err != nil {
		return nil, fmt.Errorf("open store %s: %w", dir, err)
	}
	if err := e.openDB(); err != nil {
		return nil, fmt.Errorf("open store %s: %w", dir, err)
	}
	return e, nil
}

// lockError says why the directory's lock is not to be had. What the system refuses otherwise than for another holder
// has a number or a path; Pebble has neither where this process holds the lock itself.
func lockError(err error) error {
	var path *fs.PathError
	var number syscall.Errno
	switch {
	case errors.As(err, &path):
		return err
	case errors.As(err, &number) && number != syscall.EAGAIN && number != syscall.EACCES:
		return err
	}
	return fmt.Errorf("another process has it open: %w", err)
}

func (e *Engine) openDB() error {
	if err := e.fs.MkdirAll(e.dir, 0o700); err != nil {
		return err
	}
	lock, err := pebble.LockDirectory(e.dir, e.fs)
	if err != nil {
		return lockError(err)
	}
	e.cache = pebble.NewCache(cacheBytes)
	o := e.options(lock)
	o.ErrorIfNotExists = e.hasRows()
	err = e.fatal.run(func() (err error) {
		e.db, err = pebble.Open(e.dir, o)
		return err
	})
	if err != nil {
		e.cache.Unref()
		if pebble.IsCorruptionError(err) || errors.Is(err, fs.ErrNotExist) || errors.Is(err, pebble.ErrDBDoesNotExist) {
			err = fmt.Errorf("%w: %w", ErrDamaged, err)
		}
		return errors.Join(err, lock.Close())
	}
	e.lock = lock
	e.fs.patient.Store(true)
	return nil
}

// hasRows reports whether there are tables or logs: where the file that names the manifest is lost, Pebble would begin
// a new store beside them. It makes that file before any of these.
func (e *Engine) hasRows() bool {
	names, err := e.fs.List(e.dir)
	return err == nil && slices.ContainsFunc(names, func(name string) bool {
		return strings.HasSuffix(name, ".sst") || strings.HasSuffix(name, ".log")
	})
}

// filtered is how many bytes of a key its Bloom filters know: table, and a hash or most of an id. Most walks look for
// what hangs on one record, where there is nothing: the filter says so without a read.
const filtered = 17

// comparer orders keys by their bytes. Its name and what it calls a prefix are part of what is on the disk.
func comparer() *pebble.Comparer {
	c := *pebble.DefaultComparer
	c.Name = "clawback.prefix17"
	c.Split = func(key []byte) int { return min(len(key), filtered) }
	return &c
}

// keySchema is how blocks keep keys of that comparer.
var keySchema = colblk.DefaultKeySchema(comparer(), 16)

func (e *Engine) options(lock *pebble.Lock) *pebble.Options {
	o := &pebble.Options{
		FS: e.fs, Lock: lock, Cache: e.cache, Logger: e.fatal,
		Comparer: comparer(), KeySchema: keySchema.Name, KeySchemas: sstable.MakeKeySchemas(&keySchema),
		FormatMajorVersion:          pebble.FormatNewest,
		MemTableSize:                memTable,
		MemTableStopWritesThreshold: 4,
		L0CompactionThreshold:       compactAt,
		L0StopWritesThreshold:       3 * compactAt,
		LBaseMaxBytes:               64 << 20,
		MaxOpenFiles:                maxOpenFiles,
		CompactionConcurrencyRange:  func() (int, int) { return 1, max(1, runtime.GOMAXPROCS(0)/2) },
	}
	// Pebble tries a flush that failed again and again, the opening one included. A file that could not be written is a
	// reason to stop: only want of space ends by itself, and that waits.
	o.EventListener = &pebble.EventListener{BackgroundError: e.fatal.set}
	o.ApplyCompressionSettings(func() pebble.DBCompressionSettings { return pebble.DBCompressionBalanced })
	for i := range o.Levels {
		o.Levels[i].BlockSize = 8 << 10
		o.Levels[i].FilterPolicy = bloom.FilterPolicy(10)
	}
	return o
}

// Begin implements rows.Engine.
func (e *Engine) Begin(ctx context.Context, write bool) (rows.Tx, error) {
	if err := cmp.Or(e.fatal.failure(), ctx.Err()); err != nil {
		return nil, err
	}
	if write {
		e.writer.Lock()
	}
	select {
	case <-e.closed:
		if write {
			e.writer.Unlock()
		}
		return nil, rows.ErrClosed
	default:
	}
	t := &transaction{e: e}
	if write {
		t.batch = e.db.NewIndexedBatch()
		t.reader = t.batch
	} else {
		t.snapshot = e.db.NewSnapshot()
		t.reader = t.snapshot
	}
	return t, nil
}

// Size implements rows.Engine: tables, logs and all.
func (e *Engine) Size(context.Context) (int64, error) {
	entries, err := os.ReadDir(e.dir)
	if err != nil {
		return 0, err
	}
	var sum int64
	for _, entry := range entries {
		if info, err := entry.Info(); err == nil { // one that has gone meanwhile counts no more
			sum += info.Size()
		}
	}
	return sum, nil
}

// Close implements rows.Engine. An engine that has failed leaves its directory to the next one as it is.
func (e *Engine) Close() (err error) {
	e.closing.Do(func() {
		close(e.closed)
		e.fs.giveUp()
		if e.fatal.failure() != nil {
			err = e.abandon()
			return
		}
		if err = e.fatal.run(e.db.Close); e.fatal.failure() != nil {
			err = errors.Join(err, e.abandon())
			return
		}
		e.cache.Unref()
		err = errors.Join(err, e.lock.Close())
	})
	return err
}

// abandon gives the directory up as it is: Pebble, which no longer works, holds its lock once, and this engine once.
func (e *Engine) abandon() error { return errors.Join(e.lock.Close(), e.lock.Close()) }

// Compact rewrites all rows, so that what was deleted gives its space back.
func (e *Engine) Compact(ctx context.Context) error {
	return e.db.Compact(ctx, []byte{0}, []byte{0xff}, false)
}

// Written is how many bytes were written since the directory was opened: log, flushes and compactions.
func (e *Engine) Written() int64 {
	m := e.db.Metrics()
	sum := int64(m.WAL.BytesWritten)
	for _, l := range m.Levels {
		sum += int64(l.TableBytesFlushed + l.TableBytesCompacted)
	}
	return sum
}

// Checkpoint makes a copy as of now in dir, which is not there yet: what can be is linked, and takes no space.
func (e *Engine) Checkpoint(dir string) error {
	return e.fatal.run(func() error { return e.db.Checkpoint(dir, pebble.WithFlushedWAL()) })
}

// CacheSize is how many bytes of blocks and of rows that are not in a table yet are in memory.
func (e *Engine) CacheSize() int64 {
	m := e.db.Metrics()
	return m.BlockCache.Size + int64(m.MemTable.Size)
}
