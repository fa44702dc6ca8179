package retract

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"clawback/store"
)

const (
	startLimit = 16.0            // intents at once for a tenant, to begin with
	maxLimit   = 128.0           // and at most
	idle       = 5 * time.Minute // the longest sleep of a scheduler
)

// scheduler does one tenant's work: a loop that reads what is due, and the workers it starts. What it remembers in
// memory only makes it polite; what must survive a restart is in the store.
type scheduler struct {
	e    *Engine
	id   string
	wake chan struct{}
	dir  *directory

	units   shared        // of the directory
	scanned time.Time     // when all that is due was looked at: owned by the loop, with cost
	cost    time.Duration // of rest after that
	fresh   atomic.Bool   // something new has come since

	mu         sync.Mutex
	limit      float64                     // adaptive: additive increase, multiplicative decrease
	cut        time.Time                   // when limit was last halved
	running    map[string]string           // intent -> mailbox key
	busy       map[string]int              // mailbox key -> workers
	claims     map[string]map[string]claim // record and kind -> mailbox -> intent that has it
	records    map[string]recordEntry      // read moments ago: a record of many recipients is not read for each of them
	gates      map[string]time.Time        // mailbox id -> not before, by the server's word; "" for the whole tenant
	buckets    map[string]*bucket          // by mailbox id
	emptyUntil map[string]time.Time        // mailbox key -> not before: its tokens are used up
	slots      map[string]chan struct{}
	later      map[string]time.Time // intent -> not before, in memory: the store could not be written, or a gate is closed
	revisits   map[string]time.Time // ended intent -> when to look again
	looking    int                  // workers that look for further copies
	pause      pause                // authentication trouble
	outage     outage               // a service that is away
	workers    sync.WaitGroup
}

func newScheduler(e *Engine, id string) *scheduler {
	l := &scheduler{
		e: e, id: id, units: shared{quota: directoryQuota}, wake: make(chan struct{}, 1), limit: startLimit,
		running: map[string]string{}, busy: map[string]int{}, claims: map[string]map[string]claim{}, records: map[string]recordEntry{},
		gates: map[string]time.Time{}, buckets: map[string]*bucket{}, emptyUntil: map[string]time.Time{}, slots: map[string]chan struct{}{},
		later: map[string]time.Time{}, revisits: map[string]time.Time{},
	}
	l.dir = newDirectory()
	return l
}

// notify has the scheduler look at the store again.
func (l *scheduler) notify() {
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// run reads what is due and starts workers until ctx is done, then waits for them. Workers live as long as work.
func (l *scheduler) run(ctx, work context.Context) {
	defer l.workers.Wait()
	l.reload(work)
	for ctx.Err() == nil {
		l.reportResumed()
		l.reopenDue(work)
		l.dispatch(work)
		timer := time.NewTimer(l.sleep(ctx))
		select {
		case <-ctx.Done():
		case <-l.wake:
		case <-timer.C:
		}
		timer.Stop()
	}
}

// dispatch starts workers for what is due, as long as there is room. Where many intents of a busy mailbox stand in
// front, only a few of them are looked at each time, and all of them now and then: reading them again and again would
// delay the others.
func (l *scheduler) dispatch(work context.Context) {
	for {
		free := l.room()
		if free <= 0 {
			return
		}
		seen, found := l.start(work, free, quickScan)
		if found == free {
			continue
		}
		now := l.e.now()
		if seen < quickScan || now.Before(l.fullScan()) {
			return
		}
		l.fresh.Store(false)
		seen, found = l.start(work, free-found, 0)
		l.scanned, l.cost = now, time.Duration(seen)*scanCost
		if found == 0 {
			return
		}
	}
}

const (
	quickScan = 128
	scanCost  = 100 * time.Microsecond // of rest for each row of a full scan: a small part of the time goes into them
	scanRest  = time.Second            // at least
	freshRest = 50 * time.Millisecond  // and where something new may stand behind what a busy mailbox has to wait with
)

// fullScan is when all that is due may be looked at again.
func (l *scheduler) fullScan() time.Time {
	rest := scanRest
	if l.fresh.Load() {
		rest = freshRest
	}
	return l.scanned.Add(max(rest, l.cost))
}

// start starts at most limit workers, and says how many intents it looked at and found.
func (l *scheduler) start(work context.Context, limit, scan int) (seen, found int) {
	if limit <= 0 {
		return 0, 0
	}
	due, seen, err := l.free(work, limit, scan)
	if err != nil {
		l.e.o.Log.Error("read what is due", "event", "retract.failed", "tenant", l.id, "error", err)
		return 0, 0
	}
	for _, in := range due {
		if l.admit(in) {
			l.workers.Go(func() { l.serve(work, in) })
		}
	}
	return seen, len(due)
}

// duePage is how many due intents are read at once.
const duePage = 128

// free lists at most limit due intents that a worker may start with. It looks at scan of those that are due, or at all
// when that is 0, and says at how many it did.
func (l *scheduler) free(ctx context.Context, limit, scan int) (due []store.Intent, seen int, err error) {
	full := map[string]bool{} // mailboxes found busy: one that comes free during the scan is not given to a later row
	f := store.DueFilter{Tenant: l.id}
	for now := l.e.now(); ; {
		f.Limit = duePage
		if scan > 0 {
			f.Limit = min(duePage, scan-seen)
		}
		page, err := l.e.o.Store.Due(ctx, now, f)
		if err != nil {
			return nil, seen, err
		}
		for _, in := range page.Intents {
			seen++
			if l.blocked(in, full) {
				continue
			}
			if due = append(due, in); len(due) == limit {
				return due, seen, nil
			}
		}
		if page.Next == "" || scan > 0 && seen >= scan {
			return due, seen, nil
		}
		f.After = page.Next
	}
}

// serve is one worker: it carries one intent a step further.
func (l *scheduler) serve(ctx context.Context, in store.Intent) {
	defer l.notify()
	defer l.leave(in)
	l.e.step(ctx, l, in)
}

// room says how many more workers may start.
func (l *scheduler) room() int {
	now := l.e.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.pause.until.After(now) || l.gates[""].After(now) || l.outage.until.After(now) {
		return 0
	}
	limit := int(l.limit)
	if l.pause.open || l.outage.open {
		limit = 1 // one goes ahead to see whether the trouble is over
	}
	return limit - len(l.running)
}

// postpone has an intent wait in memory only.
func (l *scheduler) postpone(in store.Intent, wait time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.later[in.ID] = l.e.now().Add(wait)
}

// sleep is how long nothing will be due. Workers that end, and Wake, notify the scheduler before.
func (l *scheduler) sleep(ctx context.Context) time.Duration {
	now := l.e.now()
	wait := idle
	sooner := func(at time.Time) {
		if at.After(now) {
			wait = min(wait, at.Sub(now))
		}
	}
	next, err := l.e.o.Store.NextDue(ctx)
	if err != nil {
		wait = min(wait, storeWait)
	} else if !next.IsZero() {
		wait = min(wait, max(next.Sub(now), time.Millisecond))
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	sooner(l.pause.until)
	sooner(l.pause.next())
	sooner(l.outage.until)
	for key, at := range l.gates {
		sooner(at)
		if !at.After(now) {
			delete(l.gates, key)
		}
	}
	for key, at := range l.emptyUntil {
		sooner(at)
		if !at.After(now) {
			delete(l.emptyUntil, key)
		}
	}
	for id, at := range l.later {
		sooner(at)
		if !at.After(now) {
			delete(l.later, id)
		}
	}
	for _, at := range l.revisits {
		sooner(at)
	}
	sooner(l.fullScan())
	return wait
}

type recordEntry struct {
	rec   store.Record
	until time.Time
}

// recordFor is how long a record may be used again without being read. Whoever pins a record also writes its waiting
// intents, so that a worker with an older record meets a conflict.
const recordFor = 2 * time.Second

// record reads a record, or takes it from memory.
func (l *scheduler) record(ctx context.Context, id string) (store.Record, error) {
	now := l.e.now()
	l.mu.Lock()
	entry, ok := l.records[id]
	l.mu.Unlock()
	if ok && now.Before(entry.until) {
		return entry.rec, nil
	}
	rec, err := l.e.o.Store.Record(ctx, id)
	if err != nil {
		return store.Record{}, err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.records) >= 64 {
		clear(l.records)
	}
	l.records[id] = recordEntry{rec, now.Add(recordFor)}
	return rec, nil
}
