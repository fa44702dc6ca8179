package score

import (
	"strings"

	"clawback/internal/mailaddr"
)

// writtenByMachine reports whether no person wrote a message from inside: an automatic answer, a receipt, an answer to
// an invitation, what a rule sends on, a circular, or an order to be taken off a list.
func (x *inspection) writtenByMachine() bool {
	h := x.mail.Header
	if auto := mailaddr.Lower(h.First("Auto-Submitted")); auto != "" && auto != "no" {
		return true
	}
	for _, name := range [...]string{
		"X-MS-Exchange-Generated-Message-Source", "X-MS-Exchange-Inbox-Rules-Loop", "X-MS-Exchange-ForwardingLoop",
		"X-Autoreply", "X-Autorespond", "Resent-From", "List-Unsubscribe", "List-Id", "Feedback-Id",
	} {
		if h.Has(name) {
			return true
		}
	}
	forwarded := exchangeStamp(h, "X-MS-Exchange-Organization-AutoForwarded")
	if mailaddr.Equal(forwarded, "true") || h.First("Precedence") != "" {
		return true
	}
	const as = "X-MS-Exchange-Organization-AuthAs"
	if h.Has(as) && !mailaddr.Equal(exchangeStamp(h, as), "Internal") {
		return true // nobody inside is known to have sent it
	}
	return strings.TrimSpace(h.First("Return-Path")) == "<>" || machineMailbox(x.from.Local()) ||
		machineSubject(x.mail.Subject, x.body.Words) || x.invitationAnswer()
}

// machineMailbox reports whether a mailbox is one that nobody reads.
func machineMailbox(local string) bool {
	local = strings.NewReplacer("-", "", "_", "", ".", "").Replace(mailaddr.Lower(local))
	for _, name := range [...]string{"noreply", "donotreply", "mailerdaemon", "postmaster", "newsletter",
		"notification", "autoreply"} {
		if strings.HasPrefix(local, name) {
			return true
		}
	}
	return false
}

// machineSubject reports whether a subject is one of automatic answers and receipts, or of nothing but an order to a
// list.
func machineSubject(subject string, words int) bool {
	subject = strings.TrimSpace(mailaddr.Lower(subject))
	for _, start := range [...]string{
		"automatic reply:", "out of office", "automatische antwort", "abwesenheitsnotiz", "réponse automatique",
		"respuesta automática", "resposta automática", "automatisch antwoord", "risposta automatica", "read:",
		"gelesen:", "lu:", "gelezen:", "leído:", "lida:", "undeliverable:", "unzustellbar:", "accepted:", "declined:",
		"tentative:", "zugesagt:", "abgesagt:",
	} {
		if strings.HasPrefix(subject, start) {
			return true
		}
	}
	return words <= 12 && strings.Contains(subject, "unsubscribe")
}

// invitationAnswer reports whether the message answers an invitation (RFC 5546, section 3.2.3): rooms do that by
// themselves.
func (x *inspection) invitationAnswer() bool {
	for i := range x.mail.Parts {
		if p := &x.mail.Parts[i]; p.Type == "text/calendar" &&
			strings.Contains(strings.ToUpper(string(p.Head(4<<10))), "METHOD:REPLY") {
			return true
		}
	}
	return false
}
