package index

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"clawback/query"
	"clawback/store"
)

// ErrBehind means that not all that the store knows was searched: what was found comes with it, and more may match. It
// is a [store.ErrBound] too.
var ErrBehind = fmt.Errorf("the index is behind the store, and what came last was not searched: %w", store.ErrBound)

// Bounds of one search.
const (
	defaultLimit = 100
	defaultScan  = 100_000 // documents that are held against their records
	bringFirst   = 20 * step
	batchSize    = 256
)

// place is a document's place in the order of records. The zero value is before all.
type place struct {
	at uint64
	id [16]byte
}

// Records lists records as [store.Store.Records] does, those received last first, by the same filter. Where the
// filter's query names nothing that is indexed, and while the index is being built, it is the store that walks. It
// returns what it has found together with [store.ErrBound] or [ErrBehind].
func (x *Index) Records(ctx context.Context, f store.RecordFilter) ([]store.Record, error) {
	if !x.knows(f) {
		return x.store.Records(ctx, f)
	}
	w := walk{index: x, filter: f, limit: cmp.Or(f.Limit, defaultLimit), scan: cmp.Or(f.Scan, defaultScan)}
	if f.After != "" {
		rec, err := x.store.Record(ctx, f.After)
		if err != nil {
			return nil, err
		}
		w.after, _ = placeOf(rec)
	}
	err := w.run(ctx)
	if errors.Is(err, ErrDamaged) {
		x.damaged(err)
		return x.store.Records(ctx, f)
	}
	if err == nil && w.bounded {
		err = fmt.Errorf("list records: %w", store.ErrBound)
	}
	return w.found, err
}

// Scan is Records a step at a time, as [store.Store.Scan] is; each goes on from the other's cursor.
func (x *Index) Scan(ctx context.Context, f store.RecordFilter, cursor string) (store.RecordPage, error) {
	if !x.knows(f) {
		return x.store.Scan(ctx, f, cursor)
	}
	w := walk{index: x, filter: f, limit: cmp.Or(f.Limit, defaultLimit), scan: cmp.Or(f.Scan, defaultScan)}
	if cursor != "" {
		at, id, err := store.ParseCursor(cursor)
		if err != nil {
			return store.RecordPage{}, err
		}
		raw, _ := store.RawID(id)
		w.after = place{at, raw}
	}
	err := w.run(ctx)
	if errors.Is(err, ErrDamaged) || errors.Is(err, ErrBehind) {
		if errors.Is(err, ErrDamaged) {
			x.damaged(err)
		}
		return x.store.Scan(ctx, f, cursor) // a job is never content with a part
	}
	page := store.RecordPage{Records: w.found}
	if err == nil && (w.bounded || len(w.found) >= w.limit) {
		page.Next = store.CursorOf(w.last.at, store.IDOf(w.last.id))
	}
	return page, err
}

// knows reports whether the index can find what a filter selects.
func (x *Index) knows(f store.RecordFilter) bool { return x.now.Load().ready && f.Query.Indexed() }

// damaged has the index built anew; until then the store is walked.
func (x *Index) damaged(err error) {
	x.bringing.Lock()
	defer x.bringing.Unlock()
	if x.now.Load().ready {
		x.o.Log.Error("the index is damaged", "event", "index.damaged", "error", err)
		x.now.Store(&snapshot{})
		x.reset(err.Error())
	}
}

func placeOf(rec store.Record) (place, bool) {
	raw, ok := store.RawID(rec.ID)
	return place{store.Millis(rec.Received), raw}, ok
}

// walk is one search.
type walk struct {
	index  *Index
	filter store.RecordFilter
	groups [][]uint64
	not    []uint64 // terms of which a document may have none
	after  place    // of the document behind which it goes on
	limit  int
	scan   int

	found   []store.Record
	looked  int
	last    place // of the last document that was held against its record
	bounded bool
	seen    map[place]bool // of this day
}

func (w *walk) run(ctx context.Context) error {
	x := w.index
	behind := x.catchUp(ctx, bringFirst)
	if behind != nil && !errors.Is(behind, errBehind) && !errors.Is(behind, store.ErrPruned) {
		return behind
	}
	now := x.now.Load()
	if !now.ready {
		return fmt.Errorf("%w: it is built anew", ErrDamaged)
	}
	w.groups, w.not = w.filter.Query.Groups(), w.filter.Query.Excluded()
	since, until := w.window()
	for _, d := range now.days {
		if w.done() || w.after.at != 0 && d > day(w.after.at) || d > day(until) || d < day(since) {
			continue
		}
		if err := w.day(ctx, now.byDay[d]); err != nil {
			return err
		}
	}
	if behind != nil {
		return ErrBehind
	}
	return nil
}

// window is the filter's, in milliseconds.
func (w *walk) window() (since, until uint64) {
	f := w.filter
	until = ^uint64(0) >> 16
	for _, at := range []uint64{store.Millis(f.Until), store.Millis(f.Query.Until)} {
		if at > 0 {
			until = min(until, at)
		}
	}
	return max(store.Millis(f.Since), store.Millis(f.Query.Since)), until
}

func (w *walk) done() bool { return w.bounded || len(w.found) >= w.limit }

// day searches the segments of one day.
func (w *walk) day(ctx context.Context, list []*segment) error {
	var rows []*row
	for _, s := range list {
		r, err := w.rowOf(s)
		if err != nil {
			return err
		}
		if r != nil {
			rows = append(rows, r)
		}
	}
	w.seen = map[place]bool{}
	for !w.done() {
		batch, err := w.next(rows)
		if err != nil {
			return err
		}
		if len(batch) == 0 {
			return nil
		}
		if err := w.verify(ctx, batch); err != nil {
			return err
		}
	}
	return nil
}

// rowOf are the documents of a segment that have what the query needs; nil where there is none.
func (w *walk) rowOf(s *segment) (*row, error) {
	tenant := -1
	if w.filter.Tenant != "" {
		if tenant = s.tenant(w.filter.Tenant); tenant < 0 {
			return nil, nil
		}
	}
	if since, until := w.window(); s.newest < since || s.oldest > until {
		return nil, nil
	}
	numbers, err := w.wanted(s)
	if err != nil || len(numbers) == 0 {
		return nil, err
	}
	unwanted, err := w.unwanted(s)
	if err != nil {
		return nil, err
	}
	if numbers = without(numbers, unwanted); len(numbers) == 0 {
		return nil, nil
	}
	return &row{segment: s, numbers: numbers, tenant: tenant}, nil
}

// wanted are the documents that have a term of each group.
func (w *walk) wanted(s *segment) (numbers []uint32, err error) {
	if len(w.groups) == 0 {
		return s.all(), nil
	}
	for i, group := range w.groups {
		any, err := s.findAny(group)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			numbers = any
		} else {
			numbers = both(numbers, any)
		}
		if len(numbers) == 0 {
			return nil, nil
		}
	}
	return numbers, nil
}

// unwanted are the documents that have a term which must not be. A record that has lost it since was written again, to
// a segment that came later, with all its terms: there it is found, whatever this segment has.
func (w *walk) unwanted(s *segment) ([]uint32, error) {
	if len(w.not) == 0 {
		return nil, nil
	}
	list, err := s.findAny(w.not)
	if err != nil || len(list) == 0 {
		return nil, err
	}
	ambiguous, err := s.find(query.Ambiguous)
	return without(list, ambiguous), err
}

// all are the numbers of all documents.
func (s *segment) all() []uint32 {
	numbers := make([]uint32, s.docs)
	for i := range numbers {
		numbers[i] = uint32(i)
	}
	return numbers
}

// findAny are the documents that have any of the terms, in order.
func (s *segment) findAny(terms []uint64) (any []uint32, err error) {
	for _, term := range terms {
		list, err := s.find(term)
		if err != nil {
			return nil, err
		}
		any = append(any, list...)
	}
	if len(terms) > 1 {
		slices.Sort(any)
		any = slices.Compact(any)
	}
	return any, nil
}

// without are the numbers of an ordered list that another does not have.
func without(list, not []uint32) []uint32 {
	if len(not) == 0 {
		return list
	}
	var left []uint32
	for _, n := range list {
		for len(not) > 0 && not[0] < n {
			not = not[1:]
		}
		if len(not) == 0 || not[0] != n {
			left = append(left, n)
		}
	}
	return left
}

// both are the numbers that two ordered lists share.
func both(a, b []uint32) (list []uint32) {
	if len(a) > len(b) {
		a, b = b, a
	}
	for _, n := range a {
		i, found := slices.BinarySearch(b, n)
		b = b[i:]
		if found {
			list = append(list, n)
		}
	}
	return list
}

// row reads the documents that were found in a segment, a few at a time.
type row struct {
	*segment
	numbers []uint32
	tenant  int // -1: any
	docs    []doc
}

// span is how far apart documents may lie that are read together.
const span = 256

// peek is the next document; nil at the end.
func (r *row) peek() (*doc, error) {
	for len(r.docs) == 0 && len(r.numbers) > 0 {
		first := r.numbers[0]
		last := first
		n := 0
		for n < len(r.numbers) && r.numbers[n]-first < span {
			last = r.numbers[n]
			n++
		}
		docs, err := r.doc(int(first), int(last-first)+1)
		if err != nil {
			return nil, err
		}
		for _, number := range r.numbers[:n] {
			if d := docs[number-first]; r.tenant < 0 || int(d.tenant) == r.tenant {
				r.docs = append(r.docs, d)
			}
		}
		r.numbers = r.numbers[n:]
	}
	if len(r.docs) == 0 {
		return nil, nil
	}
	return &r.docs[0], nil
}

// next is the next batch of documents of all segments, in order, each record once.
func (w *walk) next(rows []*row) (batch []place, err error) {
	since, until := w.window()
	want := min(batchSize, max(16, w.limit-len(w.found)))
	for len(batch) < want {
		var first *row
		for _, r := range rows {
			d, err := r.peek()
			if err != nil {
				return nil, err
			}
			if d != nil && (first == nil || d.before(first.docs[0])) {
				first = r
			}
		}
		if first == nil {
			return batch, nil
		}
		d := first.docs[0]
		first.docs = first.docs[1:]
		at := place{d.at, d.id}
		if d.at < since || d.at > until || w.after.at != 0 && !w.after.before(at) || w.seen[at] {
			continue
		}
		w.seen[at] = true
		batch = append(batch, at)
	}
	return batch, nil
}

func (p place) before(q place) bool { return doc{at: p.at, id: p.id}.before(doc{at: q.at, id: q.id}) }

// verify holds a batch against its records.
func (w *walk) verify(ctx context.Context, batch []place) error {
	ids := make([]string, len(batch))
	for i, p := range batch {
		ids[i] = store.IDOf(p.id)
	}
	list, err := w.index.store.Matching(ctx, w.filter, ids)
	if err != nil {
		return err
	}
	for i, p := range batch {
		if len(list) > 0 && list[0].ID == ids[i] {
			if store.Millis(list[0].Received) == p.at { // else another segment has it in its place
				w.found = append(w.found, list[0])
			}
			list = list[1:]
		}
		w.last = p
		if w.looked++; w.looked >= w.scan && len(w.found) < w.limit {
			w.bounded = true
			return nil
		}
		if len(w.found) >= w.limit {
			return nil
		}
	}
	return nil
}
