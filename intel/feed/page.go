package feed

import (
	"bufio"
	"errors"
	"io"
	"io/fs"
	"os"
	"sync"

	"clawback/verdict"
)

// Listing is an entry with the feed that lists it.
type Listing struct {
	Feed string
	Indicator
}

// Key is the number by which values of messages are compared with entries; false for what messages are not searched by.
type Key func(verdict.Indicator) (uint64, bool)

// page is where in a kept list each entry stands that lives, by its key. The file stays open: when another takes its
// place, it is there until nobody looks into it.
type page struct {
	file *os.File
	at   map[uint64]int64
}

// book has the pages of all feeds. It may be used by several goroutines.
type book struct {
	key Key

	mu    sync.RWMutex
	pages map[string]*page // by feed; owned by mu
}

func newBook(key Key) *book { return &book{key: key, pages: map[string]*page{}} }

// open reads the page of a feed from a file of records; one that is not there is an empty page.
func (b *book) open(feed, file string) error {
	if b == nil || b.key == nil {
		return nil
	}
	f, err := os.Open(file)
	if errors.Is(err, fs.ErrNotExist) {
		b.close(feed)
		return nil
	}
	if err != nil {
		return refuse(Storage, "cannot be read back: %w", err)
	}
	p := &page{file: f, at: map[uint64]int64{}}
	read, offset := lines(f), int64(0)
	var r record
	for {
		line, err := read()
		if errors.Is(err, io.EOF) {
			break
		}
		if err == nil {
			err = r.parse(line)
		}
		if err != nil {
			f.Close()
			return refuse(Storage, "cannot be read back: %w", err)
		}
		if key, ok := b.key(r.key()); ok && r.state.lives() {
			p.at[key] = offset
		}
		offset += int64(len(line))
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	b.pages[feed] = p // what was there is closed when nobody reads it any more
	return nil
}

// close forgets the page of a feed.
func (b *book) close(feed string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.pages, feed)
}

// listed answers which feeds list a value, by its key.
func (b *book) listed(key uint64) (all []Listing, err error) {
	b.mu.RLock()
	defer b.mu.RUnlock()
	for feed, p := range b.pages {
		at, ok := p.at[key]
		if !ok {
			continue
		}
		line, err := bufio.NewReaderSize(io.NewSectionReader(p.file, at, maxLine), maxLine).ReadSlice('\n')
		var r record
		if err == nil {
			err = r.parse(line)
		}
		if err != nil {
			return nil, refuse(Storage, "of feed %s cannot be read back: %w", feed, err)
		}
		all = append(all, Listing{feed, r.indicator()})
	}
	return all, nil
}

// Empty reports whether no feed lists anything.
func (s *Scheduler) Empty() bool {
	s.book.mu.RLock()
	defer s.book.mu.RUnlock()
	for _, p := range s.book.pages {
		if len(p.at) > 0 {
			return false
		}
	}
	return true
}

// Listed answers which feeds list what has this key now. It asks nobody, and waits for no look at a list.
func (s *Scheduler) Listed(key uint64) ([]Listing, error) { return s.book.listed(key) }
