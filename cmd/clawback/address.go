package main

import (
	"cmp"
	"regexp"
	"strings"

	"clawback/api"
	"clawback/api/client"
	"clawback/config"
)

type addressCmd struct {
	New    addressNewCmd    `cmd:"" help:"Make an unguessable journal address, and say where it goes."`
	List   addressListCmd   `cmd:"" help:"List the addresses that mail is taken for, or was."`
	Retire addressRetireCmd `cmd:"" help:"Let an address that is no longer configured be refused for good (550)."`
}

type addressNewCmd struct {
	Config  string   `short:"c" type:"path" default:"/etc/clawback/clawback.toml" help:"Configuration file."`
	Tenant  string   `help:"Name of the tenant; it is only needed when there are several."`
	Domain  string   `help:"Domain of the address, whose MX records lead here; the hostname without it."`
	Local   string   `placeholder:"NAME" help:"Its local part, where it must be a certain one; chance without it."`
	Regions []string `help:"Regions that may process it, first choice first; any without it. See docs/regions.md."`
}

// localPart is what Exchange takes everywhere before an @.
var localPart = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._+-]{0,63}$`)

func (c addressNewCmd) Run(a *app) error {
	cfg, err := config.Load(c.Config)
	if err != nil {
		return err
	}
	t, err := cfg.FindTenant(c.Tenant)
	if err != nil {
		return err
	}
	local, err := journalAddress()
	if err != nil {
		return err
	}
	if c.Local != "" {
		if !localPart.MatchString(c.Local) {
			return usage("--local %q: use letters, digits and . _ + - alone", c.Local)
		}
		local = c.Local
	}
	address := local + "@" + cmp.Or(c.Domain, cfg.Hostname)
	for _, doubt := range doubts(t, address) {
		a.warnf("warning: %s\n         -> %s\n", doubt.Text, doubt.Remedy)
	}
	if a.json {
		return a.printJSON(map[string]string{"tenant": t.Name, "address": address})
	}
	a.printf("%s\n\nPut this below tenant %q in %s, and reload (systemctl reload clawback):\n\n"+
		"    [[tenant.address]]\n    address = %q\n", address, t.Name, c.Config, address)
	if len(c.Regions) > 0 { // the line of the configuration that binds an address to regions
		a.printf("    regions = [\"%s\"]\n", strings.Join(c.Regions, `", "`))
	}
	return a.printf("\nThen name it in the journal rule. To rotate, keep the old one beside it until no report comes\n" +
		"to it any more (clawback address list), take it out, reload, and run: clawback address retire OLD\n")
}

type addressListCmd struct{}

func (addressListCmd) Run(a *app) error {
	all, err := every(a, api.ListAddresses, func(p api.Paging) api.AddressQuery { return api.AddressQuery{Paging: p} })
	if err != nil {
		return err
	}
	return show(a, api.Page[api.Address]{Items: all}, "Mail is accepted for no address.",
		[]string{"ADDRESS", "TENANT", "PURPOSE", "LAST MAIL", "STATE"},
		func(x api.Address) []string { return []string{x.Address, x.Tenant, x.Purpose, ago(x.Last), x.State()} })
}

type addressRetireCmd struct {
	Address string `arg:"" help:"The address."`
	Comment string `help:"Why, for the audit."`
}

func (c addressRetireCmd) Run(a *app) error {
	x, err := client.Do(a.ctx, a.client, api.RetireAddress, api.AddressOrder{Address: c.Address, Comment: c.Comment})
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(x)
	}
	a.printf("%s is retired: mail for it is refused from now on\n", c.Address)
	return nil
}
