package queue

import (
	"errors"
	"os"

	bolt "go.etcd.io/bbolt"
)

const compactSuffix = ".compact"

// compactionPays reports whether queue.db is large and more than half of it is free.
func (q *Queue) compactionPays() bool {
	var size int64
	err := q.db.View(func(tx *bolt.Tx) error { size = tx.Size(); return nil })
	free := int64(q.db.Stats().FreePageN) * int64(q.db.Info().PageSize)
	return err == nil && size > q.o.CompactAbove && free > size/2
}

// compact rewrites queue.db without its free pages. A crash before the rename leaves the old file as it was, and after
// it the new one, which was synced: the other is removed at the next open.
func (q *Queue) compact() error {
	tmp := q.path() + compactSuffix
	dst, err := bolt.Open(tmp, 0o600, q.boltOptions())
	if err != nil {
		return errors.Join(err, q.db.Close())
	}
	err = bolt.Compact(dst, q.db, 1<<20)
	err = errors.Join(err, dst.Sync(), dst.Close(), q.db.Close())
	if err == nil {
		err = os.Rename(tmp, q.path())
	}
	if err = errors.Join(err, syncDir(q.dir)); err != nil {
		return err
	}
	return q.openDB()
}
