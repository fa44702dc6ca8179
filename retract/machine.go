package retract

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"clawback/config"
	"clawback/store"
)

// The states of a store.Taken.
const (
	trying  = "trying"  // a call was begun (C3) and its outcome is not recorded
	missing = "missing" // the server says that the id is not there: look where the message is
	moved   = "moved"   // it was taken where this round wanted it
	earlier = "earlier" // it was moved by an earlier round: kept for undo
	kept    = "kept"    // it was not moved
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
	match   *matcher
}

// step carries one intent on: read it again, verify what is in doubt, then act.
func (e *Engine) step(ctx context.Context, l *lane, in store.Intent) {
	w, err := e.work(l, in)
	if err != nil {
		e.o.Log.Error("read intent", "intent", in.ID, "error", err)
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

// work reads what a step needs; nil when there is nothing to do any more.
func (e *Engine) work(l *lane, in store.Intent) (*work, error) {
	fresh, err := e.o.Store.Intent(in.ID)
	if err != nil {
		return nil, err
	}
	t, ok := e.o.Tenants(fresh.Tenant)
	if !ok || fresh.Outcome != store.Pending || fresh.NotBefore.After(e.now()) {
		return nil, nil
	}
	rec, err := e.o.Store.Record(fresh.Record)
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
	return w.take(ctx)
}

type panicked struct{ what string }

func (p *panicked) Error() string { return "panic: " + p.what }

// begin is C3 for a call that changes something: the intent says Unknown from here on, until the answer is written.
func (w *work) begin(ctx context.Context, operation string, t store.Taken) error {
	in := w.in
	in.Unknown = true
	in.Tries++
	t.State, t.At = trying, w.e.now()
	in.Taken = withTaken(in.Taken, t)
	in.Message, in.OriginalFolder, in.FolderName, in.Target = t.Message, t.Folder, t.FolderName, t.Target
	read := t.Read
	in.WasRead = &read
	return w.open(ctx, operation, in)
}

// open writes a new attempt together with the intent.
func (w *work) open(ctx context.Context, operation string, in store.Intent) error {
	begun, attempt, err := w.e.o.Store.Begin(ctx, in, store.Attempt{Intent: in.ID, Operation: operation, Started: w.e.now()})
	if err != nil {
		return fmt.Errorf("begin %s: %w", operation, &storeError{err})
	}
	// C3. Durable: the attempt, and the intent as Unknown. A crash from here on is verified at the next start.
	w.in, w.attempt = begun, &attempt
	return nil
}

// storeError is a failure of the store, as opposed to one of the mailbox system.
type storeError struct{ error }

func (s *storeError) Unwrap() error { return s.error }

// ending is how an attempt ended.
type ending struct{ operation, outcome, detail string }

// write is C4: it completes the attempt, and changes the intent. Without a begun attempt, the step only looked: it is
// recorded as an attempt all the same. When somebody else changed the intent meanwhile, their wish and our finding are
// both kept. It ends the step when the intent is not pending any more.
func (w *work) write(ctx context.Context, end ending, change func(*store.Intent)) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second) // what was learnt is written even at a stop
	defer cancel()
	if w.attempt == nil {
		if err := w.open(ctx, end.operation, w.in); err != nil {
			return err
		}
	}
	for range 5 {
		err := w.complete(ctx, end, change)
		if err == nil && w.in.Outcome != store.Pending {
			return errEnded
		}
		if !errors.Is(err, store.ErrConflict) {
			return err
		}
		fresh, err := w.e.o.Store.Intent(w.in.ID)
		if err != nil {
			return fmt.Errorf("complete %s: %w", end.operation, &storeError{err})
		}
		w.in = adopt(fresh, w.in)
	}
	return &storeError{store.ErrConflict}
}

func (w *work) complete(ctx context.Context, end ending, change func(*store.Intent)) error {
	next := w.in
	next.Taken = slices.Clone(next.Taken)
	change(&next)
	proposal := w.conclude(&next)
	if proposal != nil {
		err := w.e.o.Store.Update(ctx, store.Change{Intents: []store.Intent{*proposal}})
		if err != nil && !errors.Is(err, store.ErrConflict) {
			return fmt.Errorf("propose restore: %w", &storeError{err})
		}
	}
	a := *w.attempt
	a.Operation, a.Outcome, a.Detail, a.Finished = end.operation, end.outcome, end.detail, w.e.now()
	done, err := w.e.o.Store.Complete(ctx, next, a)
	if err != nil {
		return fmt.Errorf("complete %s: %w", end.operation, &storeError{err})
	}
	// C4. Durable: what Graph answered, or that it is Unknown. A crash before it leaves the attempt open, and Unknown.
	w.in, w.attempt = done, nil
	w.lane.note(done)
	w.e.o.Log.Info("attempt", "intent", done.ID, "record", done.Record, "tenant", done.Tenant, "attempt", a.Seq,
		"operation", a.Operation, "answer", a.Outcome, "outcome", string(done.Outcome), "detail", a.Detail)
	return nil
}

// note keeps in memory when an ended intent is to be looked at again.
func (l *lane) note(in store.Intent) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lookAgain(in)
}

// adopt joins what somebody else wrote with what this step knows: theirs is what is wanted, ours is what was done.
func adopt(fresh, mine store.Intent) store.Intent {
	fresh.Mailbox, fresh.Unknown, fresh.Taken = mine.Mailbox, mine.Unknown, mine.Taken
	fresh.Message, fresh.OriginalFolder, fresh.FolderName = mine.Message, mine.OriginalFolder, mine.FolderName
	fresh.Target, fresh.WasRead, fresh.Tries = mine.Target, mine.WasRead, mine.Tries
	fresh.Faults, fresh.FaultSince = mine.Faults, mine.FaultSince
	return fresh
}

// conclude applies what was wished meanwhile to what was found: an intent that was called off ends, and when its message
// was moved all the same, putting it back is proposed; one that is to go further goes on.
func (w *work) conclude(next *store.Intent) *store.Intent {
	if next.Kind != store.Retract || next.Unknown {
		return nil
	}
	if next.Outcome == store.Done && next.Cancelled == "" && further(next.Action, w.ranFor) {
		next.Outcome, next.NotBefore = store.Pending, w.e.now()
		return nil
	}
	if next.Cancelled == "" {
		return nil
	}
	why := next.Cancelled
	next.Cancelled = ""
	if !next.Outcome.Final() {
		if !hasTaken(*next, moved) {
			*next = callOff(*next, why)
			return nil
		}
		next.Outcome, next.Reason = store.Done, "taken before it was called off: "+why
	}
	if next.Outcome != store.Done {
		return nil
	}
	return w.proposal(*next, why)
}

// callOff ends an intent that waits. One that is in doubt ends when it has been verified.
func callOff(in store.Intent, why string) store.Intent {
	if in.Unknown {
		in.Cancelled = why
		return in
	}
	in.Outcome, in.Hold, in.NotBefore = store.Skipped, "", time.Time{}
	in.Severity = 0 // so that a worse verdict opens it again
	in.Reason = "cancelled before it was done: " + why
	return in
}

// hasTaken reports whether some message of the intent is in a state.
func hasTaken(in store.Intent, state string) bool {
	return slices.ContainsFunc(in.Taken, func(t store.Taken) bool { return t.State == state })
}

// proposal is the restore, to be approved, of a message that was moved although it had been called off.
func (w *work) proposal(in store.Intent, why string) *store.Intent {
	old, err := w.e.o.Store.Intent(store.IntentID(in.Record, fold(in.Address), store.Restore))
	if err == nil && (!old.Outcome.Final() || old.Round == in.Round) {
		return nil
	}
	back := restoreOf(in, old, w.e.now())
	back.Cause, back.Outcome, back.Hold = why, store.Held, HoldRestore
	back.Reason = "proposed: the message was taken while this was called off (" + why + "); approve to put it back"
	return &back
}

// further reports whether action a takes a message further out of sight than b.
func further(a, b string) bool {
	x, ok := Target(config.Action(a))
	y, _ := Target(config.Action(b))
	return ok && RankOf(x) > RankOf(y)
}

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
	err := w.write(ctx, ending{"find", string(store.Held), reason}, func(in *store.Intent) {
		in.Outcome, in.Hold, in.Reason, in.Approved = store.Held, hold, reason, ""
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
		if in.Taken[i].Message == message {
			in.Taken[i].State, in.Taken[i].At = state, w.e.now()
		}
	}
}
