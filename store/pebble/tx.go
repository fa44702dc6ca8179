package pebble

import (
	"bytes"
	"errors"
	"fmt"
	"syscall"

	"github.com/cockroachdb/pebble/v2"

	"clawback/store/rows"
)

// transaction is a snapshot to read, or a batch that reads through to the database.
type transaction struct {
	e        *Engine
	reader   pebble.Reader
	batch    *pebble.Batch    // nil when it only reads
	snapshot *pebble.Snapshot // nil when it writes
	cursors  *cursor          // those that are open, in a list
	spare    spare            // iterators that no cursor has now
	key      []byte           // room for the key of a row on its way into the batch, which copies it
	value    []byte           // and for its value
	ended    bool
}

// rowKey is a row's key in the one key space of the database.
func rowKey(table rows.Table, key []byte) []byte {
	return appendKey(make([]byte, 0, len(key)+1), table, key)
}

func appendKey(dst []byte, table rows.Table, key []byte) []byte {
	return append(append(dst, byte(table)), key...)
}

// spare are iterators by table: to make one takes longer than to seek with it, and a transaction looks for many rows.
type spare map[rows.Table]*pebble.Iterator

// tableBytes are all that a key can begin with, in order: two of them that stand beside each other bound a table.
var tableBytes = func() (all [256]byte) {
	for i := range all {
		all[i] = byte(i)
	}
	return all
}()

// iterator is one over a table's rows as they are now. Filters are used on the lowest level too, which has most of the
// rows: what is looked for is nowhere most of the time.
func (t *transaction) iterator(table rows.Table) (*pebble.Iterator, error) {
	n := int(table)
	o := pebble.IterOptions{LowerBound: tableBytes[n : n+1], UpperBound: tableBytes[n+1 : n+2], UseL6Filters: true}
	if iter := t.spare[table]; iter != nil {
		delete(t.spare, table)
		iter.SetOptions(&o) // it sees what was written since
		return iter, nil
	}
	return t.reader.NewIter(&o)
}

// release keeps an iterator for the next cursor, unless it has failed or there is one.
func (t *transaction) release(table rows.Table, iter *pebble.Iterator) error {
	if iter.Error() != nil || t.spare[table] != nil || t.ended {
		return iter.Close()
	}
	if t.spare == nil {
		t.spare = spare{}
	}
	t.spare[table] = iter
	return nil
}

func (t *transaction) Get(table rows.Table, key []byte) (row []byte, err error) {
	iter, err := t.iterator(table)
	if err != nil {
		return nil, err
	}
	t.key = appendKey(t.key[:0], table, key)
	if iter.SeekPrefixGE(t.key) && bytes.Equal(iter.Key(), t.key) {
		var kept []byte
		if kept, err = iter.ValueAndErr(); err == nil {
			row, err = t.e.codec.decode(kept)
		}
	}
	return row, errors.Join(err, t.release(table, iter))
}

func (t *transaction) Put(table rows.Table, key, value []byte) error {
	if cap(t.value) > maxBuffer {
		t.value = nil
	}
	t.key, t.value = appendKey(t.key[:0], table, key), t.e.codec.encode(t.value[:0], value)
	return t.batch.Set(t.key, t.value, nil)
}

func (t *transaction) Delete(table rows.Table, key []byte) error {
	t.key = appendKey(t.key[:0], table, key)
	return t.batch.Delete(t.key, nil)
}

func (t *transaction) Commit() error {
	if t.ended || t.batch == nil {
		return errors.New("commit: the transaction has ended, or only reads")
	}
	if err := t.e.room(); err != nil {
		return err
	}
	err := t.e.commit(t.batch)
	t.Rollback()
	return err
}

func (t *transaction) Rollback() {
	if t.ended {
		return
	}
	t.ended = true
	for t.cursors != nil {
		t.cursors.Close()
	}
	for _, iter := range t.spare {
		_ = iter.Close() // what it met was told when it was met
	}
	if t.batch != nil {
		_ = t.batch.Close() // only says whether it was closed before
		t.e.writer.Unlock()
		return
	}
	_ = t.snapshot.Close()
}

// commit applies a batch and waits until it is on the disk.
func (e *Engine) commit(batch *pebble.Batch) error {
	return e.fatal.run(func() error { return batch.Commit(pebble.Sync) })
}

// room refuses a commit while the disk is nearly full.
func (e *Engine) room() error {
	usage, err := e.fs.GetDiskUsage(e.dir)
	if err == nil && usage.AvailBytes < reserve {
		return fmt.Errorf("%d MiB are free and %d are kept for what was committed: %w",
			usage.AvailBytes>>20, reserve>>20, syscall.ENOSPC)
	}
	return nil // where the file system does not tell its space, the writes will
}

// cursor walks the rows of one table.
type cursor struct {
	table rows.Table
	iter  *pebble.Iterator // nil after the transaction, or where it could not be made
	err   error

	tx         *transaction
	next, prev *cursor // in the transaction's list
}

func (t *transaction) Cursor(table rows.Table) rows.Cursor {
	iter, err := t.iterator(table)
	c := &cursor{table: table, iter: iter, err: err}
	if err != nil {
		return c
	}
	c.tx, c.next = t, t.cursors
	if t.cursors != nil {
		t.cursors.prev = c
	}
	t.cursors = c
	return c
}

func (c *cursor) First() (k, v []byte) { return c.move((*pebble.Iterator).First) }
func (c *cursor) Last() (k, v []byte)  { return c.move((*pebble.Iterator).Last) }
func (c *cursor) Next() (k, v []byte)  { return c.move((*pebble.Iterator).Next) }
func (c *cursor) Prev() (k, v []byte)  { return c.move((*pebble.Iterator).Prev) }

func (c *cursor) Seek(key []byte) (k, v []byte) {
	return c.move(func(i *pebble.Iterator) bool { return i.SeekGE(rowKey(c.table, key)) })
}

// SeekWithin implements rows.Cursor.
func (c *cursor) SeekWithin(prefix []byte) (k, v []byte) {
	key := rowKey(c.table, prefix)
	if len(key) < filtered {
		return c.Seek(prefix)
	}
	return c.move(func(i *pebble.Iterator) bool { return i.SeekPrefixGE(key) })
}

func (c *cursor) move(step func(*pebble.Iterator) bool) (k, v []byte) {
	if c.err != nil || c.iter == nil || !step(c.iter) {
		return nil, nil
	}
	kept, err := c.iter.ValueAndErr()
	if err == nil {
		v, err = c.tx.e.codec.decode(kept)
	}
	if err != nil {
		c.err = err
		return nil, nil
	}
	return c.iter.Key()[1:], v
}

func (c *cursor) Err() error {
	if c.err == nil && c.iter != nil {
		c.err = c.iter.Error()
	}
	return c.err
}

func (c *cursor) Close() {
	if c.iter == nil {
		return
	}
	c.err = errors.Join(c.err, c.tx.release(c.table, c.iter))
	c.iter = nil
	if c.next != nil {
		c.next.prev = c.prev
	}
	if c.prev != nil {
		c.prev.next = c.next
	} else {
		c.tx.cursors = c.next
	}
}
