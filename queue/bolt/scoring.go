package bolt

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"sync"
)

// scoring is the file that says which items are being scored. It is written before a stage sees an item's bytes, and
// never synced: it is for a process that ends, whose writes the kernel keeps. When the machine ends it, no item is to
// blame.
type scoring struct {
	file *os.File

	mu    sync.Mutex // guards what follows
	slots int        // that the file has had so far
	free  []int      // of these, those that hold nothing
}

const (
	slotSize  = 64 // bytes of a slot: an id and zeros
	someSlots = 64 // that a new file has, so that noting an item rarely needs space
)

func (q *Queue) scoringPath() string { return filepath.Join(q.dir, "queue.scoring") }

// readScoring gives the items that were being scored when the last process ended.
func (q *Queue) readScoring() (map[string]bool, error) {
	body, err := os.ReadFile(q.scoringPath())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	ids := map[string]bool{}
	for at := 0; at+slotSize <= len(body); at += slotSize {
		if id := strings.TrimRight(string(body[at:at+slotSize]), "\x00\n"); id != "" {
			ids[id] = true
		}
	}
	return ids, nil
}

// openScoring begins the file anew.
func (q *Queue) openScoring() (*scoring, error) {
	file, err := os.OpenFile(q.scoringPath(), os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o600)
	if err != nil {
		return nil, err
	}
	if _, err := file.Write(make([]byte, someSlots*slotSize)); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return &scoring{file: file}, nil
}

// StartScoring notes that an item's bytes are about to be read by a stage, and gives what takes the note back, once the
// item's end is committed. A process that ends in between makes the item a suspect. The note costs a write to memory.
func (q *Queue) StartScoring(_ context.Context, id string) (end func(), err error) {
	if len(id) >= slotSize {
		return nil, fmt.Errorf("note item %s: its id is too long", id)
	}
	slot := q.scoring.acquire()
	if err := q.scoring.write(slot, id+"\n"); err != nil {
		q.scoring.release(slot)
		return nil, storage(fmt.Errorf("note that item %s is being scored: %w", id, err))
	}
	return func() {
		_ = q.scoring.write(slot, "") // what stays names an item that has ended, which is no suspect
		q.scoring.release(slot)
	}, nil
}

func (s *scoring) write(slot int, text string) error {
	var b [slotSize]byte
	copy(b[:], text)
	_, err := s.file.WriteAt(b[:], int64(slot)*slotSize)
	return err
}

// acquire gives a free slot of the file, the next one where none is free.
func (s *scoring) acquire() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	if n := len(s.free); n > 0 {
		slot := s.free[n-1]
		s.free = s.free[:n-1]
		return slot
	}
	s.slots++
	return s.slots - 1
}

func (s *scoring) release(slot int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.free = append(s.free, slot)
}

var _ io.Closer = (*scoring)(nil)

// Close leaves the notes of items that were not ended as they are.
func (s *scoring) Close() error { return s.file.Close() }
