package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"clawback/api"
	"clawback/config"
	"clawback/score"
	"clawback/verdict"
)

func TestUntil_readsDatesTimesAndSpans(t *testing.T) {
	now := time.Date(2026, 11, 21, 20, 0, 0, 0, time.UTC)
	for _, c := range []struct{ text, want, wrong string }{
		{"", "0001-01-01T00:00:00Z", ""},
		{"30d", "2026-12-21T20:00:00Z", ""},
		{"12h", "2026-11-22T08:00:00Z", ""},
		{"2027-01-31", "2027-01-31T00:00:00Z", ""},
		{"2027-01-31T12:00:00+01:00", "2027-01-31T11:00:00Z", ""},
		{"2026-11-21", "", "in the past"},
		{"tomorrow", "", "2027-01-31"},
		{"-3d", "", "2027-01-31"},
	} {
		got, err := until(c.text, now)
		if c.wrong == "" && (err != nil || got.Format(time.RFC3339) != c.want) {
			t.Errorf("%q is %s, %v; want %s", c.text, got.Format(time.RFC3339), err, c.want)
		}
		if c.wrong != "" && (err == nil || !strings.Contains(err.Error(), c.wrong)) {
			t.Errorf("%q: error %v does not say %q", c.text, err, c.wrong)
		}
	}
}

func TestShowVerdict_explainsInOrderOfWeight(t *testing.T) {
	var out bytes.Buffer
	(&app{out: &out}).showVerdict(verdict.Verdict{Reasons: []verdict.Reason{
		{ID: "policy.accept_sender", Family: "policy", Text: "The sender is accepted."},
		{ID: "b", Weight: 4, Text: "Second.", Where: "part 2"}, {ID: "c", Weight: -3, Text: "Good."}, {ID: "d", Weight: 1, Text: "Third\x1b[31m."}, {ID: "e", Text: "Seen."},
	}, Degraded: []string{"clamav: connection refused"}})
	text, at := out.String(), -1
	for _, want := range []string{"By policy:", "The sender is accepted.", "Against it:", "+4.0  Second.  [b, part 2]", "+1.0  Third?[31m.", "For it:", "-3.0  Good.", "Also:", "Seen.", "Not asked: clamav: connection refused"} {
		next := strings.Index(text, want)
		if next <= at {
			t.Fatalf("%q is missing or out of order in:\n%s", want, text)
		}
		at = next
	}
}

func TestInForce_leavesOutWhatHasRunOut(t *testing.T) {
	now := time.Date(2026, 11, 21, 20, 0, 0, 0, time.UTC)
	tenant := &config.Tenant{Policies: []config.Policy{{Pattern: "@old.example", Expires: now}, {Pattern: "@new.example", Expires: now.Add(1)}, {Pattern: "@ever.example"}}}
	got := inForce(tenant, now)
	if len(got.Policies) != 2 || got.Policies[0].Pattern != "@new.example" || len(tenant.Policies) != 3 {
		t.Errorf("in force are %+v, of %+v", got.Policies, tenant.Policies)
	}
}

func TestWalk_foldersInOrder(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"b", "a/2", "a/1"} {
		os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o700)
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	os.Symlink("/dev/zero", filepath.Join(dir, "endless")) // what is not a file is not read
	got := strings.Join(walk([]string{"-", dir, "missing"}), " ")
	if want := strings.ReplaceAll("- D/a/1 D/a/2 D/b missing", "D", dir); got != want {
		t.Errorf("got %s, want %s", got, want)
	}
}

func TestConsequence_saysWhatComesOfAPolicy(t *testing.T) {
	for _, c := range []struct {
		m    score.PolicyMatch
		want string
	}{
		{score.PolicyMatch{Policy: config.Policy{Kind: "block_sender"}, Decides: true}, "MALICIOUS"},
		{score.PolicyMatch{Policy: config.Policy{Kind: "trust_sender"}, Decides: true}, "CLEAN"},
		{score.PolicyMatch{Policy: config.Policy{Kind: "accept_sender"}, Decides: true}, "BULK: CLEAN"},
		{score.PolicyMatch{Policy: config.Policy{Kind: "trust_sender"}, Unverified: true}, "authentication"},
		{score.PolicyMatch{Policy: config.Policy{Kind: "trust_sender"}, Expired: true}, "run out"},
		{score.PolicyMatch{Policy: config.Policy{Kind: "trusted_domain"}}, "lookalike"},
		{score.PolicyMatch{Policy: config.Policy{Kind: "person"}}, "bears this name"},
		{score.PolicyMatch{Policy: config.Policy{Kind: "block_sender"}}, "another one"},
	} {
		if got := consequence(c.m); !strings.Contains(got, c.want) {
			t.Errorf("%+v: %q does not say %q", c.m, got, c.want)
		}
	}
}

func TestExpiry_marksWhatHasRunOut(t *testing.T) {
	now := time.Now()
	for want, p := range map[string]api.Policy{"never": {}, "EXPIRED": {Expires: now}} {
		if got := expiry(p, now); got != want {
			t.Errorf("expires %v: %q, want %q", p.Expires, got, want)
		}
	}
}

func TestForgeable_onlyWhatAHeaderCanClaim(t *testing.T) {
	for _, c := range []struct {
		p    api.NewPolicy
		want bool
	}{
		{api.NewPolicy{Kind: "trust_sender", Pattern: "@a.example"}, true},
		{api.NewPolicy{Kind: "accept_sender", Pattern: "/x/"}, true},
		{api.NewPolicy{Kind: "trust_sender", Pattern: "@a.example", Verify: true}, false},
		{api.NewPolicy{Kind: "trust_sender", Pattern: "192.0.2.0/24"}, false},
		{api.NewPolicy{Kind: "trust_sender", Pattern: "192.0.2.7"}, false},
		{api.NewPolicy{Kind: "block_sender", Pattern: "@a.example"}, false},
	} {
		if got := forgeable(c.p); got != c.want {
			t.Errorf("%+v: %v", c.p, got)
		}
	}
}
