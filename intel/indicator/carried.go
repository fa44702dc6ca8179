package indicator

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"clawback/store"
)

// Carried says which of some values a message carries that was delivered. What it has read is kept for a moment: who
// asks adds the indicators of these next, and the same messages are judged by them.
func (d *Desk) Carried(ctx context.Context, list []store.Indicator) ([]bool, error) {
	b, err := d.probe(ctx, list)
	if err != nil {
		return nil, err
	}
	found := found{carried: make([]bool, len(list)), read: map[string]store.Record{}}
	for n := range b.many {
		found.carried[n] = true // each of so many is looked at when it is added
	}
	err = eachOf(ctx, b.records, func(ctx context.Context, id string) error {
		if !found.open(b.carriers[id]) {
			return nil
		}
		rec, err := d.o.Store.Record(ctx, id)
		if errors.Is(err, store.ErrNotFound) {
			return nil // past its retention
		}
		if err == nil {
			found.note(rec, d.carriedIn(rec, b))
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	d.lately.keep(found.read)
	return found.carried, nil
}

// carriedIn are those of b that a record carries now.
func (d *Desk) carriedIn(rec store.Record, b *bulk) (which []int) {
	for _, v := range rec.Variants {
		c := carriedBy(rec, v)
		for _, n := range b.carriers[rec.ID] {
			if d.carries(c, b.list[n]) && !slices.Contains(which, n) {
				which = append(which, n)
			}
		}
	}
	return which
}

// found is what Carried has found so far.
type found struct {
	mu      sync.Mutex // guards what follows
	carried []bool
	read    map[string]store.Record
}

// open reports whether it is not known yet of some values that a message carries them.
func (f *found) open(values []int) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return slices.ContainsFunc(values, func(n int) bool { return !f.carried[n] })
}

// note takes in what a record carries.
func (f *found) note(rec store.Record, values []int) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, n := range values {
		f.carried[n] = true
	}
	if len(values) > 0 && len(f.read) < maxLately {
		f.read[rec.ID] = rec
	}
}

// How many records are kept that were read lately, and for how long: some MiB, until they are judged.
const (
	maxLately = 2000
	latelyFor = 10 * time.Second
)

// lately are records that were read a moment ago. They may be others by now.
type lately struct {
	mu      sync.Mutex // guards what follows
	records map[string]store.Record
	forget  *time.Timer
}

// keep takes the place of what was kept before.
func (l *lately) keep(records map[string]store.Record) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.forget != nil {
		l.forget.Stop()
	}
	l.records = records
	l.forget = time.AfterFunc(latelyFor, func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.records = nil
	})
}

func (l *lately) record(id string) (store.Record, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	rec, kept := l.records[id]
	return rec, kept
}
