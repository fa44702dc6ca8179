package spool

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"
)

// bytes are n bytes that look like no others.
func content(n int) []byte {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(rand.Uint32())
	}
	return b
}

func appendAll(t *testing.T, s *Spool, bodies ...[]byte) []Ref {
	t.Helper()
	refs, err := appendBodies(s, bodies...)
	if err != nil {
		t.Fatal(err)
	}
	return refs
}

// appendBodies appends a batch, as the queue's intake does.
func appendBodies(s *Spool, bodies ...[]byte) ([]Ref, error) {
	refs := make([]Ref, len(bodies))
	batch := make([]*Entry, len(bodies))
	for i, body := range bodies {
		small := s.Begin(0, Regular)
		defer small.Release()
		_, _ = small.Write(body)
		batch[i] = &Entry{Note: []byte("note"), Body: small}
	}
	_, err := s.Append(batch)
	for i, e := range batch {
		refs[i] = e.Ref
	}
	return refs, err
}

// wantBody checks that r opens to the bytes in want.
func wantBody(t *testing.T, s *Spool, r Ref, want []byte) {
	t.Helper()
	b, err := s.Open(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	got, err := io.ReadAll(io.NewSectionReader(b, 0, b.Size()))
	if err != nil || !bytes.Equal(got, want) {
		t.Fatalf("%v: read %d bytes, %v; want %d, the same as were written", r, len(got), err, len(want))
	}
	if err := s.Verify(r); err != nil {
		t.Fatalf("Verify(%v) = %v", r, err)
	}
}

func commitBlob(t *testing.T, s *Spool, body []byte) Ref {
	t.Helper()
	b, err := s.Create()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.Copy(b, bytes.NewReader(body)); err != nil {
		t.Fatal(err)
	}
	r, err := b.Commit()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func TestAppend_roundTrip(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	var bodies [][]byte
	for i := range 2500 { // more than one pwritev takes
		bodies = append(bodies, content(i%97))
	}
	refs := appendAll(t, s, bodies...)
	refs = append(refs, appendAll(t, s, content(3))...)
	for i, want := range bodies {
		wantBody(t, s, refs[i], want)
	}
	if got := len(files(t, dir)); got != 1 {
		t.Errorf("%d files, want one segment", got)
	}
}

func TestAppend_concurrent(t *testing.T) {
	s := open(t, t.TempDir(), Options{SegmentSize: 4 << 10})
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 50 {
				body := content(300)
				refs, err := appendBodies(s, body, body)
				if err != nil {
					t.Error(err)
					return
				}
				if err := errors.Join(s.Verify(refs[0]), s.Verify(refs[1])); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
}

func TestAppend_newSegment(t *testing.T) {
	c := newClock()
	s := open(t, t.TempDir(), Options{Now: c.now, SegmentSize: 2*block + 1})
	first := appendAll(t, s, content(60))[0]
	same := appendAll(t, s, content(60))[0]
	large := appendAll(t, s, content(60))[0]
	c.t = c.t.Add(time.Hour)
	hour := appendAll(t, s, content(60))[0]
	if first.File != same.File || same.Offset != 3*block {
		t.Errorf("second batch went to %v, want it behind the first in %s", same, first.File)
	}
	if large.File == same.File || large.Offset != block {
		t.Errorf("batch after a full segment went to %v", large)
	}
	if hour.File == large.File || filepath.Base(hour.File)[:11] != "20261121T20" {
		t.Errorf("batch of the next hour went to %v", hour)
	}
}

// A crash may leave any tail on a segment. Nothing is appended behind it, and what was synced before stays readable.
func TestOpen_leavesTornTail(t *testing.T) {
	dir := t.TempDir()
	want := content(1000)
	one := open(t, dir, Options{})
	before := appendAll(t, one, want)[0]
	path := filepath.Join(dir, before.File)
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(content(333)); err != nil {
		t.Fatal(err)
	}
	f.Close()

	two := open(t, dir, Options{})
	after := appendAll(t, two, want)[0]
	if after.File == before.File {
		t.Fatalf("appended to %s behind a torn tail", after.File)
	}
	wantBody(t, two, before, want)
	wantBody(t, two, after, want)
}

func TestAppend_diskFull(t *testing.T) {
	for _, errno := range []syscall.Errno{syscall.ENOSPC, syscall.EDQUOT, syscall.EIO} {
		for _, after := range []int{0, 1, 150} {
			t.Run(fmt.Sprintf("%v after %d bytes", errno, after), func(t *testing.T) {
				dir, disk := t.TempDir(), newFaultFS()
				s := open(t, dir, Options{FS: disk})
				first := content(100)
				ref := appendAll(t, s, first)[0]

				disk.set("pwritev", fault{err: errno, after: after})
				if _, err := appendBodies(s, content(100), content(100)); !errors.Is(err, errno) {
					t.Fatalf("Append = %v, want %v", err, errno)
				}
				if size := files(t, dir)[ref.File]; size != 2*block {
					t.Errorf("segment has %d bytes after the failed write, want %d", size, 2*block)
				}
				disk.clear()
				again := content(100)
				next := appendAll(t, s, again)[0]
				wantBody(t, s, ref, first)
				wantBody(t, s, next, again)
			})
		}
	}
}

// When the rest of a failed write cannot be cut off, the offsets would be wrong: the segment is given up.
func TestAppend_truncateFails(t *testing.T) {
	disk := newFaultFS()
	s := open(t, t.TempDir(), Options{FS: disk})
	ref := appendAll(t, s, content(100))[0]
	disk.set("pwritev", fault{err: syscall.ENOSPC, after: 10})
	disk.set("truncate", fault{err: syscall.EIO})
	if _, err := appendBodies(s, content(100)); !errors.Is(err, syscall.ENOSPC) {
		t.Fatal(err)
	}
	disk.clear()
	want := content(100)
	next := appendAll(t, s, want)[0]
	if next.File == ref.File {
		t.Errorf("appended to %s, whose end is not known", ref.File)
	}
	wantBody(t, s, next, want)
}

// A failed sync is not tried again: the second would succeed without having written what the first lost.
func TestSyncFails_isFinal(t *testing.T) {
	tests := []struct {
		name, op string
		write    func(s *Spool, r Ref) error
	}{
		{"append", "sync", func(s *Spool, _ Ref) error { _, err := appendBodies(s, []byte{1}); return err }},
		{"body", "sync", func(s *Spool, _ Ref) error { return blob(s) }},
		{"body, name", "syncdir", func(s *Spool, _ Ref) error { return blob(s) }},
		{"keep", "sync", func(s *Spool, r Ref) error { _, err := s.Keep(t.Context(), r); return err }},
		{"keep, name", "syncdir", func(s *Spool, r Ref) error { _, err := s.Keep(t.Context(), r); return err }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			disk := newFaultFS()
			s := open(t, t.TempDir(), Options{FS: disk})
			want := content(100)
			ref := appendAll(t, s, want)[0]
			disk.set(test.op, fault{err: syscall.EIO})
			if err := test.write(s, ref); !errors.Is(err, syscall.EIO) || !errors.Is(err, ErrBroken) {
				t.Errorf("with %s failing: %v, want EIO and ErrBroken", test.op, err)
			}
			disk.clear()
			select {
			case <-s.Broken():
			default:
				t.Error("Broken is not closed")
			}
			for _, again := range tests {
				if err := again.write(s, ref); !errors.Is(err, ErrBroken) {
					t.Errorf("%s afterwards: %v, want ErrBroken", again.name, err)
				}
			}
			wantBody(t, s, ref, want)
		})
	}
}

func blob(s *Spool) error {
	b, err := s.Create()
	if err != nil {
		return err
	}
	defer b.Abort()
	if _, err := b.Write([]byte("body")); err != nil {
		return err
	}
	_, err = b.Commit()
	return err
}

func TestBlob_roundTrip(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	for _, n := range []int{0, 1, 3<<20 + 7} {
		want := content(n)
		wantBody(t, s, commitBlob(t, s, want), want)
	}
	b, err := s.Create()
	if err != nil {
		t.Fatal(err)
	}
	b.Abort()
	b.Abort()
	if _, err := b.Commit(); err == nil {
		t.Error("Commit after Abort succeeded")
	}
	if got := len(files(t, dir)); got != 3 {
		t.Errorf("%d files, want the three bodies", got)
	}
}

func TestBlob_fails(t *testing.T) {
	for _, op := range []string{"open", "write", "rename", "mkdir", "sync", "syncdir"} {
		t.Run(op, func(t *testing.T) {
			dir, disk := t.TempDir(), newFaultFS()
			s := open(t, dir, Options{FS: disk})
			disk.set(op, fault{err: syscall.ENOSPC, after: 2})
			if err := blob(s); !errors.Is(err, syscall.ENOSPC) {
				t.Errorf("%s fails: %v, want ENOSPC", op, err)
			}
			if got := files(t, dir); len(got) != 0 {
				t.Errorf("left behind: %v", got)
			}
		})
	}
}

// A body with a hole in it must never be committed, even when later writes succeed.
func TestBlob_writeErrorSticks(t *testing.T) {
	disk := newFaultFS()
	s := open(t, t.TempDir(), Options{FS: disk})
	b, err := s.Create()
	if err != nil {
		t.Fatal(err)
	}
	disk.set("write", fault{err: syscall.ENOSPC, after: 2})
	_, _ = b.Write(content(piece))
	disk.clear()
	if _, err := b.Write([]byte("more")); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("Write after a failed one: %v", err)
	}
	if _, err := b.Commit(); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("Commit after a failed Write: %v", err)
	}
}

func TestVerify_findsDamage(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir, Options{})
	small := appendAll(t, s, content(10), content(1000))[1]
	large := commitBlob(t, s, content(3<<20))
	kept, err := s.Keep(t.Context(), large)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range []Ref{small, large, kept} {
		path := filepath.Join(dir, r.File)
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		flipped := bytes.Clone(whole)
		flipped[r.Offset+500] ^= 4
		damage(t, path, flipped)
		if err := s.Verify(r); !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s with one bit changed: %v, want ErrCorrupt", r.File, err)
		}
		damage(t, path, whole[:min(int64(len(whole)), r.Offset+r.Size)-1])
		if err := s.Verify(r); !errors.Is(err, ErrMissing) && !errors.Is(err, ErrCorrupt) {
			t.Errorf("%s without its last byte: %v, want ErrMissing or ErrCorrupt", r.File, err)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
		if err := s.Verify(r); !errors.Is(err, ErrMissing) {
			t.Errorf("%s removed: %v, want ErrMissing", r.File, err)
		}
	}
}

func damage(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

func TestOpen_refusesForeignRefs(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	ref := appendAll(t, s, content(100))[0]
	for _, r := range []Ref{
		{File: "../secret", Size: 1},
		{File: "/etc/passwd", Size: 1},
		{File: "", Size: 1},
		{File: ref.File, Offset: -1, Size: 10},
		{File: ref.File, Offset: 1, Size: 1<<63 - 1},
		{File: ref.File, Offset: 1<<63 - 1, Size: 10},
		{File: ref.File, Offset: 2*block - 9, Size: 10},
	} {
		if b, err := s.Open(t.Context(), r); err == nil {
			t.Errorf("Open(%+v) gave %d bytes", r, b.Size())
		}
	}
}

func TestSpool_afterClose(t *testing.T) {
	s := open(t, t.TempDir(), Options{})
	want := content(10)
	ref := appendAll(t, s, want)[0]
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if _, err := appendBodies(s, []byte{1}); !errors.Is(err, ErrClosed) {
		t.Errorf("Append = %v, want ErrClosed", err)
	}
	if err := blob(s); !errors.Is(err, ErrClosed) {
		t.Errorf("Create = %v, want ErrClosed", err)
	}
	wantBody(t, s, ref, want)
}
