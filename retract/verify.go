package retract

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"clawback/retract/exchange"
	"clawback/retract/fault"
	"clawback/store"
)

// verify looks where the messages are that an earlier attempt was about to move, and writes what it found: nothing is
// repeated before that. A message that is still where it was is a failure like others: it is tried again by the schedule,
// which has an end.
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
	still := slices.Contains(seen, stayed)
	err := w.write(ctx, verified(seen), func(in *store.Intent) {
		for message, state := range states {
			w.setState(in, message, state)
			markFound(in, message)
			w.rename(in, message, renamed[message])
		}
		in.Unknown = false
		if still && in.Cancelled == "" {
			w.unmoved(in)
			return
		}
		in.Faults, in.FaultSince = 0, time.Time{}
		in.Reason = "verified: " + verified(seen).detail
	})
	if err == nil && still {
		return errEnded
	}
	return err
}

// unmoved has a move tried again whose message is still where it was. Where no answer was recorded it was this process that
// ended, not the server that failed: that needs no wait, the first time.
func (w *work) unmoved(in *store.Intent) {
	f := &fault.Fault{Class: fault.Retry, Detail: "it is still where it was, and no answer came of the last attempt to move it"}
	ended := in.FaultSince.IsZero()
	countFault(in, f, w.e.now())
	w.again(in, f)
	if ended {
		in.NotBefore = w.e.now()
	}
}

// verified is how a look at what became of messages ended.
func verified(states []string) ending {
	e := ending{"verify", string(store.Done), "nothing was in doubt"}
	if len(states) > 0 {
		e.detail = "found: " + strings.Join(states, ", ")
	}
	if slices.ContainsFunc(states, func(s string) bool { return s != moved }) {
		e.outcome = "retry"
	}
	return e
}

// whereabouts says what became of one message, and its id now.
func (w *work) whereabouts(ctx context.Context, t store.Taken) (state, id string, err error) {
	c, err := w.box.Locate(ctx, w.in.Mailbox, t.Message)
	var f *fault.Fault
	if errors.As(err, &f) && f.Class == fault.Gone {
		return w.elsewhere(ctx, t)
	}
	if err != nil {
		return "", "", err
	}
	there, err := w.reached(ctx, c.Folder, t)
	if err != nil || !there {
		return stayed, "", err
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
	for _, f := range []exchange.Folder{exchange.JunkEmail, exchange.Deleted, exchange.Deletions, exchange.Purges} {
		id, err := w.folderID(ctx, f)
		if err != nil {
			return false, err
		}
		if id != "" && id == folder {
			return exchange.Satisfied(exchange.RankOf(f), exchange.RankOf(exchange.Folder(t.Target))), nil
		}
	}
	return false, nil
}

// elsewhere looks for a message whose id answers 404: in its target, in Recoverable Items, and where it was, for an id has
// been seen to answer 404 while lists show it. A purged message is nowhere.
func (w *work) elsewhere(ctx context.Context, t store.Taken) (state, id string, err error) {
	for _, f := range places(exchange.Folder(t.Target)) {
		hits, err := w.look(ctx, f)
		if err != nil {
			return "", "", fmt.Errorf("find in %s: %w", exchange.Place(f), err)
		}
		if state, id, err = w.recognise(ctx, hits, t, f); state != "" || err != nil {
			return state, id, err
		}
	}
	if t.Target == string(exchange.Purges) && t.State == trying {
		return moved, "", nil // permanentDelete: 404 afterwards means that it worked
	}
	return lost, "", nil
}

// markFound notes of a message that was moved that this was seen, not answered.
func markFound(in *store.Intent, message string) {
	for i := range in.Taken {
		if t := &in.Taken[i]; t.Message == message && t.State == moved {
			t.Found, t.Tried = true, ""
		}
	}
}

// reclaim finds among messages that lie far enough out of sight one that a call of this intent has moved there, or was to
// move there although it was not seen to have done so: the call was carried out late. It is this intent's then, and can be
// restored.
func (w *work) reclaim(mine []match, at exchange.Folder) (store.Taken, bool) {
	for _, c := range mine {
		for i := range w.in.Taken {
			t := &w.in.Taken[i]
			if t.Message == c.ID && t.State == moved && exchange.Satisfied(exchange.RankOf(at), exchange.RankOf(exchange.Folder(t.Target))) {
				return *t, true
			}
			if t.Message != c.ID || t.Tried == "" || !exchange.Satisfied(exchange.RankOf(at), exchange.RankOf(exchange.Folder(t.Tried))) {
				continue
			}
			t.Target, t.State, t.At, t.Found, t.Tried, t.Was = t.Tried, moved, w.e.now(), true, "", ""
			return *t, true
		}
	}
	return store.Taken{}, false
}

// recognise looks among the hits of a place for the message of an entry: by its id, or where its call may have moved it, by
// what it is. What was purged is in no list: another copy that is seen must not be taken for it.
func (w *work) recognise(ctx context.Context, hits []exchange.Candidate, t store.Taken, in exchange.Folder) (state, id string, err error) {
	for _, c := range hits {
		if c.ID != t.Message {
			continue
		}
		there, err := w.reached(ctx, c.Folder, t)
		if err != nil || !there {
			return stayed, "", err
		}
		return moved, "", nil
	}
	if t.State == missing || in == "" || t.Target == string(exchange.Purges) {
		return "", "", nil // the call found it gone, and did nothing: what lies there came there otherwise
	}
	found, err := w.identify(ctx, hits)
	if err != nil {
		return "", "", err
	}
	for _, c := range found.same {
		if !w.mentions(c.ID) && (t.Received.IsZero() || t.Received.Equal(c.Received)) {
			return moved, c.ID, nil
		}
	}
	return "", "", nil
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

// places are where a message may lie that was to go to target; "" is all but Recoverable Items. Purges cannot be listed
// everywhere.
func places(target exchange.Folder) []exchange.Folder {
	if target == exchange.Purges || target == exchange.Deletions {
		return []exchange.Folder{exchange.Deletions, ""}
	}
	return []exchange.Folder{target, exchange.Deletions, ""}
}

// absent settles a look that found no message to act on.
func (w *work) absent(ctx context.Context, f identified, target exchange.Folder) error {
	for _, t := range w.in.Taken {
		if t.State == moved && exchange.Satisfied(exchange.RankOf(exchange.Folder(t.Target)), exchange.RankOf(target)) {
			return w.end(ctx, store.Done, takenAs(t)+f.leftAlone())
		}
	}
	sunk, err := w.sunk(ctx, target)
	switch {
	case err != nil:
		return err
	case len(sunk) > 0:
		return w.settled(ctx, target, sunk)
	case hasTaken(w.in, lost):
		return w.end(ctx, store.Gone, "it was in the mailbox, and the user or another program has removed it since")
	case len(f.uncertain) > 0:
		w.in.Message = f.uncertain[0].ID
		return w.holdInDoubt(ctx, f)
	case hasTaken(w.in, earlier):
		return w.end(ctx, store.Gone, "it was taken before, and is no longer where it was taken to")
	case len(f.different) > 0:
		return w.mismatch(ctx, f)
	}
	return w.miss(ctx)
}

// sunk gives the messages that lie in Recoverable Items.
func (w *work) sunk(ctx context.Context, target exchange.Folder) ([]match, error) {
	if target == exchange.Purges {
		return nil, nil // looked into already
	}
	hits, err := w.look(ctx, exchange.Deletions)
	if err != nil {
		return nil, fmt.Errorf("find in Recoverable Items: %w", err)
	}
	deeper, err := w.identify(ctx, hits)
	return deeper.same, err
}

// atRest is the reason of an intent for whose messages, which lie in a place, nothing is to be done.
func (w *work) atRest(mine []match, at exchange.Folder) string {
	if t, ok := w.reclaim(mine, at); ok {
		return takenAs(t)
	}
	return "nothing to do: it lies in " + exchange.Place(at)
}

// settled ends the intent of a message that lies in Recoverable Items. Before it was seen there, another copy may have
// come to where it had been looked for first: only a look after that says that none is in sight.
func (w *work) settled(ctx context.Context, target exchange.Folder, sunk []match) error {
	hits, err := w.find(ctx, target)
	if err != nil {
		return err
	}
	f, err := w.identify(ctx, hits)
	if err != nil {
		return err
	}
	if len(f.same) > 0 {
		return w.moveAll(ctx, f, target)
	}
	return w.end(ctx, store.Done, w.atRest(sunk, exchange.Deletions)+f.leftAlone())
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
func (w *work) holdInDoubt(ctx context.Context, f identified) error {
	reason := reasons(f.uncertain, f.different)
	err := w.write(ctx, ending{"find", string(store.Held), reason}, func(in *store.Intent) {
		in.Outcome, in.Hold, in.Reason, in.Approved, in.NotBefore = store.Held, HoldIdentity, reason, "", time.Time{}
		in.Code = f.uncertain[0].code
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
func (w *work) mismatch(ctx context.Context, f identified) error {
	reason := reasons(f.different)
	err := w.write(ctx, ending{"find", string(store.Mismatch), reason}, func(in *store.Intent) {
		in.Outcome, in.Reason, in.Code, in.NotBefore = store.Mismatch, reason, f.different[0].code, time.Time{}
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
