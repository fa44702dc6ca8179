package spool

import (
	"bytes"
	"errors"
	"hash/crc32"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
)

func TestKeep_roundTrip(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	for _, n := range []int{0, 1, frameSize - 1, frameSize, frameSize + 1, 3*frameSize + 5} {
		want := append(bytes.Repeat([]byte("a line of mail\r\n"), n/32), content(n-n/32*16)...)
		ref := appendAll(t, s, want)[0]
		kept, err := s.Keep(t.Context(), ref)
		if err != nil {
			t.Fatal(err)
		}
		again, err := s.Keep(t.Context(), ref)
		if err != nil || again != kept {
			t.Errorf("kept again: %v, %v; want %v", again, err, kept)
		}
		if err := os.Truncate(filepath.Join(dir, ref.File), 0); err != nil {
			t.Fatal(err)
		}
		wantBody(t, s, kept, want)
		wantAnywhere(t, s, kept, want)
		wantPlainZstd(t, filepath.Join(dir, kept.File), want)
		s = open(t, dir, Options{}) // not into the segment that was cut
	}
}

// wantAnywhere reads at random places.
func wantAnywhere(t *testing.T, s *Spool, r Ref, want []byte) {
	t.Helper()
	b, err := s.Open(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	for range 50 {
		off := rand.IntN(len(want) + 1)
		buf := make([]byte, rand.IntN(frameSize*2))
		n, err := b.ReadAt(buf, int64(off))
		end := min(len(want), off+len(buf))
		if !bytes.Equal(buf[:n], want[off:end]) || (n < len(buf)) != errors.Is(err, io.EOF) {
			t.Fatalf("ReadAt(%d bytes, %d) = %d, %v", len(buf), off, n, err)
		}
	}
}

// wantPlainZstd checks that other Zstandard software reads the copy.
func wantPlainZstd(t *testing.T, path string, want []byte) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	dec, err := zstd.NewReader(f)
	if err != nil {
		t.Fatal(err)
	}
	defer dec.Close()
	got, err := io.ReadAll(dec)
	if err != nil || !bytes.Equal(got, want) {
		t.Errorf("as a plain stream: %d bytes, %v; want %d", len(got), err, len(want))
	}
}

// Copies that were kept before there were checksums for each frame are read as ever.
func TestKept_withoutChecksums(t *testing.T) {
	want := bytes.Repeat([]byte("a line of mail\r\n"), 40000)
	f, err := OS().OpenFile("testdata/without-checksums.zst", os.O_RDONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	r := Ref{File: "x" + keptSuffix, Size: int64(len(want)), CRC: crc32.Checksum(want, castagnoli)}
	b, err := body(f, r)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	if err := b.Verify(r); err != nil {
		t.Error(err)
	}
	if _, err := body(f, Ref{File: "x" + keptSuffix, Size: r.Size - 1}); !errors.Is(err, ErrCorrupt) {
		t.Errorf("as a body of another size: %v", err)
	}
}

// failingFile cannot be read from some offset on.
type failingFile struct {
	File
	from int64
}

func (f failingFile) ReadAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) > f.from {
		return 0, syscall.EIO
	}
	return f.File.ReadAt(p, off)
}

// A file that cannot be read is not damaged: it may be readable again later.
func TestKept_readErrorIsNotDamage(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	kept, err := s.Keep(t.Context(), appendAll(t, s, content(3*frameSize))[0])
	if err != nil {
		t.Fatal(err)
	}
	f, err := OS().OpenFile(filepath.Join(dir, kept.File), os.O_RDONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if _, err := body(failingFile{f, 0}, kept); !errors.Is(err, syscall.EIO) || errors.Is(err, ErrCorrupt) {
		t.Errorf("open: %v", err)
	}
	fail := &failingFile{f, 1 << 40}
	b, err := body(fail, kept)
	if err != nil {
		t.Fatal(err)
	}
	fail.from = frameSize
	if _, err := b.ReadAt(make([]byte, 10), 2*frameSize); !errors.Is(err, syscall.EIO) || errors.Is(err, ErrCorrupt) {
		t.Errorf("read: %v", err)
	}
	if _, err := b.ReadAt(make([]byte, 10), -1); err == nil {
		t.Error("what stands before the beginning is read")
	}
}

// A byte that was changed in any frame is found when that frame is read.
func TestKept_changedByteIsFound(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	kept, err := s.Keep(t.Context(), appendAll(t, s, content(2*frameSize))[0])
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, kept.File)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for _, at := range []int{30, len(whole) / 4, len(whole) - 100} {
		damaged := bytes.Clone(whole)
		damaged[at] ^= 1
		if err := os.WriteFile(path, damaged, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := s.Verify(kept); !errors.Is(err, ErrCorrupt) {
			t.Errorf("byte %d of %d: %v", at, len(whole), err)
		}
	}
}

func TestKeep_damagedBody(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	ref := appendAll(t, s, content(1000))[0]
	ref.CRC ^= 1
	if _, err := s.Keep(t.Context(), ref); !errors.Is(err, ErrCorrupt) {
		t.Errorf("Keep of a damaged body = %v, want ErrCorrupt", err)
	}
	if got := files(t, dir); len(got) != 1 {
		t.Errorf("left behind: %v", got)
	}
}

// A kept copy is read back from disk years later: whatever stands there, reading it ends, in bounds.
func FuzzKept(f *testing.F) {
	dir := f.TempDir()
	s, err := Open(dir, Options{})
	if err != nil {
		f.Fatal(err)
	}
	refs, err := appendBodies(s, content(100), bytes.Repeat([]byte("x"), frameSize+1))
	if err != nil {
		f.Fatal(err)
	}
	for _, r := range refs {
		kept, err := s.Keep(f.Context(), r)
		if err != nil {
			f.Fatal(err)
		}
		b, err := os.ReadFile(filepath.Join(dir, kept.File))
		if err != nil {
			f.Fatal(err)
		}
		f.Add(b, r.Size)
	}
	f.Fuzz(func(t *testing.T, file []byte, size int64) {
		if size > 4*frameSize {
			return
		}
		path := filepath.Join(t.TempDir(), "x"+keptSuffix)
		if err := os.WriteFile(path, file, 0o600); err != nil {
			t.Fatal(err)
		}
		in, err := OS().OpenFile(path, os.O_RDONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		b, err := body(in, Ref{File: path, Size: size})
		if err != nil {
			in.Close()
			return
		}
		defer b.Close()
		n, err := io.Copy(io.Discard, io.NewSectionReader(b, 0, size))
		if err == nil && n != size {
			t.Errorf("read %d bytes of %d without an error", n, size)
		}
	})
}

// A copy of a body that waited past all retention is not deleted between Keep and the row that is to refer to it,
// whether Keep has made it or found it.
func TestKeep_ofAnOldBody(t *testing.T) {
	for _, age := range []time.Duration{0, 2 * time.Hour, 26 * time.Hour, 400 * 24 * time.Hour} {
		c := newClock()
		s := open(t, t.TempDir(), Options{Now: c.now})
		text := content(300)
		r := commitBlob(t, s, text)
		for _, step := range []string{"made", "found"} {
			c.t = c.t.Add(age)
			kept, err := s.Keep(t.Context(), r)
			if err != nil {
				t.Fatal(err)
			}
			before := c.t.Add(-time.Hour)
			if e, err := s.Expire(t.Context(), before, before, only(r.File)); err != nil || e.Files > 0 {
				t.Errorf("%s after %v: Expire = %+v, %v", step, age, e, err)
			}
			wantBody(t, s, kept, text)
		}
		c.t = c.t.Add(4 * time.Hour)
		before := c.t.Add(-time.Hour)
		if e, err := s.Expire(t.Context(), before, before, only(r.File)); err != nil || e.Files != 1 {
			t.Errorf("%v, and no row refers to it hours later: Expire = %+v, %v; want one removed", age, e, err)
		}
	}
}
