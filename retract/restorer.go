package retract

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"clawback/retract/addresses"
	"clawback/retract/exchange"
	"clawback/retract/fault"
	"clawback/retract/intent"
	"clawback/store"
)

// run is a restore: each message that was taken goes back to its folder, with its read state.
func (s restorer) run(ctx context.Context) error {
	source, err := s.e.o.Store.Intent(ctx, store.IntentID(s.in.Record, addresses.Fold(s.in.Address), store.Retract))
	if err != nil {
		return &storeError{err}
	}
	if source.Unknown && !source.Outcome.Final() {
		s.sched.postpone(s.in, 2*time.Second) // what it did is being verified
		return errEnded
	}
	s.in.Mailbox = source.Mailbox
	s.in.Taken = joinTaken(s.in.Taken, intent.RestoreOf(source, store.Intent{}, s.e.now()).Taken)
	if len(s.in.Taken) == 0 {
		return s.end(ctx, store.Skipped, "nothing to restore: nothing was taken from this mailbox")
	}
	if why := intent.HardDeleted(source); why != "" {
		return s.end(ctx, store.Failed, why)
	}
	var endings []string
	for _, t := range s.in.Taken {
		if s.in.Cancelled != "" {
			return s.stop(ctx)
		}
		what, err := s.restoreOne(ctx, t)
		if err != nil {
			return err
		}
		endings = append(endings, what)
	}
	return s.conclude(ctx, endings)
}

// stop ends a restore that was called off while it was in doubt: what that did is known by now.
func (s restorer) stop(ctx context.Context) error {
	back := 0
	for _, t := range s.in.Taken {
		if t.State == intent.Moved {
			back++
		}
	}
	outcome := store.Skipped
	reason := fmt.Sprintf("cancelled when %d of %d messages were back: %s", back, len(s.in.Taken), s.in.Cancelled)
	if back == len(s.in.Taken) {
		outcome, reason = store.Done, "put back before it was called off: "+s.in.Cancelled
	}
	err := committer(s).commit(ctx, ending{"restore", string(outcome), reason}, func(in *store.Intent) {
		in.Outcome, in.Reason, in.Cancelled, in.NotBefore = outcome, reason, "", time.Time{}
	})
	return cmp.Or(err, errEnded)
}

// joinTaken keeps what a restore knows already and adds what the retraction has taken since. Where the restore has not
// touched a message yet, the retraction knows better where it was taken to: what was in doubt has been verified since.
func joinTaken(have, more []store.Taken) []store.Taken {
	have = slices.Clone(have)
	for _, t := range more {
		i := slices.IndexFunc(have, func(h store.Taken) bool { return h.Message == t.Message })
		switch {
		case i < 0:
			have = append(have, t)
		case have[i].State == "":
			have[i] = t
		}
	}
	return have
}

// The ways in which a message's restore can end.
const (
	putBack     = "put back"
	backAlready = "already back"
	userDeleted = "deleted by the user since, and left there"
	nowhere     = "no longer in the mailbox"
)

// restoreOne restores one message and says how it ended.
func (s restorer) restoreOne(ctx context.Context, t store.Taken) (string, error) {
	c, err := s.box.Locate(ctx, s.in.Mailbox, t.Message)
	var f *fault.Fault
	if errors.As(err, &f) && f.Class == fault.Gone {
		if c, err = s.searchMoved(ctx, t); err == nil && c.ID == "" {
			return nowhere, nil
		}
	}
	if err != nil {
		return "", fmt.Errorf("locate: %w", err)
	}
	what, err := s.classifyPlace(ctx, c, t)
	if err != nil || what == userDeleted {
		return what, err
	}
	if what == putBack {
		if c.ID, err = s.moveBack(ctx, c, t); err != nil {
			return "", err
		}
	}
	return what, s.markRead(ctx, c, t)
}

// searchMoved finds a message whose id answers 404: in the folder to which it was taken, then in Recoverable Items,
// then anywhere else. Another copy, which the user may have put there, came at another time; and one that has an entry
// of its own goes back by that.
func (s restorer) searchMoved(ctx context.Context, t store.Taken) (exchange.Candidate, error) {
	for i, in := range []exchange.Folder{exchange.Folder(t.Folder), exchange.Deletions, ""} {
		if i > 0 && string(in) == t.Folder {
			continue
		}
		hits, err := finder(s).search(ctx, in)
		if err != nil {
			return exchange.Candidate{}, fmt.Errorf("find by folder: %w", err)
		}
		f, err := finder(s).verifyIdentity(ctx, hits)
		if err != nil {
			return exchange.Candidate{}, err
		}
		for _, c := range f.same {
			if (c.ID == t.Message || !s.hasEntry(c.ID)) && (t.Received.IsZero() || t.Received.Equal(c.Received)) {
				return c.Candidate, nil
			}
		}
	}
	return exchange.Candidate{}, nil
}

// classifyPlace decides by where the message lies now. Where the user has put it since, it stays.
func (s restorer) classifyPlace(ctx context.Context, c exchange.Candidate, t store.Taken) (string, error) {
	if c.Folder == t.Target {
		return backAlready, nil
	}
	at, err := s.folderID(ctx, exchange.Folder(t.Folder))
	if err != nil {
		return "", err
	}
	if at == c.Folder {
		return putBack, nil
	}
	if t.Tried != "" { // a call that was carried out late
		if at, err = s.folderID(ctx, exchange.Folder(t.Tried)); err != nil || at == c.Folder {
			return putBack, err
		}
	}
	for _, f := range []exchange.Folder{exchange.JunkEmail, exchange.Deleted, exchange.Deletions, exchange.Purges} {
		id, err := s.folderID(ctx, f)
		if err != nil {
			return "", err
		}
		if id != "" && id == c.Folder {
			return userDeleted, nil
		}
	}
	return backAlready, nil
}

// moveBack moves a message to its original folder, or to the Inbox when that folder is gone.
func (s restorer) moveBack(ctx context.Context, c exchange.Candidate, t store.Taken) (string, error) {
	to := exchange.Folder(t.Target)
	e, err := s.folder(ctx, to)
	if err != nil {
		return "", err
	}
	if e.id == "" {
		to = exchange.Inbox
	}
	t.FolderName = e.name
	return s.moveTo(ctx, c, t, to)
}

// moveTo is the restore's C3, call and C4.
func (s restorer) moveTo(ctx context.Context, c exchange.Candidate, t store.Taken, to exchange.Folder) (string, error) {
	s.renameEntry(&s.in, t.Message, c.ID)
	t.Message = c.ID
	if to == exchange.Inbox {
		id, err := s.folderID(ctx, exchange.Inbox)
		if err != nil {
			return "", err
		}
		t.Target = id
	}
	if err := (committer(s)).begin(ctx, "restore", t); err != nil {
		return "", err
	}
	after, err := s.box.Move(ctx, s.in.Mailbox, c.ID, to)
	var f *fault.Fault
	if errors.As(err, &f) && f.Class == fault.Gone && to != exchange.Inbox {
		return "", s.folderGone(ctx, t, to, f)
	}
	if err := (mover(s)).classify(ctx, "restore", result{entry: t, after: after, err: err}); err != nil {
		return "", err
	}
	if after == "" {
		after = c.ID
	}
	return after, nil
}

// folderGone writes that the move back found no such folder, or no such message, and asks which: where it is the
// folder, the message goes to the Inbox at the next step.
func (s restorer) folderGone(ctx context.Context, t store.Taken, to exchange.Folder, f *fault.Fault) error {
	_, _, err := s.box.FolderID(ctx, s.in.Mailbox, to)
	var why *fault.Fault
	if errors.As(err, &why) && why.Class == fault.Gone {
		s.sched.dir.learnFolder(s.in.Mailbox, to, folderEntry{until: s.e.now().Add(keepStranger)})
	}
	s.setState(&s.in, t.Message, intent.Kept)
	return failure(s).retry(ctx, "restore", &fault.Fault{Class: fault.Retry, Status: f.Status, Code: f.Code,
		Detail: "the original folder or the message is gone: " + f.Detail})
}

// markRead gives a message its read state back. It may be repeated, so that a lost answer does no harm.
func (s restorer) markRead(ctx context.Context, c exchange.Candidate, t store.Taken) error {
	if c.Read == t.Read {
		return nil
	}
	t.Message = c.ID
	if err := (committer(s)).begin(ctx, "mark_read", t); err != nil {
		return err
	}
	err := s.box.MarkRead(ctx, s.in.Mailbox, c.ID, t.Read)
	return mover(s).classify(ctx, "mark_read", result{entry: t, err: err})
}

// conclude ends a restore.
func (s restorer) conclude(ctx context.Context, endings []string) error {
	outcome := store.Gone
	for _, what := range endings {
		switch {
		case what == putBack || what == backAlready:
			outcome = store.Done
		case what == userDeleted && outcome == store.Gone:
			outcome = store.Skipped
		}
	}
	reason := strings.Join(endings, "; ")
	return s.endAs(ctx, ending{"restore", string(outcome), reason}, outcome, reason)
}
