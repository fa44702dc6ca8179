package score

import (
	"fmt"
	"strings"

	"clawback/score/extract"
	"clawback/score/web"
	"clawback/verdict"
)

// maxIndicators is how many indicators of a message a verdict keeps, for messages of the same campaign and for what
// feeds list. Beyond it those alone are kept that are listed already: nobody hides one behind many.
const maxIndicators = 300

// indicators are the values of a message by which it is known.
type indicators struct {
	met  map[verdict.Indicator]bool
	kept []verdict.Indicator
}

// indicate keeps an indicator.
func (x *inspection) indicate(kind, value string) {
	i := verdict.Indicator{Kind: kind, Value: value}
	if x.indicators.met[i] {
		return
	}
	if x.indicators.met == nil {
		x.indicators.met = map[verdict.Indicator]bool{}
	}
	x.indicators.met[i] = true
	if len(x.indicators.kept) < maxIndicators || x.options.Listed != nil && x.options.Listed.Listed(i) {
		x.indicators.kept = append(x.indicators.kept, i)
	}
}

// indicateAddresses keeps the addresses by which policies know a message: the envelope sender, the author, and where
// answers go. See [Concern].
func (x *inspection) indicateAddresses() {
	addresses := []string{x.msg.Sender, x.from.Address}
	if len(x.mail.ReplyTo) > 0 {
		addresses = append(addresses, x.mail.ReplyTo[0].Address)
	}
	for _, address := range addresses {
		if address != "" {
			x.indicate(addressKind, strings.ToValidUTF8(address, "\uFFFD"))
		}
	}
}

// addressKind is the kind of indicator of a mailbox's address.
const addressKind = "email"

// indicateURL keeps an address of the web, and what a rewriting gateway or a redirect hides.
func (x *inspection) indicateURL(u web.URL) {
	for _, i := range indicatorsOf(u) {
		x.indicate(i.Kind, i.Value)
	}
}

// indicatorsOf are what an address of the web is known by.
func indicatorsOf(u web.URL) []verdict.Indicator {
	all := []verdict.Indicator{{Kind: "url", Value: u.Raw}, {Kind: "domain", Value: u.Host}}
	if target, ok := u.Target(); ok {
		all = append(all, verdict.Indicator{Kind: "url", Value: target.Raw},
			verdict.Indicator{Kind: "domain", Value: target.Host})
	}
	return all
}

// indicateLinks keeps all addresses of the web: first those that a person can follow.
func (x *inspection) indicateLinks() {
	for _, follow := range []bool{true, false} {
		for i := range x.mail.Links {
			if l := &x.mail.Links[i]; l.Clickable() == follow && !(x.bounce && l.Nested) {
				x.indicateURL(l.URL)
			}
		}
	}
	for _, address := range x.mail.More {
		if u, ok := web.Parse(address); ok {
			x.indicateURL(u)
		}
	}
	if met := len(x.indicators.met); met > maxIndicators {
		x.degraded = append(x.degraded, fmt.Sprintf("feeds to come: of %d indicators the first %d are kept", met,
			maxIndicators))
	}
}

// followed lists the links, those that a person can follow first.
func followed(links []extract.Link) []*extract.Link {
	all := make([]*extract.Link, 0, len(links))
	for _, follow := range []bool{true, false} {
		for i := range links {
			if links[i].Clickable() == follow {
				all = append(all, &links[i])
			}
		}
	}
	return all
}
