package feed

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"clawback/config"
	"clawback/internal/lastgood"
)

// kept is the last good copy of one feed's list, on the disk. It belongs to the look that is under way, and else to
// Run's goroutine.
//
// While changes are being told they lie in NAME.pending, which then takes the place of NAME.list: a crash in between
// tells them again (I2).
type kept struct {
	dir, name string
	part      int   // how many changes are told at once
	book      *book // nil: nobody looks anything up
	about     about
}

// about is what is known of a kept list beside its records.
type about struct {
	URL      string    `json:"url,omitempty"` // with the mark in place of the key
	Settings string    `json:"settings"`      // of the reading: with others the list is read again
	Fetched  time.Time `json:"fetched"`       // when the list was had, or was said to be unchanged
	ETag     string    `json:"etag,omitempty"`
	Modified string    `json:"modified,omitempty"`
	Counts   Counts    `json:"counts"`
	Next     time.Time `json:"next_expiry,omitzero"`
}

// Counts are how many entries a list has, and what became of them.
type Counts struct {
	Listed  int            `json:"listed"`            // in the list as it was last
	Living  int            `json:"living"`            // that match: those, and what left and lives on
	ByKind  map[string]int `json:"by_kind,omitempty"` // of the living
	Skipped map[Skip]int   `json:"skipped,omitempty"` // left out when the list was last read
}

func openKept(dir, name string) (*kept, error) {
	k := &kept{dir: dir, name: name, part: maxDelta}
	data, err := os.ReadFile(k.file(".json"))
	if errors.Is(err, fs.ErrNotExist) {
		return k, nil
	}
	if err == nil {
		err = json.Unmarshal(data, &k.about)
	}
	if err != nil { // without it the list is had again, and compared with its records all the same
		k.about = about{}
		return k, k.damaged(k.file(".json"), err)
	}
	return k, nil
}

func (k *kept) file(end string) string { return filepath.Join(k.dir, k.name+end) }

// has reports whether there is a file of records.
func (k *kept) has(end string) bool {
	_, err := os.Stat(k.file(end))
	return err == nil
}

// damaged says of a copy that cannot be read what to do.
func (k *kept) damaged(file string, err error) error {
	return refuse(Storage, "has a last good copy that cannot be read (remove %s to read the list anew): %w", file, err)
}

// write keeps what is known beside the records.
func (k *kept) write(a about) error {
	err := lastgood.Write(k.file(".json"), func(w io.Writer) error { return json.NewEncoder(w).Encode(a) })
	if err != nil {
		return refuse(Storage, "cannot be kept: %w", err)
	}
	k.about = a
	return nil
}

// records reads a file of records; one that is not there is as an empty one.
func (k *kept) records(end string) (next func(*record) (bool, error), close func() error, err error) {
	f, err := os.Open(k.file(end))
	if errors.Is(err, fs.ErrNotExist) {
		return func(*record) (bool, error) { return false, nil }, func() error { return nil }, nil
	}
	if err != nil {
		return nil, nil, k.damaged(k.file(end), err)
	}
	read := lines(f)
	return func(r *record) (bool, error) {
		for {
			line, err := read()
			if errors.Is(err, io.EOF) {
				return false, nil
			}
			if err == nil {
				err = r.parse(line)
			}
			if err != nil {
				return false, k.damaged(k.file(end), err)
			}
			if end != ".list" || r.state.lives() { // what was told to be over is forgotten
				return true, nil
			}
		}
	}, f.Close, nil
}

// change is what a comparison of two lists found.
type change struct {
	before, listed            int // entries in the list as it was, and as it is
	lost                      int // of before, that are not listed any more
	added, withdrawn, expired int
	outlived                  int // came when their time was over
	counts                    Counts
	next                      time.Time
}

// count notes what a record will be told as.
func (c *change) count(r *record) {
	switch r.state {
	case added:
		c.added++
	case withdrawn:
		c.withdrawn++
	case expired:
		c.expired++
	}
	if !r.state.lives() {
		return
	}
	if c.counts.ByKind == nil {
		c.counts.ByKind = map[string]int{}
	}
	c.counts.Living++
	c.counts.ByKind[r.kind]++
	if r.state != gone {
		c.listed++
	}
	if until := time.Unix(r.until, 0).UTC(); r.until != 0 && (c.next.IsZero() || until.Before(c.next)) {
		c.next = until
	}
}

// prepare writes NAME.pending: every record with what became of it. believe may refuse the whole.
func (k *kept) prepare(each func(put func(*record) error) error, believe func() error) error {
	err := lastgood.Write(k.file(".pending"), func(w io.Writer) error {
		out := bufio.NewWriterSize(w, 256<<10)
		var line []byte
		err := each(func(r *record) error {
			line = r.append(line[:0])
			_, err := out.Write(line)
			return err
		})
		if err == nil {
			err = believe()
		}
		return errors.Join(err, out.Flush())
	})
	var refusal *Refusal
	if err != nil && !errors.As(err, &refusal) {
		return refuse(Storage, "cannot be kept: %w", err)
	}
	return err
}

// deliver hands what is pending to the consumer, and then makes it the list. Without anything pending it does nothing.
func (k *kept) deliver(ctx context.Context, to Consumer) error {
	next, done, err := k.records(".pending")
	if err != nil {
		return err
	}
	// In force for messages that come, before the consumer looks at those that are there: none falls between.
	if k.has(".pending") {
		if err := k.book.open(k.name, k.file(".pending")); err != nil {
			return errors.Join(err, done())
		}
	}
	d := Delta{Feed: k.name}
	var r record
	for more := true; more && err == nil; {
		if more, err = next(&r); more && err == nil {
			d.add(&r)
		}
		if err == nil && (d.len() == k.part || !more && d.len() > 0) {
			if err = to.Apply(ctx, d); err != nil {
				err = refuse(NotTaken, "could not be handed over: %w", err)
			}
			d = Delta{Feed: k.name}
		}
	}
	if err = errors.Join(err, done()); err != nil {
		return err
	}
	if err := os.Rename(k.file(".pending"), k.file(".list")); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return refuse(Storage, "cannot be kept: %w", err)
	}
	return nil
}

// add adds a record to what is told, by its state.
func (d *Delta) add(r *record) {
	switch r.state {
	case added:
		d.Added = append(d.Added, r.indicator())
	case withdrawn:
		d.Withdrawn = append(d.Withdrawn, r.key())
	case expired:
		d.Expired = append(d.Expired, r.key())
	}
}

// drop tells that everything has expired, and removes the copy: for a feed that is not configured any more. That says
// nothing against what it listed, so no verdict changes.
func (k *kept) drop(ctx context.Context, to Consumer) error {
	if err := k.deliver(ctx, to); err != nil {
		return err
	}
	next, done, err := k.records(".list")
	if err != nil {
		return err
	}
	err = k.prepare(func(put func(*record) error) error {
		var r record
		for {
			more, err := next(&r)
			if !more || err != nil {
				return err
			}
			r.state = expired
			if err := put(&r); err != nil {
				return err
			}
		}
	}, func() error { return nil })
	if err = errors.Join(err, done()); err != nil {
		return err
	}
	if err := k.deliver(ctx, to); err != nil {
		return err
	}
	return errors.Join(os.RemoveAll(k.file(".events")), os.RemoveAll(k.file(".objects")),
		os.Remove(k.file(".list")), removed(os.Remove(k.file(".json"))))
}

// removed takes a file that was not there for one that was removed.
func removed(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// lifeOf is when an entry's lifetime ends: its publisher's word, or the lifetime of the feed after the entry's own
// date.
func lifeOf(f *config.Feed, e *entry) int64 {
	var until time.Time
	if !e.date.IsZero() {
		until = e.date.Add(f.Lifetime)
	}
	if !e.until.IsZero() && (until.IsZero() || e.until.Before(until)) {
		until = e.until
	}
	if until.IsZero() {
		return 0
	}
	return max(until.Unix(), 1)
}

// unixOf is a time in seconds; 0 for none.
func unixOf(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.Unix()
}
