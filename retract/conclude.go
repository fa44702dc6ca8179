package retract

import (
	"context"
	"errors"
	"fmt"
	"time"

	"clawback/retract/addresses"
	"clawback/retract/intent"
	"clawback/retract/policy"
	"clawback/store"
)

// reconcile joins what was decided meanwhile with what was found: an intent that was called off ends, and when its
// message was moved all the same, putting it back is proposed; one that is to go further goes on.
func (s committer) reconcile(ctx context.Context, next *store.Intent) (*store.Intent, error) {
	if next.Kind != store.Retract || next.Unknown {
		return nil, nil
	}
	if next.Outcome == store.Done && next.Cancelled == "" && policy.Further(next.Action, s.ranFor) {
		next.Outcome, next.NotBefore = store.Pending, s.e.now()
		return nil, nil
	}
	if next.Cancelled == "" {
		return nil, nil
	}
	why := next.Cancelled
	next.Cancelled, next.NotBefore = "", time.Time{} // nor is it looked for again
	if !next.Outcome.Final() {
		if !intent.HasTaken(*next, intent.Moved) {
			*next = intent.CallOff(*next, why)
			return nil, nil
		}
		next.Outcome, next.Reason = store.Done, "taken before it was called off: "+why
		next.Action = policy.Reached(*next)
	}
	if next.Outcome != store.Done {
		return nil, nil
	}
	return s.proposeRestore(ctx, *next, why)
}

// proposeRestore is the restore, to be approved, of a message that was moved although it had been called off.
func (s committer) proposeRestore(ctx context.Context, in store.Intent, why string) (*store.Intent, error) {
	old, err := s.e.o.Store.Intent(ctx, store.IntentID(in.Record, addresses.Fold(in.Address), store.Restore))
	switch {
	case err != nil && !errors.Is(err, store.ErrNotFound):
		return nil, fmt.Errorf("propose restore: %w", &storeError{err})
	case err == nil && (!old.Outcome.Final() || old.Round == in.Round):
		return nil, nil
	}
	back := intent.RestoreOf(in, old, s.e.now())
	back.Cause, back.Outcome, back.Hold = why, store.Held, intent.HoldRestore
	back.Reason = "proposed: the message was taken while this was called off (" + why + "); approve to put it back"
	return &back, nil
}
