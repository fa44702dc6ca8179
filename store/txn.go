package store

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"clawback/store/rows"
)

// txn is one call's view of a transaction. Its writes are collected and reach the transaction only when the whole call
// has succeeded, so that calls which share a transaction do not share a failure.
type txn struct {
	ctx     context.Context // its caller's: a long walk ends with it; nil: none
	steps   int             // of walks, since ctx was asked
	tx      rows.Tx
	shared  *gathered // what calls of this transaction before this one have written; nil: none
	err     error     // the first failure of a read: what was computed from it must not be used
	cursors []rows.Cursor
	now     time.Time
	pending pending            // what it writes
	events  []Event            // what this call changes, to be numbered
	eventAt map[string]int     // where in events a row stands, by its id
	counted map[string]*Counts // the tenants' counters that this call changes, by tenant
	touched []string           // the records of which this call changes something
	leaves  []tlog.Hash        // what it appends to the log
	written *recentRecord      // the record that this call has written; nil: none that is to be found in memory
	// How many of touched there were when written was: what comes later has changed it since.
	touchedSince int
}

// get returns a row's value, this call's own writes included; nil when there is none. Not to be changed, and valid
// until the transaction ends.
func (t *txn) get(b rows.Table, key []byte) []byte {
	if v, changed := t.pending.find(b, key); changed {
		return v
	}
	if t.shared != nil {
		if v, changed := t.shared.rows[b][string(key)]; changed {
			return v
		}
	}
	v, err := t.tx.Get(b, key)
	t.fail(b, err)
	return v
}

// walk opens a cursor on a table as the calls before this one have left it.
func (t *txn) walk(b rows.Table) rows.Cursor {
	if t.shared != nil {
		t.fail(b, t.shared.settle(t.tx, b))
	}
	return t.tx.Cursor(b)
}

// fail keeps the first error of a read.
func (t *txn) fail(b rows.Table, err error) {
	if err != nil && t.err == nil {
		t.err = fmt.Errorf("%w: read rows of %s: %w", ErrRead, title(b), err)
	}
}

// stepsBetween is how many rows a walk reads before it asks again whether its caller still waits.
const stepsBetween = 256

// step counts a row of a walk. It reports false when the caller waits no longer: the walk's answer is not used then.
func (t *txn) step() bool {
	if t.steps++; t.steps%stepsBetween != 0 || t.ctx == nil {
		return true
	}
	if err := t.ctx.Err(); err != nil && t.err == nil {
		t.err = err
	}
	return t.err == nil
}

// cursor walks a table; its errors are the transaction's.
func (t *txn) cursor(b rows.Table) rows.Cursor {
	c := t.walk(b)
	t.cursors = append(t.cursors, c)
	return c
}

// failure is the first error that a read or a walk met. Whoever runs a call asks for it at the end.
func (t *txn) failure() error {
	for _, c := range t.cursors {
		if err := c.Err(); err != nil && t.err == nil {
			t.err = fmt.Errorf("%w: walk: %w", ErrRead, err)
		}
	}
	return t.err
}

// put writes a row, with a value that nobody changes any more.
func (t *txn) put(b rows.Table, key, value []byte) { t.pending.put(b, key, value) }

func (t *txn) del(b rows.Table, key []byte) { t.put(b, key, nil) }

// mark puts a row of an index, which has no value of its own.
func (t *txn) mark(b rows.Table, key []byte) {
	if t.get(b, key) == nil {
		t.put(b, key, marked)
	}
}

// unmark takes a row of an index out, where it is there.
func (t *txn) unmark(b rows.Table, key []byte) {
	if t.get(b, key) != nil {
		t.del(b, key)
	}
}

// marked is the value of a row that has none of its own.
var marked = []byte{1}

// each calls fn for the rows that begin with prefix, in order, until it returns false. Rows that this call deleted are
// left out; rows that it put are not seen: look before you write.
func (t *txn) each(b rows.Table, prefix []byte, fn func(k, v []byte) bool) {
	c := t.walk(b)
	defer c.Close()
	for k, v := c.SeekWithin(prefix); k != nil && bytes.HasPrefix(k, prefix) && t.step(); k, v = c.Next() {
		if t.deleted(b, k) {
			continue
		}
		if !fn(k, v) {
			break
		}
	}
	t.fail(b, c.Err())
}

// eachCounter is each for rows that are written over again and again, from prefix and from on: a log-structured engine
// steps over every earlier value of a row on its way to the next one, thousands of them, but finds it at once.
func (t *txn) eachCounter(b rows.Table, prefix, from []byte, fn func(k, v []byte) bool) {
	c := t.walk(b)
	defer c.Close()
	k, v := c.Seek(join(prefix, from))
	for k != nil && bytes.HasPrefix(k, prefix) && t.step() {
		at := append(bytes.Clone(k), 0) // the least key behind it
		if !t.deleted(b, k) && !fn(k, v) {
			break
		}
		k, v = c.Seek(at)
	}
	t.fail(b, c.Err())
}

func (t *txn) deleted(b rows.Table, key []byte) bool {
	v, changed := t.pending.find(b, key)
	return changed && v == nil
}

// rows is how many rows the call has collected.
func (t *txn) rows() int { return len(t.pending.list) }

func (t *txn) dirty() bool { return len(t.pending.list) > 0 || len(t.counted) > 0 }

// flush writes what the call collected into the transaction. Its events get the numbers after seq; it returns the last
// one.
func (t *txn) flush(seq uint64) (uint64, error) {
	seq = t.flushEvents(seq)
	return seq, t.flushRows()
}

func (t *txn) flushRows() error {
	for tenant, c := range t.counted {
		if t.shared != nil {
			t.shared.addCounts(tenant, c)
		} else if err := t.save(tableCounts, tenantKey(tenant), c); err != nil {
			return err
		}
	}
	for _, c := range t.pending.sorted() {
		if t.shared != nil && gathers(c.table) {
			t.shared.add(c)
		} else if err := write(t.tx, c); err != nil {
			return err
		}
	}
	return nil
}

func write(tx rows.Tx, c change) (err error) {
	if c.value == nil {
		err = tx.Delete(c.table, c.key)
	} else {
		err = tx.Put(c.table, c.key, c.value)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", title(c.table), err)
	}
	return nil
}

// load reads a JSON row into v and reports whether there is one.
func (t *txn) load(b rows.Table, key []byte, v any) (bool, error) {
	row := t.get(b, key)
	if row == nil {
		return false, nil
	}
	return true, decode(b, row, v)
}

// save writes v as a JSON row.
func (t *txn) save(b rows.Table, key []byte, v any) error {
	row, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("write row of %s: %w", title(b), err)
	}
	t.put(b, key, row)
	return nil
}

// decode reads a JSON row.
func decode(b rows.Table, row []byte, v any) error {
	if err := json.Unmarshal(row, v); err != nil {
		return fmt.Errorf("%w: row of %s: %w", ErrRead, title(b), err)
	}
	return nil
}
