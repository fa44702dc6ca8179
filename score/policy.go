package score

import (
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"time"

	"clawback/config"
	"clawback/internal/mailaddr"
	"clawback/score/web"
	"clawback/verdict"
)

// policy is an entry of the tenant's, ready to be matched.
type policy struct {
	config.Policy
	address string // exact address
	domain  string // the domain and what lies under it
	prefix  netip.Prefix
	pattern *regexp.Regexp
	text    string // for content: the plain text, folded
	person  config.VIP
}

// compile makes a pattern ready. One that cannot be read matches nothing: config has reported it.
func compile(p config.Policy) policy {
	out := policy{Policy: p}
	if p.Kind == "person" {
		out.person, _ = config.Person(p.Pattern)
		return out
	}
	pattern := strings.TrimSpace(p.Pattern)
	if len(pattern) > 1 && strings.HasPrefix(pattern, "/") && strings.HasSuffix(pattern, "/") {
		out.pattern, _ = regexp.Compile("(?i)" + pattern[1:len(pattern)-1])
		return out
	}
	lower := mailaddr.Lower(pattern)
	switch prefix, err := netip.ParsePrefix(lower); {
	case p.Kind == "block_content":
		out.text = lower
	case err == nil:
		out.prefix = prefix.Masked()
	case strings.HasPrefix(lower, "@"):
		out.domain = lower[1:]
	case strings.Contains(lower, "@"):
		out.address = mailaddr.Address(pattern)
	default:
		if addr, err := netip.ParseAddr(lower); err == nil {
			out.prefix = netip.PrefixFrom(addr.Unmap(), addr.Unmap().BitLen())
			return out
		}
		out.domain = lower
	}
	return out
}

// unfolded takes out the two letters that (?i) of a regular expression holds for s and k.
var unfolded = strings.NewReplacer("\u017f", "\ufffd", "\u212a", "\ufffd")

// matches reports whether the policy names an address.
func (p policy) matches(address string) bool {
	address = mailaddr.Address(address)
	switch {
	case address == "":
		return false
	case p.pattern != nil:
		return p.pattern.MatchString(unfolded.Replace(address))
	case p.address != "":
		return p.address == address
	case p.domain != "":
		domain := domainOf(address)
		return domain == p.domain || strings.HasSuffix(domain, "."+p.domain)
	}
	return false
}

// inForce reports whether the policy has not run out when the message came.
func (p policy) inForce(received time.Time) bool {
	return p.Expires.IsZero() || received.IsZero() || received.Before(p.Expires)
}

// override is what the tenant's policies make of a verdict.
type override struct {
	by          *policy // the one that decides
	disposition verdict.Disposition
	reason      verdict.Reason
	only        []verdict.Disposition // applies to these alone; empty: to all
}

func (o *override) apply(v *verdict.Verdict) {
	v.Reasons = append([]verdict.Reason{o.reason}, v.Reasons...)
	if len(o.only) > 0 {
		hit := false
		for _, d := range o.only {
			hit = hit || d == v.Disposition
		}
		if !hit {
			return
		}
	}
	v.Disposition, v.Score = o.disposition, 100
}

// detectPolicies applies the tenant's policies: allowing ones first, then blocking ones.
func detectPolicies(x *inspection) {
	x.indicateAddresses()
	all := x.compiled.of(x.tenant)
	for _, kind := range []string{"trust_sender", "simulation", "exempt_recipient", "block_sender", "block_content",
		"accept_sender"} {
		for i := range all {
			if all[i].Kind == kind && all[i].inForce(x.msg.Received) && x.override == nil {
				x.policy(&all[i])
			}
		}
	}
}

func (x *inspection) policy(p *policy) {
	switch p.Kind {
	case "trust_sender", "simulation":
		if x.allowed(p) {
			x.rule(p, verdict.Clean, "The sender is trusted")
		}
	case "accept_sender":
		if x.allowed(p) {
			x.rule(p, verdict.Clean, "The sender is accepted")
			x.override.only = []verdict.Disposition{verdict.Spam, verdict.Spoof, verdict.Bulk}
		}
	case "exempt_recipient":
		if x.allRecipients(p) {
			x.rule(p, verdict.Clean, "All recipients are exempt")
		}
	case "block_sender":
		if x.fromSender(p, true) {
			x.rule(p, verdict.Malicious, "The sender is blocked")
		}
	case "block_content":
		if x.content(p) {
			x.rule(p, verdict.Malicious, "The content is blocked")
		}
	}
}

// rule notes that a policy decides.
func (x *inspection) rule(p *policy, d verdict.Disposition, text string) {
	if p.Note != "" {
		text += ": " + p.Note
	}
	x.override = &override{by: p, disposition: d, reason: verdict.Reason{
		ID: "policy." + p.Kind, Family: "policy", Text: text + " (" + p.Pattern + ").", Where: "policy",
	}}
}

// allowed reports whether the policy names the sender, and, where it asks for that, authentication proves it.
func (x *inspection) allowed(p *policy) bool {
	if !x.fromSender(p, false) {
		return false
	}
	if !p.Verify || x.auth.aligned && p.named(x) {
		return true
	}
	x.note("policy.unverified", "policy",
		"The sender is named by a policy (%s) that asks for authentication, which failed.", p.Pattern)
	return false
}

// named reports whether the authenticated author is the one that the policy names, or it names a server.
func (p *policy) named(x *inspection) bool { return p.matches(x.from.Address) || p.prefix.IsValid() }

// fromSender matches the envelope sender, the author, the server, and for blocking also where answers go.
func (x *inspection) fromSender(p *policy, blocking bool) bool {
	if p.matches(x.msg.Sender) || p.matches(x.from.Address) {
		return true
	}
	if p.prefix.IsValid() && x.fromServer(p, blocking) {
		return true
	}
	return blocking && len(x.mail.ReplyTo) > 0 && p.matches(x.mail.ReplyTo[0].Address)
}

// fromServer reports whether a server that the policy names handed the message to Exchange. The sender may have written
// such an address too: what blocks is any that stands there, and what allows the only one, in a header that all readers
// end at the same line.
func (x *inspection) fromServer(p *policy, blocking bool) bool {
	if blocking {
		return slices.ContainsFunc(x.connectingIPs(), p.prefix.Contains)
	}
	addr, ok := x.connectingIP()
	return ok && !x.mail.Header.EndInDoubt() && p.prefix.Contains(addr)
}

// connectingIP is the address that handed the message to Exchange, where all fields that say so agree.
func (x *inspection) connectingIP() (netip.Addr, bool) {
	all := x.connectingIPs()
	if len(all) != 1 {
		return netip.Addr{}, false
	}
	return all[0], true
}

// connectingIPs are the different addresses that are said to have handed the message to Exchange.
func (x *inspection) connectingIPs() (all []netip.Addr) {
	values := x.mail.Header.All("X-MS-Exchange-Organization-ConnectingIP")
	if len(values) == 0 {
		for _, report := range x.mail.Header.All("X-Forefront-Antispam-Report") {
			values = append(values, antispam(report)["CIP"])
		}
	}
	for _, value := range values {
		addr, err := netip.ParseAddr(strings.TrimSpace(value))
		if addr = addr.Unmap(); err == nil && !slices.Contains(all, addr) {
			all = append(all, addr)
		}
	}
	return all
}

func (x *inspection) allRecipients(p *policy) bool {
	recipients := x.recipientsUpTo(len(x.msg.Recipients) + len(x.mail.To)) // every one of them
	for _, r := range recipients {
		if !p.matches(r) {
			return false
		}
	}
	return len(recipients) > 0
}

// content matches subject and body.
func (x *inspection) content(p *policy) bool {
	var texts []string
	if p.Field != "body" {
		texts = append(texts, x.mail.Subject)
	}
	if p.Field != "subject" {
		texts = append(texts, cut(x.mail.HTML.Text, maxText), cut(x.mail.Plain, maxText))
	}
	for _, text := range texts {
		if p.pattern != nil && p.pattern.MatchString(text) {
			return true
		}
		if p.text != "" && strings.Contains(strings.ToLower(text), p.text) {
			return true
		}
	}
	return false
}

// trustedDomain reports whether the tenant has said that a domain is not a lookalike.
func (x *inspection) trustedDomain(domain string) bool {
	for _, p := range x.compiled.of(x.tenant) {
		if p.Kind == "trusted_domain" && p.inForce(x.msg.Received) &&
			(p.matches("x@"+domain) || p.pattern != nil && p.pattern.MatchString(unfolded.Replace(domain))) {
			return true
		}
	}
	return x.lists.Simulation.Has(domain) && x.simulated(domain)
}

// simulated reports whether the tenant runs phishing simulations from a domain.
func (x *inspection) simulated(domain string) bool {
	for _, p := range x.compiled.of(x.tenant) {
		if p.Kind == "simulation" && p.matches("x@"+web.Registrable(domain)) {
			return true
		}
	}
	return false
}
