package testbed

import (
	"testing"

	"clawback/config"
	"clawback/internal/test/graphsim"
)

// What the bed writes is a configuration that the daemon takes, also for reports of an Exchange that names no
// organisation.
func TestConfiguration_isValid(t *testing.T) {
	bed, err := New(Options{Sim: graphsim.Options{Rates: graphsim.Calm()}, Tenants: []Tenant{
		Contoso, {Name: "on-premises", ID: "00000000-0000-4000-8000-000000000001", Domains: []string{"fabrikam.example"}},
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer bed.Close()
	c, err := config.Load(bed.File("clawback.toml"))
	if err != nil {
		t.Fatal(err)
	}
	if len(c.Tenants) != 2 {
		t.Errorf("%d tenants, want 2", len(c.Tenants))
	}
}
