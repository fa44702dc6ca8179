package spool

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/sys/unix"
)

// The directories of a spool.
const (
	segDir  = "seg"
	bodyDir = "body"
	keptDir = "kept"
	tmpDir  = "tmp"

	detachedDir = "detached"
)

// hourForm is what the name of every file begins with: the hour, in UTC, in which it was begun.
const hourForm = "20060102T15"

// segment is the file that batches are appended to.
type segment struct {
	name string // relative to the spool
	hour string
	file File
	size int64 // bytes that were appended and synced, in whole blocks
}

// Entry is one of those things that a batch makes durable together: a note, which means nothing to the spool, and with
// it a small body or none.
type Entry struct {
	Note []byte
	Body *Small // nil for none
	Ref  Ref    // where the body lies, set by Append and Replay; zero for none
	// Set by Replay: the body is not wholly there, in a batch of which nothing shows that its Append returned.
	Torn bool
}

// size is how many bytes its body has.
func (e *Entry) size() int64 {
	if e.Body == nil {
		return 0
	}
	return e.Body.Size()
}

// Mark says how far a segment has been appended to, or read.
type Mark struct {
	File string // the segment
	End  int64  // offset behind the batch
}

// Append appends a batch to the current segment: one write, one fdatasync. Notes and bodies are durable when it
// returns, and Replay finds them from then on. When it fails none of them is to be relied on, and after ErrLeft Replay
// may find them nevertheless.
func (s *Spool) Append(batch []*Entry) (Mark, error) {
	s.appending.Lock()
	defer s.appending.Unlock()
	if err := s.writable(); err != nil {
		return Mark{}, err
	}
	if n := frameBytes(batch); n > maxFrame {
		return Mark{}, fmt.Errorf("notes of %d bytes in one batch: %d is the limit", n, maxFrame)
	}
	seg, err := s.segment()
	if err != nil {
		return Mark{}, fmt.Errorf("begin segment: %w", err)
	}
	if err := s.append(seg, batch); err != nil {
		return Mark{}, err
	}
	return Mark{File: seg.name, End: seg.size}, nil
}

// append writes, syncs and says where the bodies lie. What a failed write left behind is cut off, durably, or a
// crash could mix it with what is appended next; where that fails too, the segment is given up.
func (s *Spool) append(seg *segment, batch []*Entry) error {
	frame := appendFrame(s.buffers.get(int(frameBytes(batch))), s.run, batch)
	defer s.buffers.recycle(frame)
	whole := [][]byte{pad(frame)}
	for _, e := range batch {
		if e.Body != nil {
			whole = append(whole, e.Body.padded())
		}
	}
	if _, err := seg.file.Pwritev(whole, seg.size); err != nil {
		if cut := errors.Join(seg.file.Truncate(seg.size), seg.file.Datasync()); cut != nil {
			s.drop()
			return fmt.Errorf("append to %s: %w: %w: %w", seg.name, err, ErrLeft, cut)
		}
		return fmt.Errorf("append to %s: %w", seg.name, err)
	}
	if err := seg.file.Datasync(); err != nil {
		return fmt.Errorf("%w: %w", s.syncFailed(seg.name, err), ErrLeft)
	}
	at := seg.size + blocks(int64(len(frame)))
	for _, e := range batch {
		if e.Body != nil {
			e.Ref = Ref{File: seg.name, Offset: at, Size: e.size(), CRC: e.Body.crc}
			at += blocks(e.size())
		}
	}
	seg.size = at
	return nil
}

// segment is the one to append to: the current one, or a new one when the hour is over or it has grown large.
func (s *Spool) segment() (*segment, error) {
	hour := s.o.Now().UTC().Format(hourForm)
	if cur := s.current; cur != nil {
		if cur.hour == hour && cur.size < s.o.SegmentSize {
			return cur, nil
		}
		s.drop()
	}
	return s.begin(hour)
}

// begin makes a segment under a name that no other run can have used, nor this one, also when it failed. The name is
// durable when it returns.
func (s *Spool) begin(hour string) (*segment, error) {
	s.begun++
	name := filepath.Join(segDir, fmt.Sprintf("%s-%s-%04d", hour, s.run, s.begun))
	path := filepath.Join(s.dir, name)
	f, err := s.fs.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY|unix.O_DIRECT, 0o600)
	if err != nil {
		return nil, err
	}
	seg := &segment{name: name, hour: hour, file: f}
	s.current = seg // also when the sync fails: Close closes it
	if err := s.fs.SyncDir(filepath.Dir(path)); err != nil {
		return nil, s.syncFailed(segDir, err)
	}
	return seg, nil
}

// drop lets the current segment be. All of it that counts was synced, so an error on close says nothing new.
func (s *Spool) drop() {
	_ = s.current.file.Close()
	s.current = nil
}

// hourOf reads the hour out of a file's name.
func hourOf(name string) (time.Time, bool) {
	base := filepath.Base(name)
	if len(base) < len(hourForm) {
		return time.Time{}, false
	}
	t, err := time.Parse(hourForm, base[:len(hourForm)])
	return t, err == nil
}
