package score

import "strings"

// detectAuth notes what authentication says against the message. It is never said to speak for it: anybody can
// authenticate mail from a domain of his own.
func detectAuth(x *inspection) {
	a := x.auth
	if !a.present || x.direct != "in" {
		return
	}
	const where = "header Authentication-Results"
	spf := a.spf
	if a.forwarded() {
		spf = "" // of the forwarder's server it says nothing
	}
	switch spf {
	case "fail":
		x.note("auth.spf_fail", where, "SPF says that the sending server may not send for %s.", a.spfDomain)
	case "softfail":
		x.note("auth.spf_softfail", where, "SPF says that the sending server probably may not send for %s.",
			a.spfDomain)
	case "none", "permerror":
		if !x.bounce {
			x.note("auth.spf_none", where, "The envelope sender's domain %s has no usable SPF record.", a.spfDomain)
		}
	}
	x.dmarc(where)
	x.signatures(where)
	x.trusted = a.aligned && a.dmarc != "fail" && x.wellKnown()
}

// wellKnown reports whether the author's domain is one that a stranger cannot have mail from.
func (x *inspection) wellKnown() bool {
	switch {
	case x.freeMail || x.lists.CreationPlatforms.Has(x.domain) || x.lists.SubdomainHosts.Has(x.domain) ||
		x.lists.FileHosts.Has(x.domain):
		return false
	case mailService(x.domain) || hosted(x.domain):
		return false
	}
	return x.lists.HighTrust.Has(x.domain) || x.lists.Popular.Has(x.domain) || x.lists.Banks.Has(x.domain)
}

func (x *inspection) dmarc(where string) {
	a := x.auth
	switch {
	case a.dmarc == "fail" && a.arc == "pass" || a.dmarc == "fail" && a.reason == "130":
		x.note("auth.dmarc_fail_arc", where, "DMARC failed for %s, but a chain of forwarders vouches for it (ARC).",
			x.from.Domain())
	case a.dmarc == "fail" && x.list:
		x.note("auth.dmarc_fail_list", where, "DMARC failed for %s, as it does where a mailing list changes mail.",
			x.from.Domain())
	case a.dmarc == "fail" && a.action != "none" && a.action != "":
		x.note("auth.dmarc_reject", where, "DMARC failed for %s, whose owner asks to %s such mail.", x.from.Domain(),
			a.action)
	case a.dmarc == "fail":
		x.note("auth.dmarc_fail", where, "DMARC failed for %s.", x.from.Domain())
	}
	if a.compauth == "fail" && !x.list {
		x.note("auth.compauth_fail", where, "Exchange's composite authentication failed (reason %s).", a.reason)
	}
	if x.ours(x.domain) && !a.aligned && !x.list && x.domain != "" && (a.dmarc == "fail" || a.compauth == "fail") &&
		!a.forwarded() {
		x.note("auth.own_domain_forged", "header From",
			"It claims to come from the organisation's own domain %s, but came from outside and authentication failed.",
			x.domain)
	} else if x.ours(x.domain) && !a.aligned && !x.list && !x.bounce && x.domain != "" {
		x.note("auth.own_domain_unproven", "header From",
			"It claims to come from the organisation's own domain %s, came from outside, and nothing proves it.",
			x.domain)
	}
}

func (x *inspection) signatures(where string) {
	a := x.auth
	failed, passed := "", ""
	for _, d := range a.dkim {
		if d.result == "fail" {
			failed = d.domain
		}
		if d.result == "pass" {
			passed = d.domain
		}
	}
	if a.forwarded() {
		return
	}
	if failed != "" && passed == "" && !x.list {
		x.note("auth.dkim_fail", where, "The DKIM signature of %s does not verify.", failed)
	}
	if passed != "" && !a.dkimOwn && strings.HasSuffix(passed, ".onmicrosoft.com") && !a.spfOwn && !x.list {
		x.note("auth.foreign_tenant", where,
			"It was signed by the Microsoft 365 tenant %s, which is not the author's %s.", passed, x.domain)
	}
	if !a.aligned && a.present && !x.list && !x.bounce && x.domain != "" && a.spf != "none" {
		x.note("auth.unaligned", where, "Nothing that authenticated (SPF for %s) belongs to the author's domain %s.",
			a.spfDomain, x.domain)
	}
}

// hosted reports whether a registrable domain is one under which a service lets its customers write.
func hosted(domain string) bool {
	switch domain {
	case "onmicrosoft.com", "zendesk.com", "freshdesk.com", "myshopify.com", "shopify.com", "hubspot.com",
		"intercom.io", "intercom-mail.com", "helpscout.net", "wixsite.com", "wix.com", "squarespace.com",
		"sharepoint.com", "atlassian.net", "monday.com", "notion.so", "typeform.com", "jotform.com", "substack.com",
		"salesforce.com", "force.com", "firebaseapp.com", "bandsintown.com", "eventbrite.com", "canva.com",
		"formstack.com", "surveymonkey.com", "smartsheet.com", "airtable.com", "trello.com", "weebly.com",
		"wordpress.com", "blogspot.com":
		return true
	}
	return false
}
