package score

import (
	"clawback/config"
	"clawback/score/extract"
)

// PolicyMatch is a policy of the tenant's that a message meets, and what comes of it.
type PolicyMatch struct {
	config.Policy
	Decides    bool // it made the verdict, or would where it applies to the disposition
	Expired    bool // it would, had it not run out
	Unverified bool // it asks for authentication, which failed
}

// Meets lists the tenant's policies that a message meets, in their order, those without effect included.
func (s *Scorer) Meets(m Message) ([]PolicyMatch, error) {
	mail, err := extract.Read(m.Original, m.Size, s.limits)
	if err != nil {
		return nil, err
	}
	x := s.inspect(m, mail)
	detectPolicies(x)
	var met []PolicyMatch
	all := s.compiled.of(x.tenant)
	for i := range all {
		p := &all[i]
		if !x.meets(p) {
			continue
		}
		met = append(met, PolicyMatch{
			Policy: p.Policy, Expired: !p.inForce(m.Received), Unverified: x.unverified(p),
			Decides: x.override != nil && x.override.by == p,
		})
	}
	return met, nil
}

// meets reports whether the policy names the message, proven or not.
func (x *inspection) meets(p *policy) bool {
	switch p.Kind {
	case "trust_sender", "simulation", "accept_sender":
		return x.fromSender(p, false)
	case "block_sender":
		return x.fromSender(p, true)
	case "exempt_recipient":
		return x.allRecipients(p)
	case "block_content":
		return x.content(p)
	case "person":
		return sameName(x.lexicon.Fold(x.from.Name).Text, x.lexicon.Fold(p.person.Name).Text)
	}
	return p.Kind == "trusted_domain" &&
		(p.matches("x@"+x.domain) || p.pattern != nil && p.pattern.MatchString(x.domain))
}

// unverified reports whether the policy asks for proof of the sender that is not there.
func (x *inspection) unverified(p *policy) bool {
	switch p.Kind {
	case "trust_sender", "simulation", "accept_sender":
		return p.Verify && !(x.auth.aligned && p.named(x))
	}
	return false
}
