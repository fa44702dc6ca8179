package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"clawback/api"
	"clawback/api/client"
)

type tokenCmd struct {
	Create tokenCreateCmd `cmd:"" help:"Make a token for a program. It is shown this once."`
	List   tokenListCmd   `cmd:"" help:"List the tokens: what each opens, until when, and when it was last used."`
	Revoke tokenRevokeCmd `cmd:"" help:"End tokens, and those that were made by them."`
}

type tokenCreateCmd struct {
	Name    string   `arg:"" help:"What it is for, as in soar."`
	Role    api.Role `required:"" placeholder:"ROLE" help:"One of viewer, analyst, approver, administrator."`
	Tenant  []string `placeholder:"TENANT" help:"Name or GUID of a tenant that it opens. May be given more than once."`
	Every   bool     `name:"every-tenant" help:"It opens every tenant, and the machine."`
	Bodies  bool     `help:"It may read the bytes of messages. Each look is in the audit."`
	Owner   string   `placeholder:"ACCOUNT" help:"Whose acts those by the token are; the maker's without it."`
	Expires string   `help:"A date or from now on: 2027-01-31, 30d; 90d without it, 366d at most."`
	File    string   `short:"o" help:"File to write it to; standard output without it."`
}

func (c tokenCreateCmd) Run(a *app) error {
	expires, err := until(c.Expires, time.Now())
	if err != nil {
		return err
	}
	if c.Every == (len(c.Tenant) > 0) {
		return usage("say what it opens: --tenant, once for each, or --every-tenant")
	}
	n := api.NewToken{Name: c.Name, Owner: c.Owner, Role: c.Role, Tenants: c.Tenant, Every: c.Every, Bodies: c.Bodies,
		Expires: expires}
	made, err := client.Do(a.ctx, a.client, api.CreateToken, n)
	if err != nil {
		return err
	}
	if a.json && c.File == "" {
		return a.printJSON(made)
	}
	write := func(w io.Writer) error { _, err := fmt.Fprintln(w, made.Secret); return err }
	if err := a.writeNew(c.File, write); err != nil {
		return fmt.Errorf("token %s was made, and could not be written: revoke it: %w", made.Token.ID, err)
	}
	if a.json {
		return a.printJSON(made.Token)
	}
	a.warnf("Token %s (%s): %s, until %s. It is not shown again.\n", made.Token.ID, made.Token.Name, opens(made.Token),
		stamp(made.Token.Expires))
	return nil
}

// opens says what a token opens.
func opens(t api.Token) string {
	where := strings.Join(t.Tenants, " ")
	if t.Every {
		where = "every tenant"
	}
	if t.Bodies {
		where += ", bodies"
	}
	return t.Role.String() + " in " + where
}

type tokenListCmd struct {
	Tenant string `help:"Name or GUID of a tenant: those that open it alone."`
	All    bool   `help:"Those that have ended too."`
}

func (c tokenListCmd) Run(a *app) error {
	all, err := every(a, api.ListTokens, func(p api.Paging) api.TokenQuery {
		return api.TokenQuery{Paging: p, Tenant: c.Tenant, Ended: c.All}
	})
	if err != nil {
		return err
	}
	return show(a, api.Page[api.Token]{Items: all}, "There are no tokens.",
		[]string{"ID", "NAME", "OWNER", "OPENS", "STATE", "UNTIL", "LAST USED", "FROM"},
		func(t api.Token) []string {
			return []string{t.ID, t.Name, t.Owner, opens(t), string(t.State), stamp(t.Expires), ago(t.LastUsed),
				t.LastFrom}
		})
}

type tokenRevokeCmd struct {
	IDs     []string `arg:"" name:"id" help:"Ids of the tokens."`
	Comment string   `help:"Why, for the audit."`
}

func (c tokenRevokeCmd) Run(a *app) error {
	return a.each(c.IDs, func(id string) error {
		t, err := client.Do(a.ctx, a.client, api.RevokeToken, api.ItemOrder{ID: id, Comment: c.Comment})
		if err != nil {
			return err
		}
		if a.json {
			return a.printJSON(t)
		}
		a.printf("token %s (%s) opens nothing any more\n", t.ID, t.Name)
		return nil
	})
}
