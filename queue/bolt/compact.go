package bolt

import (
	"errors"
	"fmt"
	"os"

	"go.etcd.io/bbolt"
)

const compactSuffix = ".compact"

// compactionPays reports whether queue.db is large and more than half of it is free.
func (q *Queue) compactionPays() bool {
	var size int64
	err := q.db.View(func(tx *bbolt.Tx) error { size = tx.Size(); return nil })
	free := int64(q.db.Stats().FreePageN) * int64(q.db.Info().PageSize)
	return err == nil && size > q.o.CompactAbove && free > size/2
}

// compact rewrites queue.db without its free pages. A crash before the rename leaves the old file as it was, and after
// it there is the new one, which was synced; what is left of the other is removed at the next open. When there is no
// room for a second file the old one serves on.
func (q *Queue) compact() error {
	tmp := q.path() + compactSuffix
	if err := q.copyTo(tmp); err != nil {
		q.log.Warn("queue.db was not compacted", "event", "queue.compact", "error", err)
		return os.Remove(tmp)
	}
	if err := q.db.Close(); err != nil {
		return err
	}
	if err := errors.Join(os.Rename(tmp, q.path()), syncDir(q.dir)); err != nil {
		return fmt.Errorf("replace by compacted file: %w", err)
	}
	return q.openDB()
}

// copyTo writes what queue.db holds into a new file, durably.
func (q *Queue) copyTo(name string) error {
	dst, err := bbolt.Open(name, 0o600, q.boltOptions())
	if err != nil {
		return err
	}
	return errors.Join(bbolt.Compact(dst, q.db, 1<<20), dst.Sync(), dst.Close())
}
