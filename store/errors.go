package store

import (
	"context"
	"errors"

	"clawback/store/rows"
)

// The errors that callers branch on. All are wrapped.
var (
	// ErrNotFound means that no such row is kept, or no longer.
	ErrNotFound = errors.New("not found")
	// ErrConflict means that somebody else wrote the row since it was read: read it again.
	ErrConflict = errors.New("changed meanwhile")
	// ErrStorage means that the file cannot be trusted any more until it is opened again.
	ErrStorage = rows.ErrStorage
	// ErrRead means that rows are there and could not be read: nothing follows from what was not read.
	ErrRead = errors.New("rows cannot be read")
	// ErrClosed means that Close was called.
	ErrClosed = rows.ErrClosed
	// ErrInvalid means that the caller's argument can never be stored.
	ErrInvalid = errors.New("invalid")
	// ErrUnsound means that rows do not fit together, so that nothing that relies on them is done.
	ErrUnsound = errors.New("the rows of the store do not fit together")
	// ErrNewer means that a newer clawback wrote the file.
	ErrNewer = errors.New("written by a newer clawback")
	// ErrBound means that a search looked at as many rows as it may: what was found comes with it, and more may match.
	ErrBound = errors.New("search bound reached: narrow the time or the filter")
	// ErrTampered means that the audit's chain does not hold.
	ErrTampered = errors.New("audit chain is broken")
)

// Unavailable reports whether an error is of the store, or of a caller that waits no longer, and says nothing of what
// was asked for: ask again later.
func Unavailable(err error) bool {
	for _, is := range []error{ErrRead, ErrStorage, ErrClosed, context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, is) {
			return true
		}
	}
	return false
}
