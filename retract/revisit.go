package retract

import (
	"container/heap"
	"context"
	"errors"
	"sync"
	"time"

	"clawback/retract/intent"
	"clawback/store"
)

// recallMax bounds the ended intents that a start looks through for those to be looked at again.
const recallMax = 100_000

// revisits are the ended intents that are to be looked at again, and when. There may be a hundred thousand of them.
type revisits struct {
	mu      sync.Mutex
	at      map[string]time.Time // by intent
	order   revisitHeap          // of at, the earliest first, and of what at had before
	looking int                  // workers that look for further copies
}

type revisit struct {
	id string
	at time.Time
}

// The intents that are done are as many as the mail that was ever taken. Only those that are looked at within the
// horizon are kept in memory; all are read through again and again, in pages.
const (
	recallEvery   = 6 * time.Hour
	recallHorizon = 8 * time.Hour
	recallPage    = 1000
)

// note keeps when an ended intent is to be looked at again.
func (r *revisits) note(in store.Intent, now time.Time) {
	soon := in.Outcome == store.Done && in.NotBefore.Sub(now) < recallHorizon
	if (soon || mayAppear(in)) && !in.NotBefore.IsZero() {
		r.set(in.ID, in.NotBefore)
	}
}

func (r *revisits) set(id string, at time.Time) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.at == nil {
		r.at = map[string]time.Time{}
	}
	if was, ok := r.at[id]; !ok || !was.Equal(at) {
		r.at[id] = at
		heap.Push(&r.order, revisit{id, at})
	}
}

// due takes out those whose time has come.
func (r *revisits) due(now time.Time) (ids []string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for at := r.earliest(); !at.IsZero() && !at.After(now); at = r.earliest() {
		id := r.order[0].id
		ids = append(ids, id)
		delete(r.at, id)
	}
	return ids
}

// next is when the earliest is due; zero for none.
func (r *revisits) next() time.Time {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.earliest()
}

// earliest drops from the order what stands there no more, and gives the first time that is left; zero for none. The
// caller holds mu.
func (r *revisits) earliest() time.Time {
	for len(r.order) > 0 {
		first := r.order[0]
		if at, ok := r.at[first.id]; ok && at.Equal(first.at) {
			return first.at
		}
		heap.Pop(&r.order)
	}
	return time.Time{}
}

// revisitHeap implements heap.Interface.
type revisitHeap []revisit

func (h revisitHeap) Len() int           { return len(h) }
func (h revisitHeap) Less(i, j int) bool { return h[i].at.Before(h[j].at) }
func (h revisitHeap) Swap(i, j int)      { h[i], h[j] = h[j], h[i] }
func (h *revisitHeap) Push(x any)        { *h = append(*h, x.(revisit)) }
func (h *revisitHeap) Pop() any {
	last := len(*h) - 1
	x := (*h)[last]
	*h = (*h)[:last]
	return x
}

// begin takes one of the places for a look for further copies; false when most are taken.
func (r *revisits) begin(most int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.looking >= most {
		return false
	}
	r.looking++
	return true
}

// end gives such a place back.
func (r *revisits) end() {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.looking--
}

// mayAppear reports whether an intent rests because its message was not there, and may come yet.
func mayAppear(in store.Intent) bool {
	return in.Outcome == store.NotFound || in.Outcome == store.Mismatch ||
		in.Outcome == store.Held && in.Hold == intent.HoldIdentity
}

// reload reads back, after a start, the gates that the server has shut and the times to look again.
func (l *scheduler) reload(ctx context.Context) {
	warn := func(what string, err error) {
		if err != nil {
			l.e.o.Log.Warn(what, "event", "retract.failed", "tenant", l.id, "error", err)
		}
	}
	warn("read gates", l.limits.Reload(ctx))
	ended, err := l.e.o.Store.IntentsBy(ctx, store.IntentFilter{Tenant: l.id,
		Outcomes: []store.Outcome{store.NotFound, store.Mismatch, store.Held}, Limit: recallMax})
	warn("read intents to look at again", err)
	for _, in := range ended {
		l.revisits.note(in, l.e.now())
	}
}

// recall starts a walk over the intents that are done, where none was made for some hours.
func (l *scheduler) recall(work context.Context) {
	now := l.e.now()
	if now.Sub(l.recalled) < recallEvery || !l.recalling.CompareAndSwap(false, true) {
		return
	}
	l.recalled = now
	l.workers.group.Go(func() {
		defer l.recalling.Store(false)
		if err := l.readDone(work); err != nil && work.Err() == nil {
			l.e.o.Log.Warn("read intents to look for copies of", "event", "retract.failed", "tenant", l.id, "error",
				err)
		}
		l.notify()
	})
}

// readDone notes the intents that are done and looked at soon.
func (l *scheduler) readDone(ctx context.Context) error {
	f := store.IntentFilter{Tenant: l.id, Kind: store.Retract, Outcomes: []store.Outcome{store.Done}, Limit: recallPage}
	for ctx.Err() == nil {
		list, err := l.e.o.Store.IntentsBy(ctx, f)
		if err != nil && !errors.Is(err, store.ErrBound) {
			return err
		}
		for _, in := range list {
			l.revisits.note(in, l.e.now())
		}
		if len(list) < recallPage && err == nil || len(list) == 0 {
			return nil
		}
		f.After = list[len(list)-1].ID
	}
	return nil
}

// reopenDue opens the ended intents whose time to look again has come.
func (l *scheduler) reopenDue(ctx context.Context) {
	now := l.e.now()
	for _, id := range l.revisits.due(now) {
		if err := l.reopenOne(ctx, id); err != nil {
			l.e.o.Log.Warn("look again", "event", "retract.failed", "intent", id, "error", err)
			l.revisits.set(id, now.Add(time.Minute))
		}
	}
}

// reopenOne opens one ended intent again, or has its mailbox looked into for further copies.
func (l *scheduler) reopenOne(ctx context.Context, id string) error {
	in, err := l.e.o.Store.Intent(ctx, id)
	if errors.Is(err, store.ErrNotFound) {
		return nil // past its retention
	}
	if err != nil {
		return err
	}
	if in.Outcome == store.Done && !in.NotBefore.IsZero() {
		l.lookForCopies(ctx, in)
		return nil
	}
	if in.NotBefore.IsZero() || !mayAppear(in) {
		return nil
	}
	in.Outcome, in.Reason = store.Pending, "looked at again: "+in.Reason
	return l.e.o.Store.Update(ctx, store.Change{Intents: []store.Intent{in}})
}
