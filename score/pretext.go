package score

import (
	"strings"

	"clawback/score/web"
	"clawback/verdict"
)

// The topics of this file are single words of everyday mail. They count where something else about the message is what
// fraud needs: a borrowed name, a code that leads past what looks into links, a telephone number.
const (
	topicAsk     = "ask"     // is somebody there, answer me, do not call, keep it to yourself, at once
	topicMoney   = "money"   // transfers, accounts, invoices, gift cards, wages, lists of staff
	topicPretext = "pretext" // what people sign in or pay for: passwords, second factors, wages, fines, parcels
	topicCharge  = "charge"  // what was charged, bought or renewed, what is infected or locked
	topicCall    = "callus"  // that one is to call
	topicDispute = "dispute" // it was not me, cancel it, stop it, give it back, or else
)

func (x *inspection) weight(topic string) float64 { return x.topics[topic].Weight }

// asks reports whether a text asks for what forged orders ask for: money or data, an answer, secrecy.
func (x *inspection) asks() bool {
	return x.weight(topicAsk) >= 1 || x.weight(topicMoney) >= 1 || x.weight("discreet") >= 1 ||
		x.weight("giftcard") >= 1 || x.weight("payment") >= 1
}

// asksForMoney reports whether it asks for money, for what is as good, or for data of people.
func (x *inspection) asksForMoney() bool {
	return x.askedFor() || x.weight(topicMoney) >= 1 && x.weight(topicAsk) >= 1
}

// detectPretexts reads those words with what the message carries.
func detectPretexts(x *inspection) {
	if x.direct != "in" || x.list || x.bounce || x.trusted {
		return
	}
	x.codePretext()
	x.chargeCall()
}

// codePretext looks for a QR code to sign in or to pay by, from somebody whom the organisation does not know.
func (x *inspection) codePretext() {
	w := x.weight(topicPretext)
	if w < 1 || !x.saw("link.qr") || x.known() || x.codeOfService() {
		return
	}
	x.times(min(1+(w-1)/2, 2), "words.code_pretext", "text",
		"A QR code is to be scanned for what people sign in or pay for: %s.", quoteAll(x.topics[topicPretext].Phrases))
}

// codeOfService reports whether all codes lead to well-known places, or to the organisation itself.
func (x *inspection) codeOfService() bool {
	for i := range x.mail.Links {
		if l := &x.mail.Links[i]; strings.HasPrefix(l.Where, "QR code") && !x.ours(web.Organisation(l.Host)) &&
			(!x.lists.Popular.Has(l.Domain) || x.onwards(l.URL)) {
			return false
		}
	}
	return true
}

// chargeCall looks for a charge or a fault that is to be called about, in mail that claims a brand or comes from a free
// mailbox: firms that charge write from their own domains. From other strangers it counts where a call is all there is
// to do.
func (x *inspection) chargeCall() {
	if x.reply || x.known() || x.saw("words.callback_file") {
		return
	}
	charge, call, dispute := x.weight(topicCharge), x.weight(topicCall), x.weight(topicDispute)+x.weight("callback")
	if charge < 1.5 || call < 0.8 ||
		!(phone(x.mail.Subject+"\n"+x.mail.Body()) || len(x.enclosed) > 0 && phone(x.enclosed[0])) {
		return
	}
	factor := 1.0
	if dispute >= 1 {
		factor = 1.4
	}
	claims := x.freeMail || x.saw("impersonation.brand_name", "impersonation.brand_lookalike",
		"impersonation.brand_opening", "impersonation.brand_story",
		"impersonation.own_name", "impersonation.lookalike_domain")
	if !claims && (dispute < 1.5 || charge < 2 || x.clickable > 0) {
		x.chargeInFile()
		return
	}
	x.times(factor, "words.charge_call", "text", "It speaks of %s, asks to call (%s), and comes from nobody who is known to charge for that.",
		quoteAll(x.topics[topicCharge].Phrases), quoteAll(x.topics[topicCall].Phrases))
}

// chargeInFile notes a charge to call about that a file or an invitation is to explain, in a short text with nothing
// else to follow.
func (x *inspection) chargeInFile() {
	if x.body.Words > 80 || x.clickable > 0 || !x.carriesFile() && !x.invitation() {
		return
	}
	x.note("words.callback_file", "text", "It speaks of %s, asks to call (%s), and what it is about stands in a file or an invitation.",
		quoteAll(x.topics[topicCharge].Phrases), quoteAll(x.topics[topicCall].Phrases))
}

// poses reports whether the author poses as somebody of the organisation or of a partner, and in what way.
func (x *inspection) poses() bool {
	return x.saw("impersonation.vip", "impersonation.lookalike_domain", "impersonation.reply_to_lookalike") ||
		x.saw("auth.own_domain_forged", "auth.own_domain_unproven", "history.odd_reply_to") && x.repliesLeaveAuthor()
}

// forgesOrders reports whether fraud in another's name is beyond doubt: a registered person's name, or the
// organisation's own address, with answers that go elsewhere, and a demand for money, data or secrecy.
func (x *inspection) forgesOrders() bool {
	switch {
	case x.saw("impersonation.vip") && x.repliesLeaveAuthor() && x.askedFor():
		return true
	case x.saw("impersonation.vip") && x.saw("impersonation.lookalike_domain") && !x.sameLabel():
		return x.asks()
	case x.saw("auth.own_domain_forged") &&
		x.saw("impersonation.reply_to_free_mail", "impersonation.reply_to_differs", "impersonation.reply_to_lookalike"),
		x.saw("impersonation.reply_to_lookalike"):
		return x.asksForMoney()
	}
	return false
}

// sameLabel reports whether the author's domain is an own or a partner's one under another suffix: it may be one that
// nobody configured.
func (x *inspection) sameLabel() bool {
	label := web.Label(web.Unicode(x.domain))
	for own := range x.own {
		if web.Label(web.Unicode(own)) == label {
			return true
		}
	}
	for _, partner := range x.tenant.Partners {
		if web.Label(web.Unicode(partner)) == label {
			return true
		}
	}
	return false
}

// holdImpostor leaves to a person what poses as an insider or a partner and asks for something, where no more than that
// speaks against it. What is SPOOF stays that.
func (x *inspection) holdImpostor(v *verdict.Verdict) {
	if v.Disposition == verdict.Malicious || v.Review != "" || x.direct != "in" || x.list || x.bounce || !x.poses() ||
		!x.asks() {
		return
	}
	holdFor(v, verdict.ReviewImpostor)
	v.Reasons = append(v.Reasons, verdict.Reason{
		ID: "review.impostor", Family: "review", Where: "header From",
		Text: "Its author bears the name or nearly the address of somebody whom the organisation knows, and asks for something. A person must decide.",
	})
}
