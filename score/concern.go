package score

import (
	"slices"
	"strings"

	"clawback/config"
	"clawback/verdict"
)

// Concern tells which messages some policies may decide on, by what is kept of a message: the addresses in its verdict,
// its recipients, and its verdict's reasons. A change of these policies leaves the verdicts of all others as they are.
type Concern struct{ policies []policy }

// ConcernOf makes ready the policies that were added, removed or changed.
func ConcernOf(list []config.Policy) *Concern {
	c := &Concern{}
	for _, p := range list {
		c.policies = append(c.policies, compile(p))
	}
	return c
}

// Touches reports whether any of the policies may decide on a message that has got a verdict by the rules of now. It is
// true where only the message itself could tell.
func (c *Concern) Touches(v verdict.Verdict, recipients []string) bool {
	return slices.ContainsFunc(c.policies, func(p policy) bool { return p.touches(v, recipients) })
}

func (p policy) touches(v verdict.Verdict, recipients []string) bool {
	if slices.ContainsFunc(v.Reasons, func(r verdict.Reason) bool { return r.ID == "policy."+p.Kind }) {
		return true // it may be the one that has decided
	}
	switch p.Kind {
	case "trust_sender", "accept_sender", "block_sender":
		return p.prefix.IsValid() || slices.ContainsFunc(v.Indicators, func(i verdict.Indicator) bool {
			return i.Kind == addressKind && p.matches(i.Value)
		})
	case "exempt_recipient":
		return !slices.ContainsFunc(recipients, func(r string) bool {
			return strings.Contains(r, "@") && !p.matches(strings.ToLower(strings.Trim(r, "<> ")))
		})
	}
	return true
}
