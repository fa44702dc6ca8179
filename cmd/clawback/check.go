package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"time"

	"clawback/bounce"
	"clawback/config"
	"clawback/config/regions"
	"clawback/intel"
	"clawback/retract/graph"
)

type checkCmd struct {
	Config string `short:"c" type:"path" default:"/etc/clawback/clawback.toml" help:"Configuration file."`
	Online bool   `help:"Also ask DNS, the relay, the alternate mailboxes' servers and Microsoft Graph."`

	Mailbox string `placeholder:"ADDRESS" help:"With --online: a mailbox to try the permission for mail with, such as one within the scope of RBAC for Applications."`
}

// finding is one thing that check looked at.
type finding struct {
	OK      bool   `json:"ok"`
	What    string `json:"what"`
	Text    string `json:"text"`              // what is wrong and what to do; or what was seen
	Warning bool   `json:"warning,omitempty"` // with OK: it works, and should be looked after
}

func (c checkCmd) Run(a *app) error {
	cfg, err := config.Load(c.Config)
	if problems := (config.Problems{}); a.json && errors.As(err, &problems) {
		return a.showFindings(misconfigured(problems))
	}
	if err != nil {
		return err
	}
	list := []finding{{true, "configuration", fmt.Sprintf("%s is valid: %s, %s", c.Config, plural(len(cfg.Listeners), "listener"), plural(len(cfg.Tenants), "tenant")), false}}
	list = append(list, checkRules(cfg)...)
	list = append(list, checkRDAP(a.ctx, cfg, c.Online))
	if c.Online {
		ctx, cancel := context.WithTimeout(a.ctx, 2*time.Minute)
		defer cancel()
		for _, f := range regions.Check(ctx, cfg, net.DefaultResolver) {
			list = append(list, finding{f.OK, f.What, f.Text, false})
		}
		list = append(list, checkEngines(ctx, cfg.Engines)...)
		for i := range cfg.Tenants {
			list = append(list, checkTenant(ctx, cfg, &cfg.Tenants[i], c.Mailbox)...)
		}
	}
	return a.showFindings(list)
}

// misconfigured are a configuration's problems for a script; a person gets them as compilers print theirs.
func misconfigured(problems config.Problems) (list []finding) {
	for _, p := range problems {
		list = append(list, finding{What: "configuration", Text: p.String()})
	}
	return list
}

// checkEngines asks the engines beside the scorer about a harmless message.
func checkEngines(ctx context.Context, c config.Engines) []finding {
	var list []finding
	for _, why := range intel.AskEngines(ctx, c) {
		list = append(list, finding{false, "engines", why, false})
	}
	if len(list) == 0 && c.Rspamd+c.SpamAssassin+c.ClamAV != "" {
		list = append(list, finding{true, "engines", "all that are configured answer", false})
	}
	return list
}

// checkRules looks at the rules of one's own.
func checkRules(cfg *config.Config) []finding {
	set, err := intel.LoadRules(cfg.Score)
	switch {
	case err != nil:
		return []finding{{false, "own rules", err.Error(), false}}
	case set == nil:
		return nil
	}
	return []finding{{true, "own rules", fmt.Sprintf("%s in %s", plural(len(set.Rules()), "rule"), cfg.Score.RulesDir), false}}
}

func (a *app) showFindings(list []finding) error {
	bad := 0
	for _, f := range list {
		if !f.OK {
			bad++
		}
		if a.json {
			if err := a.printJSON(f); err != nil {
				return err
			}
			continue
		}
		mark := "ok"
		switch {
		case !f.OK:
			mark = "BAD"
		case f.Warning:
			mark = "warn"
		}
		a.printf("%-5s%s: %s\n", mark, f.What, f.Text)
	}
	if bad > 0 {
		return fmt.Errorf("%s to mend", plural(bad, "problem"))
	}
	return nil
}

func checkTenant(ctx context.Context, cfg *config.Config, t *config.Tenant, mailbox string) []finding {
	return append(checkAlternate(ctx, cfg, t), checkGraph(ctx, t, mailbox)...)
}

// checkAlternate looks at the way to the alternate mailbox.
func checkAlternate(ctx context.Context, cfg *config.Config, t *config.Tenant) []finding {
	what := "tenant " + t.Name + ", alternate mailbox"
	if t.AlternateMailbox == "" {
		return []finding{{false, what, "none is set: a report that cannot be carried through waits here until one is", false}}
	}
	sender := &bounce.Sender{Hostname: cfg.Hostname, Resolver: net.DefaultResolver, Timeout: 20 * time.Second}
	route := bounce.Route{To: t.AlternateMailbox, Relay: cfg.Relay}
	if t.Relay != nil {
		route.Relay = t.Relay
	}
	var list []finding
	own, err := sender.ExchangeOnline(ctx, route)
	if err != nil && route.Relay == nil {
		return []finding{{false, what, err.Error(), false}}
	}
	if len(own) > 0 {
		list = append(list, finding{false, what, fmt.Sprintf("%s is in Exchange Online (%s), which Microsoft does not support: "+
			"use a mailbox elsewhere", t.AlternateMailbox, strings.Join(own, ", ")), false})
	}
	if err := sender.Probe(ctx, route); err != nil {
		return append(list, finding{false, what, err.Error(), false})
	}
	return append(list, finding{true, what, t.AlternateMailbox + ": its server answers, and its certificate is verified", false})
}

// checkGraph asks Microsoft Graph for what clawback needs of it.
func checkGraph(ctx context.Context, t *config.Tenant, mailbox string) []finding {
	what := "tenant " + t.Name + ", Microsoft Graph"
	client, err := graph.New(*t, graph.Options{Probe: mailbox})
	if err != nil {
		return []finding{{false, what, err.Error(), false}}
	}
	var list []finding
	for _, f := range client.Check(ctx) {
		list = append(list, finding{f.OK, what, f.Text, f.Warning})
	}
	return list
}
