package config

import (
	"errors"
	"fmt"
	"strings"

	"clawback/internal/mailaddr"
)

// ErrNoSuchTenant means that a name is that of none of the configured tenants, or that one must be named.
var ErrNoSuchTenant = errors.New("no such tenant")

// FindTenant finds a tenant by its name or GUID. The empty name means the only one.
func (c *Config) FindTenant(name string) (*Tenant, error) {
	var names []string
	for i := range c.Tenants {
		t := &c.Tenants[i]
		if t.Name == name || mailaddr.Equal(t.ID, name) || name == "" && len(c.Tenants) == 1 {
			return t, nil
		}
		names = append(names, t.Name)
	}
	return nil, fmt.Errorf("%w: %q: name one of %s with --tenant", ErrNoSuchTenant, name, strings.Join(names, ", "))
}
