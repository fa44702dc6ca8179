package bolt

import (
	"fmt"

	boltfile "clawback/internal/bolt"
	"clawback/internal/nospace"
	"clawback/queue"
)

// commitFailed judges why a transaction failed. For want of space it was rolled back and the next may succeed; after
// anything else, a failed sync above all, what the file holds is not known.
func (q *Queue) commitFailed(err error) error {
	err = boltfile.Unhide(err)
	if !nospace.Is(err) {
		q.setBroken(err)
	}
	return storage(err)
}

func storage(err error) error { return fmt.Errorf("%w: %w", queue.ErrStorage, err) }
