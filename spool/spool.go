// Package spool keeps the bodies, written once: append, sync, open, retain.
//
// Small bodies of one batch are appended to the current segment file with one write and one fdatasync, and before them
// a frame with a note on each: the segments are a log as well, which Replay reads. A large body is streamed into a file
// of its own while it arrives. Both are written past the page cache where the file system has direct I/O. Copies of
// flagged mail are kept compressed, for longer.
//
//	seg/20261121T19-5f0c21aa97e41b02-0001  frames and bodies in whole blocks of 4 KiB, one or more files for each hour
//	body/20261121/20261121T190612-9a31c04e one large body
//	kept/202611/20261121T19-8d2e11f0.zst   a long-lived copy, in the Zstandard seekable format
//	detached/20261121T19-5f0c21aa97e41b02-0001@4096-812-9a31c04e  a body that is needed longer than its segment
//	tmp/                                   what is not finished
//
// Reads: its directory. Writes: its directory, and nothing else.
//
// Invariants:
//   - I1: a Ref that was returned is durable: its bytes and the names that lead to them were synced before.
//   - I2: bytes once written are never written again. A segment is only ever appended to, and only by the Spool that
//     made it: after a restart a new one is begun, so that a torn tail stays what it is, bytes without a row.
//   - I3: what no row refers to is garbage. The spool does not know the rows; Recover and Expire ask.
//   - I4: a body outlives its segment where something unfinished refers to it: the segment goes when the copy is
//     durable.
//   - I5: Replay gives what an Append that returned has made durable, and nothing that came in with a message.
//
// On failure: a full disk fails the one call, with an error that wraps ENOSPC or EDQUOT, and the next may succeed. A
// failed sync is final, because the kernel may have dropped the pages and will not say so twice: the Spool is broken,
// every later write answers ErrBroken, and Broken is closed. Reading goes on.
//
// Standards: CRC-32C (RFC 3720, appendix B.4); Zstandard (RFC 8878) with the seekable format of facebook/zstd,
// contrib/seekable_format.
package spool

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io/fs"
	"path/filepath"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"time"
)

// What an operation can fail with, besides what the file system says.
var (
	ErrMissing = errors.New("spool: the bytes are not there")
	ErrCorrupt = errors.New("spool: the bytes do not match their checksum")
	ErrBroken  = errors.New("spool: a sync failed, nothing more is taken until it is opened again")
	ErrClosed  = errors.New("spool: closed")
	ErrLeft    = errors.New("spool: the batch that was not appended may be found in the log")
	ErrNoSpace = fmt.Errorf("spool: free space or free inodes are under their limit: %w", syscall.ENOSPC)
)

// DefaultInlineLimit is the size up to which a body goes into a segment; docs/decisions/0002-spool.md has the
// measurements.
const DefaultInlineLimit = 512 << 10

// Options of a Spool. The zero value works.
type Options struct {
	InlineLimit    int64            // bodies up to this size belong into segments; 0: DefaultInlineLimit
	SegmentSize    int64            // a segment is closed when it has grown past this; 0: 1 GiB
	MinFree        int64            // bytes that Reserve leaves free on the disk
	MinFreePercent float64          // the same, of the disk's size; the greater of the two rules
	MinFreeInodes  int64            // inodes that Reserve leaves free
	MaxMemory      int64            // bytes that bodies on their way may hold; 0: no cap
	Now            func() time.Time // nil: time.Now
	FS             FS               // nil: the operating system's

	Fail func(point string) error // failpoints of the crash tests; nil in production
}

// Spool is a directory of bodies. Its methods may be called from several goroutines.
type Spool struct {
	dir string
	o   Options
	fs  FS
	// Tells the segments of this Open from those of others, and its frames from all other bytes: see frame.go.
	run string

	appending sync.Mutex // held by Append; owns current and begun
	current   *segment
	begun     int // segments

	turns   chan struct{} // of large bodies
	buffers buffers       // for small bodies, and what is not written yet of large ones

	readers readers // of segments

	huge sync.Mutex // held by the sync of a large body, or of a part of it

	deleting sync.RWMutex // held while it is asked whether a file is needed, and the file is deleted; see Hold

	looked atomic.Pointer[looked] // the last look at a disk with plenty of space

	lately lately // long-lived copies that no row may refer to yet

	mu       sync.Mutex // owns what follows
	broken   chan struct{}
	cause    error // why it is broken
	closed   bool
	reserved [classes]int64
	days     map[string]bool // directories that are known to exist durably
}

// Open opens the spool in dir, which is made when it is absent. Nothing is removed; see Recover.
func Open(dir string, o Options) (*Spool, error) {
	s := &Spool{dir: dir, o: o.withDefaults(), broken: make(chan struct{}),
		turns: make(chan struct{}, max(1, runtime.NumCPU()-1)), days: map[string]bool{}}
	s.fs = s.o.FS
	s.buffers.memory.max = s.o.MaxMemory
	run, err := randomHex(runDigits / 2)
	if err != nil {
		return nil, err
	}
	s.run = run
	for _, name := range []string{"", segDir, bodyDir, keptDir, detachedDir, tmpDir} {
		if err := s.mkdir(filepath.Join(dir, name)); err != nil {
			return nil, fmt.Errorf("open spool: %w", err)
		}
	}
	return s, nil
}

func (o Options) withDefaults() Options {
	if o.InlineLimit <= 0 {
		o.InlineLimit = DefaultInlineLimit
	}
	if o.SegmentSize <= 0 {
		o.SegmentSize = 1 << 30
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.FS == nil {
		o.FS = osFS{}
	}
	if o.Fail == nil {
		o.Fail = func(string) error { return nil }
	}
	return o
}

// InlineLimit is the size in bytes up to which a body belongs into a segment.
func (s *Spool) InlineLimit() int64 { return s.o.InlineLimit }

// Broken is closed when a sync has failed.
func (s *Spool) Broken() <-chan struct{} { return s.broken }

// Close closes the current segment. Bodies that are open stay readable.
func (s *Spool) Close() error {
	s.appending.Lock()
	defer s.appending.Unlock()
	s.mu.Lock()
	s.closed = true
	s.mu.Unlock()
	s.readers.dropAll()
	if s.current == nil {
		return nil
	}
	err := s.current.file.Close()
	s.current = nil
	return err
}

// writable answers why nothing can be written, or nil.
func (s *Spool) writable() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.cause != nil:
		return fmt.Errorf("%w: %w", ErrBroken, s.cause)
	case s.closed:
		return ErrClosed
	}
	return nil
}

// syncFailed breaks the spool and gives the error to answer with.
func (s *Spool) syncFailed(name string, err error) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.cause == nil {
		s.cause = fmt.Errorf("sync %s: %w", name, err)
		close(s.broken)
	}
	return fmt.Errorf("%w: sync %s: %w", ErrBroken, name, err)
}

// mkdir makes one directory and syncs its parent, once for each name.
func (s *Spool) mkdir(name string) error {
	s.mu.Lock()
	known := s.days[name]
	s.mu.Unlock()
	if known {
		return nil
	}
	err := s.fs.Mkdir(name, 0o700)
	if err != nil && !errors.Is(err, fs.ErrExist) {
		return err
	}
	if err := s.fs.SyncDir(filepath.Dir(name)); err != nil {
		return s.syncFailed(filepath.Dir(name), err)
	}
	s.mu.Lock()
	s.days[name] = true
	s.mu.Unlock()
	return nil
}

func randomHex(n int) (string, error) {
	b := make([]byte, n)
	if _, err := rand.Read(b); err != nil {
		return "", fmt.Errorf("draw a name: %w", err)
	}
	return hex.EncodeToString(b), nil
}

// castagnoli is the polynomial that the processors of today compute in hardware.
var castagnoli = crc32.MakeTable(crc32.Castagnoli)
