package main

import (
	"context"
	"fmt"
	"time"

	"clawback/config"
	"clawback/retract/graph"
	"clawback/retract/graph/consent"
)

type connectCmd struct {
	Tenant  string        `arg:"" help:"Name of the tenant in the configuration."`
	Config  string        `short:"c" type:"path" default:"/etc/clawback/clawback.toml" help:"Configuration file."`
	Paste   bool          `help:"There is no browser on this machine: paste the address that the administrator was sent back to."`
	Verify  bool          `help:"Consent was given already: only prove that it works."`
	Timeout time.Duration `default:"15m" help:"How long to wait for the administrator."`
}

func (c connectCmd) Run(a *app) error {
	cfg, err := config.Load(c.Config)
	if err != nil {
		return err
	}
	t, err := cfg.FindTenant(c.Tenant)
	if err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(a.ctx, c.Timeout)
	defer cancel()
	client, err := graph.New(*t, graph.Options{})
	if err != nil {
		return err
	}
	if !c.Verify {
		if err := c.consent(ctx, a, t); err != nil {
			return err
		}
	}
	ask := func(ctx context.Context) (consent.Grant, error) {
		g, err := client.Granted(ctx)
		return consent.Grant{Tenant: g.Tenant, Name: g.Name, Roles: g.Roles}, err
	}
	grant, err := consent.Verify(ctx, ask, t.ID, func(wait time.Duration, why error) {
		a.warnf("not yet (%v); asking again in %s\n", why, wait)
	})
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(grant)
	}
	a.printf("%s\n", grant)
	return nil
}

// consent sends the administrator to Microsoft and waits for the answer.
func (c connectCmd) consent(ctx context.Context, a *app, t *config.Tenant) error {
	cloud, err := graph.CloudOf(t.Graph)
	if err != nil {
		return err
	}
	flow, err := consent.New(consent.Options{LoginURL: cloud.Login, GraphURL: cloud.Graph, Tenant: t.ID,
		ClientID: t.Graph.ClientID})
	if err != nil {
		return err
	}
	a.warnf("Open this page as an administrator of %s, and consent:\n\n  %s\n\n", t.Name, flow.URL())
	if c.Paste {
		return paste(a, flow)
	}
	callback, err := flow.Listen()
	if err != nil {
		return fmt.Errorf("%w (or use --paste)", err)
	}
	_, err = callback.Wait(ctx)
	return err
}

func paste(a *app, flow *consent.Flow) error {
	a.warnf("Then paste the whole address of the page you were sent back to (it may show an error): ")
	line, err := a.readLine()
	if err != nil {
		return fmt.Errorf("nothing was pasted: %w", err)
	}
	_, err = flow.Accept(line)
	return err
}
