package score

import (
	"slices"
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
	x.strangerOrder()
	x.linkPretext()
}

// codePretext looks for a QR code to sign in or to pay by, from somebody whom the organisation does not know.
func (x *inspection) codePretext() {
	w := x.weight(topicPretext)
	if w < x.leastPretext() || !x.saw("link.qr") || x.known() || x.codeOfService() ||
		!x.frozen && w < 1 && x.codesOfAuthor() && x.firm() {
		return
	}
	x.times(min(1+max(w-1, 0)/2, 2), "words.code_pretext", "text",
		"A QR code is to be scanned for what people sign in or pay for: %s.", quoteAll(x.topics[topicPretext].Phrases))
}

// leastPretext is the weight of a pretext that counts beside a code: one phrase, in a file as well.
func (x *inspection) leastPretext() float64 {
	if x.frozen {
		return 1
	}
	return ofFile - 0.05
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
		!x.hasPhoneNumber() {
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
		if x.frozen || !x.firm() {
			x.chargeInFile()
		}
		return
	}
	x.times(factor, "words.charge_call", "text", "It speaks of %s, asks to call (%s), and comes from nobody who is "+
		"known to charge for that.",
		quoteAll(x.topics[topicCharge].Phrases), quoteAll(x.topics[topicCall].Phrases))
}

// chargeInFile notes a charge to call about that a file or an invitation is to explain, in a short text with nothing
// else to follow.
func (x *inspection) chargeInFile() {
	if x.body.Words > 80 || x.clickable > 0 || !x.carriesFile() && !x.invitation() {
		return
	}
	x.note("words.callback_file", "text", "It speaks of %s, asks to call (%s), and what it is about stands "+
		"in a file or an invitation.",
		quoteAll(x.topics[topicCharge].Phrases), quoteAll(x.topics[topicCall].Phrases))
}

// strangerOrder looks for short mail of strangers that asks for money, or for an answer and secrecy, where an answer
// leaves what their names stand for: forged orders in names that no registry knows.
func (x *inspection) strangerOrder() {
	if x.reply || x.known() || x.body.Words > 150 || x.ours(x.domain) || x.clickable > 0 ||
		x.saw("words.free_mail_order", "words.fortune", "words.advance", "words.prize") {
		return
	}
	ask, money, secret := x.weight(topicAsk), x.weight(topicMoney), x.weight("discreet")
	away := x.saw("impersonation.reply_to_free_mail", "impersonation.reply_to_lookalike")
	switch {
	case (x.freeMail || away) && (ask >= 1.5 && money >= 1 || ask >= 2 && secret >= 1):
	case !x.frozen && x.freeMail && (ask >= 1 && money >= 2 || ask >= 1.5 && secret >= 0.5 ||
		money >= 2 && x.weight(topicPretext) >= 1.5):
	case away && money >= 2:
	default:
		return
	}
	x.note("words.stranger_order", "text",
		"A stranger whose answers go to a mailbox that anybody can have speaks of %s.",
		quoteAll(append(slices.Clone(x.topics[topicMoney].Phrases), x.topics[topicAsk].Phrases...)))
}

// linkPretext looks for a link to a place that nobody is known by, to sign in or to pay there, from somebody whom the
// organisation does not know.
func (x *inspection) linkPretext() {
	w := x.weight(topicPretext)
	if w < 2 || x.reply || x.known() || x.saw("link.qr") || x.body.Words > 250 ||
		x.auth.dkimOwn && x.mail.Header.Has("List-Unsubscribe") ||
		!x.saw("link.purpose_host", "link.random_host", "link.free_subdomain", "link.dynamic_dns", "link.ipfs",
			"link.cheap_tld", "link.recipient_in_url", "link.shortener", "link.open_redirect", "link.file_host",
			"link.brand_host", "link.deep_path", "link.text_href_mismatch", "link.ip_host") {
		return
	}
	x.times(min(0.5+(w-2)/4, 1), "words.link_pretext", "text",
		"A link to a place that nobody is known by is to be followed for what people sign in or pay for: %s.",
		quoteAll(x.topics[topicPretext].Phrases))
}

// claimsOther reports whether the author claims to be an organisation that he is not of: a brand, or the recipient's
// own.
func (x *inspection) claimsOther() bool {
	for _, f := range x.found {
		switch f.ID {
		case "impersonation.brand_name", "impersonation.brand_lookalike":
			if f.factor >= 0.75 {
				return true
			}
		case "impersonation.brand_free_mail", "impersonation.lookalike_domain", "impersonation.own_name",
			"impersonation.vip", "impersonation.obfuscated_name", "auth.own_domain_forged":
			return true
		}
	}
	return false
}

// holdCalls leaves to a person what strangers say was charged or is wrong, and is to be called about, where no more
// speaks against it: of a name that is not theirs, of a free mailbox, or in a file or an invitation alone.
func (x *inspection) holdCalls(v *verdict.Verdict) {
	if v.Disposition == verdict.Malicious || v.Review != "" || x.direct != "in" || x.list || x.bounce || x.trusted ||
		x.reply || x.known() {
		return
	}
	charge, call := x.weight(topicCharge), x.weight(topicCall)
	about := charge + x.weight(topicDispute) + x.weight(topicPretext) + x.weight(topicMoney)
	switch {
	case x.saw("words.charge_call"):
	case x.clickable > 0:
		return
	case x.saw("words.callback_file"):
	case !x.hasPhoneNumber():
		return
	case x.claimsOther() && call+about >= 1:
	case x.saw("impersonation.brand_name", "impersonation.brand_lookalike") && call+about >= 2 && !x.firm():
	case x.freeMail && x.saw("impersonation.role_free_mail") && call+about >= 1:
	case x.freeMail && call+about-x.weight(topicMoney)+x.weight("callback") >= 2:
	case x.saw("impersonation.purpose_domain") && call+charge >= 1:
	case x.office() && call >= 1 && call+about-x.weight(topicMoney) >= 2 && !x.firm():
	default:
		return
	}
	holdFor(v, verdict.ReviewPhone)
	v.Reasons = append(v.Reasons, verdict.Reason{
		ID: "review.phone", Family: "review", Where: "text",
		Text: "It is to be called about, and nothing shows that its author is who he says. A person must decide.",
	})
}

// holdDemands leaves to a person what strangers demand as superiors and suppliers do, and codes to sign in or to pay
// by.
func (x *inspection) holdDemands(v *verdict.Verdict) {
	if v.Disposition == verdict.Malicious || v.Review != "" || x.direct != "in" || x.list || x.bounce {
		return
	}
	if !x.saw("words.free_mail_order", "words.stranger_order") && !x.posesTwice() && !x.demandsCode(v.Disposition) {
		return
	}
	holdFor(v, verdict.ReviewDemand)
	v.Reasons = append(v.Reasons, verdict.Reason{
		ID: "review.demand", Family: "review", Where: "text",
		Text: "It wants what only somebody known may want, and nothing shows that its author is. A person must decide.",
	})
}

// posesTwice reports whether two things say that the author poses as somebody: that needs no words.
func (x *inspection) posesTwice() bool {
	return x.saw("impersonation.vip") && x.saw("impersonation.lookalike_domain") ||
		x.saw("auth.own_domain_forged", "history.odd_reply_to") &&
			x.saw("impersonation.reply_to_free_mail", "impersonation.reply_to_lookalike")
}

// demandsCode reports whether a code is to be scanned to sign in or to pay by: for a stranger, or for somebody who
// claims to be another, or, by what he writes, for somebody known whose mailbox may be another's now.
func (x *inspection) demandsCode(d verdict.Disposition) bool {
	if !x.saw("link.qr") || x.trusted || x.codeOfService() {
		return false
	}
	if x.saw("words.code_pretext") || d.Flagged() && x.claimsOther() {
		return true
	}
	return x.known() && !x.codesOfAuthor() && (x.weight(topicPretext) >= 1.5 ||
		x.saw("link.own_lookalike", "link.brand_host", "link.purpose_host"))
}

// codesOfAuthor reports whether all codes lead to the author's own organisation.
func (x *inspection) codesOfAuthor() bool {
	for i := range x.mail.Links {
		if l := &x.mail.Links[i]; strings.HasPrefix(l.Where, "QR code") && !x.authors(l.URL) {
			return false
		}
	}
	return true
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
		Text: "Its author bears the name or nearly the address of somebody whom the organisation knows, and asks for " +
			"something. A person must decide.",
	})
}
