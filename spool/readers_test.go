package spool

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"
)

// appendBody appends one body, in a segment of its own.
func appendBody(t *testing.T, s *Spool, text string) Ref {
	t.Helper()
	e := &Entry{Note: []byte("n"), Body: s.Begin(int64(len(text)), Regular)}
	if _, err := e.Body.Write([]byte(text)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Append([]*Entry{e}); err != nil {
		t.Fatal(err)
	}
	s.appending.Lock()
	s.drop()
	s.appending.Unlock()
	return e.Ref
}

func openSpool(t *testing.T) (*Spool, string) {
	t.Helper()
	dir := t.TempDir()
	s, err := Open(dir, Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s, dir
}

func read(s *Spool, r Ref) (string, error) {
	b, err := s.Open(context.Background(), r)
	if err != nil {
		return "", err
	}
	text := make([]byte, r.Size)
	_, err = b.ReadAt(text, 0)
	return string(text), errors.Join(err, b.Close())
}

// A segment that is gone, or another one by now, is not read from what was open, and one that shrank is seen to be
// short.
func TestReaders_seeWhatHappenedToTheFile(t *testing.T) {
	for name, act := range map[string]func(path string) error{
		"removed": os.Remove,
		"shrunk":  func(path string) error { return os.Truncate(path, 100) },
		"moved":   func(path string) error { return os.Rename(path, path+".away") },
		"replaced": func(path string) error {
			return errors.Join(os.WriteFile(path+"2", []byte("x"), 0o600), os.Rename(path+"2", path))
		},
	} {
		s, dir := openSpool(t)
		ref := appendBody(t, s, "hello")
		if text, err := read(s, ref); err != nil || text != "hello" {
			t.Fatalf("%q, %v", text, err)
		}
		if err := act(filepath.Join(dir, ref.File)); err != nil {
			t.Fatal(err)
		}
		text, err := read(s, ref)
		if name == "moved" { // its bytes are there, under another name
			if err == nil && text != "hello" {
				t.Errorf("%s: %q", name, text)
			}
			continue
		}
		if !errors.Is(err, ErrMissing) {
			t.Errorf("%s: %q, %v; want ErrMissing", name, text, err)
		}
	}
}

// What expires gives its space back, and does not stay open.
func TestReaders_expired(t *testing.T) {
	s, _ := openSpool(t)
	ref := appendBody(t, s, "hello")
	b, err := s.Open(t.Context(), ref)
	if err != nil {
		t.Fatal(err)
	}
	later := time.Now().Add(48 * time.Hour)
	if e, err := s.Expire(t.Context(), later, later, nothing); err != nil || e.Files != 1 {
		t.Fatalf("%+v, %v", e, err)
	}
	if len(s.readers.files) != 0 {
		t.Error("a segment that was deleted stays open")
	}
	text := make([]byte, 5)
	if _, err := b.ReadAt(text, 0); err != nil || string(text) != "hello" {
		t.Errorf("who reads it meanwhile gets %q, %v", text, err)
	}
	if err := b.Close(); err != nil {
		t.Error(err)
	}
	if _, err := s.Open(t.Context(), ref); !errors.Is(err, ErrMissing) || !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("%v, want ErrMissing", err)
	}
}

// Many at once read more segments than are kept open; each gets its own bytes, and no file is left open behind them.
func TestReaders_manyAtOnce(t *testing.T) {
	s, _ := openSpool(t)
	var refs []Ref
	for n := range 3 * keptOpen {
		refs = append(refs, appendBody(t, s, fmt.Sprint("body ", n)))
	}
	var work sync.WaitGroup
	for first := range 8 {
		work.Go(func() {
			for n := range 300 {
				at := (first*7 + n) % len(refs)
				if text, err := read(s, refs[at]); err != nil || text != fmt.Sprint("body ", at) {
					t.Errorf("body %d is %q, %v", at, text, err)
				}
			}
		})
	}
	work.Wait()
	if n := len(s.readers.files); n != keptOpen {
		t.Errorf("%d segments are open, want %d", n, keptOpen)
	}
	for _, f := range s.readers.files {
		if f.users != 0 || f.dropped {
			t.Errorf("%s has %d users after all ended", f.name, f.users)
		}
	}
}
