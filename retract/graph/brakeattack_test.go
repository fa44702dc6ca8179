package graph

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"clawback/config"
	"clawback/retract"
	"clawback/store"
)

// quietHour is a tenant with the brake as it is by default, in an hour with hardly any mail: 20 mailboxes in all, half
// of them for one campaign.
func quietHour(t *testing.T, test func(s *storm)) {
	t.Helper()
	inStorm(t, func(s *storm) {
		s.cfg.Brake = config.Brake{}
		test(s)
	})
}

// outcomes counts those of some records' intents.
func (s *storm) outcomes(records ...store.Record) map[store.Outcome]int {
	s.t.Helper()
	n := map[store.Outcome]int{}
	for _, rec := range records {
		intents, err := s.st.Intents(s.t.Context(), rec.ID)
		if err != nil {
			s.t.Fatal(err)
		}
		for _, in := range intents {
			n[in.Outcome]++
		}
	}
	return n
}

// alertTexts are those of the brake's alerts.
func (s *storm) alertTexts() (list []string) {
	for {
		select {
		case a := <-s.alerts:
			if a.Kind == "brake" {
				list = append(list, a.Text)
			}
		default:
			return list
		}
	}
}

// Bad mail that is sent only to have it taken does not stop the retraction of what comes after it, however the sender
// varies what does not cost him another domain.
func TestBrakeAttack_sacrificialFlood(t *testing.T) {
	for _, c := range []struct {
		name  string
		flood func(i int) letter
	}{
		{"one sender", func(int) letter { return letter{sender: "x@evil.example", from: "x@evil.example"} }},
		{"many addresses of a domain", func(i int) letter {
			return letter{sender: fmt.Sprintf("x%d@evil.example", i), from: fmt.Sprintf("y%d@evil.example", i)}
		}},
		{"many subdomains", func(i int) letter {
			return letter{sender: fmt.Sprintf("x@a%d.evil.example", i), from: fmt.Sprintf("x@b%d.evil.example", i)}
		}},
		{"many senders, one link", func(i int) letter {
			return letter{sender: fmt.Sprintf("x@s%d.example", i), from: fmt.Sprintf("x@s%d.example", i), links: []string{"https://evil.example/1"}}
		}},
		{"many senders, many hosts of one link domain", func(i int) letter {
			return letter{sender: fmt.Sprintf("x@s%d.example", i), from: fmt.Sprintf("x@s%d.example", i),
				links: []string{fmt.Sprintf("https://h%d.evil.example/1", i), "https://www.google.com/"}}
		}},
		{"many envelopes, one author", func(i int) letter { return letter{sender: fmt.Sprintf("x@s%d.example", i), from: "x@evil.example"} }},
	} {
		t.Run(c.name, func(t *testing.T) {
			quietHour(t, func(s *storm) {
				var flood []store.Record
				for i := range 30 {
					l := c.flood(i)
					l.name, l.to, l.after = fmt.Sprint("flood", i), 1, i
					flood = append(flood, s.letter(l))
				}
				s.run(time.Minute)
				if n := s.outcomes(flood...); n[store.Done] != 10 || n[store.Held] != 20 {
					t.Errorf("the flood: %v, want 10 taken and 20 held", n)
				}
				texts := s.alertTexts()
				if len(texts) == 0 || !strings.Contains(texts[0], "evil[.]example") ||
					!strings.Contains(texts[0], "held approve --campaign") {
					t.Errorf("alerts %q, want one at once that names the campaign", texts)
				}
				bad := s.letter(letter{name: "true", sender: "a@other.example", from: "a@other.example", links: []string{"https://pay.other.example/"}, to: 9, after: 40})
				s.run(time.Minute)
				s.done(bad)
			})
		})
	}
}

// What everybody may name makes no campaign: a flood that names well-known sites, writes from a free mail provider, or
// forges the tenant's own domain does not hold others that have these in common with it.
func TestBrakeAttack_floodThatNamesOthers(t *testing.T) {
	quietHour(t, func(s *storm) {
		for i := range 12 {
			s.letter(letter{name: fmt.Sprint("flood", i), to: 1, after: i, sender: "mallory@gmail.com", from: "mallory@contoso.example",
				links: []string{"https://www.google.com/x", "https://docs.google.com/forms/y", "https://login.microsoftonline.com/", "https://bit.ly/z"}})
		}
		s.run(time.Minute)
		s.alertTexts()
		for i, l := range []letter{
			{sender: "other@gmail.com", from: "other@gmail.com"},
			{sender: "anna@contoso.example", from: "anna@contoso.example"},
			{sender: "a@phish.example", from: "a@phish.example", links: []string{"https://docs.google.com/forms/true"}},
			{sender: "b@phish2.example", from: "b@phish2.example", links: []string{"https://login.microsoftonline.com/redirect"}},
		} {
			l.name, l.to, l.after = fmt.Sprint("true", i), 2, 40+2*i
			rec := s.letter(l)
			s.run(30 * time.Second)
			s.done(rec)
		}
	})
}

// An attacker who has a domain for each message, or one wrong rule that hits many senders' mail: the limits in all
// stand. A person is told at once, with the campaigns, and lets one pass in one act.
func TestBrakeAttack_spreadOverManyDomains(t *testing.T) {
	for name, sender := range map[string]func(i int) string{
		"an attacker with many domains":    func(i int) string { return fmt.Sprintf("x@s%d.example", i) },
		"one wrong rule hits many senders": func(i int) string { return fmt.Sprintf("news@shop%d.test", i) },
	} {
		t.Run(name, func(t *testing.T) {
			quietHour(t, func(s *storm) {
				var all []store.Record
				for i := range 40 {
					all = append(all, s.letter(letter{name: fmt.Sprint("m", i), sender: sender(i), from: sender(i), to: 1, after: i}))
				}
				s.run(time.Minute)
				if n := s.outcomes(all...); n[store.Done] != 20 || n[store.Held] != 20 {
					t.Errorf("%v, want 20 taken and 20 held", n)
				}
				texts := s.alertTexts()
				if len(texts) != 1 || strings.Count(texts[0], "sender:") < 3 ||
					!strings.Contains(texts[0], "share_percent") {
					t.Errorf("alerts %q, want one that names campaigns", texts)
				}
				bad := s.letter(letter{name: "true", sender: "a@other.example", from: "a@other.example", to: 9, after: 50})
				s.run(time.Minute)
				if n := s.outcomes(bad); n[store.Held] != 9 {
					t.Errorf("beyond the limits in all: %v", n)
				}
				s.approve("sender:other[.]example", 9)
				s.run(time.Minute)
				s.done(bad)
				if n := s.outcomes(all...); n[store.Held] != 20 {
					t.Errorf("the approval let others pass: %v", n)
				}
				if _, err := s.engine.SettleCampaign(context.Background(), retract.CampaignDecision{Who: "ada", Campaign: "sender:other.example", Approve: true}); err == nil {
					t.Error("approved what is not held")
				}
			})
		})
	}
}

// approve approves a campaign, in one act with one entry of the audit.
func (s *storm) approve(campaign string, mailboxes int) {
	s.t.Helper()
	before, err := s.st.Audit(s.t.Context(), store.AuditFilter{Limit: 100})
	if err != nil {
		s.t.Fatal(err)
	}
	ids, err := s.engine.SettleCampaign(context.Background(), retract.CampaignDecision{Who: "ada", Campaign: campaign, Comment: "seen", Approve: true})
	if err != nil || len(ids) != mailboxes {
		s.t.Errorf("approved %d, %v; want %d", len(ids), err, mailboxes)
	}
	after, err := s.st.Audit(s.t.Context(), store.AuditFilter{Limit: 100})
	if err != nil || len(after) != len(before)+1 {
		s.t.Fatalf("%d entries of the audit, %v; want one more than %d", len(after), err, len(before))
	}
	act := after[0]
	if act.What != "approve campaign" || act.Object != strings.ReplaceAll(campaign, "[.]", ".") || act.Who != "ada" ||
		act.Comment != fmt.Sprintf("mailboxes: %d, messages: 1: seen", mailboxes) {
		s.t.Errorf("audit %+v", act)
	}
}

// A wrong rule's campaign is rejected in one act; the campaigns of what is held are listed, those with most mailboxes
// first.
func TestBrakeAttack_campaignsAreListedAndRejected(t *testing.T) {
	quietHour(t, func(s *storm) {
		news := s.letter(letter{name: "news", sender: "news@shop.test", from: "news@shop.test", links: []string{"https://www.shop.test/offers"}, to: 40})
		s.run(time.Minute)
		list, err := s.engine.HeldCampaigns(t.Context(), "")
		if err != nil || len(list) != 2 || list[0].Mailboxes != 30 || list[0].Messages != 1 ||
			list[0].Records[0] != news.ID {
			t.Fatalf("held %+v %v", list, err)
		}
		ids, err := s.engine.SettleCampaign(context.Background(), retract.CampaignDecision{Who: "ada", Tenant: s.cfg.ID, Campaign: "link:shop.test", Comment: "a newsletter"})
		if err != nil || len(ids) != 30 {
			t.Errorf("%d rejected, %v", len(ids), err)
		}
		s.run(time.Minute)
		if n := s.outcomes(news); n[store.Done] != 10 || n[store.Skipped] != 30 {
			t.Errorf("%v", n)
		}
		if list, err := s.engine.HeldCampaigns(t.Context(), s.cfg.ID); err != nil || len(list) != 0 {
			t.Errorf("still held: %+v %v", list, err)
		}
	})
}

// In a busy hour the limits are those for a message and for an hour.
func TestBrakeAttack_busyHour(t *testing.T) {
	quietHour(t, func(s *storm) {
		s.cfg.Brake.SharePercent = config.Off
		one := s.letter(letter{name: "one", sender: "x@evil.example", from: "x@evil.example", to: 30})
		two := s.letter(letter{name: "two", sender: "x@evil.example", from: "x@evil.example", to: 30, after: 30})
		s.run(2 * time.Minute)
		if n := s.outcomes(one, two); n[store.Done] != 50 || n[store.Held] != 10 {
			t.Errorf("one campaign: %v, want 50 of 100", n)
		}
		other := s.letter(letter{name: "other", sender: "a@other.example", from: "a@other.example", to: 40})
		s.run(2 * time.Minute)
		s.done(other)
		s.run(time.Hour)
		again := s.letter(letter{name: "again", sender: "x@evil.example", from: "x@evil.example", to: 10})
		s.run(time.Minute)
		s.done(again) // another hour
	})
}
