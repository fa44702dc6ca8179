package storetest

import (
	"context"
	"errors"
	"sync/atomic"

	"clawback/store"
	"clawback/store/rows"
)

// ErrUnreadable is what reads of a failing table answer.
var ErrUnreadable = errors.New("input/output error")

// Unreadable is an engine of which one table, named as [store.Tables] does, can be made to fail when it is read.
type Unreadable struct {
	rows.Engine
	failing atomic.Int64 // the table; 0: none
}

// Fail makes the reads of a table fail, until it is called with "".
func (u *Unreadable) Fail(table string) {
	u.failing.Store(0)
	for t, name := range store.Tables() {
		if name == table {
			u.failing.Store(int64(t))
		}
	}
}

// Begin implements rows.Engine.
func (u *Unreadable) Begin(ctx context.Context, write bool) (rows.Tx, error) {
	tx, err := u.Engine.Begin(ctx, write)
	if err != nil {
		return nil, err
	}
	return &unreadableTx{tx, u}, nil
}

func (u *Unreadable) fails(t rows.Table) bool { return int64(t) == u.failing.Load() }

type unreadableTx struct {
	rows.Tx
	u *Unreadable
}

func (t *unreadableTx) Get(table rows.Table, key []byte) ([]byte, error) {
	if t.u.fails(table) {
		return nil, ErrUnreadable
	}
	return t.Tx.Get(table, key)
}

func (t *unreadableTx) Cursor(table rows.Table) rows.Cursor {
	if t.u.fails(table) {
		return unreadableCursor{}
	}
	return t.Tx.Cursor(table)
}

// unreadableCursor ends at once, as the contract says, and has an error.
type unreadableCursor struct{}

func (unreadableCursor) First() (key, value []byte)            { return nil, nil }
func (unreadableCursor) Last() (key, value []byte)             { return nil, nil }
func (unreadableCursor) Seek([]byte) (key, value []byte)       { return nil, nil }
func (unreadableCursor) SeekWithin([]byte) (key, value []byte) { return nil, nil }
func (unreadableCursor) Next() (key, value []byte)             { return nil, nil }
func (unreadableCursor) Prev() (key, value []byte)             { return nil, nil }
func (unreadableCursor) Err() error                            { return ErrUnreadable }
func (unreadableCursor) Close()                                {}
