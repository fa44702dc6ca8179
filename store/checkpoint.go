package store

import (
	"errors"
	"fmt"
)

// checkpointer is an engine that can copy itself while it is written.
type checkpointer interface {
	Checkpoint(dir string) error
}

// Checkpoint makes a copy of the store as of now in dir, which is not there yet, and on the same file system. It is a store to open.
func (s *Store) Checkpoint(dir string) error {
	e, can := s.engine.(checkpointer)
	if !can {
		return errors.New("checkpoint of store: its engine cannot make one")
	}
	if err := e.Checkpoint(dir); err != nil {
		return fmt.Errorf("checkpoint of store: %w", err)
	}
	return nil
}
