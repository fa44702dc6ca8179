package bolt

import (
	"fmt"

	"go.etcd.io/bbolt"
)

// CopyTo writes queue.db as of now to a file that is not there yet: for a backup. What it does not have yet is in the
// spool's log, behind the place up to which it has it.
func (q *Queue) CopyTo(path string) error {
	err := q.db.View(func(tx *bbolt.Tx) error { return tx.CopyFile(path, 0o600) })
	if err != nil {
		return fmt.Errorf("copy queue %s: %w", q.path(), err)
	}
	return nil
}
