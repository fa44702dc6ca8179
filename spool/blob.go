package spool

import (
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"

	"golang.org/x/sys/unix"
)

// Blob is a large body on its way into a file of its own. It is used by one goroutine.
type Blob struct {
	s     *Spool
	class Class
	file  File
	tmp   string
	name  string // relative to the spool, once it is whole
	buf   []byte // what is not written yet
	turn  turn
	size  int64
	held  int64 // bytes that are written and not synced yet
	crc   uint32
	err   error // sticky: a body with a hole in it is never committed
	done  bool
}

// Create begins a large body. One of Commit and Abort must follow.
func (s *Spool) Create() (*Blob, error) {
	if err := s.writable(); err != nil {
		return nil, err
	}
	random, err := randomHex(8)
	if err != nil {
		return nil, err
	}
	tmp := filepath.Join(s.dir, tmpDir, random)
	f, err := s.fs.OpenFile(tmp, os.O_CREATE|os.O_EXCL|os.O_WRONLY|unix.O_DIRECT, 0o600)
	if err != nil {
		return nil, fmt.Errorf("create body: %w", err)
	}
	return &Blob{s: s, file: f, tmp: tmp, turn: turn{turns: s.turns}}, nil
}

// Write appends to the body. An error is that of an earlier byte, too.
func (b *Blob) Write(p []byte) (int, error) {
	for rest := p; len(rest) > 0; {
		space := b.Space()
		if len(space) == 0 {
			return b.writeThrough(p, rest)
		}
		n := copy(space, rest)
		if err := b.Advance(n); err != nil {
			return 0, err
		}
		rest = rest[n:]
	}
	return len(p), b.err
}

// Space is where the next bytes of the body can be read to. It is valid until Advance; nil when there is no memory for
// it, and Write goes on without.
func (b *Blob) Space() []byte {
	at := len(b.buf)
	rest := piece - at%piece
	if next, ok := b.s.buffers.grow(b.buf, min(minSpace, rest), 0, b.class); ok {
		b.buf = next
		return b.buf[at:min(cap(b.buf), at+rest)]
	}
	if b.err == nil {
		b.err = b.flush(block)
	}
	if b.err != nil {
		return nil
	}
	return b.buf[len(b.buf):cap(b.buf)]
}

// writeThrough writes the rest of p straight to the file: there is not even memory for the smallest buffer.
func (b *Blob) writeThrough(p, rest []byte) (int, error) {
	if b.err == nil {
		b.crc = crc32.Update(b.crc, castagnoli, rest)
		b.size += int64(len(rest))
		if b.err = b.write(rest); b.err == nil && b.held >= syncStep {
			b.err = b.sync()
		}
	}
	if b.err != nil {
		return 0, b.err
	}
	return len(p), nil
}

// Advance appends the first n bytes of Space.
func (b *Blob) Advance(n int) error {
	if b.err != nil {
		return b.err
	}
	at := len(b.buf)
	b.buf = b.buf[:at+n]
	b.crc = crc32.Update(b.crc, castagnoli, b.buf[at:])
	b.size += int64(n)
	b.err = b.flush(piece)
	return b.err
}

// piece is how much of a large body is written at once.
const piece = 512 << 10

// flush writes whole pieces of a size, past the page cache: what a sync of small bodies would otherwise have to wait
// for.
func (b *Blob) flush(size int) error {
	n := len(b.buf) - len(b.buf)%size
	if n == 0 {
		return nil
	}
	if err := b.write(b.buf[:n]); err != nil {
		return err
	}
	b.buf = append(b.buf[:0], b.buf[n:]...)
	b.turn.done()
	defer b.turn.wait() // for the next piece: until it is written, too
	if b.held >= syncStep {
		return b.sync()
	}
	return nil
}

func (b *Blob) write(p []byte) error {
	if _, err := b.file.Write(p); err != nil {
		return fmt.Errorf("write body: %w", err)
	}
	b.held += int64(len(p))
	return nil
}

// finish writes the rest, in whole blocks, and cuts what was too much.
func (b *Blob) finish() error {
	if len(b.buf) == 0 {
		return nil
	}
	if err := b.write(pad(b.buf)); err != nil {
		return err
	}
	if err := b.file.Truncate(b.size); err != nil {
		return fmt.Errorf("set size of body: %w", err)
	}
	return nil
}

// Size is how many bytes the body has so far.
func (b *Blob) Size() int64 { return b.size }

// Written is how many of them are in the file.
func (b *Blob) Written() int64 { return b.size - int64(len(b.buf)) }

// Commit makes the body durable: fdatasync, rename to its name, sync of the directory. It runs in the caller's
// goroutine, so that a large body delays nobody else. After an error the body is gone, as after Abort.
func (b *Blob) Commit() (Ref, error) {
	if b.done {
		return Ref{}, ErrClosed
	}
	if err := b.commit(); err != nil {
		b.Abort()
		return Ref{}, err
	}
	b.end()
	return Ref{File: b.name, Size: b.size, CRC: b.crc}, nil
}

// commit writes what is left, syncs the file, and gives it its name.
func (b *Blob) commit() error {
	if b.err != nil {
		return b.err
	}
	if err := b.s.writable(); err != nil {
		return err
	}
	if err := b.finish(); err != nil {
		return err
	}
	if err := b.sync(); err != nil {
		return err
	}
	if err := b.file.Close(); err != nil {
		return fmt.Errorf("close body: %w", err)
	}
	b.name = b.s.bodyName(filepath.Base(b.tmp))
	return b.s.publish(b.tmp, b.name)
}

// bodyName is the name of a body that is whole now. Its time is not that of the body's first byte: what takes for hours
// to arrive would be past its retention before a row refers to it.
func (s *Spool) bodyName(random string) string {
	stamp := s.o.Now().UTC().Format("20060102T150405")
	return filepath.Join(bodyDir, stamp[:8], stamp+"-"+random)
}

// syncStep is how much of a large body is written without a sync. The steps of all bodies are synced one after another:
// otherwise several large bodies, and the end of each, keep the disk from the small ones for as long as all of their
// bytes take. docs/decisions/0002-spool.md has the measurements.
const syncStep = 2 << 20

// sync makes what was written durable. Of huge bodies one syncs at a time, so that small ones do not wait behind them.
func (b *Blob) sync() error {
	if b.size >= syncStep { // for smaller bodies the file system's own grouping is worth more
		b.s.huge.Lock()
		defer b.s.huge.Unlock()
	}
	if err := b.file.Datasync(); err != nil {
		return b.s.syncFailed(b.tmp, err)
	}
	b.held = 0
	return nil
}

// publish gives a synced file its name, durably.
func (s *Spool) publish(tmp, name string) error {
	path := filepath.Join(s.dir, name)
	if err := s.mkdir(filepath.Dir(path)); err != nil {
		return fmt.Errorf("make directory: %w", err)
	}
	if err := s.fs.Rename(tmp, path); err != nil {
		return fmt.Errorf("rename body: %w", err)
	}
	if err := s.fs.SyncDir(filepath.Dir(path)); err != nil {
		return errors.Join(s.syncFailed(filepath.Dir(path), err), s.fs.Remove(path))
	}
	return nil
}

// Abort throws the body away. After Commit it does nothing.
func (b *Blob) Abort() {
	if b.done {
		return
	}
	b.end()
	_ = b.file.Close()
	_ = b.s.fs.Remove(b.tmp) // what stays behind is dropped by the next Recover
}

func (b *Blob) end() {
	b.turn.done()
	b.done = true
	b.s.buffers.release(b.buf, b.class)
	b.buf = nil
}

// Discard removes a committed body whose row could not be written, so that a queue that is full does not fill the disk
// as well. Bytes in a segment stay until their hour expires.
func (s *Spool) Discard(r Ref) {
	if top(r.File) == bodyDir {
		_ = s.remove(r.File) // what stays behind is dropped by the next Recover
	}
}
