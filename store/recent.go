package store

import (
	"bytes"
	"context"
	"slices"
	"sync"
)

// recent are records as they were committed last, so that what follows the changes reads and unpacks again only what it
// is late for. Those that have intents are in it by the commit that planned these, and until the first of them goes on:
// an indicator gives a thousand at a time.
//
// A record is dropped before the commit that changes it or plans an intent for it, and added after that: what is found
// here is never older than the rows of a read transaction that began before.
type recent struct {
	mu      sync.Mutex // guards what follows
	records map[string]*recentRecord
	order   []*recentRecord // as they were added; those that were dropped are in it still
	bytes   int             // of the rows of records
}

// recentRecord is one of them, with how far its intents are, and the length of its row.
type recentRecord struct {
	record Record
	ends   []end // each once
	bytes  int
}

// recentOf is a record that is to be found here with all of its intents, and nil for one that has many, or that does
// not come back from its row as it went in: encoding/json writes what is no UTF-8 as an escape, and U+FFFD itself as it
// stands.
func recentOf(rec Record, intents map[string]Intent, row []byte) *recentRecord {
	if len(intents) >= manyIntents || bytes.Contains(row, []byte(`\ufffd`)) {
		return nil
	}
	r := &recentRecord{record: rec, bytes: len(row)}
	for _, in := range intents {
		if e := endOf(in); !slices.Contains(r.ends, e) {
			r.ends = append(r.ends, e)
		}
	}
	return r
}

// Bounds of what is recent: what comes in a second under full load, some MiB.
const (
	maxRecent      = 4096
	maxRecentBytes = 6 << 20
)

// add takes a record, and lets the oldest go beyond the bounds.
func (r *recent) add(rec *recentRecord) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.records == nil {
		r.records = map[string]*recentRecord{}
	}
	r.records[rec.record.ID] = rec
	r.order = append(r.order, rec)
	r.bytes += rec.bytes
	for len(r.order) > maxRecent || r.bytes > maxRecentBytes {
		oldest := r.order[0]
		r.order[0], r.order = nil, r.order[1:]
		if r.records[oldest.record.ID] == oldest {
			r.dropLocked(oldest.record.ID)
		}
	}
}

// drop forgets a record: it is about to change.
func (r *recent) drop(id string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.dropLocked(id)
}

func (r *recent) dropLocked(id string) {
	if rec := r.records[id]; rec != nil {
		r.bytes -= rec.bytes
		delete(r.records, id)
		*rec = recentRecord{}
	}
}

// find gives a record, and how far its intents are. Nobody may change anything of either.
func (r *recent) find(id string) (rec Record, ends []end, found bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if kept := r.records[id]; kept != nil {
		return kept.record, kept.ends, true
	}
	return Record{}, nil, false
}

// Followed reads a record that a change is about, from memory where it was committed lately. Nothing of it may be
// changed.
func (s *Store) Followed(ctx context.Context, id string) (Record, error) {
	if rec, _, found := s.recent.find(id); found {
		return rec, ctx.Err()
	}
	return s.Record(ctx, id)
}

// touch notes that this call changes a record, or an intent of it.
func (t *txn) touch(record string) {
	t.touched = append(t.touched, record)
}
