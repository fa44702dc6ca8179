package retract

import (
	"context"
	"io"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"clawback/config"
	"clawback/retract/brake"
	"clawback/retract/exchange"
	"clawback/retract/limit"
	"clawback/store"
)

// Store is what retraction needs of the durable store; *store.Store is it.
type Store interface {
	Record(ctx context.Context, id string) (store.Record, error)
	Lookup(ctx context.Context, tenant, key string) ([]store.Record, error)
	Intents(ctx context.Context, record string) ([]store.Intent, error)
	Intent(ctx context.Context, id string) (store.Intent, error)
	IntentsBy(ctx context.Context, f store.IntentFilter) ([]store.Intent, error)
	Due(ctx context.Context, now time.Time, f store.DueFilter) (store.DuePage, error)
	NextDue(ctx context.Context) (time.Time, error)
	Begin(ctx context.Context, in store.Intent, a store.Attempt) (store.Intent, store.Attempt, error)
	Complete(ctx context.Context, in store.Intent, a store.Attempt) (store.Intent, error)
	Update(ctx context.Context, c store.Change) error
	Gates(ctx context.Context, tenant string) ([]store.Gate, error)
	brake.Ledger
}

// Tenant is one tenant as it is configured now, and its mailboxes.
type Tenant struct {
	Config    *config.Tenant
	Mailboxes exchange.Mailboxes
}

// Alert is something that a person should know at once.
type Alert struct {
	Kind    string // brake, auth, outage, resumed, stuck, internal, group, full, brought_back
	Tenant  string // id
	Subject string // what it is about, such as a record or a mailbox; "": the tenant's retraction as a whole
	Text    string // one line; no subject of a message, no token
}

// Options are what an Engine is made of.
type Options struct {
	Store     Store
	Tenants   func(id string) (Tenant, bool)             // as configured now; asked again for each intent
	TenantIDs func() []string                            // those to work for; asked at every wake
	Originals func(store.Variant) (io.ReadCloser, error) // the original's bytes, decoded; nil: none are kept
	Log       *slog.Logger                               // nil: discard
	Now       func() time.Time                           // nil: time.Now
	Alert     func(Alert)                                // nil: log only. Must not block
	Restored  time.Time                                  // when the state was put back from a backup; zero: never
	Grace     time.Duration                              // how long a stop waits for attempts under way; 0: 20 s
	// The waits before each look for further copies, as configured now; nil: the defaults.
	LookForCopies func() []time.Duration
}

// Engine carries intents out. It reads what is due from the store and nothing else, so that a restart is the same code
// path as a normal run.
type Engine struct {
	Orders

	o     Options
	brake *brake.Brake
	app   *limit.Shared // requests of all tenants

	mu         sync.Mutex
	schedulers map[string]*scheduler // by tenant
	alerted    map[string]time.Time  // by kind and subject, until when it is not said again: one alert for one trouble
	waking     chan struct{}

	// Bulk jobs of which nothing is begun; nil: all of them, until it is known.
	suspended atomic.Pointer[map[string]bool]
}

// New makes an engine; Run starts it.
func New(o Options) *Engine {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.LookForCopies == nil {
		o.LookForCopies = config.DefaultLookForCopies
	}
	if o.Grace == 0 {
		o.Grace = 20 * time.Second
	}
	e := &Engine{
		o: o, brake: brake.New(o.Store), app: limit.NewApp(), schedulers: map[string]*scheduler{},
		alerted: map[string]time.Time{},
		waking:  make(chan struct{}, 1),
	}
	e.Orders = Orders{engine: e}
	return e
}

func (e *Engine) now() time.Time { return e.o.Now().UTC().Round(0) }

// Run works until ctx is done, then lets the attempts under way come to their end within Grace. Each tenant has a
// scheduler of its own: none waits for another.
func (e *Engine) Run(ctx context.Context) error {
	work, stop := context.WithCancel(context.WithoutCancel(ctx))
	defer stop()
	var schedulers sync.WaitGroup
	for ctx.Err() == nil {
		e.sweep()
		e.start(ctx, work, &schedulers)
		select {
		case <-ctx.Done():
		case <-e.waking:
		case <-time.After(idle):
		}
	}
	timer := time.AfterFunc(e.o.Grace, stop)
	defer timer.Stop()
	schedulers.Wait()
	e.forget()
	return nil
}

// start gives a scheduler to each tenant that has none, and wakes the others.
func (e *Engine) start(ctx, work context.Context, wg *sync.WaitGroup) {
	e.mu.Lock()
	defer e.mu.Unlock()
	for _, id := range e.o.TenantIDs() {
		if l, ok := e.schedulers[id]; ok {
			l.news.Add(1)
			l.notify()
			continue
		}
		l := newScheduler(e, id)
		e.schedulers[id] = l
		wg.Go(func() { l.run(ctx, work) })
	}
}

// forget drops the schedulers, so that Run can be called again.
func (e *Engine) forget() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.schedulers = map[string]*scheduler{}
}

// Wake has the engine look for what is due now: after C2, after an operator's word, after a reload. It never blocks.
func (e *Engine) Wake() {
	select {
	case e.waking <- struct{}{}:
	default:
	}
}

// perMailbox is how many workers and requests at once a tenant may have at one mailbox.
func (e *Engine) perMailbox(tenant string) int {
	if t, ok := e.o.Tenants(tenant); ok && t.Config.Graph.MailboxConcurrent > 0 {
		return min(t.Config.Graph.MailboxConcurrent, limit.MostPlaces)
	}
	return 3
}

// alert tells a person, once an hour for one trouble.
func (e *Engine) alert(a Alert, subject string) {
	key := a.Kind + "\x00" + a.Tenant + "\x00" + subject
	now := e.now()
	e.mu.Lock()
	recent := e.alerted[key].After(now)
	if !recent {
		e.alerted[key] = now.Add(time.Hour)
	}
	e.mu.Unlock()
	if !recent {
		a.Subject = subject
		e.raise(a)
	}
}

// alertLasting tells a person once of a trouble that lasts: not again until it has not been met for a day.
func (e *Engine) alertLasting(a Alert, subject string) {
	e.alert(a, subject)
	e.mu.Lock()
	defer e.mu.Unlock()
	e.alerted[a.Kind+"\x00"+a.Tenant+"\x00"+subject] = e.now().Add(day)
}

func (e *Engine) raise(a Alert) {
	if e.o.Alert != nil {
		e.o.Alert(a)
		return
	}
	e.o.Log.Warn("alert", "event", "retract."+a.Kind, "tenant", a.Tenant, "text", a.Text)
}

// sweep forgets alerts that are over. The caller holds no lock.
func (e *Engine) sweep() {
	now := e.now()
	e.mu.Lock()
	defer e.mu.Unlock()
	for k, until := range e.alerted {
		if !until.After(now) {
			delete(e.alerted, k)
		}
	}
}
