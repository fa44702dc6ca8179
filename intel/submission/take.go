package submission

import (
	"cmp"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"time"

	"clawback/journal"
	"clawback/journal/identity"
	"clawback/spool"
	"clawback/store"
)

// Bounds (I4, I5).
const (
	maxTaught   = 20 // messages that one trusted reporter teaches in 24 hours
	maxCampaign = 30 // messages of one campaign that all of them teach in 24 hours
	maxKept     = 2_000
	maxUnproven = 200
)

// Letter is a user's mail that reports messages.
type Letter struct {
	Tenant    string
	Via       string // address or mailbox that it was sent to
	Claim     string // as config.Submission says
	Trusted   []string
	Body      spool.Ref   // what was accepted
	Journaled bool        // that is a journal report of the user's mail
	Octets    io.ReaderAt // the user's mail
	Size      int64
	Sender    string // of its envelope
	Unproven  string // why it is not believed to come from the tenant's organisation
	Received  time.Time
}

// Taken is a submission as it is kept, and whether it is new.
type Taken struct {
	Submission
	Fresh bool
}

// Take keeps what a letter reports. Doing it again changes nothing. It is nothing when the letter has no message
// attached and names none.
func (d *Desk) Take(ctx context.Context, l Letter) (taken []Taken, err error) {
	t, ok := d.o.Tenant(l.Tenant)
	if !ok {
		return nil, fmt.Errorf("tenant %q is not in the configuration", l.Tenant)
	}
	e := open(t, l)
	copies, err := journal.Attachments(l.Octets, l.Size)
	if err != nil {
		return nil, err
	}
	all, err := reportedBy(l, e, copies, t.SubjectTags)
	if err != nil {
		return nil, err
	}
	for _, r := range all {
		one, err := d.submit(ctx, r)
		if err != nil {
			return taken, err
		}
		taken = append(taken, one)
	}
	return taken, nil
}

// reported is one message of a letter.
type reported struct {
	Submission
	copy    identity.Message // as it is attached; zero when it is not
	named   string           // network message id of the letter's subject
	digest  string           // of the copy
	trusted bool             // the reporter's word may teach
}

func reportedBy(l Letter, e envelope, copies []journal.Original, tags []string) (all []reported, err error) {
	r := reported{named: e.network, trusted: slices.Contains(l.Trusted, e.reporter), digest: "named " + e.network}
	r.Submission = Submission{Tenant: l.Tenant, Claim: e.claim, Reporter: e.reporter, Unproven: e.unproven, Via: l.Via,
		At: l.Received.UTC().Round(0), Body: l.Body, Journaled: l.Journaled, Attached: -1, State: Open}
	if len(copies) == 0 && e.network != "" { // such as one in Outlook's own format, which is not read
		return []reported{r}, nil
	}
	for i, c := range copies {
		if len(copies) > 1 {
			r.named = "" // of which of them is not known
		}
		if r.copy, err = identity.Of(c.Open(l.Octets), tags...); err != nil {
			return nil, err
		}
		r.Attached, r.digest = i, hex.EncodeToString(c.SHA256[:])
		r.From, r.Subject, r.MessageID = short(r.copy.From), short(r.copy.Subject), short(r.copy.MessageID)
		all = append(all, r)
	}
	return all, nil
}

// short bounds a foreign text that is kept for a person.
func short(s string) string {
	runes := []rune(strings.ToValidUTF8(s, "\uFFFD"))
	return string(runes[:min(len(runes), 300)])
}

// submit keeps one message.
func (d *Desk) submit(ctx context.Context, r reported) (Taken, error) {
	rec, how, err := d.find(ctx, r.Tenant, r.copy, r.named)
	if err != nil {
		return Taken{}, err
	}
	if rec.ID != "" {
		r.Record, r.Matched, r.Recipient, r.Judged = rec.ID, how, receivedBy(rec, r.Reporter), rec.Verdict.Disposition
		r.From, r.Subject, r.MessageID = rec.From, rec.Subject, rec.MessageID
	}
	r.identify(cmp.Or(rec.ID, r.digest))
	if row, err := d.o.Store.Submission(ctx, r.Tenant, r.ID); err == nil {
		return Taken{Submission: Submission(row)}, nil
	} else if !errors.Is(err, store.ErrNotFound) {
		return Taken{}, fmt.Errorf("read submission: %w", err)
	}
	if rec.ID != "" && r.proven() {
		v, err := d.o.Judge.Again(ctx, rec, string(r.Claim))
		switch {
		case errors.Is(err, store.ErrRead):
			// What is known of the sender was not read: judged without it, it would say less.
			return Taken{}, fmt.Errorf("judge again: %w", err)
		case err == nil:
			r.Again = v.Disposition
		}
	}
	return d.keep(context.WithoutCancel(ctx), r) // judging again may have used up the time
}

// keep writes a submission once, with what follows from it.
func (d *Desk) keep(ctx context.Context, r reported) (Taken, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	list, err := d.List(ctx, r.Tenant)
	if err != nil {
		return Taken{}, err
	}
	if i := slices.IndexFunc(list, func(s Submission) bool { return s.ID == r.ID }); i >= 0 {
		return Taken{list[i], false}, nil
	}
	edit := Edit{Remove: crowded(list, r.Submission)}
	if r.trusted && r.proven() {
		if r.NotLearned, err = d.mayNotTeach(ctx, list, r.Submission); err != nil {
			return Taken{}, err
		}
		if r.NotLearned == "" {
			return d.teach(ctx, r.Submission, edit)
		}
	}
	if against := contradicted(list, r.Submission); len(against) > 0 {
		return d.unteach(ctx, r.Submission, against, edit)
	}
	edit.Put = []store.Submission{store.Submission(r.Submission)}
	change := store.Change{Submissions: edit}
	if r.proven() { // what anybody can send does not fill the audit
		change.Act = &store.Act{At: d.now(), Who: "clawback", What: "submission." + string(r.Claim), Tenant: r.Tenant,
			Object:  r.ID,
			Comment: strings.TrimSpace("by " + r.Reporter + " " + r.Record)}
	}
	if err := d.o.Store.Update(ctx, change); err != nil {
		return Taken{}, fmt.Errorf("keep submission: %w", err)
	}
	return Taken{r.Submission, true}, nil
}

// crowded are the submissions that give way to a new one: of those whose reporter is not believed, or that are settled,
// or else of all, the oldest.
func crowded(list []Submission, s Submission) (gone []store.Key) {
	drop := func(most int, of func(Submission) bool) {
		var all []Submission
		for _, o := range list {
			if of(o) {
				all = append(all, o)
			}
		}
		if len(all) < most {
			return
		}
		oldest := slices.MinFunc(all, func(a, b Submission) int { return a.At.Compare(b.At) })
		gone = append(gone, store.Submission(oldest).Key())
	}
	if !s.proven() {
		drop(maxUnproven, func(o Submission) bool { return !o.proven() && !o.State.Settled() })
	}
	if len(list) < maxKept || len(gone) > 0 {
		return gone
	}
	for _, of := range []func(Submission) bool{
		func(o Submission) bool { return o.State.Settled() },
		func(o Submission) bool { return !o.proven() },
		func(Submission) bool { return true },
	} {
		if drop(1, of); len(gone) > 0 {
			return gone
		}
	}
	return gone
}
