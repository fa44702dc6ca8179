package lastgood

import (
	"errors"
	"io/fs"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Source says where a list comes from, and when it is believed.
type Source[T any] struct {
	URL      string        // "": it is never refreshed
	Ask      string        // what is asked in place of URL, where a request needs more; "": URL
	Interval time.Duration // between refreshes
	File     string        // of the kept copy; "": none is kept
	Limit    int64         // octets of an answer
	Client   *http.Client
	Shipped  Copy[T] // what the program brings; the zero value: nothing
	Now      func() time.Time

	Parse   func(answer []byte) (T, error)  // an answer in JSON
	Believe func(old, found Copy[T]) error  // is called for a list from the same URL as the one in use
	Replace func(old, found Copy[T])        // is told before a new list is used; may be nil
	Failed  func(what string, reason error) // is told what Run and Open cannot return
}

// Origin is where a copy was had from.
type Origin string

// Where a copy was had from.
const (
	Shipped   Origin = "shipped"
	Saved     Origin = "saved"
	Refreshed Origin = "refreshed"
)

// Copy is a list with its origin.
type Copy[T any] struct {
	Fetched time.Time // zero: there is no list
	URL     string
	Origin  Origin
	List    T
}

// List is the last good list. It may be used by several goroutines.
type List[T any] struct {
	s     Source[T]
	inUse atomic.Pointer[Copy[T]] // replaced, never changed

	mu      sync.Mutex
	checked time.Time // owned by mu, as are problem and failing
	problem string
	failing time.Time // since when each refresh fails; zero: the last one went well
}

// Open takes the newest copy that there is. It asks nobody.
func Open[T any](s Source[T]) *List[T] {
	l := &List[T]{s: s}
	best := s.Shipped
	kept, err := l.readCopy()
	switch {
	case err == nil && (kept.URL != best.URL || kept.Fetched.After(best.Fetched)):
		best = kept
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		s.Failed("last good copy is not used", err)
	}
	l.inUse.Store(&best)
	return l
}

// Current is the list in use.
func (l *List[T]) Current() Copy[T] { return *l.inUse.Load() }

// Checked is when the URL last answered well, and what was wrong with the last refresh: "" for nothing.
func (l *List[T]) Checked() (at time.Time, problem string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.checked, l.problem
}

// Failing is since when every refresh fails; zero where the last one went well, or none was tried.
func (l *List[T]) Failing() time.Time {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.failing
}
