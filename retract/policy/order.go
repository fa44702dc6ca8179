package policy

import (
	"time"

	"clawback/config"
	"clawback/retract/addresses"
	"clawback/retract/intent"
	"clawback/store"
	"clawback/verdict"
)

// Order is what a person asked for: to retract a record to Action, or to restore it.
type Order struct {
	Who, Record, Comment string
	Tenant               string // whose record it must be; "" for any
	Action               config.Action
	Restore              bool
	Job                  string // bulk job, "" for none

	Cause string // the cause of its intents, where an intent has it already; "": made of Who and Comment
}

// cause is the Intent.Cause of what the order makes.
func (o Order) cause() string {
	if o.Cause != "" {
		return o.Cause
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

// MarkRetracted is the record as one that a person had retracted, so that its forwards are asked about; nil when it is
// so already, or when it only goes to the junk mail.
func (o Order) MarkRetracted(rec store.Record) *store.Record {
	if rec.RetractedBy != "" || o.Action == config.Junk {
		return nil
	}
	rec.RetractedBy = o.Who
	return &rec
}

// Retraction are the intents that the order makes or changes where it retracts a record that has these intents.
func (o Order) Retraction(t *config.Tenant, rec store.Record, have []store.Intent, now time.Time) []store.Intent {
	return demand{Order: o, tenant: t, rec: rec, now: now}.intents(have)
}

// demand makes the intents of an operator's retraction.
type demand struct {
	Order
	tenant *config.Tenant
	rec    store.Record
	now    time.Time
}

// intents are those that are new or changed, one for each recipient; a restore that is on its way gives way.
func (d demand) intents(have []store.Intent) []store.Intent {
	byID := map[string]store.Intent{}
	for _, in := range have {
		byID[in.ID] = in
	}
	var out []store.Intent
	for _, r := range d.rec.Recipients {
		id := store.IntentID(d.rec.ID, addresses.Fold(r.Address), store.Retract)
		back := byID[store.IntentID(d.rec.ID, addresses.Fold(r.Address), store.Restore)]
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
		in = intent.Reopen(in, d.now)
	}
	in.Action, in.Cause, in.Forwarded, in.Severity = string(d.Action), d.cause(), "", d.severity()
	in.By, in.Approved, in.Job, in.Limit = d.Who, d.Who, d.Job, store.Limits{}
	why := d.refusal(in)
	if why != "" && !in.Unknown {
		in.Outcome, in.Reason = store.Skipped, why
	}
	return in, true
}

// replacesJobOf reports whether an intent is another job's, which may be paused, or is being called off: whoever asks
// now has it from there on.
func (o Order) replacesJobOf(in store.Intent) bool { return in.Job != "" && in.Job != o.Job }

// satisfied reports whether an intent is on its way, or has come, as far as is asked for.
func (d demand) satisfied(in, back store.Intent) bool {
	undone := back.Round == in.Round && (back.Outcome == store.Done || back.Outcome == store.Pending)
	switch {
	case in.Rev == 0 && in.Created.IsZero() || undone:
		return false
	case in.Outcome == store.Done:
		return !Further(string(d.Action), in.Action)
	case in.Outcome == store.Pending:
		return in.By != "" && in.Action == string(d.Action) && in.Cancelled == "" && !d.replacesJobOf(in)
	}
	return false
}

// refusal says why not even a person's word has a mailbox acted upon.
func (d demand) refusal(in store.Intent) string {
	if !addresses.Internal(d.tenant, in.Address) {
		return "external recipient: " + addresses.Fold(in.Address) + " is in none of the tenant's domains"
	}
	if why := addresses.Exempt(d.tenant, in.Address); why != "" {
		return why
	}
	if d.tenant.Mode != "live" {
		return dryRunReason(in)
	}
	return ""
}

// Restoration are the intents that the order makes or changes where it restores a record that has these intents.
func (o Order) Restoration(rec store.Record, have []store.Intent, now time.Time) (out []store.Intent) {
	byID := map[string]store.Intent{}
	for _, in := range have {
		byID[in.ID] = in
	}
	for _, in := range have {
		if in.Kind == store.Retract {
			old := byID[store.IntentID(rec.ID, addresses.Fold(in.Address), store.Restore)]
			out = append(out, o.undo(in, old, now)...)
		}
	}
	return out
}

// undo calls off a retraction that is not done, and makes the restore of one that took something, or may have.
func (o Order) undo(in, old store.Intent, now time.Time) (out []store.Intent) {
	inDoubt := in.Unknown
	if !in.Outcome.Final() {
		out = append(out, intent.CallOff(in, "restored by "+o.Who))
	} else if !in.NotBefore.IsZero() {
		out = append(out, intent.StopLooking(in, "restored by "+o.Who))
	}
	back := intent.RestoreOf(in, old, now)
	if len(back.Taken) == 0 && !inDoubt {
		return out
	}
	if old.Round == in.Round && (old.Outcome == store.Pending || old.Outcome == store.Done) {
		// Called off, or about to be, and asked for again.
		if old.Cancelled != "" || old.Outcome == store.Pending && o.replacesJobOf(old) {
			old.Cancelled, old.By, old.Job, old.Cause, old.Severity = "", o.Who, o.Job, o.cause(), o.severity()
			out = append(out, old)
		}
		return out
	}
	back.Cause, back.By, back.Job, back.Severity = o.cause(), o.Who, o.Job, o.severity()
	if why := intent.HardDeleted(in); why != "" {
		back.Outcome, back.Reason = store.Failed, why
	}
	return append(out, back)
}

// Pin is the record, to be left alone by every automatism; nil when it is pinned so already.
func Pin(rec store.Record, why, who string) *store.Record {
	if rec.Pinned == why {
		return nil
	}
	rec.Pinned, rec.PinnedBy = why, who
	return &rec
}
