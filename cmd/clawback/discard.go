package main

import (
	"cmp"
	"errors"
	"fmt"
	"time"

	"github.com/dustin/go-humanize"

	"clawback/api"
	"clawback/api/client"
)

type queueDiscardCmd struct {
	IDs []string `arg:"" optional:"" name:"id" help:"Ids of the items; clawback queue export keeps a copy first."`

	Tenant    string  `help:"Several: of one tenant, by its name or GUID."`
	Purpose   string  `enum:"journal,recovery,submission,postmaster," default:"" help:"Several: to addresses of this purpose (journal, recovery, submission, postmaster)."`
	Network   string  `help:"Several: from this network set."`
	Unlisted  bool    `help:"Several: from networks that no listener names."`
	Cause     string  `help:"Several: with this cause, as queue list shows it."`
	From      string  `help:"Several: with this envelope sender: an address, @domain, or <> for none."`
	Peers     string  `help:"Several: sent from this IP address or CIDR."`
	OlderThan timeAgo `help:"Several: received longer ago than this, such as 2d or 48h."`

	Comment   string `required:"" help:"Why, for the audit."`
	Yes       bool   `short:"y" help:"Do not ask. Not enough for more than 1,000 items."`
	YesDelete int    `placeholder:"N" help:"Do not ask, if it is about N items at most."`
}

// manyItems is how many items -y discards at most.
const manyItems = 1000

// Run shows what is to be thrown away, asks, and has it thrown away.
func (c queueDiscardCmd) Run(a *app) error {
	selection := api.Selection{
		Tenant: c.Tenant, Purpose: c.Purpose, Network: c.Network, Unlisted: c.Unlisted, Cause: c.Cause,
		MailFrom: c.From, Peers: c.Peers,
	}
	if c.OlderThan > 0 {
		selection.Before = time.Now().Add(-time.Duration(c.OlderThan)).UTC()
	}
	switch several := selection != (api.Selection{}); {
	case several == (len(c.IDs) > 0):
		return usage("name ids, or what they have in common: --tenant, --purpose, --network, --unlisted, --cause, " +
			"--from, --peers " +
			"or --older-than; not both")
	case several:
		return c.several(a, selection)
	}
	return c.each(a)
}

// errKept is the outcome of a No.
var errKept = errors.New("nothing was discarded")

func (c queueDiscardCmd) each(a *app) error {
	if !c.Yes {
		if err := a.each(c.IDs, func(id string) error { return a.showDoomed(id) }); err != nil {
			return err
		}
		a.warnf("A discarded report cannot be had back. To keep a copy, stop here: clawback queue export ID FILE\n")
		if !a.confirmed() {
			return errKept
		}
	}
	return a.each(c.IDs, func(id string) error {
		act, err := client.Do(a.ctx, a.client, api.DiscardItem, api.ItemOrder{ID: id, Comment: c.Comment})
		if err != nil {
			return err
		}
		return a.showDiscarded(id+" is", act)
	})
}

// several shows what a selection comes to, and has that discarded: nothing that comes later.
func (c queueDiscardCmd) several(a *app, selection api.Selection) error {
	p, err := client.Do(a.ctx, a.client, api.PreviewDiscard, selection)
	if err != nil {
		return err
	}
	if p.Count == 0 {
		return errors.New("nothing in quarantine is of that kind")
	}
	if err := c.confirm(a, p); err != nil {
		return err
	}
	order := api.DiscardOrder{Selection: selection, Count: p.Count, AsOf: p.AsOf, Through: p.Through,
		Comment: c.Comment}
	act, err := client.Do(a.ctx, a.client, api.DiscardSelected, order)
	if err != nil {
		return err
	}
	return a.showDiscarded(fmt.Sprintf("%s, %s in all, are", plural(p.Count, "item"), humanize.IBytes(uint64(p.Bytes))),
		act)
}

// confirm shows a selection and asks; many items want their number.
func (c queueDiscardCmd) confirm(a *app, p api.DiscardPreview) error {
	many := p.Count > manyItems
	if c.Yes && !many && c.YesDelete == 0 {
		return nil
	}
	if err := a.showSelected(p); err != nil {
		return err
	}
	if many || c.YesDelete > 0 {
		return a.confirmNumber(p.Count, "item", fmt.Sprintf("it is about more than %d items", manyItems),
			confirmation{"--yes-delete", c.YesDelete})
	}
	if !a.confirmed() {
		return errKept
	}
	return nil
}

// showSelected shows what a selection comes to.
func (a *app) showSelected(p api.DiscardPreview) error {
	a.warnf("%s, %s, received from %s to %s:\n\n", plural(p.Count, "item"), humanize.IBytes(uint64(p.Bytes)),
		stamp(p.Oldest),
		stamp(p.Newest))
	errTable := &app{out: a.errOut}
	if err := errTable.table(groupRows(p.Groups)); err != nil {
		return err
	}
	a.warnf("\nThe first of them:\n")
	for _, it := range p.Samples {
		a.showItem(it)
	}
	a.warnf("Discarded reports cannot be had back. To keep a copy of one, stop here: clawback queue export ID FILE\n")
	return nil
}

func (a *app) showDiscarded(what string, act api.Act) error {
	if a.json {
		return a.printJSON(act)
	}
	a.printf("%s discarded: %s\n", what, clip(act.Comment, 600))
	return nil
}

// showDoomed shows in a line what is to be discarded.
func (a *app) showDoomed(id string) error {
	it, err := client.Do(a.ctx, a.client, api.ShowItem, api.ItemRef{ID: id})
	if err != nil {
		return err
	}
	a.showItem(it)
	return nil
}

func (a *app) showItem(it api.Item) {
	a.warnf("%s, %s, received %s, %s, from <%s>: %s\n", it.ID, it.State, ago(it.Envelope.Received),
		humanize.IBytes(uint64(it.Size)), clip(it.Envelope.MailFrom, 60), clip(it.Reason, 200))
}

// groupRows are groups of items in quarantine as a table.
func groupRows(groups []api.Group) [][]string {
	rows := [][]string{{"COUNT", "SIZE", "TENANT", "TO", "NETWORK", "CAUSE", "OLDEST", "NEWEST", "LAST ID",
		"LAST REASON"}}
	for _, g := range groups {
		network := cmp.Or(g.Network, "(unlisted)")
		rows = append(rows, []string{
			humanize.Comma(int64(g.Count)), humanize.IBytes(uint64(g.Bytes)), cmp.Or(g.TenantName, g.Tenant, "-"),
			cmp.Or(string(g.Purpose), "-"), network,
			cmp.Or(string(g.Cause), "-"), ago(g.Oldest), ago(g.Newest), g.Last.ID, clip(g.Last.Reason, 80),
		})
	}
	return rows
}
