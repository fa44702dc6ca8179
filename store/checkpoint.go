package store

import (
	"errors"
	"fmt"
)

// checkpointer is an engine that can copy itself while it is written.
type checkpointer interface {
	Checkpoint(dir string) error
}

// Checkpoint makes a copy of the store as of now in dir, which is not there yet, and on the same file system. It is a
// store to open.
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

// cacher is an engine that says what it has in memory.
type cacher interface {
	CacheSize() int64
}

// CacheSize is how many bytes of rows the store has in memory; 0 where its engine does not say.
func (s *Store) CacheSize() int64 {
	if e, does := s.engine.(cacher); does {
		return e.CacheSize()
	}
	return 0
}
