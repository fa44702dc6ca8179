package cases

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"clawback/config"
	"clawback/internal/test/mailgen"
	"clawback/internal/test/mailset"
	"clawback/score"
	"clawback/verdict"
)

var updateNarrow = flag.Bool("update-narrow", false,
	"write testdata/narrow.txt anew: only where the narrow rule takes less")

const narrowFile = "../../../testdata/narrow.txt"

// What the narrow rule takes is what it took when the wide rule came: no upgrade makes more of it MALICIOUS, and what
// it no longer takes is a line that a commit removes from the list.
func TestNarrow_noUpgradeWidensWhatIsTaken(t *testing.T) {
	var taken []string
	for _, from := range []func(*testing.T) []string{maliciousCases, maliciousInSets, maliciousTemplates} {
		taken = append(taken, from(t)...)
	}
	slices.Sort(taken)
	text := strings.Join(taken, "\n") + "\n"
	if *updateNarrow {
		if err := os.WriteFile(narrowFile, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(narrowFile)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(text, "\n")); diff != "" {
		t.Errorf("a tenant whose rule is narrow has other mail taken than before (-before +now):\n%s", diff)
	}
}

func maliciousCases(t *testing.T) (taken []string) {
	s, err := score.New(score.Options{TrustMicrosoft: true})
	if err != nil {
		t.Fatal(err)
	}
	tenant := &config.Tenant{Domains: []string{"contoso.example"}, MaliciousRule: "narrow",
		VIPs: []config.VIP{{Name: "Jörg Müller", Addresses: []string{"joerg.mueller@contoso.example"}}}}
	err = score.Files(context.Background(), s, files(t), score.FilesOptions{Tenant: tenant},
		func(r score.FileResult) error {
			if r.Disposition == verdict.Malicious {
				taken = append(taken, "case "+caseName(t, r.File))
			}
			return nil
		})
	if err != nil {
		t.Fatal(err)
	}
	return taken
}

func maliciousInSets(t *testing.T) (taken []string) {
	for _, from := range []mailset.Collection{mailset.Sets, mailset.HeldOut} {
		mail, err := mailset.Load(from)
		if err != nil {
			t.Fatal(err)
		}
		for _, with := range []bool{true, false} {
			all, err := mailset.JudgeNarrow(mail, with)
			if err != nil {
				t.Fatal(err)
			}
			tenant := map[bool]string{true: "known", false: "unknown"}[with]
			for _, j := range all {
				if j.Disposition == verdict.Malicious {
					taken = append(taken, fmt.Sprintf("%s %s-%s %s, tenant %s", from, j.Language, j.Kind, j.ID, tenant))
				}
			}
		}
	}
	return taken
}

func maliciousTemplates(t *testing.T) (taken []string) {
	s, err := score.New(score.Options{})
	if err != nil {
		t.Fatal(err)
	}
	tenant := mailgen.Tenant()
	tenant.MaliciousRule = "narrow"
	for _, m := range mailgen.Generate(1) {
		r, err := s.Score(context.Background(), score.Message{Original: bytes.NewReader(m.Raw), Size: int64(len(m.Raw)),
			Sender: m.Sender, Recipients: []string{m.Recipient}, Tenant: tenant})
		if err != nil {
			t.Fatal(err)
		}
		if r.Disposition == verdict.Malicious {
			taken = append(taken, "template "+m.Template.Name)
		}
	}
	return taken
}
