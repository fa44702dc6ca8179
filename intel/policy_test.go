package intel

import (
	"strings"
	"testing"

	"clawback/config"
	"clawback/verdict"
)

func TestAddPolicies_countForTheNextMessageAndAfterARestart(t *testing.T) {
	f := newFixture(t)
	hello := mail("Eve <eve@bad.example>", "hello", "How are you?")
	if got := f.score(hello); got.Disposition != verdict.Clean {
		t.Fatalf("without policies it is %s", got.Disposition)
	}
	before := f.score(hello).Knowledge
	list, err := f.AddPolicies(t.Context(), "ada", contosoID, []Policy{{Kind: "block_sender", Pattern: "@Bad.example", Note: "ticket 7"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, when := range []string{"at once", "after a restart"} {
		got := f.score(hello)
		if got.Disposition != verdict.Malicious || !has(got, "policy.block_sender") {
			t.Errorf("%s it is %s: %+v", when, got.Disposition, got.Reasons)
		}
		if got.Knowledge == before {
			t.Errorf("%s the verdict does not tell by its version that other policies made it", when)
		}
		f.again()
	}
	if _, err := f.RemovePolicy(t.Context(), "ada", contosoID, list[0].ID, "mistake"); err != nil {
		t.Fatal(err)
	}
	if got := f.score(hello); got.Disposition != verdict.Clean || got.Knowledge != before {
		t.Errorf("after the policy was removed it is %s by %s", got.Disposition, got.Knowledge)
	}
	want := []string{"ada policy.remove " + list[0].ID + " block_sender @bad.example: mistake", "ada policy.add " + list[0].ID + " block_sender @bad.example"}
	if got := f.audit(); strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("the audit says %q, want %q", got, want)
	}
}

func TestAddPolicies_allOrNone(t *testing.T) {
	f := newFixture(t)
	_, err := f.AddPolicies(t.Context(), "ada", contosoID, []Policy{
		{Kind: "block_sender", Pattern: "@bad.example"}, {Kind: "block_sender", Pattern: "nonsense"}, {Kind: "forbid", Pattern: "@x.example"},
	})
	if err == nil || !strings.Contains(err.Error(), "policy 2") || !strings.Contains(err.Error(), "policy 3") {
		t.Errorf("error %v does not name both that are wrong", err)
	}
	f.again()
	if list, _ := f.Policies(contosoID); len(list) != 0 {
		t.Errorf("some were kept: %+v", list)
	}
	if got := f.audit(); len(got) != 0 {
		t.Errorf("the audit says %q", got)
	}
}

func TestAddPolicies_twiceIsOncePolicyWithTheLaterNote(t *testing.T) {
	f := newFixture(t)
	f.cfg.Tenants[0].Policies = []config.Policy{{Kind: "trust_sender", Pattern: "@good.example", Field: "any"}}
	for _, note := range []string{"first", "second"} {
		if _, err := f.AddPolicies(t.Context(), "ada", contosoID, []Policy{{Kind: "block_content", Pattern: "gift card", Field: "subject", Note: note}}); err != nil {
			t.Fatal(err)
		}
	}
	list, err := f.Policies(contosoID)
	if err != nil || len(list) != 2 || !list[0].InFile() || list[1].InFile() || list[1].Note != "second" {
		t.Errorf("policies %+v, %v", list, err)
	}
	if _, err := f.RemovePolicy(t.Context(), "ada", contosoID, list[0].ID, ""); err == nil ||
		!strings.Contains(err.Error(), "configuration") {
		t.Errorf("removing one that stands in the file: %v", err)
	}
	if _, err := f.AddPolicies(t.Context(), "ada", "other", nil); err == nil {
		t.Error("policies of a tenant that nobody knows were taken")
	}
}
