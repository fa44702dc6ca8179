package score

import (
	"strings"

	"clawback/score/extract"
	"clawback/score/lists"
)

// pressing are the topics of mail that wants something of the reader which only the true owner of a name may want.
var pressing = [...]string{
	"credential", "payment", "urgency", "discreet", "giftcard", "extortion", "callback", "parcel", "crypto", "prize",
	"advance", "share",
	"code_pretext", "charge_call",
}

// asksNothing reports whether a text in a script and length that the lists of words can judge has none of the topics of
// fraud. A text of pictures, or in letters whose words are not known, is not judged by what is not found in it.
func (x *inspection) asksNothing() bool {
	if x.body.Words < 6 || x.body.Latin <= x.body.Other {
		return false
	}
	for _, topic := range pressing {
		if x.topics[topic].Weight >= 1 {
			return false
		}
	}
	return true
}

// leadsHome reports whether the author is authenticated, and every link that can be followed leads to his own
// organisation, or to pages of the brand itself that no stranger can make.
func (x *inspection) leadsHome(b *lists.Brand) bool {
	if !x.auth.aligned || x.freeMail {
		return false
	}
	for i := range x.mail.Links {
		if l := &x.mail.Links[i]; l.Clickable() && !l.Plain && !x.msProtected(l) && !x.authors(l.URL) &&
			!x.brandsOwn(b, l) {
			return false
		}
	}
	return true
}

// brandsOwn reports whether a link leads to a page of the brand that no stranger can have made.
func (x *inspection) brandsOwn(b *lists.Brand, l *extract.Link) bool {
	in := func(list lists.List) bool { _, ok := list.HasSuffix(l.Host); return ok }
	if !b.Owns(l.Domain) || storage(l.Host) || in(x.lists.FileHosts) || in(x.lists.CreationPlatforms) ||
		in(x.lists.SubdomainHosts) || in(x.lists.Shorteners) {
		return false
	}
	_, leadsOn := l.Target()
	return !leadsOn
}

// selfHosted makes the name of software that organisations run by themselves count for nothing where it writes from
// home: their ticket systems, wikis and sites name themselves, sign as their owner, and lead to him. Where it speaks of
// an account that will be lost it counts half.
func (x *inspection) selfHosted(b lists.Brand, shown string) float64 {
	switch {
	case b.Kind != "program" && shown != "sharepoint" || !x.leadsHome(&b):
		return 1
	case x.topics["credential"].Weight >= 1.5:
		return 0.5
	}
	return 0
}

// partOfName makes a brand count half where it is a part of a longer name, of an author who leads home and asks for
// nothing: agencies, shops and regional banks of its name, and help desks that act for it.
func (x *inspection) partOfName(b lists.Brand, folded, shown string) float64 {
	brand := strings.TrimSpace(x.lexicon.Fold(shown).Text)
	if x.leadsHome(&b) && len(strings.TrimSpace(folded)) > len(brand) && x.asksNothing() {
		return 0.5
	}
	return 1
}
