package retract

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"clawback/retract/exchange"
	"clawback/retract/intent"
	"clawback/retract/match"
	"clawback/store"
)

// reclaim finds among messages that lie far enough out of sight one that a call of this intent has moved there, or was
// to move there although it was not seen to have done so: the call was carried out late. It is this intent's then, and
// can be restored.
func (s absence) reclaim(mine []match.Finding, at exchange.Folder) (store.Taken, bool) {
	for _, c := range mine {
		for i := range s.in.Taken {
			t := &s.in.Taken[i]
			if t.Message == c.ID && t.State == intent.Moved &&
				exchange.Satisfied(exchange.RankOf(at), exchange.RankOf(exchange.Folder(t.Target))) {
				return *t, true
			}
			if t.Message != c.ID || t.Tried == "" ||
				!exchange.Satisfied(exchange.RankOf(at), exchange.RankOf(exchange.Folder(t.Tried))) {
				continue
			}
			t.Target, t.State, t.At, t.Found, t.Tried, t.Was = t.Tried, intent.Moved, s.e.now(), true, "", ""
			return *t, true
		}
	}
	return store.Taken{}, false
}

// conclude settles a look that found no message to act on.
func (s absence) conclude(ctx context.Context, f identified, target exchange.Folder) error {
	for _, t := range s.in.Taken {
		if t.State == intent.Moved && exchange.Satisfied(exchange.RankOf(exchange.Folder(t.Target)),
			exchange.RankOf(target)) {
			return s.end(ctx, store.Done, intent.ReasonOf(t)+f.leftAlone())
		}
	}
	sunk, err := s.inRecoverableItems(ctx, target)
	switch {
	case err != nil:
		return err
	case len(sunk) > 0:
		return s.confirmHidden(ctx, target, sunk)
	case intent.HasTaken(s.in, intent.Lost):
		return s.end(ctx, store.Gone, "it was in the mailbox, and the user or another program has removed it since")
	case len(f.uncertain) > 0:
		s.in.Message = f.uncertain[0].ID
		return s.holdInDoubt(ctx, f)
	case intent.HasTaken(s.in, intent.Earlier):
		return s.end(ctx, store.Gone, "it was taken before, and is no longer where it was taken to")
	case len(f.different) > 0:
		return s.mismatch(ctx, f)
	}
	return s.miss(ctx)
}

// inRecoverableItems gives the messages that lie in Recoverable Items.
func (s absence) inRecoverableItems(ctx context.Context, target exchange.Folder) ([]match.Finding, error) {
	if target == exchange.Purges {
		return nil, nil // looked into already
	}
	hits, err := finder(s).search(ctx, exchange.Deletions)
	if err != nil {
		return nil, fmt.Errorf("find in Recoverable Items: %w", err)
	}
	deeper, err := finder(s).verifyIdentity(ctx, hits)
	return deeper.same, err
}

// atRest is the reason of an intent for whose messages, which lie in a place, nothing is to be done.
func (s absence) atRest(mine []match.Finding, at exchange.Folder) string {
	if t, ok := s.reclaim(mine, at); ok {
		return intent.ReasonOf(t)
	}
	return "nothing to do: it lies in " + exchange.Place(at)
}

// confirmHidden ends the intent of a message that lies in Recoverable Items. Before it was seen there, another copy may
// have come to where it had been looked for first: only a look after that says that none is in sight.
func (s absence) confirmHidden(ctx context.Context, target exchange.Folder, sunk []match.Finding) error {
	hits, err := finder(s).find(ctx, target)
	if err != nil {
		return err
	}
	f, err := finder(s).verifyIdentity(ctx, hits)
	if err != nil {
		return err
	}
	if len(f.same) > 0 {
		return retraction(s).moveAll(ctx, f, target)
	}
	return s.end(ctx, store.Done, s.atRest(sunk, exchange.Deletions)+f.leftAlone())
}

// age is how long ago the report came of a message that a person asks for. A policy's intent can be for a recipient
// whom a later report named: it has the whole schedule.
func (s absence) age() time.Duration {
	if s.in.By == "" {
		return 0
	}
	last := s.rec.Received
	for _, v := range s.rec.Variants {
		if v.At.After(last) {
			last = v.At
		}
	}
	return s.e.now().Sub(last)
}

// holdInDoubt leaves the choice to a person. The record's own message may still arrive, so it is looked for again by
// the short schedule, unless the person has decided before.
func (s absence) holdInDoubt(ctx context.Context, f identified) error {
	reason := reasons(f.uncertain, f.different)
	err := committer(s).commit(ctx, ending{"find", string(store.Held), reason}, func(in *store.Intent) {
		in.Outcome, in.Hold, in.Reason, in.Approved, in.NotBefore = store.Held, intent.HoldIdentity, reason, "",
			time.Time{}
		in.Code = f.uncertain[0].Code
		in.Misses++
		in.Faults, in.FaultSince = 0, time.Time{}
		if wait, ok := missed(in.Misses, s.age()); ok {
			in.NotBefore = s.e.now().Add(wait)
		}
	})
	return cmp.Or(err, errEnded)
}

// mismatch ends the intent: another message bears the Message-ID. The record's own may still arrive, so it is looked
// for again by the short schedule, without the intent being open meanwhile.
func (s absence) mismatch(ctx context.Context, f identified) error {
	reason := reasons(f.different)
	err := committer(s).commit(ctx, ending{"find", string(store.Mismatch), reason}, func(in *store.Intent) {
		in.Outcome, in.Reason, in.Code, in.NotBefore = store.Mismatch, reason, f.different[0].Code, time.Time{}
		in.Misses++
		in.Faults, in.FaultSince = 0, time.Time{}
		if wait, ok := missed(in.Misses, s.age()); ok {
			in.NotBefore = s.e.now().Add(wait)
		}
	})
	return cmp.Or(err, errEnded)
}

// miss has the message looked for again by the schedule, and ends as not_found after it.
func (s absence) miss(ctx context.Context) error {
	now := s.e.now()
	err := committer(s).commit(ctx, ending{"find", string(store.NotFound), "not in the mailbox"},
		func(in *store.Intent) {
			in.Misses++
			in.Faults, in.FaultSince = 0, time.Time{}
			if wait, ok := missed(in.Misses, s.age()); ok {
				in.NotBefore = now.Add(wait)
				in.Reason = fmt.Sprintf("not in the mailbox (looked %d times), next look %s", in.Misses,
					in.NotBefore.Format(time.RFC3339))
				return
			}
			in.Outcome, in.NotBefore = store.NotFound, time.Time{}
			in.Reason = fmt.Sprintf("not in the mailbox after %d looks", in.Misses)
			in.Misses = max(in.Misses, len(notThereYet)+1)
			if wait, ok := nextLook(*in); ok {
				in.NotBefore = now.Add(wait)
				in.Reason += ", looked at again " + in.NotBefore.Format(time.RFC3339)
			}
		})
	return cmp.Or(err, errEnded)
}
