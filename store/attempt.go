package store

import (
	"context"
	"encoding/binary"
	"fmt"
	"time"
)

// Begin is C3: it writes the intent as given and a new attempt at it, before Graph is called. It numbers the attempt.
func (s *Store) Begin(ctx context.Context, in Intent, a Attempt) (Intent, Attempt, error) {
	var begun Intent
	var attempt Attempt
	// C3. Durable on return: that this attempt at this intent may be made.
	// A crash from here on leaves it open (Unfinished): whether Graph was called is not known, so verify before
	// repeating.
	err := s.do(ctx, "c3", func(t *txn) error {
		var err error
		begun, attempt, err = t.begin(in, a)
		return err
	})
	if err != nil {
		return Intent{}, Attempt{}, fmt.Errorf("begin attempt at intent %s: %w", in.ID, err)
	}
	return begun, attempt, nil
}

// Complete is C4: it writes the intent as given and how the attempt ended. An attempt that has been completed in just
// this way is not written again, so that a caller whose answer was lost may ask again.
func (s *Store) Complete(ctx context.Context, in Intent, a Attempt) (Intent, error) {
	var done Intent
	// C4. Durable on return: the attempt's outcome, or that it is unknown, and where the intent stands now.
	// A crash before it leaves the attempt open, as at C3: the next start verifies. After it nothing is in doubt.
	err := s.do(ctx, "c4", func(t *txn) error {
		var err error
		done, err = t.complete(in, a)
		return err
	})
	if err != nil {
		return Intent{}, fmt.Errorf("complete attempt %d at intent %s: %w", a.Seq, in.ID, err)
	}
	return done, nil
}

// Attempts lists the attempts at an intent, the first one first.
func (s *Store) Attempts(ctx context.Context, intent string) (list []Attempt, err error) {
	err = s.view(ctx, func(t *txn) error {
		list, err = t.attempts(intent)
		return err
	})
	return list, err
}

// Unfinished lists the attempts that began and were not completed. After a start these may have worked or not.
func (s *Store) Unfinished(ctx context.Context) (list []Attempt, err error) {
	err = s.view(ctx, func(t *txn) error {
		t.each(tableOpen, nil, func(k, _ []byte) bool {
			var a Attempt
			_, err = t.load(tableAttempts, k, &a)
			list = append(list, a)
			return err == nil
		})
		return err
	})
	return list, err
}

func (t *txn) begin(in Intent, a Attempt) (Intent, Attempt, error) {
	stored, err := t.mustIntent(in.ID)
	if err != nil {
		return in, a, err
	}
	last, err := t.lastAttempt(in.ID)
	if err != nil {
		return in, a, err
	}
	if in.Rev+1 == stored.Rev && sameBegin(last, a) {
		return stored, last, nil // the answer of the first call was lost
	}
	if err := conflict("intent", in.ID, in.Rev, stored.Rev); err != nil {
		return in, a, err
	}
	a.Intent, a.Seq = in.ID, last.Seq+1
	a.Started = a.Started.UTC().Round(0)
	if a.Started.IsZero() {
		a.Started = t.now
	}
	t.mark(tableOpen, attemptKey(a))
	t.countActed(&in, stored, a)
	if in, err = t.putIntentOver(in, stored, true); err != nil {
		return in, a, err
	}
	return in, a, t.save(tableAttempts, attemptKey(a), a)
}

// sameBegin reports whether last is the open attempt that a asks for.
func sameBegin(last, a Attempt) bool {
	return last.Seq > 0 && last.Finished.IsZero() && !a.Started.IsZero() &&
		last.Operation == a.Operation && last.Started.Equal(a.Started)
}

func (t *txn) complete(in Intent, a Attempt) (Intent, error) {
	stored, err := t.mustIntent(in.ID)
	if err != nil {
		return in, err
	}
	var begun Attempt
	a.Intent = in.ID
	found, err := t.load(tableAttempts, attemptKey(a), &begun)
	if err != nil {
		return in, err
	}
	if !found {
		return in, fmt.Errorf("attempt %d: %w", a.Seq, ErrNotFound)
	}
	if in.Rev+1 == stored.Rev && sameEnd(begun, a) {
		return stored, nil // the answer of the first call was lost
	}
	if err := conflict("intent", in.ID, in.Rev, stored.Rev); err != nil {
		return in, err
	}
	a.Started = begun.Started
	a.Finished = a.Finished.UTC().Round(0)
	if a.Finished.IsZero() {
		a.Finished = t.now
	}
	t.del(tableOpen, attemptKey(a))
	if err := t.closeOpen(in.ID, a.Seq, fmt.Sprintf("no answer was recorded; attempt %d (%s) has looked since", a.Seq,
		a.Operation)); err != nil {
		return in, err
	}
	t.countActed(&in, stored, a)
	if err := t.save(tableAttempts, attemptKey(a), a); err != nil {
		return in, err
	}
	return t.putIntentOver(in, stored, true)
}

// closeOpen ends the attempts at an intent that have no end, but the one numbered seq: only one is under way at a time,
// so that the answers of the others were lost with the process that made them.
func (t *txn) closeOpen(intent string, seq int, why string) (err error) {
	var open []Attempt
	t.each(tableOpen, nulled(intent), func(k, _ []byte) bool {
		var a Attempt
		if _, err = t.load(tableAttempts, k, &a); err == nil && a.Seq != seq {
			open = append(open, a)
		}
		return err == nil
	})
	if err != nil {
		return err
	}
	for _, a := range open {
		t.del(tableOpen, attemptKey(a))
		if !a.Finished.IsZero() {
			continue
		}
		a.Outcome, a.Detail, a.Finished = "unknown", why, t.now
		if err := t.save(tableAttempts, attemptKey(a), a); err != nil {
			return err
		}
	}
	return nil
}

// sameEnd reports whether begun has been completed as a says.
func sameEnd(begun, a Attempt) bool {
	return !begun.Finished.IsZero() && begun.Outcome == a.Outcome && begun.Detail == a.Detail &&
		begun.Operation == a.Operation
}

// actedAgain is how long after it was counted a mailbox counts again for the brake: its widest window.
const actedAgain = time.Hour

// countActed counts a mailbox for the brake when an attempt may change something in it: once for all attempts at the
// intent within the brake's window. The mailbox counts at C3 already, so that what is under way counts too. What a
// person asked for or approved is not counted: the brake is there for what happens by itself, and a person's clean-up
// of some hundred mailboxes must not have the next hour's fresh verdicts wait.
func (t *txn) countActed(in *Intent, stored Intent, a Attempt) {
	if in.Kind != Retract || in.DryRun || in.Passes() || !a.acts() {
		return
	}
	if !stored.Acted.IsZero() && t.now.Sub(stored.Acted) < actedAgain {
		return
	}
	if stored.Acted.IsZero() {
		t.addTally(in.Record, 0, 1)
	}
	in.Acted = t.now
	t.countMinute(in.Tenant, acted, 1)
	for _, campaign := range in.Campaigns {
		t.countMinuteOf(campaignPrefix(in.Tenant, campaign), 1)
	}
}

// The operations that take a message away, as Attempt.Operation names them; the brake counts these and no others.
const (
	OpMove  = "move"
	OpPurge = "permanentDelete"
)

// acts reports whether an attempt may take a message away.
func (a Attempt) acts() bool { return a.Operation == OpMove || a.Operation == OpPurge }

func (t *txn) attempts(intent string) (list []Attempt, err error) {
	t.each(tableAttempts, nulled(intent), func(_, v []byte) bool {
		var a Attempt
		err = decode(tableAttempts, v, &a)
		list = append(list, a)
		return err == nil
	})
	return list, err
}

// lastAttempt is the attempt with the highest number, as it was before this call; zero when there is none.
func (t *txn) lastAttempt(intent string) (Attempt, error) {
	list, err := t.attempts(intent)
	if err != nil || len(list) == 0 {
		return Attempt{}, err
	}
	return list[len(list)-1], nil
}

func attemptKey(a Attempt) []byte { return append(nulled(a.Intent), seqKey(a.Seq)...) }

func seqKey(seq int) []byte { return binary.BigEndian.AppendUint32(nil, uint32(seq)) }

// conflict is an ErrConflict that names the row, or nil when the revisions agree.
func conflict(what, id string, have, stored uint64) error {
	if have == stored {
		return nil
	}
	return fmt.Errorf("%s %s at revision %d, not %d: %w", what, id, stored, have, ErrConflict)
}
