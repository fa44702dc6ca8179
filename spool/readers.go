package spool

import (
	"os"
	"slices"
	"sync"
	"sync/atomic"
)

// keptOpen is how many segments are kept open for reading. A backlog is worked through from both of its ends, and what
// was accepted together lies in one segment: so each read is one, where it was four calls, and the kernel reads ahead.
const keptOpen = 8

// readers are the segments that were read last.
type readers struct {
	mu    sync.Mutex // guards what follows, and the users of each
	files []*shared  // the one that was used last at the end
}

// shared is a file that several bodies are read from.
type shared struct {
	File
	name    string
	users   int
	dropped bool // closed by its last user
}

// lease is one body's use of a shared file.
type lease struct {
	*shared
	r      *readers
	closed atomic.Bool
}

// ReadAt reads nothing once the use has ended.
func (l *lease) ReadAt(p []byte, off int64) (int, error) {
	if l.closed.Load() {
		return 0, os.ErrClosed
	}
	return l.File.ReadAt(p, off)
}

// open gives a file that is open, or opens it. One that was removed, or that is another by now, is opened anew.
func (r *readers) open(name string, open func(string) (File, error)) (File, error) {
	if l := r.cached(name); l != nil {
		if _, err := l.Size(); err == nil {
			return l, nil
		}
		_ = l.Close() // it was only read
		r.drop(name)
	}
	f, err := open(name)
	if err != nil {
		return nil, err
	}
	return r.keep(&shared{File: f, name: name}), nil
}

// cached gives an open file another reader, nil when it is not open.
func (r *readers) cached(name string) *lease {
	r.mu.Lock()
	defer r.mu.Unlock()
	at := slices.IndexFunc(r.files, func(s *shared) bool { return s.name == name })
	if at < 0 {
		return nil
	}
	s := r.files[at]
	r.files = append(slices.Delete(r.files, at, at+1), s)
	s.users++
	return &lease{shared: s, r: r}
}

// keep adds a file, in the place of the one that was used the longest time ago.
func (r *readers) keep(s *shared) *lease {
	r.mu.Lock()
	defer r.mu.Unlock()
	s.users++
	if r.files = append(r.files, s); len(r.files) > keptOpen {
		r.discard(r.files[0])
		r.files = slices.Delete(r.files, 0, 1)
	}
	return &lease{shared: s, r: r}
}

// drop forgets a file: what was deleted gives its space back once nobody reads it.
func (r *readers) drop(name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.files = slices.DeleteFunc(r.files, func(s *shared) bool {
		if s.name == name {
			r.discard(s)
		}
		return s.name == name
	})
}

func (r *readers) dropAll() {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, s := range r.files {
		r.discard(s)
	}
	r.files = nil
}

// discard is called with mu held.
func (r *readers) discard(s *shared) {
	s.dropped = true
	if s.users == 0 {
		_ = s.File.Close() // it was only read
	}
}

// Close ends the use.
func (l *lease) Close() error {
	if l.closed.Swap(true) {
		return nil
	}
	l.r.mu.Lock()
	defer l.r.mu.Unlock()
	if l.users--; l.users == 0 && l.dropped {
		return l.File.Close()
	}
	return nil
}
