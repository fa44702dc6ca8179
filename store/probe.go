package store

import (
	"context"
	"fmt"
	"time"
)

// Probe asks which records carry any of many terms, once for all of them: a feed brings thousands of values at a time.
type Probe struct {
	Terms []uint64  // as query.TermOf makes them
	Since time.Time // received then or later
	Most  int       // records of one term; 0: 1000
}

// Hit is a record that carries a term, as far as an index knows: whoever acts by it reads the record.
type Hit struct {
	Term   int    // its number in Probe.Terms
	Record string // id
}

// Hits are the answer to a Probe, each once.
type Hits struct {
	List []Hit
	More map[int]bool // terms that more records carry than are listed

	most  int
	count map[int]int
	seen  map[Hit]bool
}

// What one probe answers at most: of one term, and in all.
const (
	mostOfTerm = 1000
	mostHits   = 100_000
)

// NewHits is an answer that is being gathered.
func NewHits(p Probe) *Hits {
	return &Hits{More: map[int]bool{}, most: orDefault(p.Most, mostOfTerm), count: map[int]int{}, seen: map[Hit]bool{}}
}

// Add notes that a record carries a term. It is false where no more of that term are wanted.
func (h *Hits) Add(term int, record string) bool {
	hit := Hit{term, record}
	switch {
	case h.More[term]:
		return false
	case h.seen[hit]:
		return true
	case h.count[term] >= h.most || len(h.List) >= mostHits:
		h.More[term] = true
		return false
	}
	h.seen[hit] = true
	h.count[term]++
	h.List = append(h.List, hit)
	return true
}

// ProbeTerms answers a probe by a walk over the records.
func (s *Store) ProbeTerms(ctx context.Context, p Probe) (Hits, error) {
	hits := NewHits(p)
	wanted := make(map[uint64][]int, len(p.Terms))
	for i, term := range p.Terms {
		wanted[term] = append(wanted[term], i)
	}
	for cursor, more := "", true; more; {
		page, err := s.Scan(ctx, RecordFilter{Since: p.Since, Limit: mostOfTerm}, cursor)
		if err != nil {
			return *hits, fmt.Errorf("probe records: %w", err)
		}
		for _, rec := range page.Records {
			for _, term := range rec.Searchable(nil).Terms() {
				for _, i := range wanted[term] {
					hits.Add(i, rec.ID)
				}
			}
		}
		cursor, more = page.Next, page.Next != ""
	}
	return *hits, nil
}
