package queue

import (
	"errors"
)

// What an operation can fail with.
var (
	ErrNotFound = errors.New("queue: no such item")
	ErrState    = errors.New("queue: not in this state")
	ErrStorage  = errors.New("queue: storage failed")
	ErrLost     = errors.New("queue: the claim is lost: its lease has ended, and the item is another's")
	ErrClosed   = errors.New("queue: closed")
)
