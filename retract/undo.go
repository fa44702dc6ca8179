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

// recoverable says how long Exchange keeps what lies in Recoverable Items: 14 days unless an administrator has set up
// to 30, longer under a hold.
const (
	recoverableDays    = 14
	recoverableMaxDays = 30
)

// restoreOf is the restore that undoes a retraction. Old is the intent of an earlier restore of it, or zero.
func restoreOf(in, old store.Intent, now time.Time) store.Intent {
	back := reopen(old, now)
	back.ID = store.IntentID(in.Record, fold(in.Address), store.Restore)
	back.Record, back.Tenant, back.Address, back.Mailbox = in.Record, in.Tenant, in.Address, in.Mailbox
	back.Kind, back.Action, back.Severity, back.Round = store.Restore, "restore", in.Severity, in.Round
	back.Message, back.OriginalFolder, back.FolderName, back.WasRead = in.Message, in.OriginalFolder, in.FolderName, in.WasRead
	back.Taken = nil
	for _, t := range in.Taken {
		if t.State == moved || t.State == earlier || t.State == trying || t.State == missing || t.Tried != "" {
			back.Taken = append(back.Taken, store.Taken{Message: t.Message, Folder: t.Target, FolderName: t.FolderName,
				Target: t.Folder, Tried: t.Tried, Read: t.Read, Received: t.Received, Proof: t.Proof})
		}
	}
	return back
}

// beyond says what can still be done about a hard-deleted message; "" when it was not hard-deleted.
func beyond(in store.Intent) string {
	purged, first := false, in.Changed // when the first of its messages was purged
	for _, t := range in.Taken {
		if t.Target != string(exchange.Purges) || t.State == kept || t.State == stayed {
			continue
		}
		purged = true
		if !t.At.IsZero() && t.At.Before(first) {
			first = t.At
		}
	}
	if !purged {
		return ""
	}
	return "hard-deleted: " + recoverableUntil(first)
}

// recoverableUntil says where a message is that was purged at a time, and who can still recover it.
func recoverableUntil(at time.Time) string {
	return fmt.Sprintf(`it lies in Recoverable Items\Purges of the mailbox, from where clawback does not restore. `+
		`An administrator can recover it by eDiscovery, or by Get-RecoverableItems -SourceFolder PurgedItems, until %s `+
		`(%s where the retention was raised to %d days; longer under a hold)`,
		at.AddDate(0, 0, recoverableDays).Format(time.DateOnly),
		at.AddDate(0, 0, recoverableMaxDays).Format(time.DateOnly), recoverableMaxDays)
}

// takenTo is the reason of an intent whose message was taken at a time.
func takenTo(target exchange.Folder, at time.Time) string {
	if target == exchange.Purges {
		return "taken to " + exchange.Place(target) + ": " + recoverableUntil(at)
	}
	return "taken to " + exchange.Place(target)
}

// takenAs is that reason for a message whose move is on record.
func takenAs(t store.Taken) string {
	reason := takenTo(exchange.Folder(t.Target), t.At)
	if t.Found {
		reason += " (the answer was lost; it was found there, and it can be restored)"
	}
	return reason
}

// giveBack is a restore: each message that was taken goes back to its folder, with its read state.
func (w *work) giveBack(ctx context.Context) error {
	source, err := w.e.o.Store.Intent(ctx, store.IntentID(w.in.Record, fold(w.in.Address), store.Retract))
	if err != nil {
		return &storeError{err}
	}
	if source.Unknown && !source.Outcome.Final() {
		w.lane.postpone(w.in, 2*time.Second) // what it did is being verified
		return errEnded
	}
	w.in.Mailbox = source.Mailbox
	w.in.Taken = joinTaken(w.in.Taken, restoreOf(source, store.Intent{}, w.e.now()).Taken)
	if len(w.in.Taken) == 0 {
		return w.end(ctx, store.Skipped, "nothing to restore: nothing was taken from this mailbox")
	}
	if why := beyond(source); why != "" {
		return w.end(ctx, store.Failed, why)
	}
	var told []string
	for _, t := range w.in.Taken {
		if w.in.Cancelled != "" {
			return w.goBackNoFurther(ctx)
		}
		what, err := w.giveBackOne(ctx, t)
		if err != nil {
			return err
		}
		told = append(told, what)
	}
	return w.restored(ctx, told)
}

// goBackNoFurther ends a restore that was called off while it was in doubt: what that did is known by now.
func (w *work) goBackNoFurther(ctx context.Context) error {
	back := 0
	for _, t := range w.in.Taken {
		if t.State == moved {
			back++
		}
	}
	outcome := store.Skipped
	reason := fmt.Sprintf("cancelled when %d of %d messages were back: %s", back, len(w.in.Taken), w.in.Cancelled)
	if back == len(w.in.Taken) {
		outcome, reason = store.Done, "put back before it was called off: "+w.in.Cancelled
	}
	err := w.write(ctx, ending{"restore", string(outcome), reason}, func(in *store.Intent) {
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

// giveBackOne restores one message and says how it ended.
func (w *work) giveBackOne(ctx context.Context, t store.Taken) (string, error) {
	c, err := w.box.Locate(ctx, w.in.Mailbox, t.Message)
	var f *fault.Fault
	if errors.As(err, &f) && f.Class == fault.Gone {
		if c, err = w.byFolder(ctx, t); err == nil && c.ID == "" {
			return nowhere, nil
		}
	}
	if err != nil {
		return "", fmt.Errorf("locate: %w", err)
	}
	what, err := w.fate(ctx, c, t)
	if err != nil || what == userDeleted {
		return what, err
	}
	if what == putBack {
		if c.ID, err = w.moveBack(ctx, c, t); err != nil {
			return "", err
		}
	}
	return what, w.markRead(ctx, c, t)
}

// byFolder finds a message whose id answers 404: in the folder to which it was taken, then in Recoverable Items, then
// anywhere else. Another copy, which the user may have put there, came at another time; and one that has an entry of its own
// goes back by that.
func (w *work) byFolder(ctx context.Context, t store.Taken) (exchange.Candidate, error) {
	for i, in := range []exchange.Folder{exchange.Folder(t.Folder), exchange.Deletions, ""} {
		if i > 0 && string(in) == t.Folder {
			continue
		}
		hits, err := w.look(ctx, in)
		if err != nil {
			return exchange.Candidate{}, fmt.Errorf("find by folder: %w", err)
		}
		f, err := w.identify(ctx, hits)
		if err != nil {
			return exchange.Candidate{}, err
		}
		for _, c := range f.same {
			if (c.ID == t.Message || !w.mentions(c.ID)) && (t.Received.IsZero() || t.Received.Equal(c.Received)) {
				return c.Candidate, nil
			}
		}
	}
	return exchange.Candidate{}, nil
}

// fate decides by where the message lies now. Where the user has put it since, it stays.
func (w *work) fate(ctx context.Context, c exchange.Candidate, t store.Taken) (string, error) {
	if c.Folder == t.Target {
		return backAlready, nil
	}
	at, err := w.folderID(ctx, exchange.Folder(t.Folder))
	if err != nil {
		return "", err
	}
	if at == c.Folder {
		return putBack, nil
	}
	if t.Tried != "" { // a call that was carried out late
		if at, err = w.folderID(ctx, exchange.Folder(t.Tried)); err != nil || at == c.Folder {
			return putBack, err
		}
	}
	for _, f := range []exchange.Folder{exchange.JunkEmail, exchange.Deleted, exchange.Deletions, exchange.Purges} {
		id, err := w.folderID(ctx, f)
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
func (w *work) moveBack(ctx context.Context, c exchange.Candidate, t store.Taken) (string, error) {
	to := exchange.Folder(t.Target)
	e, err := w.folder(ctx, to)
	if err != nil {
		return "", err
	}
	if e.id == "" {
		to = exchange.Inbox
	}
	t.FolderName = e.name
	return w.moveTo(ctx, c, t, to)
}

// moveTo is the restore's C3, call and C4.
func (w *work) moveTo(ctx context.Context, c exchange.Candidate, t store.Taken, to exchange.Folder) (string, error) {
	w.rename(&w.in, t.Message, c.ID)
	t.Message = c.ID
	if to == exchange.Inbox {
		id, err := w.folderID(ctx, exchange.Inbox)
		if err != nil {
			return "", err
		}
		t.Target = id
	}
	if err := w.begin(ctx, "restore", t); err != nil {
		return "", err
	}
	after, err := w.box.Move(ctx, w.in.Mailbox, c.ID, to)
	var f *fault.Fault
	if errors.As(err, &f) && f.Class == fault.Gone && to != exchange.Inbox {
		return "", w.folderGone(ctx, t, to, f)
	}
	if err := w.commit(ctx, "restore", result{entry: t, after: after, err: err}); err != nil {
		return "", err
	}
	if after == "" {
		after = c.ID
	}
	return after, nil
}

// folderGone writes that the move back found no such folder, or no such message, and asks which: where it is the folder,
// the message goes to the Inbox at the next step.
func (w *work) folderGone(ctx context.Context, t store.Taken, to exchange.Folder, f *fault.Fault) error {
	_, _, err := w.box.FolderID(ctx, w.in.Mailbox, to)
	var why *fault.Fault
	if errors.As(err, &why) && why.Class == fault.Gone {
		w.lane.dir.learnFolder(w.in.Mailbox, to, folderEntry{until: w.e.now().Add(keepStranger)})
	}
	w.setState(&w.in, t.Message, kept)
	return w.retry(ctx, "restore", &fault.Fault{Class: fault.Retry, Status: f.Status, Code: f.Code,
		Detail: "the original folder or the message is gone: " + f.Detail})
}

// markRead gives a message its read state back. It may be repeated, so that a lost answer does no harm.
func (w *work) markRead(ctx context.Context, c exchange.Candidate, t store.Taken) error {
	if c.Read == t.Read {
		return nil
	}
	t.Message = c.ID
	if err := w.begin(ctx, "mark_read", t); err != nil {
		return err
	}
	err := w.box.MarkRead(ctx, w.in.Mailbox, c.ID, t.Read)
	return w.commit(ctx, "mark_read", result{entry: t, err: err})
}

// restored ends a restore.
func (w *work) restored(ctx context.Context, told []string) error {
	outcome := store.Gone
	for _, what := range told {
		switch {
		case what == putBack || what == backAlready:
			outcome = store.Done
		case what == userDeleted && outcome == store.Gone:
			outcome = store.Skipped
		}
	}
	reason := strings.Join(told, "; ")
	return w.endAs(ctx, ending{"restore", string(outcome), reason}, outcome, reason)
}
