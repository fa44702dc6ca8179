package retract

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"clawback/config"
	"clawback/retract/exchange"
	"clawback/store"
)

// retract is a retraction: resolve, find, prove, then move what is proven and not far enough out of sight yet.
func (w *work) retract(ctx context.Context) error {
	if why := w.unwanted(); why != "" {
		return w.end(ctx, store.Skipped, why)
	}
	if restoring, err := w.restoring(ctx); err != nil {
		return err
	} else if restoring {
		w.lane.postpone(w.in, 2*time.Second)
		return errEnded
	}
	if err := w.resolve(ctx); err != nil {
		return err
	}
	target, ok := Target(config.Action(w.in.Action))
	if !ok {
		return w.end(ctx, store.Skipped, "the action for its mailbox is "+w.in.Action)
	}
	if why := w.unwanted(); why != "" { // by the rule of its mailbox
		return w.end(ctx, store.Skipped, why)
	}
	if err := w.protectedSender(ctx); err != nil {
		return err
	}
	hits, err := w.find(ctx, target)
	if err != nil {
		return err
	}
	found, err := w.identify(ctx, hits)
	if err != nil {
		return err
	}
	if len(found.same) == 0 {
		return w.absent(ctx, found, target)
	}
	return w.moveAll(ctx, found, target)
}

// restoring reports whether a restore of this mailbox's message is in doubt: what it did must be known first.
func (w *work) restoring(ctx context.Context) (bool, error) {
	if w.in.Round <= 1 {
		return false, nil
	}
	back, err := w.e.o.Store.Intent(ctx, store.IntentID(w.in.Record, fold(w.in.Address), store.Restore))
	if err != nil && !errors.Is(err, store.ErrNotFound) {
		return false, fmt.Errorf("look for a restore: %w", &storeError{err})
	}
	return err == nil && back.Unknown && !back.Outcome.Final(), nil
}

// unwanted says why nothing is to be done, as things are now; "" when something is.
func (w *work) unwanted() string {
	switch {
	case w.in.Cancelled != "":
		return "cancelled before it was done: " + w.in.Cancelled
	case w.rec.Pinned != "" && w.in.By == "":
		return "the record is pinned (" + w.rec.Pinned + "): no automatism touches it"
	case w.tenant.Mode != "live":
		return "the tenant is in dry-run mode: nothing is taken"
	case !internal(w.tenant, w.in.Address):
		return "external recipient: " + fold(w.in.Address) + " is in none of the tenant's domains"
	case w.in.By == "" && len(w.in.Taken) == 0 && tooOld(w.rec.Received, w.in.Limit.MaxAge, w.e.now()) != "":
		return tooOld(w.rec.Received, w.in.Limit.MaxAge, w.e.now())
	case w.rec.MessageID == "":
		return "the message has no Message-ID: it cannot be looked up"
	}
	return exempt(w.tenant, w.in.Address)
}

// find lists the messages with the record's Message-ID. Sent Items and Drafts are left alone; Recoverable Items are
// looked into where the action can go further than that: first, so that what comes into sight meanwhile is seen.
func (w *work) find(ctx context.Context, target exchange.Folder) ([]exchange.Candidate, error) {
	var deeper []exchange.Candidate
	var err error
	if target == exchange.Purges {
		if deeper, err = w.look(ctx, exchange.Deletions); err != nil {
			return nil, fmt.Errorf("find in Recoverable Items: %w", err)
		}
	}
	hits, err := w.look(ctx, "")
	if err != nil {
		return nil, fmt.Errorf("find: %w", err)
	}
	return w.received(ctx, withHits(hits, deeper)) // one that is in both its user has just brought back
}

// look finds the messages of the mailbox that have one of the record's Message-IDs, in a folder or, for "", in all that a
// user sees.
func (w *work) look(ctx context.Context, in exchange.Folder) ([]exchange.Candidate, error) {
	var hits []exchange.Candidate
	for _, id := range w.messageIDs() {
		more, err := w.box.Find(ctx, w.in.Mailbox, id, in)
		if err != nil {
			return nil, err
		}
		hits = withHits(hits, more)
	}
	return hits, nil
}

// messageIDs are those under which a mailbox may have the message: its own first. A report that names another one than
// the original's header is odd, and the mailbox keeps whichever Exchange took.
func (w *work) messageIDs() []string { return append([]string{w.rec.MessageID}, w.rec.AlternateIDs...) }

// withHits adds hits that are not there yet.
func withHits(hits, more []exchange.Candidate) []exchange.Candidate {
	for _, c := range more {
		if !slices.ContainsFunc(hits, func(h exchange.Candidate) bool { return h.ID == c.ID }) {
			hits = append(hits, c)
		}
	}
	return hits
}

// received leaves out what the mailbox's owner wrote: drafts, and copies in Sent Items.
func (w *work) received(ctx context.Context, hits []exchange.Candidate) ([]exchange.Candidate, error) {
	var list []exchange.Candidate
	for _, c := range hits {
		named := func(id string) bool { return strings.EqualFold(strings.TrimSpace(c.InternetMessageID), id) }
		if c.Draft || c.InternetMessageID != "" && !slices.ContainsFunc(w.messageIDs(), named) {
			continue
		}
		skip, err := w.sentOrDraft(ctx, c, len(hits))
		if err != nil {
			return nil, err
		}
		if !skip {
			list = append(list, c)
		}
	}
	return list, nil
}

// sentOrDraft reports whether a hit lies in Sent Items or Drafts. Their ids are asked for only where it may: one hit, with the
// headers that only received mail has, of a message that came from outside, is not one.
func (w *work) sentOrDraft(ctx context.Context, c exchange.Candidate, hits int) (bool, error) {
	if hits == 1 && len(c.NetworkMessageIDs) > 0 && strings.EqualFold(w.rec.Direction, "inbound") {
		return false, nil
	}
	for _, f := range []exchange.Folder{exchange.SentItems, exchange.Drafts} {
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

// identified is what the identity check made of the hits.
type identified struct{ same, different, uncertain []match }

// reasons joins what is said of identified.
func reasons(lists ...[]match) string {
	var all []string
	for _, m := range slices.Concat(lists...) {
		all = append(all, m.reason)
	}
	return strings.Join(all, "; ")
}

// identify compares each hit with the record.
func (w *work) identify(ctx context.Context, hits []exchange.Candidate) (identified, error) {
	var f identified
	for _, c := range hits {
		m, err := w.identifyOne(ctx, c)
		switch {
		case err != nil:
			return identified{}, err
		case m.is == same:
			f.same = append(f.same, m)
		case m.is == different:
			f.different = append(f.different, m)
		default:
			f.uncertain = append(f.uncertain, m)
		}
	}
	return f, nil
}

func (w *work) identifyOne(ctx context.Context, c exchange.Candidate) (match, error) {
	if w.match == nil {
		w.match = &matcher{mailboxes: w.box, lookup: w.e.o.Store.Lookup, originals: w.e.o.Originals,
			tags: w.tenant.SubjectTags, mailbox: w.in.Mailbox, rec: w.rec}
	}
	m, err := w.match.check(ctx, c)
	if m.is == uncertain && err == nil && w.in.Approved != "" && w.in.Hold == HoldIdentity && w.in.Message == c.ID {
		m.is, m.proof = same, store.ByPerson // who has looked at this very message
	}
	return m, err
}

// moveAll moves the proven messages that are not far enough out of sight.
func (w *work) moveAll(ctx context.Context, f identified, target exchange.Folder) error {
	chosen, err := w.choose(ctx, f.same, target)
	if err != nil {
		return err
	}
	todo := chosen.todo
	if len(todo) == 0 {
		if chosen.already == "" {
			return w.end(ctx, store.Skipped, chosen.left)
		}
		return w.end(ctx, store.Done, chosen.already+f.leftAlone())
	}
	w.in.Campaigns = campaignsOf(w.tenant, w.rec)
	stopped, err := w.e.brake.reserve(ctx, w.tenant, w.in, w.e.now())
	if err != nil {
		return err
	}
	if !stopped.none() {
		return w.holdByBrake(ctx, stopped)
	}
	for i, c := range todo {
		last := ""
		if i == len(todo)-1 {
			last = takenTo(target, w.e.now()) + plural(len(todo)) + f.leftAlone()
		}
		if err := w.move(ctx, c, target, last); err != nil {
			return err
		}
	}
	return errEnded
}

func plural(n int) string {
	if n == 1 {
		return ""
	}
	return fmt.Sprintf(" (%d copies)", n)
}

// leftAlone says what was left alone beside the message.
func (f identified) leftAlone() string {
	if n := len(f.different) + len(f.uncertain); n > 0 {
		return fmt.Sprintf("; %d other with this Message-ID left alone: %s", n, reasons(f.different, f.uncertain))
	}
	return ""
}

// chosen is what choose made of the proven hits.
type chosen struct {
	todo    []match
	already string // why nothing is to be done about the last one that was far enough
	left    string // why the last one was left where it is by the rule
}

// choose leaves out what lies at the target or beyond, and what the rule spares: read, or older than its max_age.
func (w *work) choose(ctx context.Context, mine []match, target exchange.Folder) (c chosen, err error) {
	for _, hit := range mine {
		at, err := w.placeOf(ctx, hit.Candidate, target)
		if err != nil {
			return chosen{}, err
		}
		spared := w.sparedByRule(hit.Candidate)
		switch {
		case exchange.Satisfied(exchange.RankOf(at), exchange.RankOf(target)):
			c.already = w.atRest([]match{hit}, at)
		case w.back(hit.Candidate):
			c.already = "nothing to do: it lies in a folder to which its user has brought it back"
		case spared != "":
			c.left = spared
		default:
			c.todo = append(c.todo, hit)
		}
	}
	return c, nil
}

// sparedByRule says why the rule leaves a hit alone; "" when it does not, or a person asked. The mailbox knows best when
// the message was delivered: its report can be hours late.
func (w *work) sparedByRule(c exchange.Candidate) string {
	switch {
	case w.in.By != "":
		return ""
	case w.in.Limit.UnreadOnly && c.Read:
		return "already read, and the rule is unread_only"
	case len(w.in.Taken) > 0:
		return ""
	}
	return tooOld(c.Received, w.in.Limit.MaxAge, w.e.now())
}

// placeOf gives the well-known folder in which a hit lies, as far as it matters: what Find lists is outside Recoverable
// Items, so that for a target in there no folder has to be asked for.
func (w *work) placeOf(ctx context.Context, c exchange.Candidate, target exchange.Folder) (exchange.Folder, error) {
	folders := []exchange.Folder{exchange.JunkEmail, exchange.Deleted}
	switch target {
	case exchange.Deletions:
		return exchange.Folder(c.Folder), nil
	case exchange.Purges:
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
	return exchange.Folder(c.Folder), nil
}
