package score

import (
	"testing"

	"clawback/config"
	"clawback/verdict"
)

func TestConcern_whatAPolicyMayDecideOn(t *testing.T) {
	v := verdict.Verdict{Indicators: []verdict.Indicator{{Kind: "email", Value: "bounce@mail.sender.example"},
		{Kind: "email", Value: "ann@sender.example"}, {Kind: "email", Value: "eve@reply.example"},
		{Kind: "domain", Value: "linked.example"}}}
	decided := v
	decided.Reasons = []verdict.Reason{{ID: "policy.exempt_recipient"}}
	to := []string{"Bob <bob@contoso.example>", "carol@contoso.example", "undisclosed"}
	for name, c := range map[string]struct {
		policy config.Policy
		v      verdict.Verdict
		to     []string
		want   bool
	}{
		"the author":            {config.Policy{Kind: "block_sender", Pattern: "Ann@Sender.example"}, v, to, true},
		"the envelope's sender": {config.Policy{Kind: "trust_sender", Pattern: "@mail.sender.example"}, v, to, true},
		"where answers go":      {config.Policy{Kind: "block_sender", Pattern: "reply.example"}, v, to, true},
		"by an expression":      {config.Policy{Kind: "accept_sender", Pattern: "/^ann@/"}, v, to, true},
		"another sender":        {config.Policy{Kind: "block_sender", Pattern: "@other.example"}, v, to, false},
		"a link's host":         {config.Policy{Kind: "block_sender", Pattern: "@linked.example"}, v, to, false},
		"a name that ends alike": {config.Policy{Kind: "block_sender", Pattern: "@ender.example"}, v, to,
			false},
		"a network": {config.Policy{Kind: "trust_sender", Pattern: "192.0.2.0/24"}, v, to, true},
		"all recipients": {config.Policy{Kind: "exempt_recipient", Pattern: "@contoso.example"}, v,
			[]string{"bob@contoso.example", "undisclosed"}, true},
		"one of two": {config.Policy{Kind: "exempt_recipient", Pattern: "carol@contoso.example"}, v, to,
			false},
		"no recipient is kept": {config.Policy{Kind: "exempt_recipient", Pattern: "x@contoso.example"}, v, nil, true},
		"what it may have decided": {config.Policy{Kind: "exempt_recipient", Pattern: "carol@contoso.example"}, decided,
			to, true},
		"content":          {config.Policy{Kind: "block_content", Pattern: "zzz"}, v, to, true},
		"a person":         {config.Policy{Kind: "person", Pattern: "Ada <ada@contoso.example>"}, v, to, true},
		"a trusted domain": {config.Policy{Kind: "trusted_domain", Pattern: "x.example"}, v, to, true},
		"a simulation":     {config.Policy{Kind: "simulation", Pattern: "@x.example"}, v, to, true},
	} {
		if got := ConcernOf([]config.Policy{c.policy}).Touches(c.v, c.to); got != c.want {
			t.Errorf("%s: %v, want %v", name, got, c.want)
		}
	}
	if ConcernOf(nil).Touches(v, to) {
		t.Error("no policy touches a message")
	}
}
