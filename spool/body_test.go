package spool_test

import (
	"bytes"
	"errors"
	"io"
	"os"
	"path/filepath"
	"testing"

	"clawback/spool"
)

// A small body that was verified is read from memory: it stays as it was when it was verified, and is closed as a file
// is.
func TestVerify_keepsSmallBody(t *testing.T) {
	dir := t.TempDir()
	s, err := spool.Open(dir, spool.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for name, size := range map[string]int{"of no bytes": 0, "small": 6000, "at the limit": 256 << 10, "over it": 256<<10 + 1} {
		text := bytes.Repeat([]byte("x"), size)
		e := &spool.Entry{Note: []byte("n"), Body: s.Begin(int64(size), spool.Regular)}
		if _, err := e.Body.Write(text); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Append([]*spool.Entry{e}); err != nil {
			t.Fatal(err)
		}
		b, err := s.OpenVerified(t.Context(), e.Ref)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if got, err := io.ReadAll(io.NewSectionReader(b, 0, b.Size())); err != nil || !bytes.Equal(got, text) {
			t.Errorf("%s: %d bytes read, %v", name, len(got), err)
		}
		for what, off := range map[string]int64{"at its end": int64(size), "beyond": int64(size) + 5} {
			if n, err := b.ReadAt(make([]byte, 1), off); n != 0 || !errors.Is(err, io.EOF) {
				t.Errorf("%s, %s: %d bytes, %v", name, what, n, err)
			}
		}
		if err := errors.Join(b.Close(), b.Close()); err != nil {
			t.Errorf("%s: close: %v", name, err)
		}
		if n, err := b.ReadAt(make([]byte, 1), 0); err == nil {
			t.Errorf("%s: %d bytes read from a closed body", name, n)
		}
	}
}

// What is missing or damaged is found when the body is verified, small or not.
func TestVerify_findsDamage(t *testing.T) {
	for name, size := range map[string]int{"small": 6000, "large": 300 << 10} {
		dir := t.TempDir()
		s, err := spool.Open(dir, spool.Options{})
		if err != nil {
			t.Fatal(err)
		}
		e := &spool.Entry{Note: []byte("n"), Body: s.Begin(int64(size), spool.Regular)}
		if _, err := e.Body.Write(bytes.Repeat([]byte("x"), size)); err != nil {
			t.Fatal(err)
		}
		if _, err := s.Append([]*spool.Entry{e}); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(dir, e.Ref.File)
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		content[e.Ref.Offset+int64(size)/2] ^= 1
		if err := os.WriteFile(path, content, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := s.Verify(e.Ref); !errors.Is(err, spool.ErrCorrupt) {
			t.Errorf("%s: %v, want ErrCorrupt", name, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
	}
}
