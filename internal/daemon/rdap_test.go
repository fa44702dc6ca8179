package daemon

import (
	"testing"
	"time"

	"clawback/api"
)

func TestRegistriesNotice_aMissingListOfRDAPServersNeedsAPerson(t *testing.T) {
	now := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		status *api.RDAP
		want   int
	}{
		{nil, 0}, {&api.RDAP{}, 0}, {&api.RDAP{Problem: "503", Servers: 1200}, 0}, {&api.RDAP{Problem: "503"}, 1},
	} {
		if got := registriesNotice(c.status, now); len(got) != c.want {
			t.Errorf("%+v: %+v", c.status, got)
		}
	}
}
