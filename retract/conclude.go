package retract

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"clawback/config"
	"clawback/retract/exchange"
	"clawback/store"
)

// applyWish applies what was wished meanwhile to what was found: an intent that was called off ends, and when its
// message was moved all the same, putting it back is proposed; one that is to go further goes on.
func (s committer) applyWish(ctx context.Context, next *store.Intent) (*store.Intent, error) {
	if next.Kind != store.Retract || next.Unknown {
		return nil, nil
	}
	if next.Outcome == store.Done && next.Cancelled == "" && further(next.Action, s.ranFor) {
		next.Outcome, next.NotBefore = store.Pending, s.e.now()
		return nil, nil
	}
	if next.Cancelled == "" {
		return nil, nil
	}
	why := next.Cancelled
	next.Cancelled, next.NotBefore = "", time.Time{} // nor is it looked for again
	if !next.Outcome.Final() {
		if !hasTaken(*next, moved) {
			*next = callOff(*next, why)
			return nil, nil
		}
		next.Outcome, next.Reason = store.Done, "taken before it was called off: "+why
		next.Action = reachedBy(*next)
	}
	if next.Outcome != store.Done {
		return nil, nil
	}
	return s.proposeRestore(ctx, *next, why)
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

// reachedBy is the action that an intent's messages have had, which is not always the one that it is for by now.
func reachedBy(in store.Intent) string {
	for _, a := range []config.Action{config.Junk, config.Trash, config.SoftDelete, config.HardDelete} {
		target, _ := Target(a)
		for _, t := range in.Taken {
			if t.State == moved && t.Target == string(target) {
				return string(a)
			}
		}
	}
	return in.Action
}

// hasTaken reports whether some message of the intent is in a state.
func hasTaken(in store.Intent, state string) bool {
	return slices.ContainsFunc(in.Taken, func(t store.Taken) bool { return t.State == state })
}

// proposeRestore is the restore, to be approved, of a message that was moved although it had been called off.
func (s committer) proposeRestore(ctx context.Context, in store.Intent, why string) (*store.Intent, error) {
	old, err := s.e.o.Store.Intent(ctx, store.IntentID(in.Record, fold(in.Address), store.Restore))
	switch {
	case err != nil && !errors.Is(err, store.ErrNotFound):
		return nil, fmt.Errorf("propose restore: %w", &storeError{err})
	case err == nil && (!old.Outcome.Final() || old.Round == in.Round):
		return nil, nil
	}
	back := restoreOf(in, old, s.e.now())
	back.Cause, back.Outcome, back.Hold = why, store.Held, HoldRestore
	back.Reason = "proposed: the message was taken while this was called off (" + why + "); approve to put it back"
	return &back, nil
}

// further reports whether action a takes a message further out of sight than b.
func further(a, b string) bool {
	x, ok := Target(config.Action(a))
	y, _ := Target(config.Action(b))
	return ok && exchange.RankOf(x) > exchange.RankOf(y)
}
