package queue

import (
	"errors"
	"fmt"
	"strings"
	"syscall"

	bolterrors "go.etcd.io/bbolt/errors"
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
	err = unhide(err)
	if !isFull(err) {
		q.setBroken(err)
	}
	return storage(err)
}

// unhide wraps the ENOSPC or EDQUOT that is the cause of an error of bbolt. Version 1.5 drops the cause where it grows
// the file (db.go, grow), so that only the text tells.
func unhide(err error) error {
	if errors.Is(err, bolterrors.ErrMaxSizeReached) {
		return fmt.Errorf("%w: %w", err, syscall.ENOSPC)
	}
	for _, errno := range []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT} {
		text := err.Error()
		if strings.HasPrefix(text, "file resize error: ") && strings.HasSuffix(text, errno.Error()) {
			return fmt.Errorf("%w: %w", err, errno)
		}
	}
	return err
}

// isFull reports whether an error is for want of space.
func isFull(err error) bool { return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) }

func storage(err error) error { return fmt.Errorf("%w: %w", ErrStorage, err) }
