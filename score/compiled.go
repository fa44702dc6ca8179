package score

import (
	"runtime"
	"sync"
	"weak"

	"clawback/config"
)

// compiled holds the policies of each tenant, made ready, for as long as the tenant is in use: every reload of the
// configuration makes new tenants, and the old ones must not be kept.
type compiled struct {
	all sync.Map // weak.Pointer[config.Tenant] -> []policy
}

// of answers the policies of a tenant, in its order.
func (c *compiled) of(t *config.Tenant) []policy {
	if len(t.Policies) == 0 {
		return nil
	}
	key := weak.Make(t)
	if have, ok := c.all.Load(key); ok {
		return have.([]policy)
	}
	all := make([]policy, len(t.Policies))
	for i, p := range t.Policies {
		all[i] = compile(p)
	}
	have, loaded := c.all.LoadOrStore(key, all)
	if !loaded {
		runtime.AddCleanup(t, c.forget, key)
	}
	return have.([]policy)
}

// forget drops the policies of a tenant that is gone.
func (c *compiled) forget(key weak.Pointer[config.Tenant]) { c.all.Delete(key) }
