package score

import (
	"time"

	"clawback/score/web"
	"clawback/verdict"
)

// leaveToAPerson makes SUSPICIOUS of what would be MALICIOUS where the one who wrote it is known by more than his own
// words: the evidence may be that of a good message that looks bad, and taking it away would do harm that a person must
// answer for. A hard indicator leaves no doubt.
func (x *inspection) leaveToAPerson(v *verdict.Verdict, t totals) {
	x.changedDetails(v)
	x.holdImpostor(v)
	x.holdCalls(v)
	x.holdDemands(v)
	if v.Disposition != verdict.Malicious || len(t.hard) > 0 {
		return
	}
	why, text := x.review()
	if why == "" {
		return
	}
	v.Review, v.Disposition, v.Score = why, verdict.Suspicious, percent(t.Threat, suspiciousAt)
	v.Reasons = append(v.Reasons, verdict.Reason{ID: "review." + string(why), Family: "review", Text: text,
		Where: "history"})
}

// review says why a person must decide, and in what words; "" where none need.
func (x *inspection) review() (verdict.Review, string) {
	switch {
	case x.direct != "in" || !x.auth.aligned ||
		x.saw("impersonation.vip", "impersonation.lookalike_domain", "history.odd_reply_to"):
		return "", ""
	case x.reply && x.history.from.Began > 0:
		return verdict.ReviewConversation, "It would be MALICIOUS; but people of the organisation wrote to " +
			x.from.Address + " first, and it is an answer. A person must decide."
	case x.longStanding():
		return verdict.ReviewSender, "It would be MALICIOUS; but the organisation has had mail from " + x.from.Address +
			" for long, authenticated as ever. A person must decide."
	case envelopeService(x.domain):
		return verdict.ReviewEnvelope, "It would be MALICIOUS; but it is signed by " + x.domain +
			", which sends sealed mail for others. A person must decide."
	}
	return "", ""
}

// What makes a sender one of long standing: authenticated mail of his own on as many days, over as long a time. It is
// more than makes him known, since what it changes is whether his mail is taken away: nobody spends three weeks on one
// message in many.
const (
	standingDays = 5
	standingSpan = 21 * 24 * time.Hour
)

// longStanding reports whether the author is of long standing, and writes as he always did.
func (x *inspection) longStanding() bool {
	h := x.history.from
	return h.AlignedDays.Count() >= standingDays && h.Span() >= standingSpan &&
		!x.saw("history.odd_reply_to", "history.odd_infrastructure")
}

// changedDetails leaves to a person what speaks of payments in a conversation whose author writes otherwise than ever:
// by another's servers, without his authentication, or with another address for answers.
func (x *inspection) changedDetails(v *verdict.Verdict) {
	if v.Disposition == verdict.Malicious || !x.reply || !x.saw("words.payment") ||
		!x.saw("history.odd_infrastructure", "history.broken_authentication", "history.odd_reply_to") {
		return
	}
	holdFor(v, verdict.ReviewPayment)
	v.Reasons = append(v.Reasons, verdict.Reason{
		ID: "review.payment", Family: "review", Where: "history",
		Text: "It speaks of payments in a conversation, and did not come as its author's mail always did. A person " +
			"must decide.",
	})
}

// holdFor leaves a message to a person, and makes it SUSPICIOUS where it is milder. What it is worse than stays told: a
// person who is to decide sees SPOOF beside the review, and the tenant's rule for SPOOF holds.
func holdFor(v *verdict.Verdict, why verdict.Review) {
	v.Review = why
	if v.Disposition < verdict.Suspicious {
		v.Disposition, v.Score = verdict.Suspicious, 50
	}
}

// envelopeService reports whether an organisation sends sealed mail for others under its own name: the page that it
// attaches asks for a password, and its links know the recipient.
func envelopeService(domain string) bool {
	switch domain {
	case "cisco.com", "zixmessagecenter.com", "zixcorp.com", "proofpoint.com", "proofpointessentials.com",
		"ppe-hosted.com", "virtru.com",
		"mimecast.com", "barracudanetworks.com", "privatepost.com", "trendmicro.com", "egress.com", "echoworx.com",
		"datamotion.com", "paubox.com",
		"rpost.net", "luxsci.com", "incamail.com":
		return true
	}
	return false
}

// envelopeLink reports whether an address is one of a service for sealed mail: it knows the recipient because he must
// sign in there.
func envelopeLink(u web.URL) bool {
	return envelopeService(u.Domain) || u.Host == "outlook.office365.com"
}
