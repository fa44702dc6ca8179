package score

import (
	"bytes"
	"testing"

	"clawback/config"
	"clawback/internal/test/mailgen"
	"clawback/verdict"
)

// Newsletters as compilers of MJML write them are good mail: none is MALICIOUS or left to a person, and one in a
// hundred is flagged at most, whether the tenant is configured or only its domain known.
func TestScore_newslettersOfMJMLAreGood(t *testing.T) {
	s := scorer(t, Options{})
	for name, tenant := range map[string]*config.Tenant{
		"configured": mailgen.Tenant(), "its domain alone": {Domains: []string{"contoso.example"}},
	} {
		all, flagged, bulk := 0, 0, 0
		for seed := range uint64(3) {
			for _, m := range mailgen.NewslettersMJML(seed) {
				r, err := s.Score(t.Context(), Message{
					Original: bytes.NewReader(m.Raw), Size: int64(len(m.Raw)), Sender: m.Sender,
					Recipients: []string{m.Recipient}, Tenant: tenant, FirstHand: true,
				})
				if err != nil {
					t.Fatal(err)
				}
				all++
				if r.Disposition == verdict.Bulk {
					bulk++
				}
				if r.Disposition.Flagged() {
					flagged++
					t.Logf("%s, %s, seed %d: %v: %s", name, m.Template.Name, seed, r.Disposition, summary(r))
				}
				if r.Disposition == verdict.Malicious || r.Review != "" {
					t.Errorf("%s, %s, seed %d: %v, review %q: %s", name, m.Template.Name, seed, r.Disposition, r.Review,
						summary(r))
				}
			}
		}
		t.Logf("%s: of %d newsletters %d are flagged, and %d BULK", name, all, flagged, bulk)
		if all < 400 || flagged*100 > all {
			t.Errorf("%s: of %d newsletters %d are flagged", name, all, flagged)
		}
	}
}
