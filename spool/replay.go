package spool

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
)

// Replayed says what Replay came upon.
type Replayed struct {
	Segments []string // all that there are, whether anything was replayed from them or not
	Torn     []string // "file at offset" of a batch at the end that is not wholly on the disk: its Append did not return
	Lost     []string // "file at offset" of what stood between batches and cannot be read
}

// Replay visits the batches that earlier runs appended to segments, from the offset that from gives for each of them, in the order
// in which they were appended. The Body of an entry is nil. The mark is how far it has come, with that batch.
//
// Only what was appended last to a segment can be torn, since nothing is appended before the sync of what comes before it. Of
// such a batch those entries are left out whose octets are not there.
func (s *Spool) Replay(from func(segment string) int64, visit func([]Entry, Mark) error) (Replayed, error) {
	var r Replayed
	// A name that is missing here may be forgotten by the caller: it must not come back with a crash.
	if err := s.fs.SyncDir(filepath.Join(s.dir, segDir)); err != nil {
		return r, s.syncFailed(segDir, err)
	}
	names, err := os.ReadDir(filepath.Join(s.dir, segDir)) // sorted by name, which is by time
	if err != nil {
		return r, fmt.Errorf("replay: %w", err)
	}
	for _, e := range names {
		name := filepath.Join(segDir, e.Name())
		r.Segments = append(r.Segments, name)
		if err := s.replay(&r, name, from(name), visit); err != nil {
			return r, fmt.Errorf("replay %s: %w", name, err)
		}
	}
	return r, nil
}

// runOf reads the run out of a segment's name: "" when it is of a version that kept no log.
func runOf(name string) string {
	parts := strings.Split(filepath.Base(name), "-")
	if len(parts) != 3 || len(parts[1]) != runDigits {
		return ""
	}
	return parts[1]
}

// replay visits one segment.
func (s *Spool) replay(r *Replayed, name string, at int64, visit func([]Entry, Mark) error) error {
	run := runOf(name)
	if run == "" || run == s.run {
		return nil
	}
	f, err := s.openFile(name)
	if err != nil {
		return err
	}
	defer f.Close()
	size, err := f.Size()
	if err != nil {
		return err
	}
	if at < size { // what can be read is not on the disk yet when the process died before its sync
		if err := f.Datasync(); err != nil {
			return s.syncFailed(name, err)
		}
	}
	l := segmentLog{file: f, name: name, run: run, size: size}
	b, err := l.next(at)
	for err == nil && b != nil {
		var next *batch
		if next, err = l.next(b.end); err != nil {
			break
		}
		if b.end >= size { // nothing behind it shows that its Append returned
			err = s.last(r, b)
		}
		if err == nil {
			err = visit(b.entries, Mark{File: name, End: b.end})
		}
		at, b = b.end, next
	}
	r.Lost = append(r.Lost, l.lost...)
	if err != nil || at >= size {
		return err
	}
	r.Torn = append(r.Torn, fmt.Sprintf("%s at %d", name, at))
	return visit(nil, Mark{File: name, End: size})
}

// last leaves out of a batch at the end of a segment what is not wholly on the disk.
func (s *Spool) last(r *Replayed, b *batch) error {
	var there []Entry
	for _, e := range b.entries {
		err := s.verifyEntry(e)
		if err == nil {
			there = append(there, e)
		} else if !errors.Is(err, ErrMissing) && !errors.Is(err, ErrCorrupt) {
			return err
		}
	}
	if torn := len(b.entries) - len(there); torn > 0 {
		r.Torn = append(r.Torn, fmt.Sprintf("%s at %d: %d of %d entries", b.name, b.at, torn, len(b.entries)))
	}
	b.entries = there
	return nil
}

// verifyEntry compares the octets of an entry's body, when it has one, with their checksum.
func (s *Spool) verifyEntry(e Entry) error {
	if e.Ref.File == "" {
		return nil
	}
	return s.Verify(e.Ref)
}

// segmentLog reads the batches of one segment.
type segmentLog struct {
	file File
	name string
	run  string
	size int64
	lost []string
}

// batch is one that was read: its frame is whole, its bodies were not looked at.
type batch struct {
	name    string // of the segment
	at, end int64
	entries []Entry
}

// next is the batch that begins at an offset. Where there is none it is looked for further on: a frame that the disk has damaged
// does not take those behind it along. nil when there is no other.
func (l *segmentLog) next(at int64) (*batch, error) {
	b, err := l.read(at)
	if !errors.Is(err, errNoFrame) {
		return b, err
	}
	for from := at + block; from < l.size; from += block {
		b, err := l.read(from)
		if errors.Is(err, errNoFrame) {
			continue
		}
		if err == nil {
			l.lost = append(l.lost, fmt.Sprintf("%s at %d", l.name, at))
		}
		return b, err
	}
	return nil, nil
}

// read reads the batch at an offset: errNoFrame when there is none.
func (l *segmentLog) read(at int64) (*batch, error) {
	if at < 0 || at >= l.size {
		return nil, errNoFrame
	}
	first := make([]byte, frameHead)
	if err := l.readAt(first, at); err != nil {
		return nil, err
	}
	h, err := parseHead(first, l.run)
	if err != nil {
		return nil, err
	}
	frame := make([]byte, min(h.size, l.size-at))
	if int64(len(frame)) < h.size {
		return nil, errNoFrame
	}
	if err := l.readAt(frame, at); err != nil {
		return nil, err
	}
	entries, err := parseFrame(frame, h, l.name, at)
	if err != nil {
		return nil, err
	}
	return &batch{name: l.name, at: at, end: at + h.span, entries: entries}, nil
}

// readAt fills b. The end of the file in it is no frame.
func (l *segmentLog) readAt(b []byte, at int64) error {
	_, err := l.file.ReadAt(b, at)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) {
		return errNoFrame
	}
	return err
}
