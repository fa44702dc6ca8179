package retract

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"clawback/config"
	"clawback/store"
	"clawback/verdict"
)

// What a record is pinned for: no automatism touches it again.
const (
	PinnedRestored = "restored"
	PinnedClean    = "clean"
)

// What a person's order can be refused for.
var (
	// ErrNotHeld means that an intent does not wait for a person.
	ErrNotHeld = errors.New("not held")
	// ErrInvalid means that an order makes no sense, whatever the state of things.
	ErrInvalid = errors.New("invalid order")
	// ErrEnded means that a job has ended, so that nothing of it can be cancelled.
	ErrEnded = errors.New("the job has ended")
	// ErrOwnAct means that the tenant asks for two persons, and that who approves has asked for it himself.
	ErrOwnAct = errors.New("another person must approve what you asked for yourself")
	// ErrNoTenant means that the tenant of a record is not configured.
	ErrNoTenant = errors.New("the tenant is not configured")
)

// Retract has a record taken from every internal recipient's mailbox, at a person's word: it passes the brake, the
// first-hand check and the pin, but neither dry-run mode nor the identity check, and never an exempt mailbox. Asking
// twice changes nothing. It returns the record's intents.
func (e *Engine) Retract(ctx context.Context, who, recordID string, action config.Action, comment string) ([]store.Intent, error) {
	return e.retract(ctx, Order{Who: who, Record: recordID, Action: action, Comment: comment})
}

// Restore has everything that was taken of a record put back, calls off what has not been taken yet, and pins the
// record. Asking twice changes nothing. It returns the record's intents.
func (e *Engine) Restore(ctx context.Context, who, recordID, comment string) ([]store.Intent, error) {
	return e.restore(ctx, Order{Who: who, Record: recordID, Comment: comment})
}

// Order is what a person asked for: to retract a record to Action, or to restore it.
type Order struct {
	Who, Record, Comment string
	Tenant               string // whose record it must be; "" for any
	Action               config.Action
	Restore              bool
	Job                  string // bulk job, "" for none

	given string // cause, where an intent has it already
}

func (o Order) cause() string {
	if o.given != "" {
		return o.given
	}
	if o.Comment == "" {
		return "operator " + o.Who
	}
	return "operator " + o.Who + ": " + o.Comment
}

// severity puts a person's single word beside MALICIOUS, and bulk jobs behind every fresh verdict.
func (o Order) severity() int {
	if o.Job != "" {
		return int(verdict.Clean)
	}
	return int(verdict.Malicious)
}

// attemptsAtConflict bounds how often a person's word is tried again when workers write the same rows.
const attemptsAtConflict = 20

// decide reads a record and its intents, has decide say what changes, and writes that together with the audit's entry;
// again from the start when somebody else wrote meanwhile.
func (e *Engine) decide(ctx context.Context, o Order, what string, change func(store.Record, []store.Intent) (store.Change, error)) ([]store.Intent, error) {
	for try := 0; ; try++ {
		rec, err := e.o.Store.Record(ctx, o.Record)
		if err != nil {
			return nil, err
		}
		if o.Tenant != "" && rec.Tenant != o.Tenant {
			return nil, fmt.Errorf("record %s of tenant %s: %w", o.Record, o.Tenant, store.ErrNotFound)
		}
		have, err := e.o.Store.Intents(ctx, rec.ID)
		if err != nil {
			return nil, err
		}
		c, err := change(rec, have)
		if err != nil {
			return nil, err
		}
		if t, ok := e.o.Tenants(rec.Tenant); ok {
			c.Plan = Plan(t.Config, e.now())
		}
		c.Act = &store.Act{At: e.now(), Who: o.Who, What: what, Tenant: rec.Tenant, Object: rec.ID, Comment: o.Comment}
		err = e.o.Store.Update(ctx, c)
		if errors.Is(err, store.ErrConflict) && try < attemptsAtConflict {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%s record %s: %w", what, rec.ID, err)
		}
		e.Wake()
		return e.o.Store.Intents(ctx, rec.ID)
	}
}

func (e *Engine) retract(ctx context.Context, o Order) ([]store.Intent, error) {
	if _, ok := Target(o.Action); !ok {
		return nil, fmt.Errorf("%w: %q is no action that takes a message away: use junk, trash, soft_delete or hard_delete", ErrInvalid, o.Action)
	}
	return e.decide(ctx, o, "retract "+string(o.Action), func(rec store.Record, have []store.Intent) (store.Change, error) {
		t, ok := e.o.Tenants(rec.Tenant)
		if !ok {
			return store.Change{}, fmt.Errorf("%w: %s", ErrNoTenant, rec.Tenant)
		}
		d := demand{Order: o, tenant: t.Config, rec: rec, now: e.now()}
		return store.Change{Intents: d.intents(have), Record: d.bad()}, nil
	})
}

// bad is the record as one that a person had retracted, so that its forwards are asked about; nil when it is so
// already, or when it only goes to the junk mail.
func (d demand) bad() *store.Record {
	if d.rec.RetractedBy != "" || d.Action == config.Junk {
		return nil
	}
	rec := d.rec
	rec.RetractedBy = d.Who
	return &rec
}

// demand makes the intents of an operator's retraction.
type demand struct {
	Order
	tenant *config.Tenant
	rec    store.Record
	now    time.Time
}

func (d demand) intents(have []store.Intent) []store.Intent {
	byID := map[string]store.Intent{}
	for _, in := range have {
		byID[in.ID] = in
	}
	var out []store.Intent
	for _, r := range d.rec.Recipients {
		id := store.IntentID(d.rec.ID, fold(r.Address), store.Retract)
		back := byID[store.IntentID(d.rec.ID, fold(r.Address), store.Restore)]
		in, known := byID[id]
		if !known {
			in = store.Intent{ID: id, Record: d.rec.ID, Tenant: d.rec.Tenant, Address: r.Address, Kind: store.Retract}
		}
		if next, changed := d.intent(in, back); changed {
			out = append(out, next)
			byID[id] = next
		}
		if back.ID != "" && !back.Outcome.Final() {
			if back.Unknown {
				back.Cancelled = "superseded: " + d.cause()
			} else {
				back.Outcome, back.Hold, back.Reason = store.Skipped, "", "superseded: "+d.cause()
			}
			out = append(out, back)
			byID[back.ID] = back
		}
	}
	return out
}

// intent is one recipient's; false when it stands already as it is asked for.
func (d demand) intent(in, back store.Intent) (store.Intent, bool) {
	if d.satisfied(in, back) {
		return in, false
	}
	if in.Unknown {
		in.Cancelled = ""
		if in.Outcome.Final() { // given up in doubt: verify first
			in.Outcome, in.NotBefore, in.Faults, in.FaultSince = store.Pending, d.now, 0, time.Time{}
		}
	} else {
		in = reopen(in, d.now)
	}
	in.Action, in.Cause, in.Forwarded, in.Severity = string(d.Action), d.cause(), "", d.severity()
	in.By, in.Approved, in.Job, in.Limit = d.Who, d.Who, d.Job, store.Limits{}
	why := d.refusal(in)
	if why != "" && !in.Unknown {
		in.Outcome, in.Reason = store.Skipped, why
	}
	return in, true
}

// takesOver reports whether an intent is another job's, which may be paused, or is being called off: whoever asks now has
// it from there on.
func (o Order) takesOver(in store.Intent) bool { return in.Job != "" && in.Job != o.Job }

// satisfied reports whether an intent is on its way, or has come, as far as is asked for.
func (d demand) satisfied(in, back store.Intent) bool {
	undone := back.Round == in.Round && (back.Outcome == store.Done || back.Outcome == store.Pending)
	switch {
	case in.Rev == 0 && in.Created.IsZero() || undone:
		return false
	case in.Outcome == store.Done:
		return !further(string(d.Action), in.Action)
	case in.Outcome == store.Pending:
		return in.By != "" && in.Action == string(d.Action) && in.Cancelled == "" && !d.takesOver(in)
	}
	return false
}

// refusal says why not even a person's word has a mailbox acted upon.
func (d demand) refusal(in store.Intent) string {
	if !internal(d.tenant, in.Address) {
		return "external recipient: " + fold(in.Address) + " is in none of the tenant's domains"
	}
	if why := exempt(d.tenant, in.Address); why != "" {
		return why
	}
	if d.tenant.Mode != "live" {
		return dryRunReason(in)
	}
	return ""
}

func (e *Engine) restore(ctx context.Context, o Order) ([]store.Intent, error) {
	return e.decide(ctx, o, "restore", func(rec store.Record, have []store.Intent) (store.Change, error) {
		return store.Change{Intents: undoAll(rec, have, o, e.now()), Record: pin(rec, PinnedRestored, o.Who)}, nil
	})
}

// undoAll are the changes that restore a record.
func undoAll(rec store.Record, have []store.Intent, o Order, now time.Time) (out []store.Intent) {
	byID := map[string]store.Intent{}
	for _, in := range have {
		byID[in.ID] = in
	}
	for _, in := range have {
		if in.Kind == store.Retract {
			old := byID[store.IntentID(rec.ID, fold(in.Address), store.Restore)]
			out = append(out, undo(in, old, o, now)...)
		}
	}
	return out
}

// undo calls off a retraction that is not done, and makes the restore of one that took something, or may have.
func undo(in, old store.Intent, o Order, now time.Time) (out []store.Intent) {
	inDoubt := in.Unknown
	if !in.Outcome.Final() {
		out = append(out, callOff(in, "restored by "+o.Who))
	} else if !in.NotBefore.IsZero() {
		out = append(out, lookNoMore(in, "restored by "+o.Who))
	}
	back := restoreOf(in, old, now)
	if len(back.Taken) == 0 && !inDoubt {
		return out
	}
	if old.Round == in.Round && (old.Outcome == store.Pending || old.Outcome == store.Done) {
		if old.Cancelled != "" || old.Outcome == store.Pending && o.takesOver(old) { // called off, or about to be, and asked for again
			old.Cancelled, old.By, old.Job, old.Cause, old.Severity = "", o.Who, o.Job, o.cause(), o.severity()
			out = append(out, old)
		}
		return out
	}
	back.Cause, back.By, back.Job, back.Severity = o.cause(), o.Who, o.Job, o.severity()
	if why := hardDeleted(in); why != "" {
		back.Outcome, back.Reason = store.Failed, why
	}
	return append(out, back)
}

// pin is the record, to be left alone by every automatism; nil when it is pinned so already.
func pin(rec store.Record, why, who string) *store.Record {
	if rec.Pinned == why {
		return nil
	}
	rec.Pinned, rec.PinnedBy = why, who
	return &rec
}

// Clean is an administrator's word that a record is good: what has not been taken yet is called off, and no automatism
// touches the record again. What was taken comes back by Restore.
func (e *Engine) Clean(ctx context.Context, who, recordID, comment string) ([]store.Intent, error) {
	o := Order{Who: who, Record: recordID, Comment: comment}
	return e.decide(ctx, o, "clean", func(rec store.Record, have []store.Intent) (store.Change, error) {
		var out []store.Intent
		for _, in := range have {
			if in.Kind == store.Retract && !in.Outcome.Final() {
				out = append(out, callOff(in, "clean by the word of "+who))
			} else if in.Kind == store.Retract && !in.NotBefore.IsZero() {
				out = append(out, lookNoMore(in, "clean by the word of "+who))
			}
		}
		return store.Change{Intents: out, Record: pin(rec, PinnedClean, who)}, nil
	})
}

// Approve lets held intents pass what they are held for. A restore that is approved pins its record.
func (e *Engine) Approve(ctx context.Context, who string, intents []string, comment string) error {
	return e.settleHeld(ctx, heldAnswer{who, approving, comment}, intents, e.approvedBy(who))
}

// Reject ends held intents. No automatism opens them again.
func (e *Engine) Reject(ctx context.Context, who string, intents []string, comment string) error {
	return e.settleHeld(ctx, heldAnswer{who, "reject", comment}, intents, e.rejected(who))
}

type heldAnswer struct{ who, what, comment string }

// approving is what the audit calls a Yes to something held.
const approving = "approve"

// ownAct reports whether a person must leave the approval of an intent to somebody else: he asked for it, and its
// tenant wants two.
func (e *Engine) ownAct(in store.Intent, who string) bool {
	t, ok := e.o.Tenants(in.Tenant)
	return ok && t.Config.TwoPersons && in.By != "" && account(in.By) == account(who)
}

// account is the proven part of a person's name: what stands in brackets behind it was only said.
func account(who string) string {
	name, _, _ := strings.Cut(who, " (")
	return name
}

// settleHeld writes a person's answer to each held intent, with an entry of the audit each.
func (e *Engine) settleHeld(ctx context.Context, a heldAnswer, intents []string, change func(*store.Intent)) error {
	var failures []error
	for _, id := range intents {
		if err := e.settleOne(ctx, a, id, change); err != nil {
			failures = append(failures, fmt.Errorf("%s intent %s: %w", a.what, id, err))
		}
	}
	e.Wake()
	return errors.Join(failures...)
}

func (e *Engine) settleOne(ctx context.Context, a heldAnswer, id string, change func(*store.Intent)) error {
	in, err := e.o.Store.Intent(ctx, id)
	if err != nil {
		return err
	}
	if in.Outcome != store.Held {
		return fmt.Errorf("%w: it is %s (%s)", ErrNotHeld, in.Outcome, in.Reason)
	}
	if a.what == approving && e.ownAct(in, a.who) {
		return ErrOwnAct
	}
	change(&in)
	c := store.Change{Intents: []store.Intent{in},
		Act: &store.Act{At: e.now(), Who: a.who, What: a.what + " " + string(in.Kind), Tenant: in.Tenant, Object: in.ID, Comment: a.comment}}
	if in.Kind == store.Restore && in.Outcome == store.Pending {
		rec, err := e.o.Store.Record(ctx, in.Record)
		if err != nil {
			return err
		}
		c.Record = pin(rec, PinnedRestored, a.who)
	}
	return e.o.Store.Update(ctx, c)
}

// lookNoMore ends the looks that an intent that has ended still had before it.
func lookNoMore(in store.Intent, why string) store.Intent {
	in.NotBefore = time.Time{}
	in.Reason += "; not looked for again: " + why
	return in
}
