package retract

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"clawback/config"
	"clawback/retract/fault"
	"clawback/store"
)

// The states of a store.Taken.
const (
	trying  = "trying"  // a call was begun (C3) and its outcome is not recorded
	missing = "missing" // the server says that the id is not there: look where the message is
	moved   = "moved"   // it was taken where this round wanted it
	earlier = "earlier" // it was moved by an earlier round: kept for undo
	kept    = "kept"    // it was not moved: the call was not made, or refused
	stayed  = "stayed"  // no answer came, and it was seen where it was: the call may still be carried out
	lost    = "lost"    // it was there, and is nowhere now
)

// errEnded ends a step whose intent has been written.
var errEnded = errors.New("the step is over")

// work is one step of one intent.
type work struct {
	e       *Engine
	lane    *lane
	tenant  *config.Tenant
	box     *meter
	rec     store.Record
	in      store.Intent
	ranFor  string         // the action this step works for: policy may change it meanwhile
	attempt *store.Attempt // begun (C3) and not completed
	failure *fault.Fault   // why it is tried again, or not any more
	match   *matcher
}

// step carries one intent on: read it again, verify what is in doubt, then act.
func (e *Engine) step(ctx context.Context, l *lane, in store.Intent) {
	w, err := e.work(ctx, l, in, store.Pending)
	if err != nil {
		e.o.Log.Error("read intent", "event", "intent.failed", "intent", in.ID, "error", err)
		l.postpone(in, storeWait)
		return
	}
	if w == nil {
		return
	}
	w.trouble(ctx, w.guarded(ctx))
}

// storeWait is how long an intent rests in memory when the store could not be read or written.
const storeWait = 5 * time.Second

// work reads what a step at an intent of that outcome needs; nil when there is nothing to do any more.
func (e *Engine) work(ctx context.Context, l *lane, in store.Intent, outcome store.Outcome) (*work, error) {
	fresh, err := e.o.Store.Intent(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	t, ok := e.o.Tenants(fresh.Tenant)
	if !ok || fresh.Outcome != outcome || fresh.NotBefore.After(e.now()) {
		return nil, nil
	}
	rec, err := l.record(ctx, fresh.Record)
	if err != nil {
		return nil, err
	}
	w := &work{e: e, lane: l, tenant: t.Config, rec: rec, in: fresh, ranFor: fresh.Action}
	w.box = newMeter(t.Mailboxes, l, fresh)
	return w, nil
}

// guarded runs the step; a panic becomes its error, so that one bad message stops nothing else.
func (w *work) guarded(ctx context.Context) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &panicked{fmt.Sprint(p)}
		}
	}()
	if w.in.Unknown {
		if err := w.verify(ctx); err != nil {
			return err
		}
	}
	if w.in.Kind == store.Restore {
		return w.giveBack(ctx)
	}
	return w.retract(ctx)
}

type panicked struct{ what string }

func (p *panicked) Error() string { return "panic: " + p.what }

// end writes an outcome that stays.
func (w *work) end(ctx context.Context, outcome store.Outcome, reason string) error {
	return w.endAs(ctx, ending{"find", string(outcome), reason}, outcome, reason)
}

func (w *work) endAs(ctx context.Context, end ending, outcome store.Outcome, reason string) error {
	err := w.write(ctx, end, func(in *store.Intent) {
		in.Outcome, in.Reason = outcome, reason
		in.Unknown, in.Faults, in.FaultSince, in.NotBefore = false, 0, time.Time{}, time.Time{}
	})
	return cmp.Or(err, errEnded)
}

// hold leaves the intent to a person.
func (w *work) hold(ctx context.Context, hold, reason string) error {
	return w.holdAs(ctx, hold, "", reason)
}

// holdAs does so with a code.
func (w *work) holdAs(ctx context.Context, hold string, code store.Code, reason string) error {
	err := w.write(ctx, ending{"find", string(store.Held), reason}, func(in *store.Intent) {
		in.Outcome, in.Hold, in.Code, in.Reason, in.Approved = store.Held, hold, code, reason, ""
		in.Faults, in.FaultSince = 0, time.Time{}
	})
	return cmp.Or(err, errEnded)
}

// withTaken puts t into the list, over the entry of the same message.
func withTaken(list []store.Taken, t store.Taken) []store.Taken {
	list = slices.Clone(list)
	for i := range list {
		if list[i].Message == t.Message {
			list[i] = t
			return list
		}
	}
	return append(list, t)
}

// setState gives the entry of a message its state.
func (w *work) setState(in *store.Intent, message, state string) {
	for i := range in.Taken {
		t := &in.Taken[i]
		if t.Message != message {
			continue
		}
		if in.Kind == store.Retract && t.State == trying && (state == stayed || state == lost) {
			t.Tried = t.Target
		}
		t.State, t.At = state, w.e.now()
		if (state == kept || state == stayed) && t.Was != "" {
			t.State, t.Target = earlier, t.Was // it lies where an earlier round took it
		}
		if state != trying && state != missing {
			t.Was = ""
		}
	}
}
