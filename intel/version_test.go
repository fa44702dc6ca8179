package intel

import (
	"slices"
	"testing"

	"clawback/config"
	"clawback/verdict"
)

// The version that is asked for is the one that verdicts name, and changes with all that they rest on.
func TestVersion_isThatOfVerdicts(t *testing.T) {
	f := newFixture(t)
	var seen []string
	next := func(what string, changed bool) {
		t.Helper()
		got := f.score(mail("eve@bad.example", "hello", "hi"))
		rules, knowledge := f.Version(contosoID)
		if got.Rules != rules || got.Knowledge != knowledge {
			t.Errorf("%s: %q, %q; the verdict has %q, %q", what, rules, knowledge, got.Rules, got.Knowledge)
		}
		version := rules + " " + knowledge
		if slices.Contains(seen, version) == changed {
			t.Errorf("%s: %q, want another one: %v", what, version, changed)
		}
		seen = append(seen, version)
	}
	use := func() {
		t.Helper()
		ready, err := f.Prepare(f.cfg)
		if err != nil {
			t.Fatal(err)
		}
		ready.Use()
	}
	next("at first", true)
	use()
	next("the same configuration", false)
	f.rules("[[rule]]\nid = \"hello\"\nwhen = 'subject == \"hello\"'\n")
	use()
	next("a rule", true)
	f.cfg.Tenants[0].Partners = []string{"partner.example"}
	use()
	next("a partner", true)
	f.cfg.Tenants[0].VIPs = []config.VIP{{Name: "Ada"}}
	use()
	next("a person", true)
	f.cfg.Score.Blank = verdict.Spam
	use()
	next("a switch", true)
	f.cfg.Tenants[0].Exempt = []string{"x@contoso.example"}
	use()
	next("what no verdict rests on", false)
	if _, err := f.AddPolicies(t.Context(), "ada", contosoID,
		[]Policy{{Kind: "block_sender", Pattern: "@other.example"}}); err != nil {
		t.Fatal(err)
	}
	next("a policy", true)
	if rules, knowledge := f.Version("nobody's"); rules+knowledge != "" {
		t.Errorf("of no tenant: %q, %q", rules, knowledge)
	}
}
