package spool

import (
	"context"
	"time"
)

// Keeper keeps bodies for as long as something needs them, and the long-lived copies beside them. A Spool is one; an
// engine that keeps bodies in a database is another. Bodies come in by the drafts of the queue that stands over it.
// spooltest is the contract as tests.
type Keeper interface {
	Bodies
	// Keep makes a long-lived copy of a body, once: the Ref it returns opens to the same bytes. ErrMissing, ErrCorrupt
	// where they are not those of ref.
	Keep(ctx context.Context, ref Ref) (Ref, error)
	// Expire removes bodies that came before a time, and kept copies of those that came before keptBefore, unless they
	// are in use.
	Expire(ctx context.Context, before, keptBefore time.Time, inUse InUse) (Expired, error)
	// Detach gives back space before a time that Expire left, since a part of it is in use.
	Detach(ctx context.Context, before time.Time, needs Needs) (Detached, error)
	// Size is how many bytes are kept.
	Size(ctx context.Context) (int64, error)
	// Memory says what bodies on their way hold now.
	Memory() Memory
	// Broken is closed when the storage has failed for good: the process should end, and be started again.
	Broken() <-chan struct{}
	// Close releases the storage. It may be called again.
	Close() error
}

// InUse reports whether something unfinished refers to what holds a body, its Ref's File. After an error it is kept.
type InUse func(ctx context.Context, file string) (bool, error)

// Needs says which bodies of a segment something unfinished refers to. whole is true when the segment must stay as it
// is: because not all of them can be told, or because its log is needed. After an error it stays too.
type Needs func(ctx context.Context, segment string) (bodies []Ref, whole bool, err error)

var _ Keeper = (*Spool)(nil)
