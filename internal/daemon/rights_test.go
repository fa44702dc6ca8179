package daemon

import (
	"testing"

	"github.com/google/go-cmp/cmp"

	"clawback/api"
	"clawback/config"
)

// Groups open what the configuration says of them, together the greatest role of each tenant, and bodies only where
// all of them do.
func TestRightsOf(t *testing.T) {
	groups := []config.SignInGroup{{Name: "see", Role: "viewer", Bodies: true},
		{Name: "soc", Role: "analyst", Tenants: []string{"a"}},
		{Name: "boss", Role: "administrator", Tenants: []string{"a", "b"}, Bodies: true}, {Name: "odd", Role: "root"}}
	for _, c := range []struct {
		in    []string
		want  api.Principal
		known bool
	}{
		{nil, api.Principal{}, false}, {[]string{"other", "SEE", ""}, api.Principal{}, false},
		{[]string{"odd"}, api.Principal{}, false},
		{[]string{"see", "other"}, api.Principal{All: api.Viewer, Bodies: true}, true},
		{[]string{"soc"}, api.Principal{Tenants: map[string]api.Role{"a": api.Analyst}}, true},
		{[]string{"boss", "soc"}, api.Principal{
			Tenants: map[string]api.Role{"a": api.Administrator, "b": api.Administrator}}, true},
		{[]string{"see", "boss"}, api.Principal{All: api.Viewer, Bodies: true,
			Tenants: map[string]api.Role{"a": api.Administrator, "b": api.Administrator}}, true},
		{[]string{"see", "soc"}, api.Principal{All: api.Viewer, Tenants: map[string]api.Role{"a": api.Analyst}}, true},
	} {
		got, known := rightsOf(groups, c.in)
		if diff := cmp.Diff(c.want, got); diff != "" || known != c.known {
			t.Errorf("%q: %v %s", c.in, known, diff)
		}
	}
}
