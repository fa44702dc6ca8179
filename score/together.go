package score

import (
	"strings"

	"clawback/internal/mailaddr"
	"clawback/score/web"
)

// detectTogether looks for things that each prove little and that good mail seldom has together.
func detectTogether(x *inspection) {
	if x.direct != "in" || x.list || x.bounce || x.reply {
		return
	}
	if x.saw("link.foreign_only") && x.saw("structure.html_only") {
		x.note("link.foreign_page", "", "It is a page without a plain form, and none of its links leads to its author.")
	}
	if x.saw("impersonation.cheap_sender") && !x.mail.Header.Has("List-Unsubscribe") {
		x.tokenLink()
	}
	if x.saw("structure.list_unsubscribe") {
		x.nameAsMailbox()
	}
	if _, shown := x.topics["subscription"]; !shown && x.mail.HTML.Hidden != "" {
		x.hiddenUnsubscribe()
	}
	if x.topics["dating"].Weight >= 2 &&
		x.saw("structure.list_unsubscribe", "structure.bulk_words", "structure.mail_service") {
		x.note("words.dating_bulk", "text", "It is mass mail, and speaks of acquaintances or of sex.")
	}
	if x.saw("structure.exclamation") && x.saw("structure.money", "structure.shouting", "structure.shouting_text") {
		x.note("structure.hype", "text", "It cries out, and names sums or writes in capitals.")
	}
}

// throughGroup reports whether the message came through a group that answers go to as well: the envelope, To and
// Reply-To agree. Its authors do not send it themselves.
func (x *inspection) throughGroup() bool {
	if len(x.mail.To) != 1 || len(x.mail.ReplyTo) != 1 || x.mail.To[0].Address == "" ||
		x.mail.To[0].Address != x.mail.ReplyTo[0].Address {
		return false
	}
	group := x.mail.To[0].Domain()
	return x.auth.spf != "fail" && x.auth.spf != "softfail" && group != "" && group != x.from.Domain() &&
		!x.lists.FreeMail.Has(group) && mailaddr.Equal(group, x.auth.spfDomain)
}

// hiddenUnsubscribe looks for a way out that is written where nobody sees it.
func (x *inspection) hiddenUnsubscribe() {
	for _, hit := range x.lexicon.Find(x.lexicon.Fold(cut(x.mail.HTML.Hidden, maxText)).Text) {
		if hit.Topic == "subscription" {
			x.note("structure.hidden_unsubscribe", "text/html",
				"It speaks of unsubscribing in text that is hidden alone: %s.", quoteAll(hit.Phrases))
		}
	}
}

// nameAsMailbox looks for mass mail whose author's mailbox is the whole of its name, at a domain that has nothing to do
// with it: who mails for many names from many domains makes mailboxes of the names.
func (x *inspection) nameAsMailbox() {
	words := strings.Fields(strings.ToLower(x.from.Name))
	label := web.Label(x.domain)
	if len(words) < 2 || strings.Join(words, "") != strings.ToLower(x.from.Local()) || x.freeMail || x.trusted ||
		x.popular(x.domain) {
		return
	}
	for _, word := range words {
		if len(word) >= 3 && strings.Contains(label, word) {
			return
		}
	}
	x.note("impersonation.name_as_mailbox", "header From",
		"It is mass mail of %q, whose name is the mailbox and nothing of the domain %s.", x.from.Name, x.domain)
}

// tokenLink looks for links that are nothing but a long token, at throw-away domains.
func (x *inspection) tokenLink() {
	for i := range x.mail.Links {
		l := &x.mail.Links[i]
		if token := strings.TrimPrefix(l.Path, "/"); l.Clickable() && !l.Nested && x.cheapName(l.Host) &&
			len(token) >= 32 && longRun(strings.NewReplacer("_", "a", "-",
			"a").Replace(strings.ToLower(token))) == len(token) {
			x.note("link.token", "", "A link at %s is nothing but a long token.", web.Defang(l.Host))
			return
		}
	}
}

// relay reports whether a domain belongs to a service that hands mail on under a mailbox of its own, both ways, so that
// the true author stands in the name alone.
func relay(domain string) bool {
	switch domain {
	case "simplelogin.com", "simplelogin.co", "slmail.me", "aleeas.com", "anonaddy.com", "anonaddy.me", "addy.io",
		"mozmail.com", "duck.com",
		"33mail.com", "spamgourmet.com", "sneakemail.com", "erine.email", "burnermail.io", "privaterelay.appleid.com":
		return true
	}
	return false
}
