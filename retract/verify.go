package retract

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"clawback/store"
)

// verify looks where the messages are that an earlier attempt was about to move, and writes what it found: nothing is
// repeated before that.
func (w *work) verify(ctx context.Context) error {
	states := map[string]string{}
	renamed := map[string]string{}
	var seen []string
	for _, t := range w.in.Taken {
		if t.State != trying && t.State != missing {
			continue
		}
		state, id, err := w.whereabouts(ctx, t)
		if err != nil {
			return fmt.Errorf("verify: %w", err)
		}
		states[t.Message], renamed[t.Message] = state, id
		seen = append(seen, state)
	}
	end := ending{"verify", "retry", "it is where it was"}
	if len(seen) > 0 {
		end.detail = "found: " + strings.Join(seen, ", ")
	}
	return w.write(ctx, end, func(in *store.Intent) {
		for message, state := range states {
			w.setState(in, message, state)
			w.rename(in, message, renamed[message])
		}
		in.Unknown, in.Faults, in.FaultSince = false, 0, time.Time{}
		in.Reason = "verified: " + end.detail
	})
}

// whereabouts says what became of one message, and its id now.
func (w *work) whereabouts(ctx context.Context, t store.Taken) (state, id string, err error) {
	c, err := w.box.Locate(ctx, w.in.Mailbox, t.Message)
	var f *Fault
	if errors.As(err, &f) && f.Class == Gone && t.State == missing {
		return lost, "", nil // the call found it gone, and did nothing: what lies in the target came there otherwise
	}
	if errors.As(err, &f) && f.Class == Gone {
		return w.elsewhere(ctx, t)
	}
	if err != nil {
		return "", "", err
	}
	there, err := w.reached(ctx, c.Folder, t)
	if err != nil || !there {
		return kept, "", err
	}
	return moved, "", nil
}

// reached reports whether a folder is the target of a move, or further out of sight than it.
func (w *work) reached(ctx context.Context, folder string, t store.Taken) (bool, error) {
	if folder == t.Folder {
		return false, nil
	}
	if w.in.Kind == store.Restore {
		return folder == t.Target, nil
	}
	for _, f := range []Folder{JunkEmail, Deleted, Deletions, Purges} {
		id, err := w.folderID(ctx, f)
		if err != nil {
			return false, err
		}
		if id != "" && id == folder {
			return Satisfied(RankOf(f), RankOf(Folder(t.Target))), nil
		}
	}
	return false, nil
}

// elsewhere looks for a message whose id is gone: in its target, and in Recoverable Items. A purged message is nowhere.
func (w *work) elsewhere(ctx context.Context, t store.Taken) (state, id string, err error) {
	for _, f := range places(Folder(t.Target)) {
		hits, err := w.look(ctx, f)
		if err != nil {
			return "", "", fmt.Errorf("find in %s: %w", Place(f), err)
		}
		found, err := w.identify(ctx, hits)
		if err != nil {
			return "", "", err
		}
		for _, c := range found.mine {
			if !w.mentions(c.ID) || c.ID == t.Message {
				return moved, c.ID, nil
			}
		}
	}
	if t.Target == string(Purges) && t.State == trying {
		return moved, "", nil // permanentDelete: 404 afterwards means that it worked
	}
	return lost, "", nil
}

// mentions reports whether a message has an entry already.
func (w *work) mentions(message string) bool {
	for _, t := range w.in.Taken {
		if t.Message == message {
			return true
		}
	}
	return false
}

// places are where a message may lie that was to go to target. Purges cannot be listed everywhere.
func places(target Folder) []Folder {
	switch target {
	case Purges:
		return nil
	case Deletions:
		return []Folder{Deletions}
	}
	return []Folder{target, Deletions}
}

// absent settles a look that found no message to act on.
func (w *work) absent(ctx context.Context, f found, target Folder) error {
	for _, t := range w.in.Taken {
		if t.State == moved && Satisfied(RankOf(Folder(t.Target)), RankOf(target)) {
			return w.end(ctx, store.Done, takenTo(Folder(t.Target), t.At)+f.rest())
		}
	}
	sunk, err := w.sunk(ctx, target)
	switch {
	case err != nil:
		return err
	case sunk:
		return w.settled(ctx, target)
	case hasTaken(w.in, lost):
		return w.end(ctx, store.Gone, "it was in the mailbox, and the user or another program has removed it since")
	case len(f.doubts) > 0:
		w.in.Message = f.doubts[0].ID
		return w.holdInDoubt(ctx, f)
	case hasTaken(w.in, earlier):
		return w.end(ctx, store.Gone, "it was taken before, and is no longer where it was taken to")
	case len(f.others) > 0:
		return w.mismatch(ctx, f)
	}
	return w.miss(ctx)
}

// sunk reports whether the message lies in Recoverable Items.
func (w *work) sunk(ctx context.Context, target Folder) (bool, error) {
	if target == Purges {
		return false, nil // looked into already
	}
	hits, err := w.look(ctx, Deletions)
	if err != nil {
		return false, fmt.Errorf("find in Recoverable Items: %w", err)
	}
	deeper, err := w.identify(ctx, hits)
	return len(deeper.mine) > 0, err
}

// settled ends the intent of a message that lies in Recoverable Items. Before it was seen there, another copy may have
// come to where it had been looked for first: only a look after that says that none is in sight.
func (w *work) settled(ctx context.Context, target Folder) error {
	hits, err := w.find(ctx, target)
	if err != nil {
		return err
	}
	f, err := w.identify(ctx, hits)
	if err != nil {
		return err
	}
	if len(f.mine) > 0 {
		return w.takeAll(ctx, f, target)
	}
	return w.end(ctx, store.Done, "nothing to do: it lies in "+Place(Deletions)+f.rest())
}

// age is how long ago the report came of a message that a person asks for. A policy's intent can be for a recipient whom
// a later report named: it has the whole schedule.
func (w *work) age() time.Duration {
	if w.in.By == "" {
		return 0
	}
	last := w.rec.Received
	for _, v := range w.rec.Variants {
		if v.At.After(last) {
			last = v.At
		}
	}
	return w.e.now().Sub(last)
}

// holdInDoubt leaves the choice to a person. The record's own message may still arrive, so it is looked for again by the
// short schedule, unless the person has decided before.
func (w *work) holdInDoubt(ctx context.Context, f found) error {
	reason := reasons(f.doubts, f.others)
	err := w.write(ctx, ending{"find", string(store.Held), reason}, func(in *store.Intent) {
		in.Outcome, in.Hold, in.Reason, in.Approved, in.NotBefore = store.Held, HoldIdentity, reason, "", time.Time{}
		in.Code = f.doubts[0].code
		in.Misses++
		in.Faults, in.FaultSince = 0, time.Time{}
		if wait, ok := missed(in.Misses, w.age()); ok {
			in.NotBefore = w.e.now().Add(wait)
		}
	})
	return cmp.Or(err, errEnded)
}

// mismatch ends the intent: another message bears the Message-ID. The record's own may still arrive, so it is looked
// for again by the short schedule, without the intent being open meanwhile.
func (w *work) mismatch(ctx context.Context, f found) error {
	reason := reasons(f.others)
	err := w.write(ctx, ending{"find", string(store.Mismatch), reason}, func(in *store.Intent) {
		in.Outcome, in.Reason, in.Code, in.NotBefore = store.Mismatch, reason, f.others[0].code, time.Time{}
		in.Misses++
		in.Faults, in.FaultSince = 0, time.Time{}
		if wait, ok := missed(in.Misses, w.age()); ok {
			in.NotBefore = w.e.now().Add(wait)
		}
	})
	return cmp.Or(err, errEnded)
}

// miss has the message looked for again by the schedule, and ends as not_found after it.
func (w *work) miss(ctx context.Context) error {
	now := w.e.now()
	err := w.write(ctx, ending{"find", string(store.NotFound), "not in the mailbox"}, func(in *store.Intent) {
		in.Misses++
		in.Faults, in.FaultSince = 0, time.Time{}
		if wait, ok := missed(in.Misses, w.age()); ok {
			in.NotBefore = now.Add(wait)
			in.Reason = fmt.Sprintf("not in the mailbox (looked %d times), next look %s", in.Misses, in.NotBefore.Format(time.RFC3339))
			return
		}
		in.Outcome, in.NotBefore = store.NotFound, time.Time{}
		in.Reason = fmt.Sprintf("not in the mailbox after %d looks", in.Misses)
		in.Misses = max(in.Misses, len(notThereYet)+1)
		if wait, ok := relook(*in); ok {
			in.NotBefore = now.Add(wait)
			in.Reason += ", looked at again " + in.NotBefore.Format(time.RFC3339)
		}
	})
	return cmp.Or(err, errEnded)
}
