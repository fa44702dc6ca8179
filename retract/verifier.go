package retract

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"clawback/retract/exchange"
	"clawback/retract/fault"
	"clawback/retract/intent"
	"clawback/store"
)

// run looks where the messages are that an earlier attempt was about to move, and writes what it found: nothing is
// repeated before that. A message that is still where it was is a failure like others: it is tried again by the
// schedule, which has an end.
func (s verifier) run(ctx context.Context) error {
	states := map[string]string{}
	renamed := map[string]string{}
	var seen []string
	for _, t := range s.in.Taken {
		if t.State != intent.Trying && t.State != intent.Missing {
			continue
		}
		state, id, err := s.locate(ctx, t)
		if err != nil {
			return fmt.Errorf("verify: %w", err)
		}
		states[t.Message], renamed[t.Message] = state, id
		seen = append(seen, state)
	}
	still := slices.Contains(seen, intent.Stayed)
	err := committer(s).commit(ctx, verified(seen), func(in *store.Intent) {
		for message, state := range states {
			s.setState(in, message, state)
			markFound(in, message)
			s.renameEntry(in, message, renamed[message])
		}
		in.Unknown = false
		if still && in.Cancelled == "" {
			s.retryUnmoved(in)
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

// retryUnmoved has a move tried again whose message is still where it was. Where no answer was recorded it was this
// process that ended, not the server that failed: that needs no wait, the first time.
func (s verifier) retryUnmoved(in *store.Intent) {
	f := &fault.Fault{Class: fault.Retry,
		Detail: "it is still where it was, and no answer came of the last attempt to move it"}
	ended := in.FaultSince.IsZero()
	countFault(in, f, s.e.now())
	failure(s).scheduleRetry(in, f)
	if ended {
		in.NotBefore = s.e.now()
	}
}

// verified is how a look at what became of messages ended.
func verified(states []string) ending {
	e := ending{"verify", string(store.Done), "nothing was in doubt"}
	if len(states) > 0 {
		e.detail = "found: " + strings.Join(states, ", ")
	}
	if slices.ContainsFunc(states, func(s string) bool { return s != intent.Moved }) {
		e.outcome = "retry"
	}
	return e
}

// locate says what became of one message, and its id now.
func (s verifier) locate(ctx context.Context, t store.Taken) (state, id string, err error) {
	c, err := s.box.Locate(ctx, s.in.Mailbox, t.Message)
	var f *fault.Fault
	if errors.As(err, &f) && f.Class == fault.Gone {
		return s.searchElsewhere(ctx, t)
	}
	if err != nil {
		return "", "", err
	}
	there, err := s.reached(ctx, c.Folder, t)
	if err != nil || !there {
		return intent.Stayed, "", err
	}
	return intent.Moved, "", nil
}

// reached reports whether a folder is the target of a move, or further out of sight than it.
func (s verifier) reached(ctx context.Context, folder string, t store.Taken) (bool, error) {
	if folder == t.Folder {
		return false, nil
	}
	if s.in.Kind == store.Restore {
		return folder == t.Target, nil
	}
	for _, f := range []exchange.Folder{exchange.JunkEmail, exchange.Deleted, exchange.Deletions, exchange.Purges} {
		id, err := s.folderID(ctx, f)
		if err != nil {
			return false, err
		}
		if id != "" && id == folder {
			return exchange.Satisfied(exchange.RankOf(f), exchange.RankOf(exchange.Folder(t.Target))), nil
		}
	}
	return false, nil
}

// searchElsewhere looks for a message whose id answers 404: in its target, in Recoverable Items, and where it was, for
// an id has been seen to answer 404 while lists show it. A purged message is nowhere.
func (s verifier) searchElsewhere(ctx context.Context, t store.Taken) (state, id string, err error) {
	for _, f := range places(exchange.Folder(t.Target)) {
		hits, err := finder(s).search(ctx, f)
		if err != nil {
			return "", "", fmt.Errorf("find in %s: %w", exchange.Place(f), err)
		}
		if state, id, err = s.matchEntry(ctx, hits, t, f); state != "" || err != nil {
			return state, id, err
		}
	}
	if t.Target == string(exchange.Purges) && t.State == intent.Trying {
		return intent.Moved, "", nil // permanentDelete: 404 afterwards means that it worked
	}
	return intent.Lost, "", nil
}

// markFound notes of a message that was moved that this was seen, not answered.
func markFound(in *store.Intent, message string) {
	for i := range in.Taken {
		if t := &in.Taken[i]; t.Message == message && t.State == intent.Moved {
			t.Found, t.Tried = true, ""
		}
	}
}

// matchEntry looks among the hits of a place for the message of an entry: by its id, or where its call may have moved
// it, by what it is. What was purged is in no list: another copy that is seen must not be taken for it.
func (s verifier) matchEntry(ctx context.Context, hits []exchange.Candidate, t store.Taken,
	in exchange.Folder) (state, id string, err error) {
	for _, c := range hits {
		if c.ID != t.Message {
			continue
		}
		there, err := s.reached(ctx, c.Folder, t)
		if err != nil || !there {
			return intent.Stayed, "", err
		}
		return intent.Moved, "", nil
	}
	if t.State == intent.Missing || in == "" || t.Target == string(exchange.Purges) {
		return "", "", nil // the call found it gone, and did nothing: what lies there came there otherwise
	}
	found, err := finder(s).verifyIdentity(ctx, hits)
	if err != nil {
		return "", "", err
	}
	for _, c := range found.same {
		if !s.hasEntry(c.ID) && (t.Received.IsZero() || t.Received.Equal(c.Received)) {
			return intent.Moved, c.ID, nil
		}
	}
	return "", "", nil
}

// hasEntry reports whether a message has an entry already.
func (s *step) hasEntry(message string) bool {
	for _, t := range s.in.Taken {
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
