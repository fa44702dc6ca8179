package retract

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"clawback/config"
	"clawback/retract/fault"
	"clawback/retract/intent"
	"clawback/retract/limit"
	"clawback/retract/match"
	"clawback/store"
)

// errEnded ends a step whose intent has been written.
var errEnded = errors.New("the step is over")

// step is one step of one intent: what its states share.
type step struct {
	e       *Engine
	sched   *scheduler
	tenant  *config.Tenant
	box     *limit.Mailboxes
	rec     store.Record
	in      store.Intent
	ranFor  string         // the action this step works for: policy may change it meanwhile
	attempt *store.Attempt // begun (C3) and not completed
	failure *fault.Fault   // why it is tried again, or not any more
	match   *match.Matcher
}

// The states of a step, each a type that can be read alone. All of them share the step: the intent as it was read, and
// C3 and C4.
type (
	committer  struct{ *step } // writes attempts and outcomes: C3 and C4
	retraction struct{ *step } // resolve, find, verify identity, look at the brake, move
	resolver   struct{ *step } // which mailbox an address is, and which rule is for it
	expander   struct{ *step } // a group that the report did not expand
	finder     struct{ *step } // which messages of the mailbox are the record's
	mover      struct{ *step } // one message's move: C3, the call, C4
	verifier   struct{ *step } // what became of an attempt whose answer was lost
	absence    struct{ *step } // no message to act on was found
	restorer   struct{ *step } // puts back what was taken
	recheck    struct{ *step } // looks for further copies of what was taken
	failure    struct{ *step } // what follows from a fault
)

// step carries one intent on: read it again, verify what is in doubt, then act.
func (e *Engine) step(ctx context.Context, l *scheduler, in store.Intent) {
	s, err := e.newStep(ctx, l, in, store.Pending)
	if err != nil {
		e.o.Log.Error("read intent", "event", "intent.failed", "intent", in.ID, "error", err)
		l.postpone(in, storeWait)
		return
	}
	if s == nil {
		return
	}
	failure{s}.handle(ctx, s.run(ctx))
}

// storeWait is how long an intent rests in memory when the store could not be read or written.
const storeWait = 5 * time.Second

// newStep reads what a step at an intent of that outcome needs; nil when there is nothing to do any more.
func (e *Engine) newStep(ctx context.Context, l *scheduler, in store.Intent, outcome store.Outcome) (*step, error) {
	fresh, err := e.o.Store.Intent(ctx, in.ID)
	if err != nil {
		return nil, err
	}
	t, ok := e.o.Tenants(fresh.Tenant)
	if !ok || fresh.Outcome != outcome || fresh.NotBefore.After(e.now()) {
		return nil, nil
	}
	rec, err := l.records.get(ctx, e.o.Store, fresh.Record, e.now())
	if err != nil {
		return nil, err
	}
	s := &step{e: e, sched: l, tenant: t.Config, rec: rec, in: fresh, ranFor: fresh.Action}
	s.box = l.limits.Mailboxes(t.Mailboxes, fresh.Job != "")
	return s, nil
}

// run runs the step; a panic becomes its error, so that one bad message stops nothing else.
func (s *step) run(ctx context.Context) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &panicked{fmt.Sprint(p)}
		}
	}()
	if s.in.Unknown {
		if err := (verifier{s}).run(ctx); err != nil {
			return err
		}
	}
	if s.in.Kind == store.Restore {
		return restorer{s}.run(ctx)
	}
	return retraction{s}.run(ctx)
}

type panicked struct{ what string }

func (p *panicked) Error() string { return "panic: " + p.what }

// end writes an outcome that stays.
func (s *step) end(ctx context.Context, outcome store.Outcome, reason string) error {
	return s.endAs(ctx, ending{"find", string(outcome), reason}, outcome, reason)
}

// endAs ends the intent, with the attempt's own ending.
func (s *step) endAs(ctx context.Context, end ending, outcome store.Outcome, reason string) error {
	err := committer{s}.commit(ctx, end, func(in *store.Intent) {
		in.Outcome, in.Reason = outcome, reason
		in.Unknown, in.Faults, in.FaultSince, in.NotBefore = false, 0, time.Time{}, time.Time{}
	})
	return cmp.Or(err, errEnded)
}

// hold leaves the intent to a person.
func (s *step) hold(ctx context.Context, hold, reason string) error {
	return s.holdAs(ctx, hold, "", reason)
}

// holdAs does so with a code.
func (s *step) holdAs(ctx context.Context, hold string, code store.Code, reason string) error {
	err := committer{s}.commit(ctx, ending{"find", string(store.Held), reason}, func(in *store.Intent) {
		in.Outcome, in.Hold, in.Code, in.Reason, in.Approved = store.Held, hold, code, reason, ""
		in.Faults, in.FaultSince = 0, time.Time{}
	})
	return cmp.Or(err, errEnded)
}

// setState gives the entry of a message its state.
func (s *step) setState(in *store.Intent, message, state string) {
	for i := range in.Taken {
		t := &in.Taken[i]
		if t.Message != message {
			continue
		}
		if in.Kind == store.Retract && t.State == intent.Trying && (state == intent.Stayed || state == intent.Lost) {
			t.Tried = t.Target
		}
		t.State, t.At = state, s.e.now()
		if (state == intent.Kept || state == intent.Stayed) && t.Was != "" {
			t.State, t.Target = intent.Earlier, t.Was // it lies where an earlier round took it
		}
		if state != intent.Trying && state != intent.Missing {
			t.Was = ""
		}
	}
}
