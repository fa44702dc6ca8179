package intel

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clawback/config"
	"clawback/score"
	"clawback/score/engines"
	"clawback/verdict"
)

// registries know the age of two domains, cannot tell that of a third, and cannot be asked for others.
type registries struct {
	now   time.Time
	asked []string
}

func (*registries) Name() string { return engines.RDAP }

func (r *registries) Ask(_ context.Context, m engines.Message) ([]engines.Finding, error) {
	r.asked = append(r.asked, m.Author)
	switch m.Author {
	case "": // nobody is to be asked
		return nil, nil
	case "young.example":
		return []engines.Finding{{Engine: engines.RDAP, Registered: r.now.Add(-time.Hour), Text: "It is young."}}, nil
	case "old.example":
		return []engines.Finding{{Engine: engines.RDAP, Registered: r.now.AddDate(-9, 0, 0), Text: "It is old."}}, nil
	case "nobody.example":
		return []engines.Finding{{Engine: engines.RDAP, Text: "nobody knows"}}, nil
	}
	return nil, errors.New("too late")
}

func TestScore_asksForTheAgeOfTheAuthorsDomainWhereItCounts(t *testing.T) {
	f := newFixture(t)
	known := &registries{now: f.now}
	f.o.Ages = known
	f.o.Scorer = func(c *config.Config) score.Options {
		return score.Options{Switches: score.Switches{DomainAgeMalicious: c.Score.DomainAgeMalicious, DomainAgeSuspicious: c.Score.DomainAgeSuspicious}}
	}
	use := func(s config.Score) {
		f.cfg.Score = s
		ready, err := f.Prepare(f.cfg)
		if err != nil {
			t.Fatal(err)
		}
		ready.Use()
	}
	ask := func(domain string, want verdict.Disposition, degraded ...string) {
		t.Helper()
		got := f.score(mail("eve@"+domain, "hello", "hi"))
		if diff := cmp.Diff(strings.Join(degraded, ", "), strings.Join(got.Degraded, ", ")); got.Disposition != want ||
			diff != "" {
			t.Errorf("%s: %s, want %s; degraded (-want +got):\n%s", domain, got.Disposition, want, diff)
		}
	}
	use(config.Score{})
	ask("young.example", verdict.Clean)
	use(config.Score{DomainAgeSuspicious: 24 * time.Hour})
	ask("young.example", verdict.Suspicious)
	ask("old.example", verdict.Clean)
	ask("nobody.example", verdict.Clean, "rdap: nobody knows")
	ask("away.example", verdict.Clean, "rdap: too late")
	if _, err := f.AddPolicies(t.Context(), "ada", contosoID, []Policy{{Kind: "trusted_domain", Pattern: "young.example"}}); err != nil {
		t.Fatal(err)
	}
	ask("young.example", verdict.Clean)
	if diff := cmp.Diff([]string{"young.example", "old.example", "nobody.example", "away.example", ""}, known.asked); diff != "" {
		t.Errorf("asked for (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff([]string{"rdap"}, f.away); diff != "" { // of what nobody can know, nobody is told
		t.Errorf("told of (-want +got):\n%s", diff)
	}
}
