package spool

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	seekable "github.com/SaveTheRbtz/zstd-seekable-format-go/pkg"
	"github.com/klauspost/compress/zstd"
)

// keptSuffix tells a compressed copy from a body as it came.
const keptSuffix = ".zst"

// Keep makes a compressed, long-lived copy of a body and checks the bytes on the way. The Ref it returns opens to
// the same bytes. Keeping a body twice makes one copy.
func (s *Spool) Keep(_ context.Context, r Ref) (Ref, error) {
	if err := s.writable(); err != nil {
		return Ref{}, err
	}
	kept := Ref{File: keptName(r), Size: r.Size, CRC: r.CRC}
	s.holdKept(kept.File)
	if b, err := s.open(kept); err == nil {
		return kept, b.Close()
	}
	src, err := s.open(r)
	if err != nil {
		return Ref{}, err
	}
	defer src.Close()
	if err := s.keep(src, r, kept.File); err != nil {
		return Ref{}, fmt.Errorf("keep %s: %w", r.File, err)
	}
	return kept, nil
}

// lately are the copies that Keep gave in the last hour, by name, with when that was: the row that is to refer to one
// comes minutes after it at most. A copy has the age of its body, which may have waited for a person past all
// retention.
type lately struct {
	mu    sync.Mutex // guards what follows
	given map[string]time.Time
}

// maxLately bounds them. Few bodies wait until their copies are past the retention.
const maxLately = 1 << 16

// holdKept keeps a copy from being deleted before a row refers to it.
func (s *Spool) holdKept(name string) {
	s.deleting.RLock()
	defer s.deleting.RUnlock()
	s.lately.mu.Lock()
	defer s.lately.mu.Unlock()
	now := s.o.Now()
	if hour, ok := hourOf(name); ok && now.Sub(hour) < 2*time.Hour {
		return // it cannot be past any retention within the hour
	}
	if s.lately.given == nil || len(s.lately.given) >= maxLately {
		s.lately.given = map[string]time.Time{}
	}
	s.lately.given[name] = now
}

// givenLately reports whether Keep gave a copy in the last hour.
func (s *Spool) givenLately(name string) bool {
	s.lately.mu.Lock()
	defer s.lately.mu.Unlock()
	at, given := s.lately.given[name]
	if given && s.o.Now().Sub(at) >= time.Hour {
		delete(s.lately.given, name)
		return false
	}
	return given
}

// keptName follows from the Ref, so that a copy is made once.
func keptName(r Ref) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x00%d\x00%d\x00%d", r.File, r.Offset, r.Size, r.CRC))
	hour := hourForm
	if t, ok := hourOf(r.File); ok {
		hour = t.Format(hourForm)
	}
	return filepath.Join(keptDir, hour[:6], hour+"-"+hex.EncodeToString(sum[:8])+keptSuffix)
}

// keep makes the copy: compressed beside, synced, and only then under its name.
func (s *Spool) keep(src *stored, r Ref, name string) error {
	random, err := randomHex(8)
	if err != nil {
		return err
	}
	tmp := filepath.Join(s.dir, tmpDir, random)
	f, err := s.fs.OpenFile(tmp, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	err = compress(f, src, r)
	if err == nil {
		if err = f.Datasync(); err != nil {
			err = s.syncFailed(tmp, err)
		}
	}
	err = errors.Join(err, f.Close())
	if err == nil {
		err = s.publish(tmp, name)
	}
	if err != nil {
		_ = s.fs.Remove(tmp)
	}
	return err
}

// frameSize is how many bytes of a body each frame of a kept copy holds. ReadAt decodes whole frames.
const frameSize = 256 << 10

// maxFrameFile is how many bytes of the file a frame may take: what does not compress grows by a few bytes.
const maxFrameFile = 2 * frameSize

// encoder compresses frames, of several copies at once, for as long as the process lives: its tables take 1.5 MiB,
// which were 70 % of all that a small bad message allocated while each copy made its own.
var encoder = sync.OnceValues(func() (*zstd.Encoder, error) {
	return zstd.NewWriter(nil, zstd.WithEncoderConcurrency(min(runtime.GOMAXPROCS(0), maxEncoders)),
		zstd.WithEncoderLevel(zstd.SpeedDefault))
})

// maxEncoders bounds how many frames are compressed at once, and with that the memory for it.
const maxEncoders = 4

// compress writes src as independent frames with a seek table behind them; `zstd -d` reads it as well.
func compress(dst io.Writer, src *stored, r Ref) error {
	enc, err := encoder()
	if err != nil {
		return err
	}
	w, err := seekable.NewWriter(dst, enc)
	if err != nil {
		return err
	}
	plain := make([]byte, min(frameSize, r.Size))
	crc := uint32(0)
	for off := int64(0); off < r.Size; off += frameSize {
		chunk := plain[:min(frameSize, r.Size-off)]
		if _, err := src.ReadAt(chunk, off); err != nil && !errors.Is(err, io.EOF) {
			return err
		}
		crc = crc32.Update(crc, castagnoli, chunk)
		if _, err := w.Write(chunk); err != nil { // one frame
			return err
		}
	}
	if crc != r.CRC {
		return ErrCorrupt
	}
	return w.Close()
}

// frames reads a kept copy. It holds one decoded frame.
type frames struct {
	file File

	mu     sync.Mutex // guards what follows: the decoder works for one reader at a time
	dec    *zstd.Decoder
	reader *seekable.Reader
}

func keptBody(f File, r Ref) (*stored, error) {
	size, err := f.Size()
	if err != nil {
		return nil, err
	}
	dec, err := zstd.NewReader(nil, zstd.WithDecoderConcurrency(1), zstd.WithDecoderMaxMemory(4*frameSize))
	if err != nil {
		return nil, err
	}
	reader, err := seekable.NewReader(io.NewSectionReader(faultyFile{f}, 0, size), dec)
	if err == nil {
		err = checkFrames(reader, size, r.Size)
	}
	if err != nil {
		dec.Close()
		return nil, corrupt(err)
	}
	fr := &frames{file: f, dec: dec, reader: reader}
	return &stored{ReaderAt: fr, size: r.Size, close: sync.OnceValue(fr.close)}, nil
}

// checkFrames checks that the seek table of a file of the given size tells of a body of that size, in frames that are
// no larger than ours.
func checkFrames(r *seekable.Reader, file, body int64) error {
	table, err := r.SeekTable()
	if err != nil {
		return err
	}
	if table.Size() != uint64(body) {
		return fmt.Errorf("the seek table tells of %d bytes, not %d", table.Size(), body)
	}
	for i := range table.NumFrames() {
		e, _ := table.EntryByID(i)
		if e.DecompressedSize > frameSize || e.CompressedSize > maxFrameFile ||
			e.CompressedOffset+uint64(e.CompressedSize) > uint64(file) {
			return fmt.Errorf("frame %d has %d bytes, and %d in the file", i, e.DecompressedSize, e.CompressedSize)
		}
	}
	return nil
}

func (fr *frames) close() error {
	fr.mu.Lock()
	defer fr.mu.Unlock()
	fr.dec.Close()
	return errors.Join(fr.reader.Close(), fr.file.Close())
}

// ReadAt reads bytes of the body, as io.ReaderAt has it.
func (fr *frames) ReadAt(p []byte, off int64) (int, error) {
	if off < 0 {
		return 0, fs.ErrInvalid
	}
	fr.mu.Lock()
	defer fr.mu.Unlock()
	n, err := fr.reader.ReadAt(p, off)
	return n, corrupt(err)
}

// faultyFile marks the errors of reading a file, so that they are not taken for damage of what stands in it.
type faultyFile struct{ File }

func (f faultyFile) ReadAt(p []byte, off int64) (int, error) {
	n, err := f.File.ReadAt(p, off)
	if err != nil && !errors.Is(err, io.EOF) {
		err = &fileError{err}
	}
	return n, err
}

type fileError struct{ error }

func (e *fileError) Unwrap() error { return e.error }

// corrupt is an error of reading a kept copy: that of the file, or else ErrCorrupt.
func corrupt(err error) error {
	var ofFile *fileError
	switch {
	case err == nil, err == io.EOF, errors.Is(err, seekable.ErrClosed):
		return err
	case errors.As(err, &ofFile):
		return ofFile.error
	}
	return fmt.Errorf("%w: %w", ErrCorrupt, err)
}
