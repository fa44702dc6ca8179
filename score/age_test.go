package score

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clawback/config"
	"clawback/internal/test/mailgen"
	"clawback/score/engines"
	"clawback/verdict"
)

const day = 24 * time.Hour

// ages are the thresholds as they are by default.
func ages() Switches { return Switches{DomainAgeMalicious: 7 * day, DomainAgeSuspicious: 30 * day} }

// aged is a message that came at noon, with what was found about the age of its author's domain.
func aged(text string, registered time.Time) Message {
	m := of(text)
	m.Received = time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	m.Findings = []engines.Finding{{Engine: engines.RDAP, Registered: registered, Text: "sender.example was registered on " + registered.Format(time.DateOnly) + "."}}
	return m
}

func TestDomainAge_makesOfAMessageWhatItsSwitchSays(t *testing.T) {
	noon := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	first := ages()
	first.NewDomain = verdict.Malicious
	for name, c := range map[string]struct {
		switches Switches
		on       time.Time
		want     verdict.Disposition
	}{
		"two days":                     {ages(), noon.Add(-2 * day), verdict.Malicious},
		"seven days, to the second":    {ages(), noon.Add(-7 * day), verdict.Malicious},
		"a second more":                {ages(), noon.Add(-7*day - time.Second), verdict.Suspicious},
		"thirty days":                  {ages(), noon.Add(-30 * day), verdict.Suspicious},
		"a second more than that":      {ages(), noon.Add(-30*day - time.Second), verdict.Clean},
		"many years":                   {ages(), noon.Add(-9000 * day), verdict.Clean},
		"after the message came":       {ages(), noon.Add(time.Hour), verdict.Malicious},
		"young, and malicious is off":  {Switches{DomainAgeSuspicious: 30 * day}, noon.Add(-day), verdict.Suspicious},
		"young, and suspicious is off": {Switches{DomainAgeMalicious: 7 * day}, noon.Add(-8 * day), verdict.Clean},
		"young, and both are off":      {Switches{}, noon.Add(-day), verdict.Clean},
		"old, and new to the tenant":   {first, noon.Add(-9000 * day), verdict.Clean},
		"not known, and new to it":     {first, time.Time{}, verdict.Malicious},
		"not known":                    {ages(), time.Time{}, verdict.Clean},
	} {
		m := aged(base, c.on)
		m.History = entries()
		if r := runWith(t, scorer(t, Options{Switches: c.switches}), m); r.Disposition != c.want {
			t.Errorf("%s: %v, want %v: %s", name, r.Disposition, c.want, summary(r))
		}
	}
}

func TestDomainAge_withoutItsSwitchIsNoEvidence(t *testing.T) {
	m := aged(base, time.Date(2026, 11, 20, 12, 0, 0, 0, time.UTC))
	got := runWith(t, scorer(t, Options{Switches: Switches{DomainAgeSuspicious: time.Hour}}), m)
	m.Findings = nil
	without := runWith(t, scorer(t, Options{}), m)
	if got.Disposition != without.Disposition || got.Threat != without.Threat || got.Spam != without.Spam ||
		!has(got, "engine.rdap") {
		t.Errorf("a young domain alone gives %s, without it %s", summary(got), summary(without))
	}
}

func TestDomainAge_whatIsNotKnownDegradesTheVerdict(t *testing.T) {
	m := aged(base, time.Time{})
	m.Findings[0].Text = "the age of sender.example is not known: no RDAP server is listed"
	r := runWith(t, scorer(t, Options{Switches: ages()}), m)
	if diff := cmp.Diff([]string{"rdap: " + m.Findings[0].Text}, r.Degraded); diff != "" || has(r, "engine.rdap") {
		t.Errorf("%s (-want +got):\n%s", summary(r), diff)
	}
}

// whose age is asked for, by the author's address.
func TestEngineMessage_namesTheAuthorWhoseDomainsAgeCounts(t *testing.T) {
	trusting := mailgen.Tenant()
	trusting.Partners = []string{"partner.example"}
	trusting.Policies = []config.Policy{
		{Kind: "trusted_domain", Pattern: "trusted.example"}, {Kind: "trusted_domain", Pattern: "past.example", Expires: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)},
	}
	for _, c := range []struct {
		from, direction, want string
		switches              Switches
	}{
		{"ann@mail.sender.example", "in", "mail.sender.example", ages()},
		{"ann@mail.sender.example", "in", "mail.sender.example", Switches{DomainAgeMalicious: day}},
		{"ann@mail.sender.example", "in", "mail.sender.example", Switches{DomainAgeSuspicious: day}},
		{"ann@b\u00fccher.example", "in", "xn--bcher-kva.example", ages()},
		{"ann@past.example", "in", "past.example", ages()},
		{"ann@sender.example", "in", "", Switches{NewDomain: verdict.Malicious}},
		{"ann@sender.example", "out", "", ages()},
		{"ann@sender.example", "internal", "", ages()},
		{"bob@contoso.example", "in", "", ages()},
		{"ann@gmail.com", "in", "", ages()},
		{"ann@wikipedia.org", "in", "", ages()}, // everybody knows it
		{"ann@trusted.example", "in", "", ages()},
		{"ann@mail.trusted.example", "in", "", ages()},
		{"ann@partner.example", "in", "", ages()},
		{"", "in", "", ages()},
	} {
		m := of(vary("From: Ann <" + c.from + ">"))
		m.Direction, m.Tenant, m.Received = c.direction, trusting, time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
		got, err := scorer(t, Options{Switches: c.switches}).EngineMessage(m)
		if err != nil || got.Author != c.want {
			t.Errorf("%s, %s: %q, %v, want %q", c.from, c.direction, got.Author, err, c.want)
		}
	}
}

func TestDomainAge_aTrustedDomainMayBeYoung(t *testing.T) {
	m := aged(base, time.Date(2026, 11, 21, 0, 0, 0, 0, time.UTC))
	m.Tenant = mailgen.Tenant()
	m.Tenant.Policies = []config.Policy{{Kind: "trusted_domain", Pattern: "sender.example"}}
	if r := runWith(t, scorer(t, Options{Switches: ages()}), m); r.Disposition != verdict.Clean {
		t.Errorf("%v: %s", r.Disposition, summary(r))
	}
}

// The whole verdict on one message, as a person reads it, for each thing that a registry can say of its author's
// domain.
func TestDomainAge_golden(t *testing.T) {
	var got strings.Builder
	for _, c := range []struct {
		name string
		on   time.Time
	}{
		{"young", time.Date(2026, 11, 19, 8, 0, 0, 0, time.UTC)}, {"newer", time.Date(2026, 10, 30, 8, 0, 0, 0, time.UTC)},
		{"old", time.Date(1997, 4, 1, 0, 0, 0, 0, time.UTC)}, {"not known", time.Time{}},
	} {
		m := aged(base, c.on)
		if c.on.IsZero() {
			m.Findings[0].Text = "the age of sender.example is not known: rdap.example was asked on 2026-11-21, and knows no such domain"
		}
		r := runWith(t, scorer(t, Options{Switches: ages()}), m)
		fmt.Fprintf(&got, "== %s\n%s", c.name, explained(r))
		for _, d := range r.Degraded {
			fmt.Fprintln(&got, "not asked:", d)
		}
	}
	path := filepath.Join("..", "testdata", "score", "16-domain-age.golden")
	if *update {
		write(t, path, []byte(got.String()))
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got.String()); diff != "" {
		t.Errorf("(-want +got; go test ./score -run golden -update writes it anew):\n%s", diff)
	}
}
