package alert

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"clawback/bounce"
	"clawback/config"
)

// Teller tells a person on this gateway how routes stand.
type Teller interface {
	RouteFails(route string, since time.Time, why string)
	RouteDelivers(route string)
	RouteDrops(route string) // events were dropped
	Critical(kind string) bool
	Clean(text string) string // without what nobody elsewhere may know: journal addresses
}

// Mailer sends one message of one's own. *bounce.Sender is one.
type Mailer interface {
	Send(ctx context.Context, r bounce.Route, message []byte) (string, error)
}

// Marker marks a message as one's own. *bounce.Key is one.
type Marker interface {
	Mark(messageID, to string) string
}

// Options wire a Dispatcher.
type Options struct {
	StateDir string
	Store    Store
	Teller   Teller
	Mailer   Mailer
	Marker   Marker
	Version  string
	Log      *slog.Logger
	Now      func() time.Time // nil: time.Now
}

// Dispatcher follows the store and delivers what the routes tell.
type Dispatcher struct {
	o      Options
	outbox *outbox
	saved  time.Time // of follow's goroutine: when the cursor in the store was last written
	// Of follow's goroutine: the writes of rows that were told lately. Two changes that are read late show one row.
	revs map[string]uint64

	mu      sync.Mutex
	cfg     *config.Config     // owned by mu
	workers map[string]*worker // owned by mu; those of now
	renew   chan struct{}      // another configuration is in force
}

// Open opens the outbox. Close ends it.
func Open(cfg *config.Config, o Options) (*Dispatcher, error) {
	if o.Now == nil {
		o.Now = time.Now
	}
	out, err := openOutbox(o.StateDir, o.Log)
	if err != nil {
		return nil, err
	}
	return &Dispatcher{o: o, outbox: out, cfg: cfg, workers: map[string]*worker{},
		revs: map[string]uint64{}, renew: make(chan struct{}, 1)}, nil
}

// Close closes the outbox. Run has ended.
func (d *Dispatcher) Close() error { return d.outbox.close() }

// Use makes the Dispatcher work by another configuration.
func (d *Dispatcher) Use(cfg *config.Config) {
	d.mu.Lock()
	d.cfg = cfg
	d.mu.Unlock()
	select {
	case d.renew <- struct{}{}:
	default:
	}
}

func (d *Dispatcher) config() *config.Config {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.cfg
}

// Run follows and delivers until ctx ends.
func (d *Dispatcher) Run(ctx context.Context) error {
	for ctx.Err() == nil {
		if err := d.outbox.keepOnly(d.config().Alerts); err != nil {
			d.o.Log.Error("drop what waited for a route that is gone", "event", "alert.outbox", "error", err)
		}
		within, cancel := context.WithCancel(ctx)
		group := d.start(within)
		select {
		case <-ctx.Done():
		case <-d.renew:
		}
		cancel()
		if err := group.Wait(); err != nil {
			return err
		}
	}
	return nil
}

// start starts the follower and a worker for each route of now.
func (d *Dispatcher) start(ctx context.Context) *errgroup.Group {
	cfg := d.config()
	group := &errgroup.Group{}
	workers := map[string]*worker{}
	for _, a := range cfg.Alerts {
		workers[a.Name] = newWorker(a, d.senderOf(cfg, a), d.outbox, d.o)
	}
	d.mu.Lock()
	d.workers = workers
	d.mu.Unlock()
	for _, w := range workers {
		group.Go(func() error { return w.run(ctx) })
	}
	group.Go(func() error { return d.followUntil(ctx, targetsOf(cfg)) })
	return group
}

// pollEvery is how often the changes are looked at.
const pollEvery = time.Second

// followUntil follows the changes until ctx ends. Where there is no route, nothing is followed, and no change kept.
func (d *Dispatcher) followUntil(ctx context.Context, t *targets) error {
	if len(t.routes) == 0 {
		err := errors.Join(d.outbox.forget(), d.o.Store.DropCursor(ctx, follower))
		if err != nil && ctx.Err() == nil {
			d.o.Log.Warn("forget the place in the changes", "event", "alert.follow", "error", err)
		}
		<-ctx.Done()
		return nil
	}
	tick := time.NewTicker(pollEvery)
	defer tick.Stop()
	for {
		more, err := d.follow(ctx, t)
		if err != nil && ctx.Err() == nil {
			d.o.Log.Warn("follow what is to be told", "event", "alert.follow", "error", err)
		}
		if more && ctx.Err() == nil {
			continue
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (d *Dispatcher) wakeWorkers(list []routed) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, r := range list {
		for _, name := range r.routes {
			if w := d.workers[name]; w != nil {
				w.signal()
			}
		}
	}
}

// ErrNoSuchRoute means that a name is that of none of the configured routes.
var ErrNoSuchRoute = errors.New("no such route")

// route finds a route of now.
func (d *Dispatcher) route(name string) (*config.Config, config.Alert, error) {
	cfg := d.config()
	for _, a := range cfg.Alerts {
		if a.Name == name {
			return cfg, a, nil
		}
	}
	return cfg, config.Alert{}, fmt.Errorf("%w: %q", ErrNoSuchRoute, name)
}

// Test sends a message that says that it is a test, past what waits, and answers what came of it.
func (d *Dispatcher) Test(ctx context.Context, name, who string) (Delivery, error) {
	cfg, a, err := d.route(name)
	if err != nil {
		return Delivery{}, err
	}
	now := d.o.Now().UTC()
	e := Event{ID: fmt.Sprintf("test-%d", now.UnixNano()), At: now, Type: OfTest, Severity: Informational,
		Text: fmt.Sprintf("This is a test of route %s, asked for by %s. Nothing is the matter.", name, clip(who, 100))}
	w := worker{sender: d.senderOf(cfg, a)}
	answer, err := w.attempt(ctx, parcel{ID: "msg_" + e.ID, At: now, Events: []Event{e}})
	t := Delivery{Message: "msg_" + e.ID, At: now, Took: d.o.Now().Sub(now), Events: 1, OK: err == nil,
		Answer: short(answer), Test: true}
	if err != nil {
		t.Answer = short(err.Error())
	}
	return t, d.outbox.noted(name, t)
}

// Status is how a route stands.
type Status struct {
	Name, Kind, Format, Target string
	Events                     []string
	Waiting                    int   // events
	Bytes                      int64 // of them
	Delivered                  time.Time
	FailingSince               time.Time
	Failures                   int
	Dropped                    int // events that a bound has cut, ever
	Answer                     string
}

// Status lists the routes, as they are configured.
func (d *Dispatcher) Status() (list []Status, err error) {
	for _, a := range d.config().Alerts {
		s, err := d.outbox.state(a.Name)
		if err != nil {
			return nil, err
		}
		one := Status{Name: a.Name, Kind: a.Kind, Format: a.Format, Target: target(a), Events: a.Events,
			Waiting: s.Count, Bytes: s.Bytes, Delivered: s.Delivered, FailingSince: s.FailingSince,
			Failures: s.Failures, Dropped: s.Dropped}
		tries, err := d.outbox.deliveries(a.Name)
		if err != nil {
			return nil, err
		}
		if len(tries) > 0 {
			one.Answer = tries[0].Answer
		}
		list = append(list, one)
	}
	return list, nil
}

// Deliveries lists what was tried of a route, the newest first.
func (d *Dispatcher) Deliveries(name string) ([]Delivery, error) {
	if _, _, err := d.route(name); err != nil {
		return nil, err
	}
	return d.outbox.deliveries(name)
}
