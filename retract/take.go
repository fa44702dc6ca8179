package retract

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"clawback/config"
	"clawback/store"
)

// take is a retraction: resolve, find, prove, then move what is proven and not far enough out of sight yet.
func (w *work) take(ctx context.Context) error {
	target, ok := Target(config.Action(w.in.Action))
	if why := w.unwanted(ok); why != "" {
		return w.end(ctx, store.Skipped, why)
	}
	if w.restoring() {
		w.lane.postpone(w.in, 2*time.Second)
		return errEnded
	}
	if err := w.resolve(ctx); err != nil {
		return err
	}
	hits, err := w.find(ctx, target)
	if err != nil {
		return err
	}
	found, err := w.sort(ctx, hits)
	if err != nil {
		return err
	}
	if len(found.mine) == 0 {
		return w.absent(ctx, found, target)
	}
	return w.takeAll(ctx, found, target)
}

// restoring reports whether a restore of this mailbox's message is in doubt: what it did must be known first.
func (w *work) restoring() bool {
	if w.in.Round <= 1 {
		return false
	}
	back, err := w.e.o.Store.Intent(store.IntentID(w.in.Record, fold(w.in.Address), store.Restore))
	return err == nil && back.Unknown
}

// unwanted says why nothing is to be done, as things are now; "" when something is.
func (w *work) unwanted(acts bool) string {
	switch {
	case w.in.Cancelled != "":
		return "cancelled before it was done: " + w.in.Cancelled
	case !acts:
		return "the action is " + w.in.Action
	case w.rec.Pinned != "" && w.in.By == "":
		return "the record is pinned (" + w.rec.Pinned + "): no automatism touches it"
	case w.tenant.Mode != "live":
		return "the tenant is in dry-run mode: nothing is taken"
	case !internal(w.tenant, w.in.Address):
		return "external recipient: " + fold(w.in.Address) + " is in none of the tenant's domains"
	case w.in.By == "" && len(w.in.Taken) == 0 && tooOld(w.rec, w.in.Limit.MaxAge, w.e.now()) != "":
		return tooOld(w.rec, w.in.Limit.MaxAge, w.e.now())
	case w.rec.MessageID == "":
		return "the message has no Message-ID: it cannot be looked up"
	}
	return exempt(w.tenant, w.in.Address)
}

// find lists the messages with the record's Message-ID. Sent Items and Drafts are left alone; Recoverable Items are
// looked into where the action can go further than that.
func (w *work) find(ctx context.Context, target Folder) ([]Candidate, error) {
	hits, err := w.box.Find(ctx, w.in.Mailbox, w.rec.MessageID, "")
	if err != nil {
		return nil, fmt.Errorf("find: %w", err)
	}
	if target == Purges {
		deeper, err := w.box.Find(ctx, w.in.Mailbox, w.rec.MessageID, Deletions)
		if err != nil {
			return nil, fmt.Errorf("find in Recoverable Items: %w", err)
		}
		hits = append(hits, deeper...)
	}
	return w.received(ctx, hits)
}

// received leaves out what the mailbox's owner wrote: drafts, and copies in Sent Items.
func (w *work) received(ctx context.Context, hits []Candidate) ([]Candidate, error) {
	var list []Candidate
	for _, c := range hits {
		if c.Draft || c.InternetMessageID != "" && !strings.EqualFold(strings.TrimSpace(c.InternetMessageID), w.rec.MessageID) {
			continue
		}
		own, err := w.own(ctx, c, len(hits))
		if err != nil {
			return nil, err
		}
		if !own {
			list = append(list, c)
		}
	}
	return list, nil
}

// own reports whether a hit lies in Sent Items or Drafts. Their ids are asked for only where it may: one hit, with the
// headers that only received mail has, of a message that came from outside, is not one.
func (w *work) own(ctx context.Context, c Candidate, hits int) (bool, error) {
	if hits == 1 && len(c.NetworkMessageIDs) > 0 && strings.EqualFold(w.rec.Direction, "inbound") {
		return false, nil
	}
	for _, f := range []Folder{SentItems, Drafts} {
		id, err := w.folderID(ctx, f)
		if err != nil {
			return false, err
		}
		if id != "" && c.Folder == id {
			return true, nil
		}
	}
	return false, nil
}

// found is what the identity check made of the hits.
type found struct {
	mine   []Candidate
	others []string // why, for each that is another message
	doubts []string // why, for each that cannot be told
	doubt  string   // id of the first of these
}

// sort proves each hit to be the record's, or not.
func (w *work) sort(ctx context.Context, hits []Candidate) (found, error) {
	var f found
	for _, c := range hits {
		answer, why, err := w.prove(ctx, c)
		switch {
		case err != nil:
			return found{}, err
		case answer == proven:
			f.mine = append(f.mine, c)
		case answer == other:
			f.others = append(f.others, why)
		default:
			f.doubts = append(f.doubts, why)
			if f.doubt == "" {
				f.doubt = c.ID
			}
		}
	}
	return f, nil
}

func (w *work) prove(ctx context.Context, c Candidate) (proof, string, error) {
	if w.match == nil {
		w.match = &matcher{mailboxes: w.box, lookup: w.e.o.Store.Lookup, originals: w.e.o.Originals,
			mailbox: w.in.Mailbox, rec: w.rec}
	}
	answer, why, err := w.match.check(ctx, c)
	if answer == doubtful && err == nil && w.in.Approved != "" && w.in.Hold == HoldIdentity && w.in.Message == c.ID {
		return proven, "", nil // a person has looked at this very message
	}
	return answer, why, err
}

// takeAll moves the proven messages that are not far enough out of sight.
func (w *work) takeAll(ctx context.Context, f found, target Folder) error {
	todo, already, read, err := w.choose(ctx, f.mine, target)
	if err != nil {
		return err
	}
	if len(todo) == 0 {
		if already == "" {
			return w.end(ctx, store.Skipped, fmt.Sprintf("already read, and the rule is unread_only (%d)", read))
		}
		return w.end(ctx, store.Done, "nothing to do: it lies in "+already+f.rest())
	}
	why, err := w.e.brake.reserve(w.tenant, w.in, w.e.now())
	if err != nil {
		return err
	}
	if why != "" {
		w.e.alert(Alert{Kind: "brake", Tenant: w.in.Tenant, Text: "retractions are held for approval: " + why}, brakeSubject(why, w.in))
		return w.hold(ctx, HoldBrake, why)
	}
	for i, c := range todo {
		last := ""
		if i == len(todo)-1 {
			last = fmt.Sprintf("taken to %s%s%s", Place(target), plural(len(todo)), f.rest())
		}
		if err := w.move(ctx, c, target, last); err != nil {
			return err
		}
	}
	return errEnded
}

// brakeSubject makes one alert for a tenant's limits, and one for each message that passes its own.
func brakeSubject(why string, in store.Intent) string {
	if strings.Contains(why, "mailboxes_per_mail") {
		return in.Record
	}
	return ""
}

func plural(n int) string {
	if n == 1 {
		return ""
	}
	return fmt.Sprintf(" (%d copies)", n)
}

// rest says what was left alone beside the message.
func (f found) rest() string {
	if n := len(f.others) + len(f.doubts); n > 0 {
		return fmt.Sprintf("; %d other with this Message-ID left alone: %s", n, strings.Join(append(f.others, f.doubts...), "; "))
	}
	return ""
}

// choose leaves out what lies at the target or beyond, and what was read where the rule says unread only. Already names
// the place of the last one that was far enough.
func (w *work) choose(ctx context.Context, mine []Candidate, target Folder) (todo []Candidate, already string, read int, err error) {
	for _, c := range mine {
		at, err := w.placeOf(ctx, c, target)
		if err != nil {
			return nil, "", 0, err
		}
		switch {
		case Satisfied(RankOf(at), RankOf(target)):
			already = Place(at)
		case w.in.Limit.UnreadOnly && c.Read && w.in.By == "":
			read++
		default:
			todo = append(todo, c)
		}
	}
	return todo, already, read, nil
}

// placeOf gives the well-known folder in which a hit lies, as far as it matters: what Find lists is outside Recoverable
// Items, so that for a target in there no folder has to be asked for.
func (w *work) placeOf(ctx context.Context, c Candidate, target Folder) (Folder, error) {
	folders := []Folder{JunkEmail, Deleted}
	switch target {
	case Deletions:
		return Folder(c.Folder), nil
	case Purges:
		folders = nil
	}
	for _, f := range folders {
		id, err := w.folderID(ctx, f)
		if err != nil {
			return "", err
		}
		if id != "" && c.Folder == id {
			return f, nil
		}
	}
	return Folder(c.Folder), nil
}

// move is one message's move: C3, the call, C4. Last is the reason of the intent when this is its last message; with ""
// the step goes on.
func (w *work) move(ctx context.Context, c Candidate, target Folder, last string) error {
	entry, err := w.entry(ctx, c, target)
	if err != nil {
		return err
	}
	if wait := w.lane.gated(w.in.Mailbox); wait > 0 {
		return &closed{wait}
	}
	operation := "move"
	if target == Purges && !w.byMove() {
		operation = "permanentDelete"
	}
	if err := w.begin(ctx, operation, entry); err != nil {
		return err
	}
	w.e.brake.release(w.in.ID) // the store counts it from C3 on
	after := ""
	if operation == "move" {
		after, err = w.box.Move(ctx, w.in.Mailbox, c.ID, target)
	} else {
		err = w.box.Purge(ctx, w.in.Mailbox, c.ID)
	}
	return w.answered(ctx, operation, answer{entry: entry, after: after, err: err, last: last})
}

// byMove reports whether a Purge was refused before by a cloud that has none, and the configuration allows the move.
func (w *work) byMove() bool {
	return w.tenant.Graph.PurgesByMove && w.lane.dir.noPurge()
}

// entry is what undo will need. The original folder of a message that an earlier round moved is the first one.
func (w *work) entry(ctx context.Context, c Candidate, target Folder) (store.Taken, error) {
	t := store.Taken{Message: c.ID, Folder: c.Folder, Read: c.Read, Target: string(target)}
	if name, ok := w.lane.dir.folder(w.in.Mailbox, Folder(c.Folder), w.e.now()); ok {
		t.FolderName = name.name
	}
	for _, old := range w.in.Taken {
		if old.Message != c.ID || old.State != earlier && old.State != moved {
			continue
		}
		at, err := w.folderID(ctx, Folder(old.Target))
		if err != nil {
			return t, err
		}
		if at == c.Folder {
			t.Folder, t.FolderName, t.Read = old.Folder, old.FolderName, old.Read
		}
	}
	return t, nil
}

// answer is what came of a call that changes something.
type answer struct {
	entry store.Taken
	after string // the message's id now
	err   error
	last  string
}

// answered writes C4 for each kind of answer.
func (w *work) answered(ctx context.Context, operation string, a answer) error {
	var (
		f      *Fault
		notNow *closed
	)
	switch {
	case a.err == nil:
		return w.succeeded(ctx, operation, a)
	case errors.As(a.err, &notNow):
		w.setState(&w.in, a.entry.Message, kept)
		return w.retry(ctx, operation, &Fault{Class: Retry, After: notNow.wait, Detail: "not called: the server asks to wait"})
	case !errors.As(a.err, &f):
		return w.doubtful(ctx, operation, a.err.Error())
	case f.Class == Unknown:
		return w.doubtful(ctx, operation, f.Error())
	case f.Class == Gone:
		w.setState(&w.in, a.entry.Message, missing)
		return w.vanished(ctx, operation, f)
	}
	w.setState(&w.in, a.entry.Message, kept)
	if f.Class == GiveUp && f.Code == noPermanentDelete {
		return w.cannotPurge(ctx, operation, f)
	}
	return w.faulted(ctx, operation, f)
}

func (w *work) succeeded(ctx context.Context, operation string, a answer) error {
	err := w.write(ctx, ending{operation, string(store.Done), a.last}, func(in *store.Intent) {
		w.setState(in, a.entry.Message, moved)
		w.rename(in, a.entry.Message, a.after)
		in.Unknown, in.Faults, in.FaultSince = w.undecided(*in), 0, time.Time{}
		in.NotBefore = w.e.now()
		if a.last != "" {
			in.Outcome, in.Reason, in.NotBefore = store.Done, a.last, time.Time{}
		}
	})
	return err
}

// rename gives an entry the id that the message has after its move.
func (w *work) rename(in *store.Intent, before, after string) {
	if after == "" || after == before {
		return
	}
	for i := range in.Taken {
		if in.Taken[i].Message == before {
			in.Taken[i].Message = after
		}
	}
	if in.Message == before {
		in.Message = after
	}
}

// vanished writes that the id was not there: the next step looks where the message is.
func (w *work) vanished(ctx context.Context, operation string, f *Fault) error {
	err := w.write(ctx, ending{operation, string(store.Gone), f.Error()}, func(in *store.Intent) {
		in.Unknown, in.NotBefore = true, w.e.now()
		in.Reason = "it was moved before it could be taken, to be looked for: " + f.Error()
	})
	return cmp.Or(err, errEnded)
}

// cannotPurge goes on by a move to Purges where that is allowed.
func (w *work) cannotPurge(ctx context.Context, operation string, f *Fault) error {
	if !w.tenant.Graph.PurgesByMove {
		reason := "this cloud has no permanentDelete, and purges_by_move is off: " + f.Error()
		return w.endAs(ctx, ending{operation, string(store.Failed), f.Error()}, store.Failed, reason)
	}
	w.lane.dir.setNoPurge()
	err := w.write(ctx, ending{operation, "retry", f.Error()}, func(in *store.Intent) {
		in.Unknown, in.NotBefore = w.undecided(*in), w.e.now()
		in.Reason = `this cloud has no permanentDelete: to be moved to Recoverable Items\Purges`
	})
	return cmp.Or(err, errEnded)
}
