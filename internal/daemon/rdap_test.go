package daemon

import (
	"testing"

	"clawback/api"
)

func TestProblems_aMissingListOfRDAPServersNeedsAPerson(t *testing.T) {
	for _, c := range []struct {
		status *api.RDAP
		want   int
	}{
		{nil, 0}, {&api.RDAP{}, 0}, {&api.RDAP{Problem: "503", Servers: 1200}, 0}, {&api.RDAP{Problem: "503"}, 1},
	} {
		if got := problems(api.Status{RDAP: c.status}); len(got) != c.want {
			t.Errorf("%+v: %q", c.status, got)
		}
	}
}
