package retract

import (
	"context"
	"sync/atomic"
	"time"

	"clawback/retract/fault"
	"clawback/retract/limit"
	"clawback/store"
)

// idle is the longest sleep of a scheduler, and of the engine.
const idle = 5 * time.Minute

// scheduler does one tenant's work: a loop that reads what is due, and the workers it starts. What it remembers in
// memory only makes it polite; what must survive a restart is in the store.
type scheduler struct {
	e    *Engine
	id   string // the tenant's
	wake chan struct{}

	limits   *limit.Limiter
	dir      *directory
	workers  *workers
	claims   claims
	records  recordCache
	revisits revisits

	scanned time.Time     // when all that is due was looked at: owned by the loop, with cost
	cost    time.Duration // of rest after that
	fresh   atomic.Bool   // something new has come since
}

// newScheduler makes a tenant's scheduler; run starts it.
func newScheduler(e *Engine, tenant string) *scheduler {
	l := &scheduler{e: e, id: tenant, wake: make(chan struct{}, 1), dir: newDirectory()}
	l.limits = limit.New(limit.Options{
		Tenant: tenant, Gates: e.o.Store, App: e.app, Log: e.o.Log, Now: e.now,
		PerMailbox: func() int { return e.perMailbox(tenant) },
		Alert:      func(kind, text string) { e.raise(Alert{Kind: kind, Tenant: tenant, Text: text}) },
	})
	l.workers = newWorkers(e, tenant, l.limits, l.dir)
	l.claims.running = l.workers.at
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
	defer l.workers.group.Wait()
	l.reload(work)
	for ctx.Err() == nil {
		l.limits.ReportResumed()
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
		free := l.workers.room()
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
		if l.workers.admit(in) {
			l.workers.group.Go(func() { l.serve(work, in) })
		}
	}
	return seen, len(due)
}

// duePage is how many due intents are read at once.
const duePage = 128

// free lists at most limit due intents that a worker may start with. It looks at scan of those that are due, or at all
// when that is 0, and says at how many it did.
func (l *scheduler) free(ctx context.Context, limit, scan int) (due []store.Intent, seen int, err error) {
	// Mailboxes found busy: one that comes free during the scan is not given to a later row.
	full := map[string]bool{}
	f := store.DueFilter{Tenant: l.id, Skip: l.workers.at} // as many as there are workers: they stand in front
	for now := l.e.now(); ; {
		f.Limit = duePage
		if seen == 0 {
			f.Limit = min(duePage, limit+4) // few of them are blocked, most of the time
		}
		if scan > 0 {
			f.Limit = min(f.Limit, scan-seen)
		}
		page, err := l.e.o.Store.Due(ctx, now, f)
		if err != nil {
			return nil, seen, err
		}
		for _, in := range page.Intents {
			seen++
			if l.workers.blocked(in, full) {
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
	defer l.workers.leave(in)
	l.e.step(ctx, l, in)
}

// postpone has an intent wait in memory only.
func (l *scheduler) postpone(in store.Intent, wait time.Duration) {
	l.workers.rest(in, l.e.now().Add(wait))
}

// sleep is how long nothing will be due. Workers that end, and Wake, notify the scheduler before.
func (l *scheduler) sleep(ctx context.Context) time.Duration {
	now := l.e.now()
	wait := idle
	next, err := l.e.o.Store.NextDue(ctx)
	if err != nil {
		wait = min(wait, storeWait)
	} else if !next.IsZero() {
		wait = min(wait, max(next.Sub(now), time.Millisecond))
	}
	for _, at := range []time.Time{l.limits.Next(now), l.workers.next(now), l.revisits.next(now), l.fullScan()} {
		if at.After(now) {
			wait = min(wait, at.Sub(now))
		}
	}
	return wait
}

// refuse pauses the tenant after authentication trouble. The intent rests a little longer, so that another one goes
// ahead.
func (l *scheduler) refuse(in store.Intent, f *fault.Fault) {
	l.workers.rest(in, l.limits.Refused(f).Add(time.Second))
}
