package score

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"clawback/internal/test/mailgen"
	"clawback/verdict"
)

// exactNeeded is the share of synthetic mail that must get exactly the disposition of its template.
const exactNeeded = 0.95

func TestScore_syntheticMailGetsItsDisposition(t *testing.T) {
	s, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	tenant := mailgen.Tenant()
	exact, all := 0, 0
	for seed := range uint64(5) {
		for _, m := range mailgen.Generate(seed) {
			r, err := s.Score(context.Background(), Message{
				Original: bytes.NewReader(m.Raw), Size: int64(len(m.Raw)), Sender: m.Sender, Recipients: []string{m.Recipient}, Tenant: tenant, FirstHand: true,
			})
			if err != nil {
				t.Fatal(err)
			}
			all++
			if r.Disposition == m.Template.Want {
				exact++
				continue
			}
			t.Logf("%s (seed %d): %v, want %v: %s", m.Template.Name, seed, r.Disposition, m.Template.Want, summary(r))
			if !m.Template.Attack && r.Disposition.Flagged() {
				t.Errorf("good mail %s is flagged", m.Template.Name)
			}
			if !m.Template.Attack && r.Disposition == verdict.Malicious {
				t.Errorf("good mail %s is MALICIOUS", m.Template.Name)
			}
		}
	}
	t.Logf("%d of %d synthetic messages got exactly their disposition", exact, all)
	if share := float64(exact) / float64(all); share < exactNeeded {
		t.Errorf("%.1f %% exact, %.0f %% is needed", 100*share, 100*exactNeeded)
	}
}

func summary(r Result) string {
	var out strings.Builder
	fmt.Fprintf(&out, "threat %.1f spoof %.1f spam %.1f bulk %.1f:", r.Threat, r.Spoof, r.Spam, r.Bulk)
	for _, reason := range r.Reasons {
		fmt.Fprintf(&out, " %s=%.1f", reason.ID, reason.Weight)
	}
	return out.String()
}
