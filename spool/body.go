package spool

import (
	"context"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
)

// stored is a body that is open in the spool. ReadAt may be called from several goroutines, once Verify has returned
// where it is called.
type stored struct {
	io.ReaderAt
	size  int64
	close func() error
}

// Size is how many bytes the body has.
func (b *stored) Size() int64 { return b.size }

// Close ends the reading. It may be called again.
func (b *stored) Close() error { return b.close() }

// Open opens the body that r refers to, compressed or not. It finds a body that is missing or too short
// (ErrMissing); that the bytes are right it does not check, see OpenVerified. Where a segment is no more, the body's
// own copy is opened.
func (s *Spool) Open(_ context.Context, r Ref) (Body, error) {
	b, err := s.open(r)
	if err != nil {
		return nil, err // not an interface that holds a nil
	}
	return b, nil
}

// OpenVerified opens a body after reading it through and comparing its checksum: ErrMissing, ErrCorrupt.
func (s *Spool) OpenVerified(_ context.Context, r Ref) (Body, error) {
	b, err := s.open(r)
	if err != nil {
		return nil, err
	}
	if err := b.Verify(r); err != nil {
		return nil, errors.Join(err, b.Close())
	}
	return b, nil
}

func (s *Spool) open(r Ref) (*stored, error) {
	open := s.openFile
	if strings.HasPrefix(r.File, segDir+"/") {
		open = func(name string) (File, error) { return s.readers.open(name, s.openFile) }
	}
	f, err := open(r.File)
	if errors.Is(err, fs.ErrNotExist) && top(r.File) == segDir {
		if b, err := s.openCopy(r); err == nil || !errors.Is(err, fs.ErrNotExist) {
			return b, err
		}
	}
	if err != nil {
		return nil, fmt.Errorf("open %s: %w", r.File, err)
	}
	b, err := body(f, r)
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("open %s: %w", r.File, err)
	}
	return b, nil
}

// openCopy opens the file of a body that was detached from its segment.
func (s *Spool) openCopy(r Ref) (*stored, error) {
	f, err := s.openFile(copyName(r))
	if err != nil {
		return nil, fmt.Errorf("open copy of %s: %w", r.File, err)
	}
	b, err := body(f, Ref{File: r.File, Size: r.Size})
	if err != nil {
		_ = f.Close()
		return nil, fmt.Errorf("open copy of %s: %w", r.File, err)
	}
	return b, nil
}

func (s *Spool) openFile(name string) (File, error) {
	if !filepath.IsLocal(name) {
		return nil, fmt.Errorf("%w: not a name of the spool", ErrMissing)
	}
	f, err := s.fs.OpenFile(filepath.Join(s.dir, name), os.O_RDONLY, 0)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %w", ErrMissing, err)
	}
	return f, err
}

// body is the reader over f, which it closes.
func body(f File, r Ref) (*stored, error) {
	if r.Offset < 0 || r.Size < 0 {
		return nil, fmt.Errorf("%w: offset %d, size %d", ErrCorrupt, r.Offset, r.Size)
	}
	if strings.HasSuffix(r.File, keptSuffix) {
		return keptBody(f, r)
	}
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	if size-r.Size < r.Offset {
		return nil, fmt.Errorf("%w: the file has %d bytes, the body ends at %d", ErrMissing, size, r.Offset+r.Size)
	}
	return &stored{ReaderAt: io.NewSectionReader(f, r.Offset, r.Size), size: r.Size, close: sync.OnceValue(f.Close)},
		nil
}

// Verify reads the whole body and compares its checksum: nil, ErrMissing, ErrCorrupt, or why it cannot be read.
func (s *Spool) Verify(r Ref) error {
	b, err := s.open(r)
	if err != nil {
		return err
	}
	return errors.Join(b.Verify(r), b.Close())
}

// Verify reads the whole body and compares it with r. A small body is read from memory after that: who verifies it
// reads it as well, and a body that was right once stays so.
func (b *stored) Verify(r Ref) error {
	if r.Size <= keptInMemory && r.Size == b.size {
		return b.load(r)
	}
	sum := crc32.New(castagnoli)
	buf := copyBuffers.Get().(*[]byte)
	defer copyBuffers.Put(buf)
	n, err := io.CopyBuffer(struct{ io.Writer }{sum}, io.NewSectionReader(b, 0, r.Size), *buf)
	if err != nil {
		return fmt.Errorf("read %s: %w", r.File, err)
	}
	return r.compare(n, sum.Sum32())
}

// keptInMemory is the size up to which a body that was verified is held in memory: a body of most mail.
const keptInMemory = 256 << 10

// load reads a small body into memory and compares it with r.
func (b *stored) load(r Ref) error {
	kept := &loaded{room: bodyRoom.Get().(*[]byte)}
	kept.body = slices.Grow((*kept.room)[:0], int(r.Size))[:r.Size]
	n, err := b.ReadAt(kept.body, 0)
	if err != nil && !errors.Is(err, io.EOF) {
		err = fmt.Errorf("read %s: %w", r.File, err)
	} else {
		err = r.compare(int64(n), crc32.Checksum(kept.body[:n], castagnoli))
	}
	if err != nil {
		return errors.Join(err, kept.Close())
	}
	closeFile := b.close
	b.ReaderAt, b.close = kept, kept.Close
	return closeFile()
}

// bodyRoom is for bodies in memory, of which one follows the other.
var bodyRoom = sync.Pool{New: func() any { return new([]byte) }}

// maxBodyRoom is the largest that is kept for the next body.
const maxBodyRoom = 64 << 10

// loaded is a body in memory. As from a file, nothing is read of it once it is closed: its room is another's then.
type loaded struct {
	room *[]byte

	mu     sync.RWMutex // guards what follows
	body   []byte
	closed bool
}

func (l *loaded) ReadAt(p []byte, off int64) (int, error) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	switch {
	case l.closed:
		return 0, os.ErrClosed
	case off < 0:
		return 0, fmt.Errorf("read a body at %d: %w", off, fs.ErrInvalid)
	case off >= int64(len(l.body)):
		return 0, io.EOF
	}
	n := copy(p, l.body[off:])
	if n < len(p) {
		return n, io.EOF
	}
	return n, nil
}

// Close gives the room back, once.
func (l *loaded) Close() error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if !l.closed && cap(l.body) <= maxBodyRoom {
		*l.room = l.body[:0]
		bodyRoom.Put(l.room)
	}
	l.body, l.closed = nil, true
	return nil
}

// compare says what is wrong with n bytes of this checksum, if they are to be the body.
func (r Ref) compare(n int64, sum uint32) error {
	switch {
	case n != r.Size:
		return fmt.Errorf("read %s: %w: %d bytes of %d", r.File, ErrMissing, n, r.Size)
	case sum != r.CRC:
		return fmt.Errorf("read %s: %w: %08x, not %08x, for %d bytes at %d", r.File, ErrCorrupt, sum, r.CRC, r.Size,
			r.Offset)
	}
	return nil
}

// copyBuffers bounds what reading bodies through costs.
var copyBuffers = sync.Pool{New: func() any { b := make([]byte, 256<<10); return &b }}
