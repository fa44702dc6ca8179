package pipeline

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"runtime"
	"sync"
	"time"

	"golang.org/x/sync/semaphore"

	"clawback/config"
	"clawback/intel/submission"
	"clawback/internal/nospace"
	"clawback/journal"
	"clawback/queue"
	"clawback/score"
	"clawback/spool"
	"clawback/store"
	"clawback/verdict/history"
)

// Queue is where items come from and how they end. A queue.Queue is one.
type Queue interface {
	Abilities() queue.Abilities
	Claim(ctx context.Context, max int) ([]queue.Item, error)
	Renew(ctx context.Context) error
	Body(ctx context.Context, it queue.Item) (spool.Body, error)
	Finish(ctx context.Context, id string) error
	Defer(ctx context.Context, id string, at time.Time, why string) error
	Release(ctx context.Context, id string) error
	Quarantine(ctx context.Context, id string, cause queue.Cause, why string) error
	StartScoring(ctx context.Context, id string) (end func(), err error)
	GiveUp(ctx context.Context, id, why string, keep queue.Cause) (queue.Bounce, error)
}

// Store is where the outcome goes. *store.Store is one.
type Store interface {
	Apply(ctx context.Context, a store.Application, plan Planner) (store.Record, bool, error)
	History(ctx context.Context, tenant string, keys []string) ([]history.Entry, error)
	Validated(ctx context.Context, tenant string, at time.Time) error
}

// Planner says which intents follow from a record; pure, called within C2.
type Planner = func(rec store.Record, have []store.Intent) []store.Intent

// Scorer judges one original. *score.Scorer is one.
type Scorer interface {
	Score(ctx context.Context, m score.Message) (score.Result, error)
}

// Submissions keeps what users report; doing it twice changes nothing. *submission.Desk is one.
type Submissions interface {
	Take(ctx context.Context, l submission.Letter) ([]submission.Taken, error)
}

// Options wire a Pipeline.
type Options struct {
	Queue       Queue
	Store       Store
	Scorer      Scorer
	Submissions Submissions // nil: none is taken
	Tenant      func(id string) (*config.Tenant, bool)
	Plan        func(t *config.Tenant) Planner
	// Is there an address that mail for postmaster is sent on to; nil: no.
	Postmaster func() bool
	Own        func(mark, messageID, to string) bool // is this mark in a message our own
	// Keep makes a long-lived copy of flagged mail; nil: none is made.
	Keep     func(context.Context, spool.Ref) (spool.Ref, error)
	Done     func(store.Record)                     // called after C2: wake the retraction
	Bounced  func()                                 // called after C5: wake the delivery of bounces
	Alert    func(event, text string, attrs ...any) //
	Log      *slog.Logger                           //
	Now      func() time.Time                       // nil: time.Now
	InFlight int                                    // items at once, most of which wait for a commit; 0: 256
	Memory   int64                                  // bytes of the bodies of these; 0: 64 MiB
	Limit    time.Duration                          // computing time of each stage, for each 64 MiB; 0: 1 minute
	Grace    time.Duration                          // for the items in hand, when it is to stop; 0: 20 s
	Fail     func(point string) error               // failpoint of the crash tests; nil in production
}

// Pipeline carries items through.
type Pipeline struct {
	o        Options
	watch    *watch
	gate     *gate
	memory   *semaphore.Weighted
	progress progress
	threads  threads

	unwrap     func(r io.ReaderAt, size int64) (*journal.Report, error)        // journal.Parse
	unwrapHead func(r io.ReaderAt, size, limit int64) (*journal.Report, error) // journal.ParseHead
}

// New makes a Pipeline.
func New(o Options) *Pipeline {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.InFlight == 0 {
		o.InFlight = 256
	}
	if o.Memory == 0 {
		o.Memory = 64 << 20
	}
	if o.Limit == 0 {
		o.Limit = time.Minute
	}
	if o.Grace == 0 {
		o.Grace = 20 * time.Second
	}
	if o.Fail == nil {
		o.Fail = func(string) error { return nil }
	}
	return &Pipeline{o: o, watch: newWatch(o.Now, o.Alert), gate: newGate(), memory: semaphore.NewWeighted(o.Memory),
		threads:    threads{most: runtime.GOMAXPROCS(0)},
		unwrap:     journal.Parse,
		unwrapHead: journal.ParseHead}
}

// Run works until ctx ends, then finishes what is in hand. Where that takes longer than Options.Grace, it gives the
// items back and returns all the same: the process is to end. Its error is that of the queue or the store.
func (p *Pipeline) Run(ctx context.Context) error {
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	renewing := p.renew(ctx)
	defer renewing.Wait()
	defer cancel(nil) // first
	items := make(chan queue.Item)
	var group sync.WaitGroup
	for range p.o.InFlight {
		group.Go(func() {
			for it := range items {
				if err := p.workWithin(ctx, it); err != nil {
					cancel(err)
				}
			}
		})
	}
	err := p.feed(ctx, items)
	close(items)
	done := make(chan struct{})
	go func() {
		group.Wait()
		close(done)
	}()
	select {
	case <-done:
	case <-time.After(p.o.Grace):
		err = errors.Join(err, p.giveBackStuck())
	}
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		return cause
	}
	return err
}

// feed hands out what the queue gives until ctx ends, and gives back what no worker took.
func (p *Pipeline) feed(ctx context.Context, items chan<- queue.Item) error {
	for {
		batch, err := p.o.Queue.Claim(ctx, p.o.InFlight)
		if ctx.Err() != nil {
			return p.giveBack(batch)
		}
		if nospace.Is(err) {
			p.pause(ctx, err)
			continue
		}
		if err != nil {
			return fmt.Errorf("claim items: %w", err)
		}
		for i, it := range batch {
			select {
			case items <- it:
			case <-ctx.Done():
				return p.giveBack(batch[i:])
			}
		}
	}
}

// renew renews the leases of what is in work until ctx ends, where the queue has leases. Where a renewal fails the
// claims may be lost: their ends say so.
func (p *Pipeline) renew(ctx context.Context) *sync.WaitGroup {
	var group sync.WaitGroup
	have := p.o.Queue.Abilities()
	if !have.Shared {
		return &group
	}
	group.Go(func() {
		tick := time.NewTicker(have.Lease / renewals)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			if err := p.o.Queue.Renew(ctx); err != nil && ctx.Err() == nil {
				p.o.Log.Warn("leases were not renewed", "event", "queue.not_renewed", "error", err)
			}
		}
	})
	return &group
}

// renewals is how often a lease is renewed before it would end: two may fail.
const renewals = 3

// fullWait is how long the work rests while the disk is full. Nothing is lost by it, and it goes on without a restart.
const fullWait = 10 * time.Second

func (p *Pipeline) pause(ctx context.Context, why error) {
	p.o.Log.Warn("the disk is full: work rests", "event", "pipeline.paused", "error", why)
	select {
	case <-ctx.Done():
	case <-time.After(fullWait):
	}
}

func (p *Pipeline) giveBack(batch []queue.Item) error {
	for _, it := range batch {
		if err := p.o.Queue.Release(context.Background(), it.ID); err != nil {
			return fmt.Errorf("give back item %s: %w", it.ID, err)
		}
	}
	return nil
}

// giveBackStuck gives back what workers did not finish. What they find after that is not written: the processes that
// look into files are ended with the daemon, and what these did not read would be a reason against the message.
func (p *Pipeline) giveBackStuck() error {
	p.progress.stop()
	for _, id := range p.progress.left() {
		p.o.Log.Warn("an item was not finished in time for the stop: it is given back", "event", "pipeline.unfinished",
			"item", id)
		if err := p.o.Queue.Release(context.Background(), id); err != nil && !errors.Is(err, queue.ErrNotFound) &&
			!errors.Is(err, queue.ErrState) {
			return fmt.Errorf("give back item %s: %w", id, err)
		}
	}
	return nil
}

// workWithin works on an item once the memory that its body may take is free, so that many items can be in flight: most
// of them wait for a commit, which they share.
func (p *Pipeline) workWithin(ctx context.Context, it queue.Item) error {
	need := min(it.Body.Size+itemMemory, p.o.Memory/3) // one large body leaves room for others
	if err := p.memory.Acquire(ctx, need); err != nil {
		return p.giveBack([]queue.Item{it}) // it is to stop
	}
	defer p.memory.Release(need)
	return p.work(ctx, it)
}

// itemMemory is what an item takes beside its body.
const itemMemory = 64 << 10

// work carries one item to its end. Its error is that of queue or store, after which only what is durable is certain.
func (p *Pipeline) work(stop context.Context, it queue.Item) error {
	ctx := context.WithoutCancel(stop) // a stop lets the item in hand finish
	p.progress.begin(it, p.limit(it.Body.Size))
	defer p.progress.end(it)
	end, forget := p.score(ctx, it)
	defer forget() // once the end is committed
	if p.progress.isStopped() {
		return nil // it was given back
	}
	err := p.carryOut(ctx, it, end)
	for nospace.Is(err) && stop.Err() == nil {
		p.pause(stop, err)
		p.progress.begin(it, 0)
		err = p.carryOut(ctx, it, end)
	}
	if nospace.Is(err) {
		return nil // stopped while the disk is full: the item is worked on again at the next start
	}
	if errors.Is(err, queue.ErrLost) {
		p.o.Log.Warn("an item's lease ended before the work on it did: another gateway has it, and what was done "+
			"counts once",
			"event", "item.lost", "item", it.ID)
		return nil
	}
	if err != nil {
		return fmt.Errorf("item %s: %w", it.ID, err)
	}
	return nil
}

// score judges an item under a note that says so: should the process end meanwhile, the item is a suspect. An item that
// the process ended with again and again, while nothing else was scored, is not looked at any more. forget takes the
// note back.
func (p *Pipeline) score(ctx context.Context, it queue.Item) (end ending, forget func()) {
	if it.CrashesAlone >= queue.MaxCrashes {
		return p.giveUp(it, queue.CauseCrash, it.Reason), func() {}
	}
	leave := p.gate.enter(it.Crashes > 1)
	defer leave()
	forget, err := p.o.Queue.StartScoring(ctx, it.ID)
	switch {
	case nospace.Is(err):
		return p.wait(it, err.Error()), func() {}
	case err != nil:
		return ending{how: broken, err: err}, func() {}
	}
	return p.judge(ctx, it), forget
}
