package score

import (
	"fmt"
	"slices"
	"time"

	"clawback/score/web"
	"clawback/verdict"
	"clawback/verdict/history"
)

// What makes a sender known: authenticated messages, written to somebody, on as many days, over as long a time. How
// many come on a day does not matter: a stranger could send them all at once.
const (
	knownMessages = 3
	knownDays     = 3
	knownSpan     = 7 * 24 * time.Hour
)

// senderHistory is what the tenant's mail has taught about the author.
type senderHistory struct {
	from, domain, reply, via history.Entry
	service                  string // whose servers or signature it used this time
	toProgram                bool   // it goes to an address that a List-Unsubscribe field has named
}

// detectHistory compares the message with what is known of its author.
func detectHistory(x *inspection) {
	x.remember()
	if x.msg.History != nil && x.direct == "out" && x.msg.FirstHand {
		x.history.toProgram, x.failed = x.asksPrograms()
	}
	if x.msg.History == nil || x.direct != "in" || x.from.Address == "" {
		return
	}
	if x.failed = x.recall(); x.failed != nil {
		return
	}
	h := x.history
	switch {
	case h.from.Aligned >= knownMessages && !x.auth.aligned:
		x.note("history.broken_authentication", "header From",
			"%s was always authenticated before (%d times), and is not this time.", x.from.Address, h.from.Aligned)
	case x.trustedDomain(x.domain): // its age says nothing
	case h.from.Received+h.from.Sent == 0 && h.domain.Received+h.domain.Sent == 0 && !x.freeMail:
		x.note("history.first_domain", "header From", "The organisation never had mail from %s before.", x.domain)
	case h.from.Received+h.from.Sent == 0:
		x.note("history.first_sender", "header From", "The organisation never had mail from %s before.", x.from.Address)
	}
	odd := x.oddOneOut()
	if x.auth.aligned && !odd {
		x.familiar()
	}
}

// recall reads the entries. They are part of the answer, so that judging again gives the same one.
func (x *inspection) recall() error {
	h := &x.history
	keys := []string{history.From(x.from.Address), history.Domain(x.domain)}
	if reply := x.replyDomain(); reply != "" {
		keys = append(keys, history.Reply(x.from.Address, reply))
	}
	if h.service != "" {
		keys = append(keys, history.Via(x.domain, h.service))
	}
	read, err := x.msg.History.Entries(x.ctx, keys)
	if err != nil {
		return fmt.Errorf("read the history of the sender: %w", err)
	}
	x.read = read
	for _, e := range x.read {
		switch e.Key {
		case keys[0]:
			h.from = e
		case keys[1]:
			h.domain = e
		case history.Reply(x.from.Address, x.replyDomain()):
			h.reply = e
		case history.Via(x.domain, h.service):
			h.via = e
		}
	}
	return nil
}

// replyDomain is where answers go when not to the author's own domain.
func (x *inspection) replyDomain() string {
	if len(x.mail.ReplyTo) == 0 {
		return ""
	}
	if domain := x.domainOf(x.mail.ReplyTo[0]); domain != x.domain {
		return domain
	}
	return ""
}

// oddOneOut looks for what a known sender never did before.
func (x *inspection) oddOneOut() bool {
	h := x.history
	if h.from.Received < knownMessages {
		return false
	}
	odd := false
	if reply := x.replyDomain(); reply != "" && h.reply.Received == 0 {
		x.note("history.odd_reply_to", "header Reply-To", "%s never had answers sent to %s before.", x.from.Address,
			web.Defang(reply))
		odd = true
	}
	if h.service != "" && h.service != x.domain && h.via.Received == 0 && h.domain.Aligned >= knownMessages {
		x.note("history.odd_infrastructure", "header Authentication-Results",
			"Mail of %s never came by way of %s before.", x.domain, h.service)
		odd = true
	}
	return odd
}

// familiar notes what speaks for a sender that authenticated. A list of one's own words would not: only what the
// organisation did, or saw for long.
func (x *inspection) familiar() {
	h := x.history
	switch {
	case writtenTo(h.from):
		x.note("history.correspondent", "header From", "People of the organisation have written to %s (%d times).",
			x.from.Address, h.from.Sent)
	case h.from.AlignedDays.Count() >= knownDays && h.from.Span() >= knownSpan:
		x.note("history.known_sender", "header From", "The organisation has had authenticated mail from %s since %s.",
			x.from.Address, h.from.FirstSeen.Format("2006-01-02"))
	case writtenTo(h.domain) && h.domain.Sent >= 2 && !x.freeMail && !hosted(x.domain):
		x.note("history.known_domain", "header From", "People of the organisation have written to %s.", x.domain)
	}
}

// writtenTo reports whether people of the organisation write to somebody: they wrote first, or have answered on more
// than one day. One answer is easily had.
func writtenTo(e history.Entry) bool { return e.Began > 0 || e.SentDays.Count() > 1 }

// remember works out whose servers the message used.
func (x *inspection) remember() {
	for _, d := range x.auth.dkim {
		if d.result == "pass" {
			x.history.service = organisation(d.domain)
			if x.history.service == x.domain {
				return
			}
		}
	}
	if x.history.service == "" && x.auth.spf == "pass" {
		x.history.service = organisation(x.auth.spfDomain)
	}
}

// lessons is what the message teaches. Only attributed mail teaches, only when it is not flagged, and of authors only
// when they authenticated: else anybody could make himself known under another's name. Which addresses a message names
// to mail programs is learnt of every one from outside.
func (x *inspection) lessons(d verdict.Disposition) []history.Observation {
	if !x.msg.FirstHand || x.msg.Received.IsZero() {
		return nil
	}
	if x.direct == "in" {
		return append(x.taughtOfAuthor(d), x.unsubscribeAddresses()...)
	}
	return x.taughtOfRecipients(d)
}

func (x *inspection) taughtOfAuthor(d verdict.Disposition) []history.Observation {
	if d.Flagged() || d == verdict.Unscored || !x.auth.aligned || x.from.Address == "" || x.bounce {
		return nil
	}
	keys := []string{history.From(x.from.Address), history.Domain(x.domain)}
	if reply := x.replyDomain(); reply != "" {
		keys = append(keys, history.Reply(x.from.Address, reply))
	}
	if x.history.service != "" {
		keys = append(keys, history.Via(x.domain, x.history.service))
	}
	bulk := d == verdict.Bulk || x.mail.Header.Has("List-Unsubscribe") || x.list
	var all []history.Observation
	for _, key := range keys {
		all = append(all, history.Observation{Key: key, At: x.msg.Received, Aligned: true, Bulk: bulk})
	}
	return all
}

// maxWrittenTo is to how many recipients a message is written by a person to persons: what goes to more is a circular.
const maxWrittenTo = 20

// taughtOfRecipients is what mail of the organisation's own people teaches: whom they write to, and whether they wrote
// first. What a machine sends in their name teaches nothing: anybody can have an automatic answer, a receipt or a
// confirmation, and by List-Unsubscribe a message of any words to any address.
func (x *inspection) taughtOfRecipients(d verdict.Disposition) []history.Observation {
	if d.Flagged() || d == verdict.Unscored || x.direct != "out" || x.bounce || x.history.toProgram ||
		x.writtenByMachine() {
		return nil
	}
	var all []history.Observation
	seen := map[string]bool{}
	for _, r := range x.outside() {
		for _, key := range []string{history.From(r), history.Domain(organisation(domainOf(r)))} {
			if !seen[key] {
				seen[key] = true
				all = append(all, history.Observation{Key: key, At: x.msg.Received, Sent: true, Began: !x.reply})
			}
		}
	}
	return all
}

// outside are the recipients outside of the organisation; none of a circular.
func (x *inspection) outside() []string {
	recipients := x.recipientsUpTo(maxWrittenTo + 1)
	if len(recipients) > maxWrittenTo {
		return nil
	}
	return slices.DeleteFunc(recipients, func(r string) bool { return x.ours(organisation(domainOf(r))) })
}
