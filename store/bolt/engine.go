// Package bolt keeps a store's rows in one bbolt file, store.db.
//
// Reads, Writes: store.db in the directory it is given; store.db.new while it makes or compacts one.
//
// Invariants: a transaction whose Commit returned nil is on the disk. One process has the file open.
//
// On failure: after a commit that failed for any reason but want of space the file's state is unknown.
//
// Standards: none.
package bolt

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"

	bolt "go.etcd.io/bbolt"
	bolterrors "go.etcd.io/bbolt/errors"

	boltfile "clawback/internal/bolt"
	"clawback/store"
	"clawback/store/rows"
)

// File is the database's name in the state directory.
const File = "store.db"

// Options of the file. The zero value is ready for use.
type Options struct {
	MmapSize    int   // address space taken at once, so that growth does not wait for readers; 0: 1 GiB
	CompactFrom int64 // bytes of the file from which compaction is considered; 0: 64 MiB
	ReadOnly    bool  // the file must be there, and is left as it is
}

// Engine is an open store.db.
type Engine struct {
	db    *bolt.DB
	names map[rows.Table]string // of the buckets
}

// Open opens dir/store.db as a store, creating, migrating or compacting it as needed.
func Open(dir string, o store.Options) (*store.Store, error) {
	path := filepath.Join(dir, File)
	e, err := OpenEngine(dir, Options{})
	if err != nil {
		return nil, err
	}
	s, err := store.New(e, o)
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", path, errors.Join(err, e.Close()))
	}
	return s, nil
}

// OpenEngine opens dir/store.db, creating or compacting it as needed.
func OpenEngine(dir string, o Options) (*Engine, error) {
	path := filepath.Join(dir, File)
	if o.MmapSize == 0 {
		o.MmapSize = 1 << 30
	}
	if o.CompactFrom == 0 {
		o.CompactFrom = 64 << 20
	}
	var names [][]byte
	for _, name := range store.Tables() {
		names = append(names, []byte(name))
	}
	db, err := boltfile.Open(path, boltfile.Options{
		Buckets: names, MmapSize: o.MmapSize, CompactAbove: o.CompactFrom, ReadOnly: o.ReadOnly,
	})
	if err != nil {
		return nil, fmt.Errorf("open store %s: %w", path, err)
	}
	return &Engine{db, store.Tables()}, nil
}

// Begin implements rows.Engine.
func (e *Engine) Begin(ctx context.Context, write bool) (rows.Tx, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	tx, err := e.db.Begin(write)
	if errors.Is(err, bolterrors.ErrDatabaseNotOpen) {
		return nil, rows.ErrClosed
	}
	if err != nil {
		return nil, err
	}
	return transaction{tx, e.names}, nil
}

// Size implements rows.Engine.
func (e *Engine) Size(context.Context) (int64, error) {
	info, err := os.Stat(e.db.Path())
	if err != nil {
		return 0, err
	}
	return info.Size(), nil
}

// Close implements rows.Engine.
func (e *Engine) Close() error { return e.db.Close() }

type transaction struct {
	tx    *bolt.Tx
	names map[rows.Table]string
}

// bucket is nil for a table that a newer program has added, where the file was made by an older one.
func (t transaction) bucket(table rows.Table) *bolt.Bucket {
	return t.tx.Bucket([]byte(t.names[table]))
}

func (t transaction) Get(table rows.Table, key []byte) ([]byte, error) {
	if b := t.bucket(table); b != nil {
		return b.Get(key), nil
	}
	return nil, nil
}

func (t transaction) Put(table rows.Table, key, value []byte) error {
	b, err := t.tx.CreateBucketIfNotExists([]byte(t.names[table]))
	if err != nil {
		return err
	}
	return b.Put(key, value)
}

func (t transaction) Delete(table rows.Table, key []byte) error {
	if b := t.bucket(table); b != nil {
		return b.Delete(key)
	}
	return nil
}

func (t transaction) Commit() error { return boltfile.Unhide(t.tx.Commit()) }

func (t transaction) Rollback() { _ = t.tx.Rollback() } // its only error says that the transaction has ended

func (t transaction) Cursor(table rows.Table) rows.Cursor {
	if b := t.bucket(table); b != nil {
		return cursor{b.Cursor()}
	}
	return none{}
}

// none walks a table that the file does not have.
type none struct{}

func (none) First() (k, v []byte)            { return nil, nil }
func (none) Last() (k, v []byte)             { return nil, nil }
func (none) Seek([]byte) (k, v []byte)       { return nil, nil }
func (none) SeekWithin([]byte) (k, v []byte) { return nil, nil }
func (none) Next() (k, v []byte)             { return nil, nil }
func (none) Prev() (k, v []byte)             { return nil, nil }
func (none) Err() error                      { return nil }
func (none) Close()                          {}

// cursor is bbolt's, which reads mapped memory and cannot fail.
type cursor struct{ *bolt.Cursor }

func (cursor) Err() error { return nil }

func (cursor) Close() {}

func (c cursor) SeekWithin(prefix []byte) (k, v []byte) { return c.Seek(prefix) }
