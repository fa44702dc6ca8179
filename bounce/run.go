package bounce

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"clawback/queue"
)

// Queue is where bounces wait.
type Queue interface {
	// DueBounces lists unsent bounces whose time has come, oldest first.
	DueBounces(ctx context.Context, now time.Time, max int) ([]queue.Bounce, error)
	// BounceSent is durable when it returns.
	BounceSent(ctx context.Context, id, to string) error
	// BounceDefer is durable when it returns.
	BounceDefer(ctx context.Context, id string, at time.Time, why string, stuck bool) error
}

// Body is a report's bytes in the spool.
type Body interface {
	io.ReaderAt
	io.Closer
	Size() int64
}

// Options wire a Deliverer.
type Options struct {
	Queue  Queue
	Open   func(queue.Bounce) (Body, error)       // the report's bytes
	Route  func(queue.Bounce) (Route, error)      // where it goes, by the configuration of now
	Sender *Sender                                //
	Key    *Key                                   // marks what we send as our own
	Log    *slog.Logger                           //
	Now    func() time.Time                       // nil: time.Now
	Alert  func(event, text string, attrs ...any) // something a person must see; nil: nobody is told
	Poll   time.Duration                          // how often due bounces are looked for; 0: 5 s
	Fail   func(point string) error               // failpoint of the crash tests; nil in production
}

// Deliverer carries bounces to their alternate mailboxes.
type Deliverer struct {
	o    Options
	wake chan struct{}
}

// New makes a Deliverer.
func New(o Options) *Deliverer {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Poll == 0 {
		o.Poll = 5 * time.Second
	}
	if o.Alert == nil {
		o.Alert = func(string, string, ...any) {}
	}
	if o.Fail == nil {
		o.Fail = func(string) error { return nil }
	}
	return &Deliverer{o: o, wake: make(chan struct{}, 1)}
}

// Wake makes Run look for due bounces at once.
func (d *Deliverer) Wake() {
	select {
	case d.wake <- struct{}{}:
	default:
	}
}

// atOnce is how many bounces are delivered at the same time.
const atOnce = 4

// Run delivers what is due until ctx ends, then finishes what is in hand.
func (d *Deliverer) Run(ctx context.Context) error {
	tick := time.NewTicker(d.o.Poll)
	defer tick.Stop()
	for {
		if err := d.round(ctx); err != nil && ctx.Err() == nil {
			return err
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		case <-d.wake:
		}
	}
}

// round delivers all that is due now.
func (d *Deliverer) round(ctx context.Context) error {
	for ctx.Err() == nil {
		due, err := d.o.Queue.DueBounces(ctx, d.o.Now(), atOnce)
		if err != nil {
			return fmt.Errorf("list due bounces: %w", err)
		}
		if len(due) == 0 {
			return nil
		}
		errs := make([]error, len(due))
		var group sync.WaitGroup
		for i, b := range due {
			group.Go(func() { errs[i] = d.deliver(ctx, b) })
		}
		group.Wait()
		for _, err := range errs {
			if err != nil {
				return err
			}
		}
	}
	return nil
}

// deliver makes one attempt and records its outcome. The error is the queue's alone.
func (d *Deliverer) deliver(ctx context.Context, b queue.Bounce) error {
	to, err := d.attempt(ctx, b)
	if err != nil && ctx.Err() != nil {
		return nil // stopped while at it: not the server's fault, due again at the next start
	}
	if err != nil {
		return d.postpone(ctx, b, err)
	}
	// The next server has it, and here that is not yet recorded: a crash here sends a second copy under the same
	// Message-ID, which SMTP cannot exclude (RFC 5321, section 4.1.1.4 and 6.1; RFC 1047).
	if err := d.o.Fail("c5.after-send"); err != nil {
		return err
	}
	if err := d.o.Queue.BounceSent(context.WithoutCancel(ctx), b.ID, to); err != nil {
		return fmt.Errorf("record bounce %s as sent: %w", b.ID, err)
	}
	d.o.Log.Info("bounce sent", "event", "bounce.sent", "bounce", b.ID, "item", b.Item, "tenant", b.Envelope.Tenant,
		"to", to)
	return nil
}

// attempt sends one bounce once, and says which server took it, with its reply.
func (d *Deliverer) attempt(ctx context.Context, b queue.Bounce) (string, error) {
	route, err := d.o.Route(b)
	if err != nil {
		return "", err
	}
	route.Lines = b.Tries%2 == 1 // where something on the way breaks BDAT, every other attempt gets through
	body, err := d.o.Open(b)
	if err != nil {
		return "", fmt.Errorf("open report: %w", err)
	}
	defer body.Close()
	content, err := survey(io.NewSectionReader(body, 0, body.Size()))
	if err != nil {
		return "", fmt.Errorf("read report: %w", err)
	}
	letter := Letter{Bounce: b, Hostname: d.o.Sender.Hostname, To: route.To}
	letter.Mark = d.o.Key.Mark(MessageID(b.ID, letter.Hostname), route.To)
	return d.o.Sender.send(ctx, route, content, func(w io.Writer, form Form) error {
		letter.Form = form
		return letter.Write(w, io.NewSectionReader(body, 0, body.Size()))
	})
}

// postpone has a bounce tried again by the schedule, and tells a person once it is stuck.
func (d *Deliverer) postpone(ctx context.Context, b queue.Bounce, why error) error {
	now := d.o.Now()
	at, stuck := next(b.Created, now, b.Tries+1)
	if err := d.o.Queue.BounceDefer(context.WithoutCancel(ctx), b.ID, at, why.Error(), stuck); err != nil {
		return fmt.Errorf("defer bounce %s: %w", b.ID, err)
	}
	d.o.Log.Warn("bounce deferred", "event", "bounce.deferred", "bounce", b.ID, "item", b.Item,
		"tenant", b.Envelope.Tenant,
		"tries", b.Tries+1, "next", at, "error", why)
	if stuck && b.State != queue.BounceStuck {
		d.o.Alert("bounce.stuck", "A report has not reached the alternate mailbox for five days. It is kept and "+
			"tried daily: "+
			"see clawback bounce show "+b.ID, "bounce", b.ID, "tenant", b.Envelope.Tenant, "error", why)
	}
	return nil
}
