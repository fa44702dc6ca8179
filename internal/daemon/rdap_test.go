package daemon

import (
	"testing"

	"clawback/api"
)

func TestTroublesOf_aMissingListOfRDAPServersNeedsAPerson(t *testing.T) {
	for _, c := range []struct {
		status *api.RDAP
		want   int
	}{
		{nil, 0}, {&api.RDAP{}, 0}, {&api.RDAP{Problem: "503", Servers: 1200}, 0}, {&api.RDAP{Problem: "503"}, 1},
	} {
		if got := troublesOf(api.Status{RDAP: c.status}); len(got) != c.want {
			t.Errorf("%+v: %+v", c.status, got)
		}
	}
}
