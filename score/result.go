package score

import (
	"slices"

	"clawback/score/extract"
	"clawback/verdict"
)

// result makes the verdict of what was found. Where the wide rule is in shadow, the narrow one decides, and the verdict
// says what the wide one would have made of it.
func (x *inspection) result() Result {
	t := x.totals()
	v := x.verdict(t, wideRule)
	if !x.wideRuleDecides() {
		wide := v
		if v = x.verdict(t, narrowRule); v.Disposition == verdict.Malicious && !x.confirmed() {
			v = x.verdict(t, noRule)
		}
		x.shadow(&v, wide)
	}
	return Result{Verdict: v, Observations: x.lessons(v.Disposition), Read: x.read,
		Author: x.from.Address, Subject: x.mail.Subject}
}

// wideRuleDecides reports whether the wide rule decides. It takes more of a tenant's mail than the rule before it,
// which no upgrade may do by itself: where mail is taken, an administrator has switched it on.
func (x *inspection) wideRuleDecides() bool {
	switch x.tenant.MaliciousRule {
	case "wide":
		return true
	case "narrow":
		return false
	}
	return x.tenant.Mode != "live"
}

// shadow says of a narrow verdict what the wide rule would have made of it.
func (x *inspection) shadow(v *verdict.Verdict, wide verdict.Verdict) {
	if wide.Disposition != verdict.Malicious || v.Disposition == verdict.Malicious {
		return
	}
	v.Shadow = wide.Disposition
	v.Reasons = append(v.Reasons, verdict.Reason{
		ID: "shadow.malicious", Family: "shadow", Where: "message",
		Text: "By the wide rule it would be MALICIOUS; the tenant has not switched that on (malicious_rule), and it " +
			"changes nothing.",
	})
}

// totals adds up what was found.
func (x *inspection) totals() totals {
	t := sum(x.found)
	t.carries = x.clickable > 0 || x.saw("words.phone", "words.charge_call") || x.carriesFile()
	t.pressing = slices.ContainsFunc(pressing[:], func(topic string) bool { return x.saw("words." + topic) })
	t.fraud = x.forgesOrders()
	t.agree = x.agrees()
	t.once = x.saidTwice()
	return t
}

// saidTwice is the threat of signals that say again what another says: that a code leads elsewhere, and that the
// author's name and domain both bear the brand of which one is the other's.
func (x *inspection) saidTwice() (once once) {
	name, domain := 0.0, 0.0
	for _, f := range x.found {
		threat := f.Points.Threat * f.factor
		switch f.ID {
		case "link.qr", "link.qr_lure", "link.foreign_only":
			once.code += threat
		case "impersonation.brand_name":
			name += threat
		case "impersonation.brand_lookalike":
			domain += threat
		}
	}
	if once.code > 0 && !x.saw("link.qr") {
		once.code = 0
	}
	once.brand = min(name, domain)
	return once
}

// verdict decides by a rule, with the tenant's switches and policies.
func (x *inspection) verdict(t totals, by rule) verdict.Verdict {
	disposition, score := decide(t, by)
	v := verdict.Verdict{
		Disposition: disposition, Score: score, Threat: t.Threat, Spoof: t.Spoof, Spam: t.Spam, Bulk: t.Bulk,
		Reasons: reasons(x.found), Indicators: x.indicators.kept, Rules: x.version, Knowledge: x.knowledge,
		Degraded: x.degraded, Quoted: x.quoted(),
	}
	x.leaveToAPerson(&v, t)
	x.applySwitches(&v)
	if x.override != nil {
		x.override.apply(&v)
	}
	if by == noRule && v.Disposition == verdict.Malicious { // by a switch
		v.Disposition = verdict.Suspicious
	}
	if v.Disposition != verdict.Suspicious && v.Disposition != verdict.Spoof {
		v.Review = "" // it is taken, or a policy lets it through
	}
	return v
}

// carriesFile reports whether a file is attached that is opened by itself: pictures in the text are not.
func (x *inspection) carriesFile() bool {
	return slices.ContainsFunc(x.mail.Parts, func(p extract.Part) bool {
		return !p.Nested && p.Attached() && (p.Disposition == "attachment" || p.ContentID == "") &&
			p.Type != "text/calendar"
	})
}

// repliesLeaveAuthor reports whether an answer would leave what the author's name stands for: to a free mailbox, or to
// another domain than the author's.
func (x *inspection) repliesLeaveAuthor() bool {
	return x.freeMail || x.saw("impersonation.reply_to_free_mail", "impersonation.reply_to_differs",
		"impersonation.reply_to_lookalike", "history.odd_reply_to") || !x.auth.aligned
}

// askedFor reports whether the words are those of forged orders: money, gift cards, a favour in secret.
func (x *inspection) askedFor() bool {
	return x.saw("words.payment", "words.giftcard", "words.discreet")
}
