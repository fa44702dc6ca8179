package score

import (
	"time"

	"clawback/verdict"
)

// Switches raise the verdict where one thing is seen, whatever else is: for organisations that want no such mail at
// all. The zero value of each leaves it off. As Cloudflare Email Security names them: additional detections.
type Switches struct {
	// The tenant never had mail from the author's domain, and no registry knows its age; only where history is kept.
	NewDomain      verdict.Disposition
	Blank          verdict.Disposition // neither subject nor text
	ACHFreeMail    verdict.Disposition // payments or bank details, from a free mailbox
	HTMLAttachment verdict.Disposition // a page as a file

	// The age of the author's domain up to which it makes the message MALICIOUS or SUSPICIOUS, where a registry said
	// it. 0 leaves it off.
	DomainAgeMalicious  time.Duration
	DomainAgeSuspicious time.Duration
}

// raised answers the disposition that the switches ask for, and the reason.
func (x *inspection) raised() (verdict.Disposition, string) {
	s := x.options.Switches
	worst, why := verdict.Unscored, ""
	for _, one := range []struct {
		to   verdict.Disposition
		seen bool
		why  string
	}{
		{verdict.Malicious, x.age.upTo(s.DomainAgeMalicious), "mail from a domain that is " + x.age.String() + " old"},
		{verdict.Suspicious, x.age.upTo(s.DomainAgeSuspicious),
			"mail from a domain that is " + x.age.String() + " old"},
		{s.NewDomain, x.saw("history.first_domain") && !x.age.known,
			"mail from a domain that is new to the organisation"},
		{s.Blank, x.saw("structure.blank"), "blank mail"},
		{s.ACHFreeMail, x.freeMail && x.saw("words.payment"), "payments or bank details from a free mailbox"},
		{s.HTMLAttachment, x.saw("attachment.html"), "a page as an attached file"},
	} {
		if one.seen && one.to > worst {
			worst, why = one.to, one.why
		}
	}
	return worst, why
}

// applySwitches raises a verdict. The tenant's policies come after it: an allowed sender stays allowed.
func (x *inspection) applySwitches(v *verdict.Verdict) {
	to, why := x.raised()
	if to <= v.Disposition || to == verdict.Unscored {
		return
	}
	v.Disposition, v.Score = to, 100
	v.Reasons = append([]verdict.Reason{{ID: "policy.switch", Family: "policy",
		Text: "A switch makes this of " + why + ".", Where: "policy"}}, v.Reasons...)
}
