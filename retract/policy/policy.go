package policy

import (
	"fmt"
	"slices"
	"time"

	"clawback/config"
	"clawback/journal"
	"clawback/retract/addresses"
	"clawback/retract/exchange"
	"clawback/retract/intent"
	"clawback/store"
	"clawback/verdict"
)

// Plan is the policy: the tenant's rules over one record and its present intents. The function it returns is pure; the
// store calls it inside C2 and writes the intents that it returns, new or changed.
func Plan(t *config.Tenant, now time.Time) func(store.Record, []store.Intent) []store.Intent {
	return func(rec store.Record, have []store.Intent) []store.Intent {
		if rec.Pinned != "" || rec.Verdict.Disposition == verdict.Unscored {
			return nil
		}
		p := NewPlanner(t, now, rec, have)
		for _, in := range have {
			switch {
			case in.Kind == store.Restore:
				p.withdraw(in)
			case !p.recipient(in):
				p.revise(in)
			}
		}
		return p.ForRecipients(rec.Recipients)
	}
}

// Planner is one run of the policy over one record.
type Planner struct {
	tenant *config.Tenant
	now    time.Time
	rec    store.Record
	have   map[string]store.Intent
	out    []store.Intent
}

// NewPlanner begins a run for a record that has these intents.
func NewPlanner(t *config.Tenant, now time.Time, rec store.Record, have []store.Intent) *Planner {
	p := &Planner{tenant: t, now: now.UTC(), rec: rec, have: map[string]store.Intent{}}
	for _, in := range have {
		p.have[in.ID] = in
	}
	return p
}

// ForRecipients plans for each of the recipients, and gives all intents of the run that are new or changed.
func (p *Planner) ForRecipients(list []journal.Recipient) []store.Intent {
	for _, r := range list {
		p.address(r.Address)
	}
	return p.out
}

// recipient reports whether the intent's address is among the record's recipients, which are looked at one by one.
func (p *Planner) recipient(in store.Intent) bool {
	for _, r := range p.rec.Recipients {
		if addresses.Fold(r.Address) == addresses.Fold(in.Address) {
			return true
		}
	}
	return false
}

// address plans for one recipient. A second line with the same address finds the first one's intent.
func (p *Planner) address(address string) {
	id := store.IntentID(p.rec.ID, addresses.Fold(address), store.Retract)
	if in, ok := p.have[id]; ok {
		p.revise(in)
		return
	}
	in := store.Intent{ID: id, Record: p.rec.ID, Tenant: p.rec.Tenant, Address: address, Created: p.now}
	want := p.Decide(in)
	if !want.Acts && (!want.open || !addresses.Internal(p.tenant, address) || p.tenant.Mode != "live") {
		return
	}
	in = p.open(in, want)
	p.have[id] = in
	p.out = append(p.out, in)
}

// open gives an intent its action and decides whether it may go on: skipped, held or pending.
func (p *Planner) open(in store.Intent, want Decision) store.Intent {
	in = want.Apply(intent.Reopen(in, p.now))
	in.Kind = store.Retract
	if in.Outcome, in.Hold, in.Reason = p.Permit(in.Address, want); in.Outcome == store.Held && want.open {
		// What there is to hold is known when its mailbox has been looked up.
		in.Outcome, in.Hold, in.Reason = store.Pending, "", ""
	}
	if p.tenant.Mode != "live" && in.Outcome != store.Skipped {
		in.DryRun = true
		if in.Outcome == store.Held {
			in.Code = store.CodeWouldHold
		}
		in.Outcome, in.Reason = store.Skipped, dryRunReason(in)
		in.Hold = ""
	}
	return in
}

// Permit says whether a rule may be carried out for an address: Pending, or Skipped or Held with the reason.
func (p *Planner) Permit(address string, want Decision) (outcome store.Outcome, hold, why string) {
	if !addresses.Internal(p.tenant, address) {
		return store.Skipped, "", "external recipient: " + addresses.Fold(address) +
			" is in none of the tenant's domains"
	}
	if why := addresses.Exempt(p.tenant, address); why != "" {
		return store.Skipped, "", why
	}
	if why := TooOld(p.rec.Received, want.rule.MaxAge, p.now); why != "" {
		return store.Skipped, "", why
	}
	if want.hold != "" {
		return store.Held, want.hold, want.why
	}
	if !p.rec.FirstHand {
		return store.Held, intent.HoldHearsay,
			"the report is not first-hand: nothing that Exchange Online itself sent tells of this message"
	}
	if who, ok := protected(p.tenant, p.rec); ok {
		return store.Held, intent.HoldProtected, "the sender is protected (" + who + "): a person must approve"
	}
	return store.Pending, "", ""
}

// revise changes an intent that exists when the verdict has changed. What a person asked for is left alone, and so is
// what lies beyond the action that is wanted now.
func (p *Planner) revise(in store.Intent) {
	if in.By != "" {
		return
	}
	want := p.Decide(in)
	if in.Outcome.Final() && !want.Acts && in.Returns() {
		in = p.forget(in)
	}
	switch {
	case in.Outcome == store.Done && in.Cause != want.Cause && want.leaves():
		p.propose(in, p.verdictNow())
	case in.Outcome.Final():
		if want.Acts && worse(in, want) {
			p.put(p.open(in, want))
		} else if in.Outcome == store.Done && p.calledClean() && !compared(in) {
			p.propose(in, "another report of it tells of a form that is CLEAN")
		}
	case !want.Acts && !want.open:
		p.cancel(in)
	case in.Unknown && want.hold == intent.HoldReview && !want.matches(in) && in.Approved == "":
		p.put(intent.CallOff(in, want.why)) // what the attempt did is verified, and nothing more is done
	case in.Unknown:
		p.redirect(in, want)
	default:
		p.supersede(in, want)
	}
}

// forget ends the looks that an intent which has ended still had before it: what they would find now is not to be
// taken. A verdict that is bad again opens it.
func (p *Planner) forget(in store.Intent) store.Intent {
	in = intent.StopLooking(in, p.verdictNow())
	if in.Outcome != store.Done {
		in.Severity = 0
	}
	p.put(in)
	return in
}

// cancel ends an intent that is not done. One whose last attempt may have worked must be verified first. Where a copy
// was taken already, putting it back is proposed.
func (p *Planner) cancel(in store.Intent) {
	if in.Cancelled != "" {
		return
	}
	why := p.verdictNow()
	if in.Forwarded != "" {
		why = "what it forwards does not count as bad any more"
	}
	if in.Unknown || !intent.HasTaken(in, intent.Moved) {
		p.put(intent.CallOff(in, why))
		return
	}
	in.Outcome, in.Hold, in.NotBefore = store.Done, "", time.Time{}
	in.Action, in.Reason = Reached(in), "taken before it was called off: "+why
	p.put(in)
	if p.rec.Verdict.Disposition == verdict.Clean || in.Forwarded == "" {
		p.propose(in, p.verdictNow())
	}
}

func (p *Planner) verdictNow() string {
	return "the verdict is now " + p.rec.Verdict.Disposition.String()
}

// calledClean reports whether a first-hand report tells of a form of the record that is CLEAN, and the record is not.
func (p *Planner) calledClean() bool {
	return p.rec.Disputed() && slices.ContainsFunc(p.rec.Variants, func(v store.Variant) bool {
		return v.FirstHand && v.Verdict.Disposition == verdict.Clean && v.Verdict.Review == ""
	})
}

// compared reports whether each message that an intent has moved was shown to be bad by its content too.
func compared(in store.Intent) bool {
	return !slices.ContainsFunc(in.Taken, func(t store.Taken) bool {
		return t.State == intent.Moved && t.Proof == store.ByNetworkID && !t.Compared
	})
}

// redirect changes what an intent is for while its last attempt may have worked: what that did is verified against the
// target of that attempt, and what is left to do follows from the new action.
func (p *Planner) redirect(in store.Intent, want Decision) {
	if want.matches(in) && in.Cancelled == "" {
		return
	}
	in.Cancelled = ""
	p.put(want.Apply(in))
}

// supersede gives a waiting intent the action that is wanted now. What it was held for still holds it, but for a
// report that has since been confirmed at first hand, and for a forward or a message for review that is bad itself.
func (p *Planner) supersede(in store.Intent, want Decision) {
	confirmed := in.Hold == intent.HoldHearsay && p.rec.FirstHand ||
		(in.Hold == intent.HoldForward || in.Hold == intent.HoldReview) && want.hold != in.Hold
	if want.matches(in) && !confirmed {
		return
	}
	next := p.open(in, want)
	if next.Outcome == store.Pending {
		next.Misses, next.Approved = in.Misses, in.Approved
		next.NotBefore = in.NotBefore
		if in.Outcome == store.Held && !confirmed {
			next.Outcome, next.Hold, next.Reason = store.Held, in.Hold, in.Reason
		}
	}
	p.put(next)
}

// worse reports whether an intent that has ended is to be opened again for an action that goes further.
func worse(in store.Intent, want Decision) bool {
	switch in.Outcome {
	case store.Done:
		return Further(string(want.rule.Action), in.Action)
	case store.Skipped, store.NotFound, store.Mismatch, store.Failed:
		return want.severity > in.Severity
	}
	return false
}

// withdraw takes back the proposal of a restore when the verdict is so bad again that the message would be taken.
func (p *Planner) withdraw(in store.Intent) {
	if in.Outcome != store.Held || in.Hold != intent.HoldRestore || p.Decide(in).leaves() || p.calledClean() {
		return
	}
	in.Outcome, in.Hold, in.Round = store.Skipped, "", 0
	in.Reason = "withdrawn: the verdict is " + p.rec.Verdict.Disposition.String() + " again"
	p.put(in)
}

// propose asks a person whether a message that was taken, and may be a good one, is to be put back.
func (p *Planner) propose(in store.Intent, why string) {
	id := store.IntentID(p.rec.ID, addresses.Fold(in.Address), store.Restore)
	old, ok := p.have[id]
	if ok && old.Round == in.Round {
		return // proposed, done or rejected already
	}
	back := intent.RestoreOf(in, old, p.now)
	if len(back.Taken) == 0 {
		return // it lay there of itself
	}
	back.Cause = why
	back.Outcome, back.Hold = store.Held, intent.HoldRestore
	back.Reason = "proposed: " + why + "; approve to put the message back"
	if why := intent.HardDeleted(in); why != "" {
		back.Outcome, back.Hold, back.Reason = store.Failed, "", why
	}
	p.have[id] = back
	p.put(back)
}

func (p *Planner) put(in store.Intent) {
	in.Changed = p.now
	p.out = append(p.out, in)
}

// dryRunReason says what an intent would have done, had the tenant been live.
func dryRunReason(in store.Intent) string {
	if in.Outcome == store.Held {
		return "dry-run: it would have been held: " + in.Reason
	}
	target, _ := Target(config.Action(in.Action))
	return fmt.Sprintf("dry-run: it would have been taken to %s (%s)", exchange.Place(target), in.Cause)
}

// TooOld says that a message was delivered longer ago than the rule allows; "" when it was not.
func TooOld(delivered time.Time, limit time.Duration, now time.Time) string {
	if limit <= 0 || delivered.IsZero() || now.Sub(delivered) <= limit {
		return ""
	}
	return fmt.Sprintf("older than max_age: delivered %s, the limit is %s", delivered.UTC().Format(time.RFC3339), limit)
}

// protected gives the list entry that names the record's sender, by envelope or by header.
func protected(t *config.Tenant, rec store.Record) (string, bool) {
	if e, ok := addresses.Listed(t.Protected, rec.From); ok {
		return e, true
	}
	return addresses.Listed(t.Protected, rec.Sender)
}
