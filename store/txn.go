package store

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"time"

	bolt "go.etcd.io/bbolt"
)

// txn is one call's view of a transaction. Its writes are collected and reach the transaction only when the whole call
// has succeeded, so that calls which share a transaction do not share a failure.
type txn struct {
	tx      *bolt.Tx
	now     time.Time
	pending map[bucket]map[string][]byte // nil value: deleted
	counted map[string]*Counts           // the tenants' counters that this call changes, by tenant
}

// get returns a row's value, this call's own writes included; nil when there is none. Not to be changed, and valid
// until the transaction ends.
func (t *txn) get(b bucket, key []byte) []byte {
	if rows, ok := t.pending[b]; ok {
		if v, ok := rows[string(key)]; ok {
			return v
		}
	}
	return t.tx.Bucket([]byte(b)).Get(key)
}

func (t *txn) put(b bucket, key, value []byte) {
	if t.pending == nil {
		t.pending = make(map[bucket]map[string][]byte)
	}
	rows := t.pending[b]
	if rows == nil {
		rows = make(map[string][]byte)
		t.pending[b] = rows
	}
	rows[string(key)] = value
}

func (t *txn) del(b bucket, key []byte) { t.put(b, key, nil) }

// mark puts a row of an index, which has no value of its own.
func (t *txn) mark(b bucket, key []byte) {
	if t.get(b, key) == nil {
		t.put(b, key, []byte{1})
	}
}

// each calls fn for the rows that begin with prefix, in order, until it returns false. Rows that this call deleted are
// left out; rows that it put are not seen: look before you write.
func (t *txn) each(b bucket, prefix []byte, fn func(k, v []byte) bool) {
	c := t.tx.Bucket([]byte(b)).Cursor()
	for k, v := c.Seek(prefix); k != nil && bytes.HasPrefix(k, prefix); k, v = c.Next() {
		if t.deleted(b, k) {
			continue
		}
		if !fn(k, v) {
			return
		}
	}
}

func (t *txn) deleted(b bucket, key []byte) bool {
	v, ok := t.pending[b][string(key)]
	return ok && v == nil
}

func (t *txn) dirty() bool { return len(t.pending) > 0 || len(t.counted) > 0 }

// flush writes what the call collected into the transaction.
func (t *txn) flush() error {
	for tenant, c := range t.counted {
		if err := t.save(bCounts, tenantKey(tenant), c); err != nil {
			return err
		}
	}
	for b, rows := range t.pending {
		if err := writeAll(t.tx.Bucket([]byte(b)), rows); err != nil {
			return fmt.Errorf("write %s: %w", b, err)
		}
	}
	return nil
}

// writeAll writes rows in the order of their keys: bbolt splits its pages only at the commit, so that each row put
// before others moves all of them.
func writeAll(into *bolt.Bucket, rows map[string][]byte) error {
	for _, k := range slices.Sorted(maps.Keys(rows)) {
		if err := write(into, []byte(k), rows[k]); err != nil {
			return err
		}
	}
	return nil
}

func write(into *bolt.Bucket, key, value []byte) error {
	if value == nil {
		return into.Delete(key)
	}
	return into.Put(key, value)
}

// load reads a JSON row into v and reports whether there is one.
func (t *txn) load(b bucket, key []byte, v any) (bool, error) {
	row := t.get(b, key)
	if row == nil {
		return false, nil
	}
	return true, decode(b, row, v)
}

// save writes v as a JSON row.
func (t *txn) save(b bucket, key []byte, v any) error {
	row, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("write row of %s: %w", b, err)
	}
	t.put(b, key, row)
	return nil
}

// decode reads a JSON row.
func decode(b bucket, row []byte, v any) error {
	if err := json.Unmarshal(row, v); err != nil {
		return fmt.Errorf("read row of %s: %w", b, err)
	}
	return nil
}
