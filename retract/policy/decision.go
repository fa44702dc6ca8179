package policy

import (
	"cmp"
	"fmt"

	"clawback/config"
	"clawback/retract/intent"
	"clawback/store"
	"clawback/verdict"
)

// Decision is what the policy wants of one recipient's mailbox.
type Decision struct {
	rule     config.Rule
	Acts     bool   // the rule takes the message away
	open     bool   // it does not, and the one of the mailbox may, by another of its addresses: it has to be looked up
	Cause    string // Intent.Cause
	severity int
	hold     string // HoldForward or HoldReview: a person must approve; "" where its own verdict decides
	why      string // of hold
	carried  string // with HoldForward: the record that the message carries
}

// What begins the cause of an intent that a person must approve, although nothing in the way of it holds it.
const (
	causeForward = "forward of " // for a message that is no bad one itself, and carries one
	causeReview  = "review: "    // for one whose verdict leaves it to a person
)

// Decide is what the record's own verdict wants. Where that is nothing, and the verdict leaves the message to a person
// or the message carries a bad one, it is what MALICIOUS would want: never automatic, for who forwards has said
// something of his own.
func (p *Planner) Decide(in store.Intent) Decision {
	own, who := p.rec.Verdict.Disposition, recipientOf(in)
	want := Decision{Cause: own.String(), severity: int(own)}
	want.rule, want.open = ruleOf(p.tenant, who, own)
	review := p.rec.Verdict.Review
	if want.Acts = acts(want.rule); want.Acts || want.open {
		if review.ByIndicator() { // whatever the rule does with what is as suspicious for another reason
			want.Cause, want.hold, want.why = causeReview+string(review), intent.HoldReview, reviewed(review)
		}
		return want
	}
	held := Decision{severity: int(verdict.Malicious)}
	held.rule, held.open = ruleOf(p.tenant, who, verdict.Malicious)
	if held.Acts = acts(held.rule); !held.Acts && !held.open {
		return want
	}
	if review != "" {
		held.Cause, held.hold, held.why = causeReview+string(review), intent.HoldReview, reviewed(review)
		return held
	}
	if f, ok := p.forwards(); ok {
		held.Cause, held.hold, held.carried = causeForward+f.Record, intent.HoldForward, f.Record
		held.why = fmt.Sprintf("it carries record %s, which %s (%s): a person must approve", f.Record, badness(f),
			f.How)
		return held
	}
	return want
}

// reviewed says why the verdict leaves a message to a person.
func reviewed(r verdict.Review) string {
	switch r {
	case verdict.ReviewConversation:
		return "it would be MALICIOUS, and answers in a conversation that people of the organisation began: a person " +
			"must approve"
	case verdict.ReviewSender:
		return "it would be MALICIOUS, and its author is of long standing and authenticated as ever: " +
			"a person must approve"
	case verdict.ReviewPayment:
		return "it speaks of payments in a conversation, and did not come as its author's mail always did: a person " +
			"must approve"
	case verdict.ReviewPhone:
		return "it speaks of what is to be called about, and its author is not known: a person must approve"
	case verdict.ReviewDemand:
		return "it wants what only somebody known may want, and nothing shows that its author is: a person must approve"
	case verdict.ReviewImpostor:
		return "its author poses as somebody whom the organisation knows, and asks for something: a person must approve"
	case verdict.ReviewEnvelope:
		return "it would be MALICIOUS, and is of a service that sends sealed mail for others: a person must approve"
	case verdict.ReviewOwn:
		return "it carries what is known to be bad, and is mail of one's own people: a person must approve"
	case verdict.ReviewQuotation:
		return "it carries what is known to be bad in what its author, who is known, only quotes: a person must approve"
	case verdict.ReviewDigest:
		return "it carries what is known to be bad among so many addresses that it may be a report on them: " +
			"a person must approve"
	}
	return fmt.Sprintf("it would be MALICIOUS, and the verdict leaves it to a person (%s)", r)
}

// forwards gives the bad message that the record carries, where it is a forward inside the organisation. Reports that
// are not first-hand can name any recipients: they are not asked about.
func (p *Planner) forwards() (store.Forward, bool) {
	if !p.rec.FirstHand || p.rec.Direction == "inbound" {
		return store.Forward{}, false
	}
	for _, f := range p.rec.Forwards {
		if badness(f) != "" && f.Pinned == "" {
			return f, true
		}
	}
	return store.Forward{}, false
}

// badness says why a message that is carried counts as bad; "" when it does not.
func badness(f store.Forward) string {
	switch {
	case f.Disposition == verdict.Malicious:
		return "is " + f.Disposition.String()
	case f.RetractedBy != "":
		return f.RetractedBy + " had retracted"
	}
	return ""
}

// leaves reports whether a message that was not taken yet would be left where it is, and nobody be asked.
func (w Decision) leaves() bool { return !w.Acts && !w.open && w.hold == "" }

// matches reports whether an intent is for just this.
func (w Decision) matches(in store.Intent) bool {
	return in.Action == w.action() && in.Cause == w.Cause
}

// action is the rule's, none in words where it says nothing.
func (w Decision) action() string { return cmp.Or(string(w.rule.Action), string(config.None)) }

// Apply gives an intent what is decided.
func (w Decision) Apply(in store.Intent) store.Intent {
	in.Forwarded = w.carried
	in.Action, in.Cause, in.Severity = w.action(), w.Cause, w.severity
	in.Limit = store.Limits{UnreadOnly: w.rule.UnreadOnly, MaxAge: w.rule.MaxAge}
	return in
}
