// Package nospace tells errors for want of space from all others: they end by themselves, and nothing is broken by them.
package nospace

import (
	"errors"
	"fmt"
	"strings"
	"syscall"

	bolterrors "go.etcd.io/bbolt/errors"
)

// Is reports whether an error is for want of space: a full disk, or a quota that is used up.
func Is(err error) bool { return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) }

// Unhide wraps the ENOSPC or EDQUOT that is the cause of an error of bbolt. Version 1.5 drops the cause where it grows
// the file (db.go, grow), so that only the text tells.
func Unhide(err error) error {
	if err == nil {
		return nil
	}
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
