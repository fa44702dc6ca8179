package spool

import (
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"regexp"
	"syscall"
)

// Replayed says what Replay came upon, each as "file at offset".
type Replayed struct {
	// What stands behind the last batch of a segment and is none: the beginning of one whose Append did not return, or
	// damage.
	Torn []string
	Lost []string // what stood between batches, or was there when a mark was set, and cannot be read
}

// Replay visits the batches that earlier runs appended to segments, from the offset that from gives for each of them,
// in the order in which they were appended. The Body of an entry is nil. The mark is how far it has come, with that
// batch.
//
// Only what was appended last to a segment can be torn, since nothing is appended before the sync of what comes before
// it.
func (s *Spool) Replay(from func(segment string) int64, visit func([]Entry, Mark) error) (Replayed, error) {
	var r Replayed
	names, err := os.ReadDir(filepath.Join(s.dir, segDir)) // sorted by name, which is by time
	if err != nil {
		return r, fmt.Errorf("replay: %w", err)
	}
	for _, e := range names {
		name := filepath.Join(segDir, e.Name())
		run := runOf(name)
		if run == "" || run == s.run || !e.Type().IsRegular() {
			continue
		}
		if err := s.replay(&r, name, from(name), visit); err != nil {
			return r, fmt.Errorf("replay %s: %w", name, err)
		}
	}
	return r, nil
}

// segmentName is that of a segment with a log; those of versions that kept none have a shorter run.
var segmentName = regexp.MustCompile(`^\d{8}T\d\d-([0-9a-f]{16})-\d{4,}$`)

// runOf reads the run out of a segment's name: "" when there is no log in it.
func runOf(name string) string {
	if m := segmentName.FindStringSubmatch(filepath.Base(name)); m != nil {
		return m[1]
	}
	return ""
}

// replay visits one segment.
func (s *Spool) replay(r *Replayed, name string, at int64, visit func([]Entry, Mark) error) error {
	l, err := s.openLog(name)
	if err != nil {
		return err
	}
	defer l.file.Close()
	if at > l.size {
		r.Lost = append(r.Lost, fmt.Sprintf("%s at %d", name, l.size))
	}
	if at >= l.size {
		return nil
	}
	if at < 0 || at%block != 0 {
		at = 0 // no mark of ours
	}
	// What can be read is not on the disk yet when the process died before its sync.
	if err := l.file.Datasync(); err != nil {
		return s.syncFailed(name, err)
	}
	b, err := l.next(at)
	for err == nil && b != nil {
		var next *batch
		if next, err = l.next(b.end); err != nil {
			break
		}
		if b.end >= l.size { // nothing behind it shows that its Append returned
			err = s.findTorn(b)
		}
		if err == nil {
			err = visit(b.entries, Mark{File: name, End: min(b.end, l.size)})
		}
		at, b = b.end, next
	}
	r.Lost = append(r.Lost, l.lost...)
	if err != nil || at >= l.size {
		return err
	}
	r.Torn = append(r.Torn, fmt.Sprintf("%s at %d", name, at))
	return visit(nil, Mark{File: name, End: l.size})
}

// findTorn finds the entries whose bytes are not wholly on the disk.
func (s *Spool) findTorn(b *batch) error {
	for i := range b.entries {
		e := &b.entries[i]
		if e.Ref.File == "" {
			continue
		}
		err := s.Verify(e.Ref)
		e.Torn = errors.Is(err, ErrMissing) || errors.Is(err, ErrCorrupt)
		if err != nil && !e.Torn {
			return err
		}
	}
	return nil
}

// segmentLog reads the batches of one segment.
type segmentLog struct {
	file File
	name string
	run  string
	size int64
	lost []string
}

func (s *Spool) openLog(name string) (*segmentLog, error) {
	f, err := s.openFile(name)
	if err != nil {
		return nil, err
	}
	size, err := f.Size()
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &segmentLog{file: f, name: name, run: runOf(name), size: size}, nil
}

// batch is one that was read: its frame is whole, its bodies were not looked at.
type batch struct {
	at, end int64
	entries []Entry
}

// next is the batch that begins at an offset. Where there is none it is looked for further on: a frame that the disk
// has damaged does not take those behind it along. nil when there is no other.
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
	return &batch{at: at, end: at + h.span, entries: entries}, nil
}

// readAt fills b. The end of the file in it is no frame, and neither is what the disk cannot read any more.
func (l *segmentLog) readAt(b []byte, at int64) error {
	_, err := l.file.ReadAt(b, at)
	if errors.Is(err, io.EOF) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, syscall.EIO) {
		return errNoFrame
	}
	return err
}
