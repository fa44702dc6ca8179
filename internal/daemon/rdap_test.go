package daemon

import (
	"testing"

	"clawback/api"
	"clawback/score/engines/rdap"
)

func TestProblems_aMissingListOfRDAPServersNeedsAPerson(t *testing.T) {
	for _, c := range []struct {
		status *rdap.Status
		want   int
	}{
		{nil, 0}, {&rdap.Status{}, 0}, {&rdap.Status{Problem: "503", Servers: 1200}, 0}, {&rdap.Status{Problem: "503"}, 1},
	} {
		if got := problems(api.Status{RDAP: c.status}); len(got) != c.want {
			t.Errorf("%+v: %q", c.status, got)
		}
	}
}
