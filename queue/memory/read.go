package memory

import (
	"context"
	"fmt"
	"maps"
	"time"

	"clawback/queue"
)

// Get reads one item.
func (q *Queue) Get(ctx context.Context, id string) (queue.Item, error) {
	unlock, err := q.begin(ctx)
	if err != nil {
		return queue.Item{}, err
	}
	defer unlock()
	it, ok := q.items[id]
	if !ok {
		return it, fmt.Errorf("%w: %q", queue.ErrNotFound, id)
	}
	return it, nil
}

// List lists items, oldest first.
func (q *Queue) List(ctx context.Context, f queue.Filter) (list []queue.Item, err error) {
	unlock, err := q.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	for _, it := range q.sorted() {
		if f.Selects(&it) && (f.Limit == 0 || len(list) < f.Limit) {
			list = append(list, it)
		}
	}
	return list, nil
}

// Stats counts items and bounces, one by one.
func (q *Queue) Stats(ctx context.Context) (queue.Stats, error) {
	s := queue.Stats{
		Items: map[queue.State]queue.Count{}, Tenants: map[string]map[queue.State]queue.Count{},
		Bounces: map[queue.BounceState]queue.Count{},
	}
	unlock, err := q.begin(ctx)
	if err != nil {
		return s, err
	}
	defer unlock()
	for _, it := range q.items {
		tenant := it.Envelope.Tenant
		if s.Tenants[tenant] == nil {
			s.Tenants[tenant] = map[queue.State]queue.Count{}
		}
		s.Size += it.Body.Size
		count(s.Items, it.State, it.Body.Size, queue.IDTime(it.ID))
		count(s.Tenants[tenant], it.State, it.Body.Size, time.Time{})
		if it.State == queue.Deferred && (s.NextDue.IsZero() || it.NotBefore.Before(s.NextDue)) {
			s.NextDue = it.NotBefore
		}
	}
	for _, b := range q.bounces {
		count(s.Bounces, b.State, b.Body.Size, b.Created)
	}
	return s, nil
}

// count adds one thing.
func count[K comparable](m map[K]queue.Count, key K, size int64, at time.Time) {
	c := m[key]
	c.Count++
	c.Bytes += size
	if c.Oldest.IsZero() || at.Before(c.Oldest) {
		c.Oldest = at
	}
	m[key] = c
}

// Usage says what is held of a source.
func (q *Queue) Usage(of queue.Source) queue.Usage { return q.Sources()[of] }

// Sources says what is held of every source.
func (q *Queue) Sources() map[queue.Source]queue.Usage {
	q.mu.Lock()
	defer q.mu.Unlock()
	all := map[queue.Source]queue.Usage{}
	for _, it := range q.items {
		u := all[it.Envelope.Source()]
		hold(&u.Unfinished, it.Body.Size)
		if it.State == queue.Quarantined {
			hold(&u.Quarantined, it.Body.Size)
		}
		all[it.Envelope.Source()] = u
	}
	for _, b := range q.bounces {
		if b.State != queue.BounceSent {
			u := all[b.Envelope.Source()]
			hold(&u.Unfinished, b.Body.Size)
			all[b.Envelope.Source()] = u
		}
	}
	return all
}

func hold(c *queue.Count, size int64) {
	c.Count++
	c.Bytes += queue.OnDisk(size)
}

// Groups counts the items in quarantine that are selected, by kind.
func (q *Queue) Groups(ctx context.Context, s queue.Selection) ([]queue.Group, error) {
	unlock, err := q.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	var groups queue.Grouping
	for _, it := range q.sorted() {
		if s.Fits(&it) {
			groups.Add(&it)
		}
	}
	return groups.List(), nil
}

// Preview says what DiscardSelected would discard now.
func (q *Queue) Preview(ctx context.Context, s queue.Selection) (queue.Preview, error) {
	unlock, err := q.begin(ctx)
	if err != nil {
		return queue.Preview{}, err
	}
	defer unlock()
	d := queue.Preview{Selection: s, AsOf: q.time()}
	for _, it := range q.sorted() {
		if s.Fits(&it) && !it.Changed.After(d.AsOf) {
			d.Add(&it)
		}
	}
	return d, nil
}

// Discard throws an item in quarantine away.
func (q *Queue) Discard(ctx context.Context, id string, note []byte) error {
	return q.change(ctx, "discard", id, func(it *queue.Item) (*queue.Item, error) {
		if err := it.CheckDiscard(); err != nil {
			return nil, err
		}
		q.notes[id] = note
		return nil, nil
	})
}

// discardStep is how many items one transaction discards.
const discardStep = 500

// DiscardSelected throws away what a Preview has shown.
func (q *Queue) DiscardSelected(ctx context.Context, d queue.Preview, note queue.Note) (queue.Discarded, error) {
	if err := d.Check(); err != nil {
		return queue.Discarded{}, err
	}
	var done queue.Discarding
	for first := true; ; first = false {
		next, more, err := q.discardStep(ctx, &d, note, done, first)
		if err != nil {
			return done.Discarded, fmt.Errorf("discard selected items: %w", err)
		}
		done = next
		if !more {
			return done.Discarded, nil
		}
	}
}

// discardStep is one transaction of DiscardSelected.
func (q *Queue) discardStep(
	ctx context.Context, d *queue.Preview, note queue.Note, done queue.Discarding, first bool,
) (next queue.Discarding, more bool, err error) {
	unlock, err := q.begin(ctx)
	if err != nil {
		return done, false, err
	}
	defer unlock()
	var items []queue.Item
	for _, it := range q.sorted() {
		if d.Has(&it) {
			items = append(items, it)
		}
	}
	if first {
		if err := d.CheckCount(len(items)); err != nil {
			return done, false, err
		}
	}
	more = len(items) > discardStep
	items = items[:min(len(items), discardStep)]
	if len(items) == 0 {
		return done, false, nil
	}
	if next, err = done.Add(items); err != nil {
		return done, false, err
	}
	text, err := note.Text(next.Discarded)
	if err != nil {
		return done, false, err
	}
	for _, it := range items {
		delete(q.items, it.ID)
	}
	q.notes[note.Key] = text
	return next, more, nil
}

// Discarded are the notes on discarded items.
func (q *Queue) Discarded(ctx context.Context) (map[string][]byte, error) {
	unlock, err := q.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	return maps.Clone(q.notes), nil
}

// Noted forgets one.
func (q *Queue) Noted(ctx context.Context, key string) error {
	unlock, err := q.begin(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	delete(q.notes, key)
	return nil
}

// ExpirePostmaster drops old mail for postmaster, and unsent bounces of such mail.
func (q *Queue) ExpirePostmaster(ctx context.Context, before time.Time) (dropped int, err error) {
	unlock, err := q.begin(ctx)
	if err != nil {
		return 0, err
	}
	defer unlock()
	old := func(e queue.Envelope) bool { return e.Purpose == queue.ForPostmaster && e.Received.Before(before) }
	for id, it := range q.items {
		idle := it.State == queue.Ready || it.State == queue.Deferred || it.State == queue.Quarantined
		if idle && old(it.Envelope) {
			delete(q.items, id)
			dropped++
		}
	}
	for id, b := range q.bounces {
		if b.State != queue.BounceSent && old(b.Envelope) {
			q.dropBounce(id)
			dropped++
		}
	}
	return dropped, nil
}
