package main

import (
	"clawback/api"
	"clawback/api/client"
)

type consoleCmd struct {
	Link consoleLinkCmd `cmd:"" help:"Print a link that signs one person in, once, within ten minutes."`
}

type consoleLinkCmd struct {
	Role    api.Role `default:"administrator" placeholder:"ROLE" help:"viewer, analyst, approver or administrator."`
	Tenant  []string `placeholder:"TENANT" help:"Name or GUID of a tenant that it opens (default all)."`
	NoBody  bool     `name:"no-bodies" help:"Without the right to read the text of messages."`
	Account string   `placeholder:"NAME" help:"Whose acts those in the console are (default you)."`
}

func (c consoleLinkCmd) Run(a *app) error {
	link, err := client.Do(a.ctx, a.client, api.MakeSignInLink, api.NewSignInLink{Account: c.Account, Role: c.Role,
		Tenants: c.Tenant, Bodies: !c.NoBody})
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(link)
	}
	a.printf("%s\n", link.URL)
	a.warnf("It signs one person in, once, until %s.\n", stamp(link.Expires))
	return nil
}
