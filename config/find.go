package config

import (
	"fmt"
	"strings"
)

// FindTenant finds a tenant by its name or GUID. The empty name means the only one.
func (c *Config) FindTenant(name string) (*Tenant, error) {
	var names []string
	for i := range c.Tenants {
		t := &c.Tenants[i]
		if t.Name == name || strings.EqualFold(t.ID, name) || name == "" && len(c.Tenants) == 1 {
			return t, nil
		}
		names = append(names, t.Name)
	}
	return nil, fmt.Errorf("tenant %q: name one of %s with --tenant", name, strings.Join(names, ", "))
}
