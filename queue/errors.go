package queue

import (
	"errors"
)

// What an operation can fail with.
var (
	ErrNotFound = errors.New("queue: no such item")
	ErrState    = errors.New("queue: not in this state")
	ErrStorage  = errors.New("queue: storage failed")
	ErrClosed   = errors.New("queue: closed")
)
