package score

import (
	"strings"
	"testing"

	"clawback/internal/test/mailgen"
	"clawback/score/rules"
	"clawback/verdict"
)

// convicted is what the narrow rule takes: a brand's name, its look-alike, and words that ask for the account.
const convicted = "From: PayPal <ann@sender.example>\n\nYour account has been suspended. Verify your account, your " +
	"password expires.\nhttps://paypal-help.example/x"

// The narrow rule takes what rules 2026.11.7 took. Whatever is known since makes nothing MALICIOUS there, and does by
// the wide rule.
func TestNarrow_isConfirmedByWhatWasKnown(t *testing.T) {
	later := func(id string) func(*Scorer) {
		return func(s *Scorer) { delete(s.narrow.catalogue, id) }
	}
	for name, c := range map[string]struct {
		change func(*Scorer) // makes a part of what is known one that was added since
		want   verdict.Disposition
	}{
		"nothing was added":          {func(*Scorer) {}, verdict.Malicious},
		"the signal of the link":     {later("link.brand_host"), verdict.Spoof},
		"the signal of the name":     {later("impersonation.brand_name"), verdict.Spoof},
		"a signal that was not seen": {later("link.ip_host"), verdict.Malicious},
		"some of the threat": {func(s *Scorer) {
			signal := s.narrow.catalogue["link.brand_host"]
			signal.Points.Threat = 0.1
			s.narrow.catalogue[signal.ID] = signal
		}, verdict.Spoof},
		"the brand": {func(s *Scorer) {
			for i := range s.lists.Brands {
				if s.lists.Brands[i].Later = s.lists.Brands[i].Key == "paypal"; s.lists.Brands[i].Later {
					s.narrow = s.freeze()
				}
			}
		}, verdict.Spoof},
		"another brand": {func(s *Scorer) {
			for i := range s.lists.Brands {
				s.lists.Brands[i].Later = s.lists.Brands[i].Key == "rabobank"
			}
			s.narrow = s.freeze()
		}, verdict.Malicious},
	} {
		s := scorer(t, Options{})
		c.change(s)
		for mode, want := range map[string]verdict.Disposition{"live": c.want, "dry-run": verdict.Malicious} {
			m := of(vary(convicted))
			m.Tenant = mailgen.Tenant()
			m.Tenant.Mode = mode
			r := runWith(t, s, m)
			if r.Disposition != want {
				t.Errorf("%s, %s: %v, want %v: %s", name, mode, r.Disposition, want, summary(r))
			}
			if (r.Shadow == verdict.Malicious) != (want != verdict.Malicious) {
				t.Errorf("%s, %s: shadow is %v", name, mode, r.Shadow)
			}
		}
	}
}

// Own rules and switches are the tenant's, and what they look at is not: a topic that has more phrases than it had
// makes nothing MALICIOUS by them.
func TestNarrow_holdsForRulesAndSwitches(t *testing.T) {
	own, err := rules.New([]rules.Rule{{ID: "links", Mode: "act", When: `"link.ip_host" in signals`, Hard: true, Threat: 1}})
	if err != nil {
		t.Fatal(err)
	}
	for name, o := range map[string]Options{
		"a hard rule of the operator's": {Rules: own},
		"a switch":                      {Switches: Switches{HTMLAttachment: verdict.Malicious}},
	} {
		for _, known := range []bool{true, false} {
			s := scorer(t, o)
			if !known {
				delete(s.narrow.catalogue, "link.ip_host")
				delete(s.narrow.catalogue, "attachment.html")
			}
			m := of(attached("", longText+" http://198.51.100.7/x", "page.html", "text/html",
				[]byte("<html><p>Report")))
			m.Tenant = mailgen.Tenant()
			m.Tenant.Mode = "live"
			if r := runWith(t, s, m); (r.Disposition == verdict.Malicious) != known {
				t.Errorf("%s, known %v: %v: %s", name, known, r.Disposition, summary(r))
			}
		}
	}
}

// Every line of narrow.txt is a signal, and none counts for more threat than it has.
func TestNarrow_signalsAreOfTheCatalogue(t *testing.T) {
	all := byID(catalogue())
	lines := 0
	for line := range strings.Lines(narrowSignals) {
		lines++
		if id := strings.Fields(line)[0]; all[id].ID == "" {
			t.Errorf("%s is no signal any more: take its line away", id)
		}
	}
	if frozen := frozenSignals(all); len(frozen) != lines {
		t.Errorf("%d lines are %d signals", lines, len(frozen))
	}
}
