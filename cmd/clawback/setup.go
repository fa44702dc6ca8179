package main

import (
	"fmt"
	"io"
	"strings"

	"clawback/config"
	"clawback/config/exchange"
)

type setupCmd struct {
	Exchange setupExchangeCmd `cmd:"" help:"Print the PowerShell that connects a tenant's Exchange Online and Entra: filled in, with how to verify and undo each step."`
}

type setupExchangeCmd struct {
	Tenant   string `arg:"" optional:"" help:"The tenant's name or id; not needed where there is one."`
	Config   string `short:"c" type:"path" default:"/etc/clawback/clawback.toml" help:"Configuration file."`
	Markdown bool   `help:"Print it as a page to read, not as a commented script."`
}

// Run prints and changes nothing, here or in the tenant.
func (c setupExchangeCmd) Run(a *app) error {
	cfg, err := config.Load(c.Config)
	if err != nil {
		return err
	}
	tenant, err := pickTenant(cfg, c.Tenant)
	if err != nil {
		return err
	}
	text, err := exchange.Page(cfg, tenant)
	if err != nil {
		return fmt.Errorf("tenant %s: %w", tenant.Name, err)
	}
	if !c.Markdown {
		text = exchange.Script(text)
	}
	_, err = io.WriteString(a.out, text)
	return err
}

// pickTenant finds a tenant by name or id. Without either there must be one alone.
func pickTenant(cfg *config.Config, name string) (*config.Tenant, error) {
	var names []string
	for i := range cfg.Tenants {
		t := &cfg.Tenants[i]
		if t.Name == name || strings.EqualFold(t.ID, name) || name == "" && len(cfg.Tenants) == 1 {
			return t, nil
		}
		names = append(names, t.Name)
	}
	if name == "" {
		return nil, fmt.Errorf("say which tenant: %s", strings.Join(names, ", "))
	}
	return nil, fmt.Errorf("no tenant %q in %s: it has %s", name, cfg.File, strings.Join(names, ", "))
}
