package score

import (
	"fmt"

	"clawback/score/extract"
	"clawback/score/web"
	"clawback/verdict"
)

// maxIndicators is how many indicators of a message a verdict keeps, for messages of the same campaign and for feeds to
// come. Every one is put to the feeds of now.
const maxIndicators = 300

// indicators are the values of a message by which feeds know it.
type indicators struct {
	asked map[verdict.Indicator]bool
	kept  []verdict.Indicator
}

// indicate puts an indicator to the feeds, and keeps it. One that a feed lists is always kept.
func (x *inspection) indicate(kind, value string) {
	i := verdict.Indicator{Kind: kind, Value: value}
	if x.indicators.asked[i] {
		return
	}
	if x.indicators.asked == nil {
		x.indicators.asked = map[verdict.Indicator]bool{}
	}
	x.indicators.asked[i] = true
	hit, listed := Hit{}, false
	if x.options.Known != nil {
		hit, listed = x.options.Known(i)
	}
	if listed {
		x.note("link.feed", "", "%s %s is listed by %s as %s.", kind, web.Defang(value), hit.Feed, hit.Threat)
	}
	if listed || len(x.indicators.kept) < maxIndicators {
		x.indicators.kept = append(x.indicators.kept, i)
	}
}

// indicateURL puts an address to the feeds, and what a rewriting gateway or a redirect hides.
func (x *inspection) indicateURL(u web.URL) {
	x.indicate("url", u.Raw)
	x.indicate("domain", u.Host)
	if target, ok := u.Target(); ok {
		x.indicate("url", target.Raw)
		x.indicate("domain", target.Host)
	}
}

// indicateLinks puts all addresses of the message to the feeds: first those that a person can follow.
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
	if asked := len(x.indicators.asked); asked > maxIndicators {
		x.degraded = append(x.degraded, fmt.Sprintf("feeds to come: of %d indicators the first %d are kept", asked,
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
