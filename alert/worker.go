package alert

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"time"

	"clawback/config"
	"clawback/internal/visible"
)

// parcel is one message as a sender gets it.
type parcel struct {
	ID     string // the same over all attempts
	At     time.Time
	Events []Event
}

// sender brings a message to a receiver. The answer is the receiver's, in a few words. An error that is a *refusal
// says more.
type sender interface {
	send(ctx context.Context, p parcel) (answer string, err error)
}

// refusal is what a receiver has against a message.
type refusal struct {
	text string
	body bool          // it is this message that it does not take: another may pass
	wait time.Duration // how long it wants to be left alone
}

func (r *refusal) Error() string { return r.text }

// steps are the waits after failures in a row; the last one repeats. What waits for a day is there within half an hour
// of its receiver.
var steps = []time.Duration{5 * time.Second, 15 * time.Second, time.Minute, 5 * time.Minute, 15 * time.Minute,
	30 * time.Minute}

const (
	maxWait      = time.Hour        // that a receiver may ask for
	tellAfter    = 15 * time.Minute // of failures, and so many in a row, a person is told
	tellFailures = 3
	// giveUpAfter is when an event that the receiver alone refuses, not its message, is dropped so that others pass.
	giveUpAfter = 24 * time.Hour
	giveUpTries = 10
	maxAnswer   = 300
)

// backOff is how long to wait after so many failures in a row; jitter is from 0 to 1.
func backOff(failures int, asked time.Duration, jitter float64) time.Duration {
	step := steps[min(max(failures, 1), len(steps))-1]
	step += time.Duration((jitter - 0.5) * 0.4 * float64(step)) // a fifth more or less
	return max(step, min(asked, maxWait))
}

// worker delivers what waits for one route.
type worker struct {
	route  config.Alert
	outbox *outbox
	sender sender
	teller Teller
	log    *slog.Logger
	now    func() time.Time
	jitter func() float64
	gap    time.Duration // between two messages
	wake   chan struct{}

	notBefore time.Time // of run's goroutine
	dropped   int       // of run's goroutine: how many cut events were told
}

func newWorker(a config.Alert, s sender, o *outbox, opt Options) *worker {
	w := &worker{route: a, outbox: o, sender: s, teller: opt.Teller, log: opt.Log, now: opt.Now, jitter: rand.Float64,
		wake: make(chan struct{}, 1)}
	if a.Kind == "slack" || a.Kind == "teams" {
		w.gap = time.Second // Slack takes one a second, Teams four
	}
	if s, err := o.state(a.Name); err == nil {
		w.dropped = s.Dropped
	}
	return w
}

// run delivers until ctx ends.
func (w *worker) run(ctx context.Context) error {
	timer := time.NewTimer(0)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-w.wake:
		case <-timer.C:
		}
		timer.Reset(w.step(ctx))
	}
}

// idle is how long a worker sleeps that nothing wakes: by then what waits may have become too old.
const idle = 10 * time.Minute

// step delivers one message where one is due, and says how long to wait for the next.
func (w *worker) step(ctx context.Context) time.Duration {
	if wait := w.notBefore.Sub(w.now()); wait > 0 && wait <= maxWait+steps[len(steps)-1] {
		return wait
	}
	m, events, wait, err := w.outbox.next(w.route, w.now())
	w.tellCut()
	switch {
	case err != nil:
		w.log.Error("read what waits for a receiver", "event", "alert.outbox", "route", w.route.Name, "error", err)
		return steps[2]
	case m == nil && wait == 0:
		return idle
	case m == nil:
		return wait
	}
	d := Delivery{Message: m.ID, At: w.now().UTC(), Events: len(events)}
	answer, err := w.attempt(ctx, parcel{ID: m.ID, At: d.At, Events: events})
	if ctx.Err() != nil {
		return idle // the daemon stops: what was taken is sent again after the start
	}
	d.Took, d.OK = w.now().Sub(d.At), err == nil
	if err != nil {
		return w.fail(*m, d, err)
	}
	d.Answer = short(answer)
	if err := w.outbox.taken(w.route.Name, *m, d); err != nil {
		w.log.Error("note what a receiver took", "event", "alert.outbox", "route", w.route.Name, "error", err)
		return steps[2]
	}
	w.log.Debug("delivered", "event", "alert.delivered", "route", w.route.Name, "events", d.Events, "answer", d.Answer)
	w.teller.RouteDelivers(w.route.Name)
	w.notBefore = w.now().Add(w.gap)
	return w.gap
}

// attempt sends once. What panics on a receiver's answer is a failure.
func (w *worker) attempt(ctx context.Context, p parcel) (answer string, err error) {
	defer func() {
		if r := recover(); r != nil {
			err = fmt.Errorf("the sender failed: %v", r)
		}
	}()
	return w.sender.send(ctx, p)
}

// short is an answer as it is kept and shown.
func short(answer string) string { return clip(visible.Line(answer), maxAnswer) }

// fail notes that a message was not taken, and says when it is tried again.
func (w *worker) fail(m batch, d Delivery, why error) time.Duration {
	var r *refusal
	refused := errors.As(why, &r)
	var asked time.Duration
	if refused {
		asked = r.wait
	}
	d.Answer = short(why.Error())
	state, err := w.outbox.state(w.route.Name)
	if err == nil {
		wait := backOff(state.Failures+1, asked, w.jitter())
		d.Next = d.At.Add(wait)
		state, err = w.outbox.failed(w.route.Name, d, refused && r.body)
	}
	if err != nil {
		w.log.Error("note what a receiver refused", "event", "alert.outbox", "route", w.route.Name, "error", err)
		d.Next = d.At.Add(steps[2])
	}
	w.log.Warn("a receiver did not take a message", "event", "alert.failed", "route", w.route.Name, "events", d.Events,
		"tries", state.Failures, "next", d.Next, "answer", d.Answer)
	if state.Failures >= tellFailures && d.At.Sub(state.FailingSince) >= tellAfter {
		w.teller.RouteFails(w.route.Name, state.FailingSince, d.Answer)
	}
	w.giveUp(m, d, refused && r.body)
	w.notBefore = d.Next
	return max(0, d.Next.Sub(w.now()))
}

// giveUp drops a single event that the receiver has refused for a day, so that those behind it pass. It is told as a
// cut.
func (w *worker) giveUp(m batch, d Delivery, refused bool) {
	if !refused || m.From != m.To || m.Tries+1 < giveUpTries || m.Refused.IsZero() ||
		d.At.Sub(m.Refused) < giveUpAfter {
		return
	}
	if err := w.outbox.abandon(w.route.Name, m, d.At); err != nil {
		w.log.Error("drop what a receiver refuses", "event", "alert.outbox", "route", w.route.Name, "error", err)
	}
	w.tellCut()
}

// tellCut tells a person of what a bound has dropped.
func (w *worker) tellCut() {
	s, err := w.outbox.state(w.route.Name)
	if err != nil || s.Dropped == w.dropped {
		return
	}
	w.log.Error("events for a receiver were dropped", "event", "alert.dropped", "route", w.route.Name,
		"events", s.Dropped-w.dropped)
	w.dropped = s.Dropped
	w.teller.RouteDrops(w.route.Name)
}

func (w *worker) signal() {
	select {
	case w.wake <- struct{}{}:
	default:
	}
}
