package score

import (
	"maps"
	"slices"
	"strings"

	"clawback/internal/mailaddr"
	"clawback/score/extract"
	"clawback/score/lists"
	"clawback/score/web"
)

// senderDomain compares the author's domain with those it may be mistaken for.
func (x *inspection) senderDomain() {
	if x.domain == "" || x.ours(x.domain) {
		return
	}
	if near, ok := x.nearOwn(x.domain); ok {
		x.note("impersonation.lookalike_domain", "header From", "The author's domain %s looks like %s.",
			web.Defang(web.Unicode(x.domain)), near)
		return
	}
	if b, ok := x.brandHost(x.from.Domain()); ok && !x.freeMail {
		factor := 1.0
		if x.leadsHome(&b) && x.asksNothing() {
			factor = 0.5
		}
		x.times(factor, "impersonation.brand_lookalike", "header From",
			"The author's domain %s bears the name of %s, to which it does not belong.", web.Defang(x.from.Domain()),
			b.Names[0])
	}
}

// nearOwn reports which domain of the organisation or its partners a domain is mistaken for.
func (x *inspection) nearOwn(domain string) (string, bool) {
	if x.popular(domain) || x.partner(domain) || x.trustedDomain(domain) {
		return "", false
	}
	for _, own := range slices.Sorted(maps.Keys(x.own)) {
		if x.lists.FreeMail.Has(own) {
			continue
		}
		if near(x.lists, domain, own) {
			return own, true
		}
	}
	for _, partner := range x.tenant.Partners {
		if near(x.lists, domain, partner) {
			return partner, true
		}
	}
	return "", false
}

func (x *inspection) partner(domain string) bool {
	for _, partner := range x.tenant.Partners {
		if mailaddr.Name(partner) == domain {
			return true
		}
	}
	return false
}

// near reports whether two registrable domains are easily mistaken for each other and are not the same.
func near(l *lists.Lists, domain, target string) bool {
	if domain == target {
		return false
	}
	label, wanted := web.Label(web.Unicode(domain)), web.Label(web.Unicode(target))
	if label == wanted {
		return len(wanted) >= 5 // the same name under another suffix
	}
	a, b := web.Digits(l.Skeleton.Of(label)), web.Digits(l.Skeleton.Of(wanted))
	if a == b {
		return true
	}
	switch {
	case len(wanted) < 5:
		return false
	case strings.HasPrefix(a, b+"-") || strings.HasSuffix(a, "-"+b):
		return true
	case len(wanted) < 8:
		return web.Distance(a, b, 1) <= 1 && len(a) >= len(b)
	}
	return web.Distance(a, b, 2) <= 2 && a[0] == b[0]
}

// replyTo looks at where an answer would go.
func (x *inspection) replyTo() {
	if len(x.mail.ReplyTo) == 0 || x.list {
		return
	}
	reply := x.mail.ReplyTo[0]
	if x.domain == "" {
		if x.lists.FreeMail.Has(x.domainOf(reply)) {
			x.note("impersonation.reply_to_free_mail", "header Reply-To",
				"The author has no address, and an answer would go to a free mailbox at %s.", reply.Domain())
		}
		return
	}
	if named(x.mail.To, []string{reply.Address}) { // an answer to all
		return
	}
	domain := x.domainOf(reply)
	if domain == x.domain || domain == "" || !strings.Contains(domain, ".") {
		x.replyMailbox(reply)
		return
	}
	if near, ok := x.nearOwn(domain); ok {
		x.note("impersonation.reply_to_lookalike", "header Reply-To", "An answer would go to %s, which looks like %s.",
			web.Defang(domain), near)
		return
	}
	switch {
	case x.lists.FreeMail.Has(domain):
		x.note("impersonation.reply_to_free_mail", "header Reply-To",
			"An answer would go to a free mailbox at %s, not to the author at %s.", domain, x.domain)
	case !x.lists.ReplyToServices.Has(domain) && web.Label(domain) != web.Label(x.domain) && !x.wellKnown():
		x.note("impersonation.reply_to_differs", "header Reply-To", "An answer would go to %s, not to the author's %s.",
			domain, x.domain)
	}
}

// replyMailbox looks at answers that go to another box of the same free provider.
func (x *inspection) replyMailbox(reply extract.Address) {
	if x.freeMail && reply.Address != x.from.Address && reply.Address != "" {
		x.note("impersonation.reply_to_free_mail", "header Reply-To", "An answer would go to another free mailbox, %s.",
			web.Defang(reply.Address))
	}
}

// fromShape looks at From headers that no mail program writes.
func (x *inspection) fromShape() {
	h := x.mail.Header
	from := h.All("From")
	switch {
	case len(from) > 1:
		x.note("impersonation.malformed_from", "header From", "There are %d From headers.", len(from))
	case len(x.mail.From) > 1 && !h.Has("Sender") && !x.list:
		x.note("impersonation.malformed_from", "header From", "The From header names several authors.")
	case x.from.Address == "" && !x.bounce:
		x.note("impersonation.malformed_from", "header From", "The author has no address.")
	case x.from.Address != "" && !hostName(x.from.Domain()):
		x.note("impersonation.malformed_from", "header From", "The author's domain %q is none.", x.from.Domain())
	case strings.Contains(from[0], " >"):
		x.note("impersonation.malformed_from", "header From", "The author's address is not well-formed.")
	}
	if x.bounce || x.list {
		return
	}
	if x.freeMail && machineMade(x.from.Local()) {
		x.note("impersonation.machine_free_mail", "header From",
			"The author's mailbox name %q looks as if a machine had made it.", x.from.Local())
		return
	}
	switch {
	case !x.auth.dkimOwn && machineMade(x.from.Local()) && !namesItself(x.from):
		x.note("impersonation.machine_address", "header From",
			"The author's mailbox name %q looks as if a machine had made it.", x.from.Local())
	case numbered(x.from.Local()):
		x.note("impersonation.numbered_mailbox", "header From", "The author's mailbox name %q ends in a number.",
			x.from.Local())
	}
}

// namesItself reports whether a mailbox is made of the words of its owner's name, of which not all can be spoken:
// "ralf.schmitz".
func namesItself(from extract.Address) bool {
	name := strings.ToLower(from.Name)
	for word := range strings.FieldsFuncSeq(from.Local(),
		func(r rune) bool { return r == '.' || r == '-' || r == '_' }) {
		if !strings.Contains(name, word) {
			return false
		}
	}
	return name != ""
}

// numbered reports whether a mailbox name ends in three digits or more, as the names of mailboxes that are made in
// numbers do.
func numbered(local string) bool {
	digits := 0
	for i := len(local) - 1; i >= 0 && '0' <= local[i] && local[i] <= '9'; i-- {
		digits++
	}
	// Those are made to tell replies apart.
	return digits >= 3 && digits < len(local) && !strings.ContainsAny(local, "+=#")
}

func machineMade(local string) bool {
	if strings.ContainsAny(local, "+=#") { // returned mail is told apart by these
		return false
	}
	digits := 0
	for i := 0; i < len(local); i++ {
		if '0' <= local[i] && local[i] <= '9' {
			digits++
		}
	}
	return digits >= 5 && digits < len(local) ||
		web.Random(strings.NewReplacer(".", "", "_", "", "-", "").Replace(local))
}

// hostName reports whether a domain can be one.
func hostName(domain string) bool {
	if !strings.Contains(domain, ".") || strings.HasPrefix(domain, "[") {
		return false
	}
	for i := 0; i < len(domain); i++ {
		if c := domain[i]; c < 0x80 && !alphanumeric(c) && c != '.' && c != '-' && c != '_' {
			return false
		}
	}
	return true
}
