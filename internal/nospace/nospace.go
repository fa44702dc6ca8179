// Package nospace tells errors for want of space from all others: they end by themselves, and nothing is broken by
// them.
//
// Reads, Writes: nothing; it is pure.
package nospace

import (
	"errors"
	"syscall"
)

// Is reports whether an error is for want of space: a full disk, or a quota that is used up.
func Is(err error) bool { return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) }
