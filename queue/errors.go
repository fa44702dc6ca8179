package queue

import (
	"errors"
	"fmt"

	"clawback/internal/nospace"
)

// What an operation can fail with.
var (
	ErrNotFound = errors.New("queue: no such item")
	ErrState    = errors.New("queue: not in this state")
	ErrStorage  = errors.New("queue: storage failed")
	ErrClosed   = errors.New("queue: closed")
)

// commitFailed judges why a transaction failed. For want of space it was rolled back and the next may succeed; after
// anything else, a failed sync above all, what the file holds is not known.
func (q *Queue) commitFailed(err error) error {
	err = nospace.Unhide(err)
	if !nospace.Is(err) {
		q.setBroken(err)
	}
	return storage(err)
}

func storage(err error) error { return fmt.Errorf("%w: %w", ErrStorage, err) }
