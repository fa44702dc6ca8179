package score

import (
	"slices"
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
		"X-Autoreply", "X-Autorespond", "X-Auto-Response-Suppress", "Resent-From",
		"List-Unsubscribe", "List-Id", "Feedback-Id",
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
	return strings.TrimSpace(h.First("Return-Path")) == "<>" || x.hasReport() || machineMailbox(x.from.Local()) ||
		machineSubject(x.mail.Subject, x.body.Words) || x.invitationAnswer() || x.hasNoContent()
}

// hasNoContent reports whether a message that answers none has neither text nor a file: programs send such orders.
func (x *inspection) hasNoContent() bool {
	return !x.reply && x.body.Words == 0 && x.other.Words == 0 && !x.carriesFile()
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

// Subjects of automatic answers, of receipts and of answers to invitations, by how they begin in the languages of
// Outlook and Exchange.
var machineSubjects = [...]string{
	"automatic reply:", "out of office", "automatische antwort", "abwesenheitsnotiz", "réponse automatique",
	"respuesta automática", "resposta automática", "automatisch antwoord", "risposta automatica", "autoreply:",
	"read:", "not read:", "gelesen:", "ungelesen:", "nicht gelesen:", "lu:", "lu :", "non lu", "gelezen:",
	"niet gelezen:", "leído:", "no leído:", "lida:", "não lida:", "letto:", "non letto:", "delivered:",
	"undeliverable:", "unzustellbar:", "non remis", "no se puede entregar:", "onbestelbaar:",
	"accepted:", "declined:", "tentative:", "tentatively accepted:", "new time proposed:", "zugesagt:", "angenommen:",
	"abgesagt:", "abgelehnt:", "mit vorbehalt:", "accepté", "refusé", "provisoire", "aceptado:", "aceptada:",
	"rechazado:", "rechazada:", "geaccepteerd:", "geweigerd:", "accettato:", "rifiutato:", "aceite:",
	"meeting forward notification:", "benachrichtigung über weiterleitung", "recall:", "message recall",
}

// What lists are told to do by a short message, in any place of its subject, and as the whole of it.
var (
	listOrders = [...]string{
		"unsubscribe", "abmeld", "abbestell", "désabonn", "desabonn", "désinscri", "desinscri", "desuscri",
		"darse de baja", "cancelar suscri", "cancelar inscri", "disiscri", "cancellami", "afmeld", "uitschrijv",
		"opt-out", "opt out", "optout", "signoff", "wypisz", "avregistrer", "avprenumerera", "odhlásit",
	}
	wholeOrders = [...]string{"remove", "remove me", "stop", "leave", "off", "cancel", "delete", "baja"}
)

// machineSubject reports whether a subject is one of automatic answers and receipts, or of nothing but an order to a
// list.
func machineSubject(subject string, words int) bool {
	subject = strings.TrimSpace(mailaddr.Lower(subject))
	has := func(start string) bool { return strings.HasPrefix(subject, start) }
	if slices.ContainsFunc(machineSubjects[:], has) {
		return true
	}
	orders := func(order string) bool { return strings.Contains(subject, order) }
	return words <= 12 && (slices.ContainsFunc(listOrders[:], orders) || slices.Contains(wholeOrders[:], subject))
}

// invitationAnswer reports whether the message answers an invitation (RFC 5546, section 3.2): rooms and mail programs
// do that by themselves.
func (x *inspection) invitationAnswer() bool {
	for i := range x.mail.Parts {
		p := &x.mail.Parts[i]
		if p.Type != "text/calendar" {
			continue
		}
		head := mailaddr.Upper(string(p.Head(4 << 10)))
		for _, method := range [...]string{"REPLY", "COUNTER", "REFRESH", "DECLINECOUNTER"} {
			if strings.Contains(head, "METHOD:"+method) {
				return true
			}
		}
	}
	return false
}
