package rows

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"hash"
)

// copyBatch is about how many bytes of rows are copied in one transaction.
const copyBatch = 4 << 20

// Digest tells two sets of rows apart: how many rows each table has, and a SHA-256 over all keys and values.
type Digest struct {
	Rows map[Table]int
	Sum  [sha256.Size]byte
}

// Equal reports whether two digests are of the same rows.
func (d Digest) Equal(o Digest) bool {
	if d.Sum != o.Sum || len(d.Rows) != len(o.Rows) {
		return false
	}
	for table, n := range d.Rows {
		if o.Rows[table] != n {
			return false
		}
	}
	return true
}

// Total is the number of rows of all tables.
func (d Digest) Total() (n int) {
	for _, rows := range d.Rows {
		n += rows
	}
	return n
}

// DigestOf reads all rows of tables, which are in order. progress, if not nil, is called now and then with the number
// of rows so far.
func DigestOf(ctx context.Context, e Engine, tables []Table, progress func(rows int)) (Digest, error) {
	return walk(ctx, e, tables, progress, func(Table, []byte, []byte) error { return nil })
}

// Copy puts all rows of tables into another engine, some MiB in one transaction, and returns the digest of what it
// read.
func Copy(ctx context.Context, from, to Engine, tables []Table, progress func(rows int)) (Digest, error) {
	c := &copier{ctx: ctx, to: to}
	defer c.rollback()
	d, err := walk(ctx, from, tables, progress, c.put)
	if err == nil {
		err = c.commit()
	}
	return d, err
}

func walk(
	ctx context.Context, e Engine, tables []Table, progress func(int), each func(t Table, k, v []byte) error,
) (Digest, error) {
	tx, err := e.Begin(ctx, false)
	if err != nil {
		return Digest{}, err
	}
	defer tx.Rollback()
	d := Digest{Rows: map[Table]int{}}
	sum, total := sha256.New(), 0
	for _, table := range tables {
		c := tx.Cursor(table)
		for k, v := c.First(); k != nil; k, v = c.Next() {
			d.Rows[table]++
			hashRow(sum, table, k, v)
			if err := each(table, k, v); err != nil {
				return d, err
			}
			total++
			if total%10_000 != 0 {
				continue
			}
			if err := ctx.Err(); err != nil {
				return d, err
			}
			if progress != nil {
				progress(total)
			}
		}
		if err := c.Err(); err != nil {
			return d, fmt.Errorf("read table %d: %w", table, err)
		}
		c.Close()
	}
	sum.Sum(d.Sum[:0])
	return d, nil
}

// hashRow writes each part with its length, so that parts cannot run together.
func hashRow(sum hash.Hash, table Table, k, v []byte) {
	var head [9]byte
	head[0] = byte(table)
	binary.BigEndian.PutUint32(head[1:], uint32(len(k)))
	binary.BigEndian.PutUint32(head[5:], uint32(len(v)))
	_, _ = sum.Write(head[:]) // a hash takes everything
	_, _ = sum.Write(k)
	_, _ = sum.Write(v)
}

// copier writes rows in transactions of bounded size.
type copier struct {
	ctx  context.Context
	to   Engine
	tx   Tx
	size int
}

func (c *copier) put(table Table, k, v []byte) (err error) {
	if c.tx == nil {
		if c.tx, err = c.to.Begin(c.ctx, true); err != nil {
			return err
		}
	}
	if err := c.tx.Put(table, k, v); err != nil {
		return err
	}
	if c.size += len(k) + len(v); c.size < copyBatch {
		return nil
	}
	return c.commit()
}

func (c *copier) commit() error {
	if c.tx == nil {
		return nil
	}
	err := c.tx.Commit()
	c.rollback()
	return err
}

func (c *copier) rollback() {
	if c.tx != nil {
		c.tx.Rollback()
		c.tx, c.size = nil, 0
	}
}
