// Package memory keeps a store's rows in memory, for tests of what stands above it.
//
// Reads, Writes: nothing. What is committed is gone with the process.
//
// Invariants: a reading transaction sees the rows as they were when it began: a tree that was committed is never
// changed, and who writes into a table works on a copy of its tree, which shares what is not changed.
//
// Standards: none.
package memory

import (
	"bytes"
	"context"
	"errors"
	"maps"
	"sync"

	"github.com/google/btree"

	"clawback/store/rows"
)

// row is one row of a table.
type row struct{ key, value []byte }

type tree = btree.BTreeG[row]

func newTree() *tree {
	return btree.NewG(32, func(a, b row) bool { return bytes.Compare(a.key, b.key) < 0 })
}

// none is a table without rows. It is never changed.
var none = newTree()

// Engine is a set of tables in memory. The zero value is ready for use.
type Engine struct {
	writer sync.Mutex // held by the transaction that writes

	mu     sync.Mutex
	tables map[rows.Table]*tree // owned by mu; neither it nor a tree in it is ever changed
	size   int64                // owned by mu
	closed bool                 // owned by mu
}

// Begin implements rows.Engine.
func (e *Engine) Begin(ctx context.Context, write bool) (rows.Tx, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if write {
		e.writer.Lock()
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closed {
		if write {
			e.writer.Unlock()
		}
		return nil, rows.ErrClosed
	}
	return &transaction{e: e, write: write, size: e.size, committed: e.tables}, nil
}

// Size implements rows.Engine: the bytes of all keys and values.
func (e *Engine) Size(context.Context) (int64, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	return e.size, nil
}

// Close implements rows.Engine. It may be called more than once; the rows can be had again by Reopen.
func (e *Engine) Close() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.closed = true
	return nil
}

// Disk remembers what was kept in each of its directories, as a disk does. The zero value is empty.
type Disk struct {
	mu      sync.Mutex
	engines map[string]*Engine // owned by mu
}

// Engine gives the rows of a directory to a new engine. An engine that was opened on it before must not be used after.
func (d *Disk) Engine(dir string) *Engine {
	d.mu.Lock()
	defer d.mu.Unlock()
	e := &Engine{}
	if old := d.engines[dir]; old != nil {
		e = old.Reopen()
	}
	if d.engines == nil {
		d.engines = map[string]*Engine{}
	}
	d.engines[dir] = e
	return e
}

// Reopen gives the rows to another engine, as a file does that is opened again.
func (e *Engine) Reopen() *Engine {
	e.mu.Lock()
	defer e.mu.Unlock()
	return &Engine{tables: e.tables, size: e.size}
}

type transaction struct {
	e     *Engine
	write bool
	ended bool
	size  int64

	committed map[rows.Table]*tree // not changed
	changed   map[rows.Table]*tree // this transaction's own
}

// table is a table as this transaction sees it, to be read.
func (t *transaction) table(table rows.Table) *tree {
	if own := t.changed[table]; own != nil {
		return own
	}
	if rows := t.committed[table]; rows != nil {
		return rows
	}
	return none
}

// writable is a table that this transaction may change.
func (t *transaction) writable(table rows.Table) *tree {
	if own := t.changed[table]; own != nil {
		return own
	}
	own := newTree()
	if rows := t.committed[table]; rows != nil {
		own = rows.Clone()
	}
	if t.changed == nil {
		t.changed = map[rows.Table]*tree{}
	}
	t.changed[table] = own
	return own
}

func (t *transaction) Get(table rows.Table, key []byte) ([]byte, error) {
	found, ok := t.table(table).Get(row{key: key})
	if !ok {
		return nil, nil
	}
	return found.value, nil
}

func (t *transaction) Put(table rows.Table, key, value []byte) error {
	put := row{bytes.Clone(key), append([]byte{}, value...)}
	old, had := t.writable(table).ReplaceOrInsert(put)
	t.size += int64(len(key) + len(value))
	if had {
		t.size -= int64(len(old.key) + len(old.value))
	}
	return nil
}

func (t *transaction) Delete(table rows.Table, key []byte) error {
	if old, had := t.writable(table).Delete(row{key: key}); had {
		t.size -= int64(len(old.key) + len(old.value))
	}
	return nil
}

func (t *transaction) Commit() error {
	if t.ended || !t.write {
		return errors.New("commit: the transaction has ended, or only reads")
	}
	all := maps.Clone(t.committed)
	if all == nil {
		all = map[rows.Table]*tree{}
	}
	maps.Copy(all, t.changed)
	t.e.mu.Lock()
	t.e.tables, t.e.size = all, t.size
	t.e.mu.Unlock()
	t.Rollback()
	return nil
}

func (t *transaction) Rollback() {
	if t.ended {
		return
	}
	t.ended = true
	if t.write {
		t.e.writer.Unlock()
	}
}

func (t *transaction) Cursor(table rows.Table) rows.Cursor {
	if own := t.changed[table]; own != nil {
		return &cursor{rows: own.Clone()} // as it is now, whatever is written from here on
	}
	return &cursor{rows: t.table(table)}
}

// cursor walks a tree by looking for the neighbour of the key at which it stands.
type cursor struct {
	rows *tree
	at   []byte
}

func (c *cursor) set(r row, ok bool) (k, v []byte) {
	if !ok {
		c.at = nil
		return nil, nil
	}
	c.at = r.key
	return r.key, r.value
}

func (c *cursor) First() (k, v []byte) { return c.set(c.rows.Min()) }
func (c *cursor) Last() (k, v []byte)  { return c.set(c.rows.Max()) }

func (c *cursor) Seek(key []byte) (k, v []byte) {
	var found row
	ok := false
	c.rows.AscendGreaterOrEqual(row{key: key}, func(r row) bool {
		found, ok = r, true
		return false
	})
	if !ok { // Prev goes to the last row from here
		c.at = append(bytes.Clone(key), 0)
		return nil, nil
	}
	return c.set(found, true)
}

func (c *cursor) Next() (k, v []byte) {
	if c.at == nil {
		return nil, nil
	}
	return c.Seek(append(bytes.Clone(c.at), 0))
}

func (c *cursor) Prev() (k, v []byte) {
	if c.at == nil {
		return nil, nil
	}
	var found row
	ok := false
	c.rows.DescendLessOrEqual(row{key: c.at}, func(r row) bool {
		if bytes.Equal(r.key, c.at) {
			return true
		}
		found, ok = r, true
		return false
	})
	return c.set(found, ok)
}

func (*cursor) Err() error { return nil }

func (*cursor) Close() {}

func (c *cursor) SeekWithin(prefix []byte) (k, v []byte) { return c.Seek(prefix) }
