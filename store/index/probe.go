package index

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sort"

	"clawback/store"
)

// ProbeTerms answers which records carry any of many terms, as [store.Store.ProbeTerms] does: every segment is asked
// once for all of them, its filter first. What was committed before it began is asked too. Where the index cannot
// answer, because it is being built or is far behind, the store is walked: who probes acts by the answer, and must miss
// nothing.
func (x *Index) ProbeTerms(ctx context.Context, p store.Probe) (store.Hits, error) {
	if !x.now.Load().ready {
		return x.store.ProbeTerms(ctx, p)
	}
	switch err := x.catchUp(ctx, bringFirst); {
	case errors.Is(err, errBehind), errors.Is(err, store.ErrPruned):
		return x.store.ProbeTerms(ctx, p)
	case err != nil:
		return store.Hits{}, err
	}
	now := x.now.Load()
	if !now.ready {
		return x.store.ProbeTerms(ctx, p)
	}
	hits, err := now.probe(ctx, p)
	if errors.Is(err, ErrDamaged) {
		x.damaged(err)
		return x.store.ProbeTerms(ctx, p)
	}
	return hits, err
}

// wanted is a term that is probed for.
type wanted struct {
	hash   uint64
	number int // in the probe
}

// wantedOf are a probe's terms in the order in which segments have them.
func wantedOf(terms []uint64) []wanted {
	list := make([]wanted, len(terms))
	for i, term := range terms {
		list[i] = wanted{short(term), i}
	}
	slices.SortFunc(list, func(a, b wanted) int { return compare(a.hash, b.hash) })
	return list
}

// probe asks the segments of all days in the window, the newest first.
func (s *snapshot) probe(ctx context.Context, p store.Probe) (store.Hits, error) {
	hits := store.NewHits(p)
	since := uint64(0)
	if !p.Since.IsZero() {
		since = store.Millis(p.Since)
	}
	q := prober{hits: hits, list: wantedOf(p.Terms), since: since}
	for _, d := range s.days {
		if d < day(since) {
			break
		}
		for _, one := range s.byDay[d] {
			if err := ctx.Err(); err != nil {
				return *hits, fmt.Errorf("probe index: %w", err)
			}
			if err := q.segment(one); err != nil {
				return *hits, err
			}
		}
		q.list = slices.DeleteFunc(q.list, func(w wanted) bool { return hits.More[w.number] })
	}
	return *hits, nil
}

// prober is one probe on its way through the segments.
type prober struct {
	hits   *store.Hits
	list   []wanted
	since  uint64
	filter filter // of the segment that is asked; its memory is used again
	block  []byte // of the segment's terms, likewise
}

// segment asks one segment for all that is wanted.
func (q *prober) segment(s *segment) error {
	if s.newest < q.since {
		return nil
	}
	filtered, err := q.load(s)
	if err != nil {
		return err
	}
	at := -1 // of the block that was read last
	for i := 0; i < len(q.list); {
		first := i
		hash := q.list[first].hash
		for i++; i < len(q.list) && q.list[i].hash == hash; i++ { // one term that is named twice
		}
		if filtered && !q.filter.has(hash) {
			continue
		}
		value, found, err := q.find(s, hash, &at)
		if err != nil {
			return err
		}
		if !found {
			continue
		}
		if err := q.note(s, value, q.list[first:i]); err != nil {
			return err
		}
	}
	return nil
}

// load reads a segment's filter, where reading it costs less than looking every term up.
func (q *prober) load(s *segment) (bool, error) {
	length := s.length[secFilter]
	if length == 0 || int64(len(q.list))*sparseStep*termSize < length {
		return false, nil
	}
	q.filter = slices.Grow(q.filter[:0], int(length))[:length]
	return true, s.readInto(q.filter, s.at[secFilter])
}

// find looks a term up. Terms are asked for in order: those of one block share its reading.
func (q *prober) find(s *segment, hash uint64, at *int) (value uint32, found bool, err error) {
	block := sort.Search(len(s.sparse), func(i int) bool { return s.sparse[i] > hash }) - 1
	if block < 0 {
		return 0, false, nil
	}
	if block != *at {
		n := min(sparseStep, s.terms-block*sparseStep) * termSize
		q.block = slices.Grow(q.block[:0], n)[:n]
		if err := s.readInto(q.block, s.at[secTerms]+int64(block*sparseStep*termSize)); err != nil {
			return 0, false, err
		}
		*at = block
	}
	value, found = lookUp(q.block, hash)
	return value, found, nil
}

// note adds the documents of a term that are in the window, the newest first.
func (q *prober) note(s *segment, value uint32, same []wanted) error {
	numbers, err := s.postings(value)
	if err != nil {
		return err
	}
	for _, number := range numbers {
		docs, err := s.doc(int(number), 1)
		if err != nil {
			return err
		}
		if docs[0].at < q.since {
			return nil
		}
		id, wants := store.IDOf(docs[0].id), false
		for _, w := range same {
			wants = q.hits.Add(w.number, id) || wants
		}
		if !wants {
			return nil
		}
	}
	return nil
}
