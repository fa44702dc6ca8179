package retract

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"clawback/retract/intent"
	"clawback/retract/limit"
	"clawback/store"
)

// begin is C3 for a call that changes something: the intent says Unknown from here on, until the answer is written.
func (s committer) begin(ctx context.Context, operation string, t store.Taken) error {
	if s.e.halted(s.in) { // its job was paused or cancelled since this step was begun
		return &limit.NotMade{Wait: time.Second}
	}
	in := s.in
	in.Unknown = true
	in.Tries++
	t.State, t.At = intent.Trying, s.e.now()
	in.Taken = intent.WithTaken(in.Taken, t)
	in.Message, in.OriginalFolder, in.FolderName, in.Target = t.Message, t.Folder, t.FolderName, t.Target
	read := t.Read
	in.WasRead = &read
	return s.startAttempt(ctx, operation, in)
}

// startAttempt writes a new attempt together with the intent.
func (s committer) startAttempt(ctx context.Context, operation string, in store.Intent) error {
	begun, attempt, err := s.e.o.Store.Begin(ctx, in,
		store.Attempt{Intent: in.ID, Operation: operation, Started: s.e.now()})
	if err != nil {
		return fmt.Errorf("begin %s: %w", operation, &storeError{err})
	}
	// C3. Durable: the attempt, and the intent as Unknown. A crash from here on is verified at the next start.
	s.in, s.attempt = begun, &attempt
	return nil
}

// storeError is a failure of the store, as opposed to one of the mailbox system.
type storeError struct{ error }

func (s *storeError) Unwrap() error { return s.error }

// ending is how an attempt ended.
type ending struct{ operation, outcome, detail string }

// commit is C4: it completes the attempt, and changes the intent. Without a begun attempt, the step only looked: it is
// recorded as an attempt all the same. When somebody else changed the intent meanwhile, their decision and our finding
// are both kept. It ends the step when the intent is not pending any more.
func (s committer) commit(ctx context.Context, end ending, change func(*store.Intent)) error {
	// What was learnt is written even at a stop.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
	defer cancel()
	if s.attempt == nil {
		if err := s.startAttempt(ctx, end.operation, s.in); err != nil {
			return err
		}
	}
	for range 5 {
		err := s.tryCommit(ctx, end, change)
		if err == nil && s.in.Outcome != store.Pending {
			return errEnded
		}
		if !errors.Is(err, store.ErrConflict) {
			return err
		}
		fresh, err := s.e.o.Store.Intent(ctx, s.in.ID)
		if err != nil {
			return fmt.Errorf("complete %s: %w", end.operation, &storeError{err})
		}
		s.in = mergeWrites(fresh, s.in)
	}
	return &storeError{store.ErrConflict}
}

// tryCommit is one try at C4: ErrConflict where somebody else wrote the intent since it was read.
func (s committer) tryCommit(ctx context.Context, end ending, change func(*store.Intent)) error {
	next := s.in
	next.Taken, next.Code = slices.Clone(next.Taken), ""
	change(&next)
	code := next.Code
	if next.Kind == store.Retract && next.Outcome == store.Done {
		next.Code = codeOfAll(next)
	}
	s.expectCopies(&next)
	proposal, err := s.reconcile(ctx, &next)
	if err != nil {
		return err
	}
	if proposal != nil {
		err := s.e.o.Store.Update(ctx, store.Change{Intents: []store.Intent{*proposal}})
		if err != nil && !errors.Is(err, store.ErrConflict) {
			return fmt.Errorf("propose restore: %w", &storeError{err})
		}
	}
	a := *s.attempt
	a.Operation, a.Outcome, a.Detail, a.Finished = end.operation, end.outcome, end.detail, s.e.now()
	a.Code = code
	done, err := s.e.o.Store.Complete(ctx, next, a)
	if err != nil {
		return fmt.Errorf("complete %s: %w", end.operation, &storeError{err})
	}
	// C4. Durable: what Graph answered, or that it is Unknown. A crash before it leaves the attempt open, and Unknown.
	s.in, s.attempt = done, nil
	s.sched.revisits.note(done, s.e.now())
	failure(s).alertStuck(done)
	s.e.o.Log.Info("attempt", "event", "intent.attempt", "intent", done.ID, "record", done.Record,
		"tenant", done.Tenant, "attempt", a.Seq,
		"operation", a.Operation, "answer", a.Outcome, "outcome", string(done.Outcome), "detail", a.Detail)
	return nil
}

// mergeWrites joins what somebody else wrote with what this step knows: theirs is what is wanted, ours is what was
// done.
func mergeWrites(fresh, mine store.Intent) store.Intent {
	fresh.Mailbox, fresh.Unknown, fresh.Taken = mine.Mailbox, mine.Unknown, mine.Taken
	fresh.Message, fresh.OriginalFolder, fresh.FolderName = mine.Message, mine.OriginalFolder, mine.FolderName
	fresh.Target, fresh.WasRead, fresh.Tries = mine.Target, mine.WasRead, mine.Tries
	fresh.Faults, fresh.FaultSince = mine.Faults, mine.FaultSince
	return fresh
}
