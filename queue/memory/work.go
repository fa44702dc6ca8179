package memory

import (
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"

	"clawback/queue"
)

// Claim hands out up to max items, and waits until there is at least one.
func (q *Queue) Claim(ctx context.Context, max int) ([]queue.Item, error) {
	for {
		end, err := q.begin(ctx)
		if err != nil {
			return nil, err
		}
		items := q.claim(max)
		wake, due := q.wake, q.nextDue()
		end()
		if len(items) > 0 {
			return items, nil
		}
		if err := q.wait(ctx, wake, due); err != nil {
			return nil, err
		}
	}
}

// wait waits for a change, or for so long when that is not zero.
func (q *Queue) wait(ctx context.Context, wake <-chan struct{}, due time.Duration) error {
	var timer <-chan time.Time
	if due > 0 {
		timer = time.After(due)
	}
	select {
	case <-wake:
	case <-timer:
	case <-ctx.Done():
		return ctx.Err()
	case <-q.quit:
		return queue.ErrClosed
	}
	return nil
}

// nextDue is how long it takes until the next item or lease is due; zero for never. The caller holds mu.
func (q *Queue) nextDue() (wait time.Duration) {
	now := q.time()
	sooner := func(at time.Time) {
		if d := max(at.Sub(now), time.Millisecond); wait == 0 || d < wait {
			wait = d
		}
	}
	for _, it := range q.items {
		switch {
		case it.State == queue.Deferred, it.State == queue.Suspect && q.suspects() == 0:
			sooner(it.NotBefore)
		case it.State == queue.Working && it.Claim.Owner != q.o.Owner && q.owners[it.Claim.Owner] != nil:
			sooner(q.owners[it.Claim.Owner].lease.End)
		}
	}
	return wait
}

// suspects counts those in work, of all owners. The caller holds mu.
func (s *Server) suspects() (n int) {
	for _, it := range s.items {
		if it.State == queue.Working && it.Crashes > 0 {
			n++
		}
	}
	return n
}

// claim takes what is due for this owner. The caller holds mu.
func (q *Queue) claim(max int) (items []queue.Item) {
	q.freeEnded()
	for _, id := range q.due(max) {
		it := q.items[id]
		it.State, it.NotBefore, it.Changed = queue.Working, time.Time{}, q.time()
		it.Claim = queue.Claim{Owner: q.o.Owner, Number: it.Claim.Number + 1}
		q.items[id], q.claims[id] = it, it.Claim
		items = append(items, it)
	}
	if len(items) > 0 {
		q.renew()
	}
	return items
}

// renew lets this owner's claims last for another lease. The caller holds mu.
func (q *Queue) renew() {
	if q.owners[q.o.Owner] == nil { // its lease had ended, and another has freed its items
		q.owners[q.o.Owner] = &owner{length: q.o.Lease, scoring: map[string]int{}}
	}
	q.owners[q.o.Owner].lease.End = q.time().Add(q.o.Lease)
}

// Renew lets this owner's claims last for another lease.
func (q *Queue) Renew(ctx context.Context) error {
	end, err := q.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	q.renew()
	return nil
}

// wideClaim is the size of a claim that takes from both ends of what is ready.
const wideClaim = 16

// share deals out what is ready to the tenants in turns, up to max. What comes first of each in a wide claim are its
// oldest and its newest.
func (q *Queue) share(ready []queue.Item, max int) (dealt []queue.Item) {
	of := map[string][]queue.Item{}
	for _, it := range ready {
		of[it.Envelope.Tenant] = append(of[it.Envelope.Tenant], it)
	}
	tenants := slices.Sorted(maps.Keys(of))
	if len(tenants) == 0 {
		return nil
	}
	first := q.turn % len(tenants)
	q.turn++
	tenants = append(tenants[first:len(tenants):len(tenants)], tenants[:first]...)
	part := (max + len(tenants) - 1) / len(tenants)
	for round := 0; len(dealt) < min(max, len(ready)); round++ {
		for _, tenant := range tenants {
			if list := of[tenant]; round < len(list) && len(dealt) < max {
				dealt = append(dealt, list[place(round, len(list), part, max >= wideClaim)])
			}
		}
	}
	return dealt
}

// place is where in a tenant's n items, the oldest first, the one for a round is. Of part, which is what all tenants
// can have, a half is the newest in a wide claim.
func place(round, n, part int, wide bool) int {
	oldest := part - part/2
	switch {
	case !wide || n <= part || round < oldest:
		return round
	case round < part:
		return n - 1 - (round - oldest)
	}
	return round - part/2 // what other tenants do not need
}

// due is the ids to hand out next: a suspect where none is in work, and the deferred and the ready in turns.
func (q *Queue) due(max int) (ids []string) {
	var ready, later []queue.Item
	var suspect *queue.Item
	for _, it := range q.sorted() {
		due := !it.NotBefore.After(q.time())
		switch {
		case it.State == queue.Ready:
			ready = append(ready, it)
		case it.State == queue.Deferred && due:
			later = append(later, it)
		case it.State == queue.Suspect && due && (suspect == nil || it.NotBefore.Before(suspect.NotBefore)):
			suspect = &it
		}
	}
	if suspect != nil && q.suspects() == 0 {
		ids = append(ids, suspect.ID)
	}
	slices.SortStableFunc(later, func(a, b queue.Item) int { return a.NotBefore.Compare(b.NotBefore) })
	ready = q.share(ready, max)
	for i := range max {
		if i < len(later) {
			ids = append(ids, later[i].ID)
		}
		if i < len(ready) && (len(ids) == 0 || !slices.Contains(ids, ready[i].ID)) {
			ids = append(ids, ready[i].ID)
		}
	}
	return ids[:min(len(ids), max)]
}

// StartScoring notes that a stage reads an item's bytes.
func (q *Queue) StartScoring(ctx context.Context, id string) (end func(), err error) {
	unlock, err := q.begin(ctx)
	if err != nil {
		return nil, err
	}
	defer unlock()
	o := q.owners[q.o.Owner]
	if o == nil {
		return nil, fmt.Errorf("note item %s: %w", id, queue.ErrLost)
	}
	o.scoring[id]++
	return func() {
		q.mu.Lock()
		defer q.mu.Unlock()
		o.scoring[id]--
	}, nil
}

// change carries out one change of one item. edit answers with what the item becomes; nil removes it.
func (q *Queue) change(ctx context.Context, verb, id string, edit func(it *queue.Item) (*queue.Item, error)) error {
	unlock, err := q.begin(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	it, ok := q.items[id]
	err = queue.ErrNotFound
	var next *queue.Item
	if ok {
		next, err = edit(&it)
	}
	if err != nil {
		return fmt.Errorf("%s item %s: %w", verb, id, err)
	}
	q.put(id, next)
	return nil
}

// put replaces an item; nil removes it. The caller holds mu.
func (q *Queue) put(id string, next *queue.Item) {
	delete(q.claims, id)
	if next == nil {
		delete(q.items, id)
	} else {
		next.Changed = q.time()
		q.items[id] = *next
	}
	q.changed()
}

// held answers ErrLost where this owner's claim of an item has ended, or the item is in another's work. The caller
// holds mu.
func (q *Queue) held(it *queue.Item) error {
	if c, claimed := q.claims[it.ID]; claimed {
		return it.CheckHeld(c)
	}
	if it.State == queue.Working && it.Claim.Owner != q.o.Owner {
		return queue.ErrLost
	}
	return nil
}

// end carries out an end of work on an item.
func (q *Queue) end(ctx context.Context, verb, id string, edit func(it *queue.Item) (*queue.Item, error)) error {
	return q.change(ctx, verb, id, func(it *queue.Item) (*queue.Item, error) {
		if err := q.held(it); err != nil {
			return nil, err
		}
		return edit(it)
	})
}

// Finish removes an item whose work is done.
func (q *Queue) Finish(ctx context.Context, id string) error {
	err := q.end(ctx, "finish", id, func(*queue.Item) (*queue.Item, error) { return nil, nil })
	if errors.Is(err, queue.ErrNotFound) {
		return nil
	}
	return err
}

// Defer puts an item back until at.
func (q *Queue) Defer(ctx context.Context, id string, at time.Time, why string) error {
	return q.end(ctx, "defer", id, func(it *queue.Item) (*queue.Item, error) {
		if it.State == queue.Quarantined {
			return nil, queue.ErrState
		}
		it.State, it.NotBefore, it.Reason = queue.Deferred, at.UTC().Round(0), why
		it.Crashes, it.CrashesAlone = 0, 0
		it.Tries++
		return it, nil
	})
}

// Release gives an item back as if it had not been claimed.
func (q *Queue) Release(ctx context.Context, id string) error {
	return q.end(ctx, "release", id, func(it *queue.Item) (*queue.Item, error) {
		if it.State != queue.Working {
			return nil, queue.ErrState
		}
		it.Requeue()
		return it, nil
	})
}

// Quarantine sets an item aside for a person.
func (q *Queue) Quarantine(ctx context.Context, id string, cause queue.Cause, why string) error {
	return q.end(ctx, "quarantine", id, func(it *queue.Item) (*queue.Item, error) {
		it.SetAside(cause, why)
		return it, nil
	})
}

// Retry makes a quarantined or deferred item ready.
func (q *Queue) Retry(ctx context.Context, id string) error {
	return q.change(ctx, "retry", id, func(it *queue.Item) (*queue.Item, error) {
		if it.State == queue.Working {
			return nil, fmt.Errorf("%w: it is being worked on", queue.ErrState)
		}
		it.MakeReady()
		return it, nil
	})
}

// Trust makes an item in quarantine ready and notes who vouches for it.
func (q *Queue) Trust(ctx context.Context, id, who string) error {
	return q.change(ctx, "trust", id, func(it *queue.Item) (*queue.Item, error) {
		if it.State != queue.Quarantined {
			return nil, fmt.Errorf("%w: it is %s", queue.ErrState, it.State)
		}
		it.MakeReady()
		it.Trusted = who
		return it, nil
	})
}

// GiveUp ends work on an item that cannot be carried through, with its bounce.
func (q *Queue) GiveUp(ctx context.Context, id, why string, keep queue.Cause) (queue.Bounce, error) {
	if err := q.o.Fail("c5.before"); err != nil {
		return queue.Bounce{}, fmt.Errorf("give up item %s: %w", id, err)
	}
	b, err := q.giveUp(ctx, id, why, keep)
	if err == nil {
		err = q.o.Fail("c5.after-commit")
	}
	if err != nil {
		return queue.Bounce{}, fmt.Errorf("give up item %s: %w", id, err)
	}
	return b, nil
}

// giveUp ends an item with its bounce (C5), or finds the bounce that it has.
func (q *Queue) giveUp(ctx context.Context, id, why string, keep queue.Cause) (queue.Bounce, error) {
	unlock, err := q.begin(ctx)
	if err != nil {
		return queue.Bounce{}, err
	}
	defer unlock()
	have, given := q.bounces[q.given[id]]
	it, ok := q.items[id]
	if !ok && given {
		return have, nil
	}
	if !ok {
		return have, queue.ErrNotFound
	}
	if err := q.held(&it); err != nil {
		return queue.Bounce{}, err
	}
	if !given {
		have = q.bounceFor(it, why)
	}
	if keep == "" {
		q.put(id, nil)
		return have, nil
	}
	it.SetAside(keep, why)
	q.put(id, &it)
	return have, nil
}

// bounceFor finds the bounce of the same bytes, or makes one for this item. The caller holds mu.
func (q *Queue) bounceFor(it queue.Item, why string) queue.Bounce {
	sum := sha256.Sum256([]byte(q.bodies[it.Body.File]))
	id := queue.BounceID(it.Envelope.Tenant, fmt.Sprintf("%x", sum))
	q.given[it.ID] = id
	if have, ok := q.bounces[id]; ok {
		return have
	}
	b := queue.Bounce{
		ID: id, Item: it.ID, Envelope: it.Envelope, Body: it.Body, Reason: why,
		State: queue.BounceWaiting, Created: q.time(), NotBefore: q.time(),
	}
	q.bounces[id] = b
	return b
}
