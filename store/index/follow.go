package index

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"time"

	"clawback/store"
)

// step is how many changes are read at once, and maxRecent how many documents lie in memory alone at most: when the
// disk takes none, searches say that they are not whole.
const (
	step      = 1000
	maxRecent = 64 << 10
)

// errBehind: not all that the store has changed could be brought in.
var errBehind = errors.New("the index is behind the store")

// Run follows the store until ctx ends, and builds the index where that is needed.
func (x *Index) Run(ctx context.Context) error {
	timer := time.NewTicker(x.o.Every)
	defer timer.Stop()
	var failed string
	for {
		select {
		case <-ctx.Done():
			end, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
			defer cancel()
			if err := x.Flush(end); err != nil {
				x.o.Log.Warn("write index", "event", "index.failed", "error", err)
			}
			return nil
		case <-x.rebuild:
			if err := x.build(ctx); err != nil && ctx.Err() == nil {
				x.o.Log.Warn("build index", "event", "index.failed", "error", err)
				time.AfterFunc(time.Minute, func() { x.reset(err.Error()) })
			}
		case <-timer.C:
			err := x.tick(ctx)
			if err != nil && ctx.Err() == nil && err.Error() != failed {
				x.o.Log.Warn("bring the index up to date", "event", "index.failed", "error", err)
			}
			if failed = ""; err != nil {
				failed = err.Error() // said once
			}
		}
	}
}

// tick brings in what changed, and writes what has lain in memory for long enough.
func (x *Index) tick(ctx context.Context) error {
	if err := x.catchUp(ctx, 50*step); err != nil && !errors.Is(err, errBehind) {
		return err
	}
	x.bringing.Lock()
	n, since := x.recent.len(), x.since
	x.bringing.Unlock()
	if n == 0 || n < x.o.Small && x.o.Now().Sub(since) < x.o.Flush {
		return nil
	}
	x.writing.Lock()
	defer x.writing.Unlock()
	return x.flush(ctx)
}

// Flush brings in what changed, and writes what lies in memory alone.
func (x *Index) Flush(ctx context.Context) error {
	if err := x.catchUp(ctx, 50*step); err != nil && !errors.Is(err, errBehind) {
		return err
	}
	x.writing.Lock()
	defer x.writing.Unlock()
	return x.flush(ctx)
}

// catchUp brings in at most so many changes; errBehind where there are more.
func (x *Index) catchUp(ctx context.Context, most int) error {
	x.bringing.Lock()
	defer x.bringing.Unlock()
	for done := 0; x.now.Load().ready; {
		events, err := x.store.Changes(ctx, x.now.Load().through, step)
		if errors.Is(err, store.ErrPruned) {
			x.now.Store(&snapshot{})
			x.reset("the store does not keep all changes any more that the index has not seen")
			return err
		}
		if err != nil || len(events) == 0 {
			return err
		}
		if x.recent.len() >= maxRecent {
			return errBehind
		}
		if err := x.follow(ctx, events); err != nil {
			return err
		}
		if len(events) < step {
			return nil
		}
		if done += len(events); done >= most {
			return errBehind
		}
	}
	return nil
}

// follow brings in changes, and has their reader forget what did not come in. The caller holds bringing.
func (x *Index) follow(ctx context.Context, events []store.Event) error {
	if x.followed != x.now.Load().through {
		x.changes.Forget()
	}
	docs, err := x.changes.Read(ctx, events)
	if err == nil {
		err = x.insert(docs, events[len(events)-1].Seq)
	}
	if err != nil {
		x.changes.Forget()
		return err
	}
	x.followed = events[len(events)-1].Seq
	return nil
}

// insert shows documents to searches, from memory. The caller holds bringing.
func (x *Index) insert(docs []store.Document, through uint64) error {
	var batch builder
	for _, d := range docs {
		batch.add(d)
	}
	more, err := segmentsOf(&batch)
	if err != nil {
		return err
	}
	now := x.now.Load()
	byDay := now.with(more)
	for d := range more {
		if byDay[d], err = x.joinRecent(byDay[d]); err != nil {
			return err
		}
	}
	if x.recent.len() == 0 {
		x.since = x.o.Now()
	}
	for _, d := range docs {
		x.recent.add(d)
	}
	x.publish(byDay, through, now.built)
	return nil
}

// segmentsOf makes segments in memory.
func segmentsOf(b *builder) (map[int]*segment, error) {
	list := map[int]*segment{}
	for d, one := range b.byDay() {
		s, err := inMemory(one.encode())
		if err != nil {
			return nil, err
		}
		list[d] = s
	}
	return list, nil
}

// mostInMemory is how many segments of a day lie in memory before they are joined: each costs every search a look.
const mostInMemory = 8

// joinRecent makes one of the segments of a day that lie in memory, where they are many.
func (x *Index) joinRecent(list []*segment) ([]*segment, error) {
	first := slices.IndexFunc(list, func(s *segment) bool { return s.name == "" })
	if first < 0 || len(list)-first < mostInMemory || x.flushing {
		return list, nil
	}
	data, err := merge(list[first:])
	if err != nil {
		return nil, err
	}
	joined, err := inMemory(data)
	if err != nil {
		return nil, err
	}
	return append(slices.Clone(list[:first]), joined), nil
}

// flush writes what lies in memory alone. On the way out everything up to the change that was the last when it began is
// durable; what fails leaves all as it was, and is tried again. Searches and what comes meanwhile do not wait for it.
// The caller holds writing.
func (x *Index) flush(ctx context.Context) error {
	x.bringing.Lock()
	now, batch := x.now.Load(), x.recent
	if !now.ready || now.through == x.manifest.Through {
		x.bringing.Unlock()
		return nil
	}
	x.recent, x.flushing = builder{}, true
	x.bringing.Unlock()
	next, byDay, old, err := x.written(batch, now)
	if err == nil {
		err = x.commit(next)
	}
	x.bringing.Lock()
	defer x.bringing.Unlock()
	x.flushing = false
	if err != nil {
		for raw, d := range x.recent.docs { // what came meanwhile is what counts
			if batch.docs == nil {
				batch.docs = map[[16]byte]store.Document{}
			}
			batch.docs[raw] = d
		}
		x.recent = batch
		return err
	}
	x.since = x.o.Now()
	later := x.now.Load()
	if !later.ready {
		return nil // it is built anew
	}
	for d, list := range later.byDay { // what came meanwhile lies in memory still
		byDay[d] = append(byDay[d], list[len(now.byDay[d]):]...)
	}
	x.publish(byDay, later.through, later.built)
	x.remove(old)
	return x.moveCursor(ctx)
}

// written puts a batch on the disk, merges what are many, and makes the list of it all.
func (x *Index) written(batch builder,
	now *snapshot) (next manifest, byDay map[int][]*segment, old []string, err error) {
	next, opened, err := x.write(&batch, x.manifest)
	if err != nil {
		return next, nil, nil, err
	}
	next.Through = now.through
	byDay = onDisk(now.byDay)
	for d, s := range opened {
		byDay[d] = append(slices.Clone(byDay[d]), s)
	}
	old, err = x.compact(&next, byDay)
	return next, byDay, old, err
}

// onDisk are the segments that have files.
func onDisk(byDay map[int][]*segment) map[int][]*segment {
	out := map[int][]*segment{}
	for d, list := range byDay {
		if kept := slices.DeleteFunc(slices.Clone(list), func(s *segment) bool { return s.name == "" }); len(kept) > 0 {
			out[d] = kept
		}
	}
	return out
}

// write puts documents into segments on the disk, which count when the list that it returns is in its place.
func (x *Index) write(b *builder, m manifest) (manifest, map[int]*segment, error) {
	m.Segments = maps.Clone(m.Segments)
	opened := map[int]*segment{}
	for d, one := range b.byDay() {
		s, err := x.writeSegment(&m, d, one.encode())
		if err != nil {
			return m, nil, err
		}
		m.Segments[d] = append(slices.Clone(m.Segments[d]), file{s.name, s.docs})
		opened[d] = s
	}
	return m, opened, nil
}

func (x *Index) writeSegment(m *manifest, d int, data []byte) (*segment, error) {
	if err := x.o.Fail("index.segment"); err != nil {
		return nil, err
	}
	name := fmt.Sprintf("%d-%d.seg", d, x.next)
	x.next++
	m.Next = x.next
	if err := writeFile(filepath.Join(x.dir, name), data); err != nil {
		return nil, err
	}
	return openFile(x.dir, name)
}

// commit makes a list the one that counts.
func (x *Index) commit(m manifest) error {
	if err := x.o.Fail("index.list"); err != nil {
		return err
	}
	// Durable from here on: the segments up to m.Through. A crash before it leaves the list before, and segments that
	// the next start removes.
	if err := m.write(x.dir); err != nil {
		return err
	}
	x.manifest = m
	return nil
}

// moveCursor tells the store what is durable here. A crash before it repeats nothing, for the list says how far it
// goes: the store keeps its changes a little longer.
func (x *Index) moveCursor(ctx context.Context) error {
	if err := x.o.Fail("index.cursor"); err != nil {
		return err
	}
	return x.store.SetCursor(ctx, follower, x.manifest.Through)
}

// width is how many segments of about one size a day may have.
const width = 8

// tier puts segments of about one size together: each is eight times the one before.
func (x *Index) tier(docs int) int {
	n := 0
	for at := max(1, x.o.Small/64); docs > at && at < x.o.Large; at *= width {
		n++
	}
	return n
}

// compact merges the small segments of days that have many, in the list and in byDay, and returns the files that the
// list names no more.
func (x *Index) compact(m *manifest, byDay map[int][]*segment) (old []string, err error) {
	today := day(store.Millis(x.o.Now()))
	for d, list := range byDay {
		for {
			from, to := x.mergeable(list, d < today-1)
			if from == to {
				break
			}
			data, err := merge(list[from:to])
			if err != nil {
				return nil, err
			}
			s, err := x.writeSegment(m, d, data)
			if err != nil {
				return nil, err
			}
			for _, gone := range list[from:to] {
				old = append(old, gone.name)
			}
			list = slices.Concat(list[:from], []*segment{s}, list[to:])
			byDay[d] = list
			var files []file
			for _, one := range list {
				files = append(files, file{one.name, one.docs})
			}
			m.Segments[d] = files
		}
	}
	return old, nil
}

// mergeable is a run of segments that are to be one. They are neighbours, so that what came last stays last. Of a day
// that is over few are left.
func (x *Index) mergeable(list []*segment, over bool) (from, to int) {
	for end := len(list); end > 0; {
		begin, full := end-1, false
		for begin > 0 && (over || x.tier(list[begin-1].docs) <= x.tier(list[end-1].docs)) {
			if full = sum(list[begin-1:end]) > x.o.Large; full {
				break
			}
			begin--
		}
		if n := end - begin; n >= width || n >= width/2 && (full || over) {
			return begin, end
		}
		end = begin
	}
	return 0, 0
}

func sum(list []*segment) (docs int) {
	for _, s := range list {
		docs += s.docs
	}
	return docs
}

// remove deletes files that no list names. One that stays is removed at the next start.
func (x *Index) remove(names []string) {
	for _, name := range names {
		if err := os.Remove(filepath.Join(x.dir, name)); err != nil {
			x.o.Log.Warn("remove old segment", "event", "index.failed", "error", err)
		}
	}
}

// Expire drops the days that end before a time. While the index is being built it drops nothing.
func (x *Index) Expire(ctx context.Context, before time.Time) error {
	if !x.writing.TryLock() {
		return nil
	}
	defer x.writing.Unlock()
	if err := x.flush(ctx); err != nil {
		return err
	}
	first := day(store.Millis(before))
	m := x.manifest
	m.Segments = maps.Clone(m.Segments)
	var old []string
	for d, files := range m.Segments {
		if d >= first {
			continue
		}
		for _, f := range files {
			old = append(old, f.Name)
		}
		delete(m.Segments, d)
	}
	if len(old) == 0 || !x.now.Load().ready {
		return nil
	}
	if err := x.commit(m); err != nil {
		return err
	}
	x.bringing.Lock()
	defer x.bringing.Unlock()
	now := x.now.Load()
	byDay := maps.Clone(now.byDay)
	maps.DeleteFunc(byDay, func(d int, _ []*segment) bool { return d < first })
	x.publish(byDay, now.through, now.built)
	x.remove(old)
	return nil
}
