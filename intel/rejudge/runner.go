package rejudge

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"time"

	"clawback/config"
	"clawback/intel/brake"
	"clawback/store"
	"clawback/verdict"
)

// Store is what is read and written of the store; *store.Store with searches by the index is one.
type Store interface {
	Record(ctx context.Context, id string) (store.Record, error)
	Scan(ctx context.Context, f store.RecordFilter, cursor string) (store.RecordPage, error)
	Rejudge(ctx context.Context, j store.Rejudgement) (store.Record, bool, error)
	Update(ctx context.Context, c store.Change) error
	Schedules(ctx context.Context) ([]store.Schedule, error)
	Rescans(ctx context.Context) ([]store.Rescan, error)
	Seen(ctx context.Context, tenant string, since time.Time) (int, error)
	Raise(ctx context.Context, n store.Notice) (kept store.Notice, isNew bool, err error)
	Clear(ctx context.Context, kind, tenant, subject string) (bool, error)
}

// Judge judges a record's original anew. *intel.Judge is one.
type Judge interface {
	Version(tenant string) (rules, knowledge string)
	// Touched reports whether what has changed since a form was judged can change its verdict, by what is kept of the
	// message: true where that is not known.
	Touched(rec store.Record, form store.Variant) bool
	Again(ctx context.Context, rec store.Record, claim string) (verdict.Verdict, error)
}

// Indicators are the values that bad mail is known by. *indicator.Desk is one.
type Indicators interface {
	Raised(rec store.Record, form store.Variant, v verdict.Verdict) verdict.Verdict
}

// Options wire a Runner.
type Options struct {
	Store      Store
	Judge      Judge
	Indicators Indicators
	Config     func() config.Rejudge
	Tenants    func() []config.Tenant               // as the configuration has them
	Plan       func(t *config.Tenant) store.Planner // the tenant's policy
	Wake       func()                               // there is something to retract
	// How many verdicts of each effect one version replaces by the schedule, and how many more a rescan replaces than
	// it has counted.
	Brake brake.Limits
	Log   *slog.Logger     // nil: nowhere
	Now   func() time.Time // nil: time.Now
}

// Runner judges delivered messages again. Safe for concurrent use.
type Runner struct {
	o    Options
	work chan struct{} // something is to be done

	words sync.Mutex // held while a rescan is read and written again, by a person's word or by Run

	mu        sync.Mutex
	schedules map[string]store.Schedule // by tenant; owned by mu, changed by Run alone
	rescans   map[string]store.Rescan   // by id; owned by mu
	written   map[string]time.Time      // when a tenant's schedule was last written; owned by Run
	said      string                    // the error that was logged last; owned by Run
	reminded  time.Time                 // when what waits was last raised; owned by Run
}

// New reads how far schedules and rescans are.
func New(ctx context.Context, o Options) (*Runner, error) {
	r := &Runner{o: o.withDefaults(), work: make(chan struct{}, 1), schedules: map[string]store.Schedule{},
		rescans: map[string]store.Rescan{}, written: map[string]time.Time{}}
	schedules, err := o.Store.Schedules(ctx)
	if err != nil {
		return nil, fmt.Errorf("read schedules: %w", err)
	}
	for _, s := range schedules {
		r.schedules[s.Tenant] = s
	}
	rescans, err := o.Store.Rescans(ctx)
	if err != nil {
		return nil, fmt.Errorf("read rescans: %w", err)
	}
	for _, one := range rescans {
		r.rescans[one.ID] = one
	}
	return r, nil
}

func (o Options) withDefaults() Options {
	o.Brake = o.Brake.WithDefaults()
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Wake == nil {
		o.Wake = func() {}
	}
	return o
}

func (r *Runner) now() time.Time { return r.o.Now().UTC().Round(0) }

// every is how often the clock is looked at while nothing is to be done.
const every = 5 * time.Second

// Run judges messages again as their time comes, and carries rescans on, until ctx ends.
func (r *Runner) Run(ctx context.Context) error {
	timer := time.NewTicker(every)
	defer timer.Stop()
	for {
		more, err := r.step(ctx)
		if ctx.Err() != nil {
			return nil
		}
		r.logOnce(err)
		if more && err == nil {
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case <-r.work:
		case <-timer.C:
		}
	}
}

// logOnce logs an error once while it lasts.
func (r *Runner) logOnce(err error) {
	if err == nil {
		r.said = ""
		return
	}
	if err.Error() != r.said {
		r.said = err.Error()
		r.o.Log.Warn("judge delivered messages again", "event", "rejudge.failed", "error", err)
	}
}

func (r *Runner) wake() {
	select {
	case r.work <- struct{}{}:
	default: // it is awake
	}
}

// step brings each tenant's schedule a stretch further, and each rescan a page. It says whether there is more to do
// now.
func (r *Runner) step(ctx context.Context) (more bool, err error) {
	for _, t := range r.o.Tenants() {
		again, err := r.advance(ctx, &t)
		if err != nil {
			return false, fmt.Errorf("tenant %s: %w", t.ID, err)
		}
		more = more || again
	}
	for _, one := range r.unfinished() {
		if err := r.stepRescan(ctx, one); err != nil {
			return false, fmt.Errorf("rescan %s: %w", one.ID, err)
		}
		more = true
	}
	if err := r.remind(ctx); err != nil {
		return false, err
	}
	return more, r.forget(ctx)
}

// tenant is a tenant of the configuration; nil where there is none.
func (r *Runner) tenant(id string) *config.Tenant {
	for _, t := range r.o.Tenants() {
		if t.ID == id {
			return &t
		}
	}
	return nil
}

// workers is how many messages are judged at once: half of the processors, since the daemon goes on taking mail.
func workers() int { return max(1, runtime.GOMAXPROCS(0)/2) }
