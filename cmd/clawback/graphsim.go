package main

import (
	"fmt"

	"clawback/internal/test/graphsim"
)

type graphsimCmd struct {
	Listen string `default:"127.0.0.1:8443" help:"Address to listen on (loopback)."`
	CAFile string `name:"ca-file" default:"graphsim-ca.crt" help:"Where its authority's certificate is written."`
	Seed   uint64 `default:"1" help:"Of its faults: the same seed and the same calls meet the same faults."`
	Calm   bool   `help:"No faults of its own."`
	Users  int    `default:"10" help:"So many mailboxes: user1@... to userN@... of the first tenant's domain."`
}

func (c graphsimCmd) Run(a *app) error {
	o := graphsim.Options{Seed: c.Seed, Address: c.Listen, CAFile: c.CAFile, Control: true}
	if c.Calm {
		o.Rates = graphsim.Calm()
	}
	return graphsim.Serve(a.ctx, o, func(s *graphsim.Sim) {
		t := graphsim.DefaultTenant()
		for n := range c.Users {
			s.AddMailbox(fmt.Sprintf("user%d@%s", n+1, t.Domains[0]))
		}
		a.printf("A simulated Microsoft Graph; Ctrl-C ends it. For a tenant of clawback.toml:\n\n"+
			"    id = %q\n\n    [tenant.graph]\n    cloud = \"custom\"\n    login_url = %[2]q\n    graph_url = "+
			"%[2]q\n    ca_file = %[3]q\n"+
			"    client_id = %[4]q\n    client_secret_file = \"FILE\"   # that holds: %[5]s\n", t.ID, s.URL(), c.CAFile,
			t.ClientID, t.ClientSecret)
	})
}
