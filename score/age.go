package score

import (
	"fmt"
	"slices"
	"time"

	"clawback/score/engines"
	"clawback/score/web"
)

// domainAge is how old the author's domain was when the message came, where a registry said so.
type domainAge struct {
	known bool
	age   time.Duration
}

// agedHost is the host of the author's address where its age counts and somebody may be asked for it, or "". Of the
// organisation's own domains, its partners', those that it trusts, those that give mailboxes to anybody and those that
// everybody knows, nobody is asked.
func (x *inspection) agedHost() string {
	s := x.options.Switches
	switch {
	case s.DomainAgeMalicious == 0 && s.DomainAgeSuspicious == 0, x.direct != "in", x.from.Address == "":
		return ""
	case x.ours(x.domain), x.freeMail, x.popular(x.domain), slices.Contains(x.tenant.Partners, x.domain),
		x.trustedDomain(x.domain):
		return ""
	}
	return web.ASCII(x.from.Domain())
}

// registered takes in what a registry said. The age is that on the day on which the message came: judged again, it is
// the same.
func (x *inspection) registered(f engines.Finding) {
	switch {
	case x.agedHost() == "":
		return
	case f.Registered.IsZero():
		x.degraded = append(x.degraded, f.Engine+": "+f.Text)
		return
	case x.msg.Received.IsZero():
		x.note("engine.rdap", "header From", "%s", f.Text)
		return
	}
	x.age = domainAge{true, max(x.msg.Received.Sub(f.Registered), 0)}
	text := f.Text
	if x.age.upTo(maxYoung) {
		text += fmt.Sprintf(" It was %s old when the message came.", x.age)
	}
	x.note("engine.rdap", "header From", "%s", text)
}

// maxYoung is up to which age a reader is told the days.
const maxYoung = 100 * 24 * time.Hour

// upTo reports whether the domain is known to be no older than that; 0 is no age.
func (a domainAge) upTo(most time.Duration) bool { return a.known && most > 0 && a.age <= most }

// String is the age in whole days.
func (a domainAge) String() string {
	if days := int(a.age / (24 * time.Hour)); days != 1 {
		return fmt.Sprintf("%d days", days)
	}
	return "1 day"
}
