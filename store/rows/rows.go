// Package rows is what a store asks of the engine that keeps its rows.
//
// Reads, Writes: nothing.
//
// Standards: none.
package rows

import (
	"context"
	"errors"
)

// Errors of engines.
var (
	ErrClosed  = errors.New("store is closed")
	ErrStorage = errors.New("store is broken")
)

// Engine keeps the rows of a store: tables of keys in bytewise order. Safe for concurrent use.
//
// A store is its only writer. An engine knows nothing of what the rows mean; storetest.Engine is what each has to pass.
type Engine interface {
	// Begin starts a transaction, which must be ended by Commit or Rollback. A reading one sees the rows as they were
	// committed at this moment, whatever is written meanwhile. There is one that writes at a time; it sees its own
	// writes. It may wait no longer than ctx, which may end the transaction's reads and its commit as well.
	Begin(ctx context.Context, write bool) (Tx, error)
	// Size is how many bytes the engine occupies on its storage.
	Size(ctx context.Context) (int64, error)
	// Close releases the storage. No transaction may be open.
	Close() error
}

// Tx is a transaction of an [Engine]. It belongs to one goroutine.
type Tx interface {
	// Get returns a row's value, nil where there is none. The value is not to be changed, and valid until the end.
	Get(t Table, key []byte) ([]byte, error)
	// Cursor walks a table's rows as they were when it was made. It ends with the transaction.
	Cursor(t Table) Cursor
	Put(t Table, key, value []byte) error
	Delete(t Table, key []byte) error
	// Commit makes the writes durable: all of them, or none. After an error that is not for want of space
	// (ENOSPC, EDQUOT) which of both is not known, and the engine must not be written again before it is opened anew.
	Commit() error
	// Rollback ends the transaction without a trace. After Commit it does nothing.
	Rollback()
}

// Cursor walks the rows of a table in the order of their keys. Each method returns the row it has moved to, and a nil
// key past either end. Key and value are valid until the next call. An error ends the walk as if there were no more
// rows; Err then returns it.
type Cursor interface {
	First() (key, value []byte)
	Last() (key, value []byte)
	Seek(key []byte) (k, value []byte) // to the first row whose key is not less
	// SeekWithin goes to the first row that begins with prefix. From there only Next may be called, and where the rows
	// with that prefix end the walk may end or go on: an engine can know without a look that there is none.
	SeekWithin(prefix []byte) (key, value []byte)
	Next() (key, value []byte)
	Prev() (key, value []byte)
	Err() error
	Close() // may be left to the transaction's end, which closes all
}

// Table is a table of rows. The numbers are part of what engines write: they never change, and are below 0xff.
type Table byte
