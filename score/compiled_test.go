package score

import (
	"runtime"
	"testing"
	"time"

	"clawback/config"
)

func tenantBlocking(address string) *config.Tenant {
	return &config.Tenant{ID: "contoso", Policies: []config.Policy{{Kind: "block_sender", Pattern: address}}}
}

func (c *compiled) size() (n int) {
	c.all.Range(func(any, any) bool { n++; return true })
	return n
}

// Each reload of the configuration makes new tenants. What was compiled for the old ones goes with them.
func TestCompiled_reloadsLeaveNothingBehind(t *testing.T) {
	var c compiled
	live := tenantBlocking("live@sender.example")
	c.of(live)
	for range 200 {
		c.of(tenantBlocking("old@sender.example"))
	}
	for end := time.Now().Add(time.Minute); c.size() > 1 && time.Now().Before(end); time.Sleep(time.Millisecond) {
		runtime.GC()
	}
	if n := c.size(); n != 1 {
		t.Errorf("%d tenants are kept, want the one in use", n)
	}
	if all := c.of(live); len(all) != 1 || !all[0].matches("live@sender.example") {
		t.Errorf("the tenant in use has %+v", all)
	}
	runtime.KeepAlive(live)
}

func TestCompiled_onceForEachTenant(t *testing.T) {
	var c compiled
	one, two := tenantBlocking("a@sender.example"), tenantBlocking("b@sender.example")
	first := c.of(one)
	if again := c.of(one); &first[0] != &again[0] {
		t.Error("the policies were compiled twice")
	}
	if !c.of(two)[0].matches("b@sender.example") || c.of(&config.Tenant{}) != nil {
		t.Error("a tenant has another's policies")
	}
	runtime.KeepAlive(one)
}
