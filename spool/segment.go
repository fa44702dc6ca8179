package spool

import (
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
)

// hourForm is what the name of every file begins with: the hour, in UTC, in which it was begun.
const hourForm = "20060102T15"

// segment is the file that batches are appended to.
type segment struct {
	name string // relative to the spool
	hour string
	file File
	size int64 // octets that were appended and synced, in whole blocks
	n    int   // its number in this run
}

// AppendBatch appends the bodies to the current segment: one write, one fdatasync. They are durable when it returns.
// When it fails none of them is.
func (s *Spool) AppendBatch(bodies []*Small) ([]Ref, error) {
	if len(bodies) == 0 {
		return nil, nil
	}
	s.appending.Lock()
	defer s.appending.Unlock()
	if err := s.writable(); err != nil {
		return nil, err
	}
	seg, err := s.segment()
	if err != nil {
		return nil, fmt.Errorf("begin segment: %w", err)
	}
	if err := s.append(seg, bodies); err != nil {
		return nil, err
	}
	return seg.refs(bodies), nil
}

// append writes and syncs. What a failed write left behind is cut off; where that fails too, the segment is given up.
func (s *Spool) append(seg *segment, bodies []*Small) error {
	whole := make([][]byte, len(bodies))
	for i, b := range bodies {
		whole[i] = b.padded()
	}
	if _, err := seg.file.Pwritev(whole, seg.size); err != nil {
		if cut := seg.file.Truncate(seg.size); cut != nil {
			s.drop(seg)
		}
		return fmt.Errorf("append to %s: %w", seg.name, err)
	}
	if err := seg.file.Datasync(); err != nil {
		return s.syncFailed(seg.name, err)
	}
	return nil
}

// refs counts the bodies in and says where they lie.
func (seg *segment) refs(bodies []*Small) []Ref {
	refs := make([]Ref, len(bodies))
	for i, b := range bodies {
		refs[i] = Ref{File: seg.name, Offset: seg.size, Size: b.Size(), CRC: b.crc}
		seg.size += blocks(b.Size())
	}
	return refs
}

// segment is the one to append to: the current one, or a new one when the hour is over or it has grown large.
func (s *Spool) segment() (*segment, error) {
	hour := s.o.Now().UTC().Format(hourForm)
	n := 1
	if cur := s.current; cur != nil {
		if cur.hour == hour && cur.size < s.o.SegmentSize {
			return cur, nil
		}
		n = cur.n + 1
		s.drop(cur)
	}
	return s.begin(hour, n)
}

// begin makes a segment under a name that no other run can have used. The name is durable when it returns.
func (s *Spool) begin(hour string, n int) (*segment, error) {
	name := filepath.Join(segDir, fmt.Sprintf("%s-%s-%04d", hour, s.run, n))
	path := filepath.Join(s.dir, name)
	f, err := s.fs.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY|unix.O_DIRECT, 0o600)
	if err != nil {
		return nil, err
	}
	seg := &segment{name: name, hour: hour, file: f, n: n}
	s.current = seg // also when the sync fails: its number is used up
	if err := s.fs.SyncDir(filepath.Dir(path)); err != nil {
		return nil, s.syncFailed(segDir, err)
	}
	return seg, nil
}

// drop lets a segment be. All that it holds was synced, so an error on close says nothing new.
func (s *Spool) drop(seg *segment) {
	_ = seg.file.Close()
	seg.size = s.o.SegmentSize // never appended to again
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
