package score

import (
	"strings"
	"testing"
	"time"

	"clawback/config"
)

func TestMeets_namesThePoliciesAndWhatComesOfThem(t *testing.T) {
	const mail = "From: Ada <ada@partner.example>\r\nTo: bob@contoso.example\r\nSubject: Gift cards for the team\r\n\r\nhello\r\n"
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	tenant := &config.Tenant{Domains: []string{"contoso.example"}, Policies: []config.Policy{
		{Kind: "trust_sender", Pattern: "@partner.example", Verify: true},
		{Kind: "block_content", Pattern: "gift card", Field: "subject"},
		{Kind: "block_content", Pattern: "gift card", Field: "body"},
		{Kind: "block_sender", Pattern: "ada@partner.example", Expires: now.Add(-time.Hour)},
		{Kind: "accept_sender", Pattern: "@other.example"},
		{Kind: "exempt_recipient", Pattern: "@contoso.example", Expires: now.Add(time.Hour), Note: "the test mailbox"},
	}}
	s, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := s.Meets(Message{Original: strings.NewReader(mail), Size: int64(len(mail)), Received: now, Tenant: tenant,
		Recipients: []string{"bob@contoso.example"}})
	if err != nil {
		t.Fatal(err)
	}
	var said []string
	for _, m := range got {
		text := m.Kind + " " + m.Field
		for word, set := range map[string]bool{" decides": m.Decides, " expired": m.Expired, " unverified": m.Unverified} {
			if set {
				text += word
			}
		}
		said = append(said, text)
	}
	want := "trust_sender  unverified|block_content subject|block_sender  expired|exempt_recipient  decides"
	if strings.Join(said, "|") != want {
		t.Errorf("it meets %q, want %q", strings.Join(said, "|"), want)
	}
}

// A person that a policy names is watched as one of the configuration's registry is, until the policy has run out.
func TestPerson_isOfTheRegistry(t *testing.T) {
	mail := func(from string) string {
		return "From: " + from + "\r\nTo: bob@contoso.example\r\nSubject: hello\r\n\r\nAre you at your desk?\r\n"
	}
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		from    string
		expires time.Time
		want    bool
	}{
		{"\"Ada Example\" <chief@mail.example>", time.Time{}, true}, {"\"Ada Example\" <chief@mail.example>", now.Add(-time.Hour), false},
		{"\"Ada Example\" <ada@home.example>", time.Time{}, false}, {"\"Bob Example\" <chief@mail.example>", time.Time{}, false},
	} {
		tenant := &config.Tenant{Domains: []string{"contoso.example"}, Policies: []config.Policy{
			{Kind: "person", Pattern: "Ada Example <ada@contoso.example> <ada@home.example>", Expires: c.expires}}}
		s, err := New(Options{})
		if err != nil {
			t.Fatal(err)
		}
		text := mail(c.from)
		m := Message{Original: strings.NewReader(text), Size: int64(len(text)), Received: now, Tenant: tenant, Direction: "in", Recipients: []string{"bob@contoso.example"}}
		r, err := s.Score(t.Context(), m)
		if err != nil || has(r, "impersonation.vip") != c.want {
			t.Errorf("%s, until %s: %s, %v", c.from, c.expires, summary(r), err)
		}
		met, err := s.Meets(m)
		if err != nil || (len(met) == 1) != (c.want || !c.expires.IsZero() || strings.Contains(c.from, "home")) ||
			len(met) == 1 && met[0].Decides {
			t.Errorf("%s meets %+v, %v", c.from, met, err)
		}
	}
}

func TestTrustedDomain_isNeitherNewNorALookalike(t *testing.T) {
	const mail = "From: Ada <ada@contosso.example>\r\nTo: bob@contoso.example\r\nSubject: hello\r\n\r\nhello\r\n"
	s, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, trusted := range []bool{false, true} {
		tenant := &config.Tenant{Domains: []string{"contoso.example"}}
		if trusted {
			tenant.Policies = []config.Policy{{Kind: "trusted_domain", Pattern: "contosso.example"}}
		}
		got, err := s.Score(t.Context(), Message{Original: strings.NewReader(mail), Size: int64(len(mail)), Tenant: tenant, Direction: "in",
			FirstHand: true, Received: time.Now(), History: entries()})
		if err != nil {
			t.Fatal(err)
		}
		seen := map[string]bool{}
		for _, r := range got.Reasons {
			seen[r.ID] = true
		}
		for _, id := range []string{"history.first_domain", "impersonation.lookalike_domain"} {
			if seen[id] == trusted {
				t.Errorf("trusted %v: %s seen %v", trusted, id, seen[id])
			}
		}
	}
}
