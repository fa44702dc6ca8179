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

	recalled  time.Time   // when the walk over what is done was last begun: owned by the loop
	recalling atomic.Bool // it is under way

	news atomic.Int64 // how often something new has come

	// Owned by the loop.
	scanned  time.Time     // when all that is due was looked at
	scanNews int64         // news at that time
	cost     time.Duration // of rest after that
	page     backlog
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
		l.recall(work)
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
		if l.startKept(work, free) > 0 {
			continue
		}
		seen, started := l.start(work, free, quickScan)
		if started == free {
			continue
		}
		now := l.e.now()
		if seen < quickScan || now.Before(l.fullScan()) {
			return
		}
		l.scanNews = l.news.Load()
		seen, started = l.start(work, free-started, 0)
		l.scanned, l.cost = now, time.Duration(seen)*scanCost
		if started == 0 {
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
	if l.news.Load() != l.scanNews {
		rest = freshRest
	}
	return l.scanned.Add(max(rest, l.cost))
}

// backlog is what was read of a page of due intents and not started: where thousands are due, each of them is read once
// and not each time that a worker ends. What a worker starts with it reads again.
type backlog struct {
	intents []store.Intent
	read    time.Time
	news    int64 // of the scheduler, at that time
}

// startKept starts at most limit workers with what is kept of the last page, and says how many. What has become more
// urgent since is not seen there, so that nothing is kept for long.
func (l *scheduler) startKept(work context.Context, limit int) (started int) {
	keep := scanRest
	if l.news.Load() != l.page.news {
		keep = freshRest
	}
	if l.e.now().Sub(l.page.read) >= keep {
		l.page.intents = nil
	}
	full := map[string]bool{}
	for len(l.page.intents) > 0 && started < limit {
		in := l.page.intents[0]
		l.page.intents = l.page.intents[1:]
		if !l.workers.blocked(in, full) && l.begin(work, in) {
			started++
		}
	}
	return started
}

// begin gives an intent a worker, unless it is blocked by now.
func (l *scheduler) begin(work context.Context, in store.Intent) bool {
	if !l.workers.admit(in) {
		return false
	}
	l.workers.group.Go(func() { l.serve(work, in) })
	return true
}

const (
	duePage  = 128 // due intents are read at once
	keptPage = 32  // beside those that are started at once, for the workers that end next
)

// start starts at most limit workers. It looks at scan of the intents that are due, or at all when that is 0, and says
// at how many it did, and how many workers it started.
func (l *scheduler) start(work context.Context, limit, scan int) (seen, started int) {
	// Mailboxes found busy: one that comes free during the scan is not given to a later row.
	full := map[string]bool{}
	f := store.DueFilter{Tenant: l.id, Skip: l.workers.skip()}
	for now, news := l.e.now(), l.news.Load(); ; {
		f.Limit = duePage
		if seen == 0 {
			f.Limit = min(duePage, limit+keptPage)
		}
		if scan > 0 {
			f.Limit = min(f.Limit, scan-seen)
		}
		page, err := l.e.o.Store.Due(work, now, f)
		if err != nil {
			l.e.o.Log.Error("read what is due", "event", "retract.failed", "tenant", l.id, "error", err)
			return seen, started
		}
		for i, in := range page.Intents {
			if started == limit {
				l.page = backlog{page.Intents[i:], now, news}
				return seen, started
			}
			seen++
			if !l.workers.blocked(in, full) && l.begin(work, in) {
				started++
			}
		}
		if page.Next == "" || started == limit || scan > 0 && seen >= scan {
			return seen, started
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
	wait := l.untilDue(ctx, now)
	if at := l.revisits.next(); !at.IsZero() {
		wait = min(wait, max(at.Sub(now), time.Millisecond))
	}
	for _, at := range []time.Time{l.limits.Next(now), l.workers.next(now), l.fullScan()} {
		if at.After(now) {
			wait = min(wait, at.Sub(now))
		}
	}
	return wait
}

// untilDue is how long nothing will be due, as far as the store knows. It is not asked where there is no room for more:
// a worker's end is waited for, or a limit.
func (l *scheduler) untilDue(ctx context.Context, now time.Time) time.Duration {
	if l.workers.room() <= 0 {
		return idle
	}
	next, err := l.e.o.Store.NextDue(ctx)
	switch {
	case err != nil:
		return storeWait
	case next.IsZero():
		return idle
	}
	return min(idle, max(next.Sub(now), time.Millisecond))
}

// refuse pauses the tenant after authentication trouble. The intent rests a little longer, so that another one goes
// ahead.
func (l *scheduler) refuse(in store.Intent, f *fault.Fault) {
	l.workers.rest(in, l.limits.Refused(f).Add(time.Second))
}
