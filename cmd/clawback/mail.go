package main

import (
	"cmp"
	"slices"
	"strings"

	"clawback/api"
	"clawback/api/client"
	"clawback/config"
	"clawback/store"
)

// inDoubt says why no content proves a message of a mailbox to be this one.
func inDoubt(doubts []store.Doubt) string {
	words := map[store.Doubt]string{
		store.DoubtNetworkIDs: "bears several network message ids",
		store.DoubtReadings:   "can be read in two ways",
		store.DoubtBounded:    "not compared to its end",
		store.DoubtUnread:     "not read for its identity",
		store.DoubtReports:    "has a milder form that is not kept",
	}
	var list []string
	for _, d := range doubts {
		list = append(list, cmp.Or(words[d], string(d)))
	}
	return strings.Join(list, ", ")
}

// facts writes names and values in two columns, without those that have no value.
func (a *app) facts(rows [][]string) error {
	return a.table(slices.DeleteFunc(rows, func(row []string) bool { return strings.TrimSpace(row[1]) == "" }))
}

type exportCmd struct {
	ID   string `arg:"" help:"Record id, Message-ID or network message id."`
	File string `arg:"" optional:"" help:"File to write; standard output without it."`
}

func (c exportCmd) Run(a *app) error {
	return export(a, api.ExportMessage, api.MessageRef{Key: c.ID}, c.File)
}

type retractCmd struct {
	choice
	To        string `required:"" placeholder:"ACTION" enum:"junk,trash,soft_delete,hard_delete" help:"Where to: junk, trash, soft_delete or hard_delete."`
	YesDelete int    `placeholder:"N" help:"Do not ask: it is about N messages at most. Needed beside -y for many."`
	Comment   string `help:"Why, for the audit."`
}

func (c retractCmd) Run(a *app) error {
	if err := c.check(); err != nil {
		return err
	}
	if c.bulk() {
		return a.bulk(c.choice, api.JobOrder{Action: c.To, Comment: c.Comment}, c.number())
	}
	if c.To == string(config.HardDelete) {
		if err := a.confirmHardDelete(c.IDs, c.number()); err != nil {
			return err
		}
	}
	return a.each(c.IDs, func(id string) error {
		return a.act(api.RetractMessage, api.MessageOrder{Key: id, Action: c.To, Comment: c.Comment})
	})
}

func (c retractCmd) number() confirmation { return confirmation{"--yes-delete", c.YesDelete} }

// confirmHardDelete shows what is to be deleted for good, and wants the number of messages.
func (a *app) confirmHardDelete(ids []string, given confirmation) error {
	if a.each(ids, a.showDeleted) != nil {
		return errQuiet // nothing was done of the others either
	}
	return a.confirmNumber(len(ids), "message",
		"what is hard-deleted an administrator of Exchange alone can bring back, for some days", given)
}

// showDeleted shows in a line what is to be deleted.
func (a *app) showDeleted(id string) error {
	m, err := client.Do(a.ctx, a.client, api.ShowMessage, api.MessageRef{Key: id})
	if err != nil {
		return err
	}
	r := m.Record
	a.warnf("  %s  %s  %-10s %-40s %s  %s\n", r.ID, stamp(r.Received), r.Verdict.Disposition, clip(r.From, 40),
		plural(len(r.Recipients), "recipient"), clip(r.Subject, 60))
	return nil
}

type restoreCmd struct {
	choice
	YesRestore int    `placeholder:"N" help:"Do not ask: it is about N messages at most. Needed for many."`
	Comment    string `help:"Why, for the audit."`
}

func (c restoreCmd) Run(a *app) error {
	if err := c.check(); err != nil {
		return err
	}
	if c.bulk() {
		return a.bulk(c.choice, api.JobOrder{Restore: true, Comment: c.Comment},
			confirmation{"--yes-restore", c.YesRestore})
	}
	return a.each(c.IDs, func(id string) error {
		return a.act(api.RestoreMessage, api.MessageOrder{Key: id, Comment: c.Comment})
	})
}

// act sends an order that makes intents, and shows them.
func (a *app) act(op api.Op[api.MessageOrder, []api.Intent], o api.MessageOrder) error {
	intents, err := client.Do(a.ctx, a.client, op, o)
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(intents)
	}
	for _, in := range intents {
		a.printf("%-40s %-12s %-9s %s\n", clip(in.Address, 40), in.Action, in.Outcome, clip(in.Reason, 200))
	}
	return nil
}

type auditCmd struct {
	paging
	Since  timeAgo `help:"Not older than this, such as 2d or 12h."`
	Query  string  `help:"On the messages that this finds: see clawback search --help."`
	Object string  `placeholder:"ID" help:"Of this alone: the id of a message, item, job, indicator or policy."`
	Who    string  `placeholder:"NAME" help:"By this name alone, as the list shows it; clawback is the daemon."`
	What   string  `placeholder:"ACT" help:"Of this kind alone, such as message.retract."`
	Tenant string  `help:"Name or GUID of one tenant."`
}

func (c auditCmd) Run(a *app) error {
	acts, err := list(a, api.ListAudit, c.paging, func(p api.Paging) api.AuditQuery {
		return api.AuditQuery{Paging: p, Since: c.Since.since(), Query: c.Query, Object: c.Object, Who: c.Who,
			What: c.What, Tenant: c.Tenant}
	})
	if err != nil {
		return err
	}
	none := "Nobody has done anything yet."
	if c != (auditCmd{paging: paging{Limit: c.Limit}}) {
		none = "No entry of the audit fits."
	}
	return show(a, acts, none, []string{"TIME", "WHO", "WHAT", "OBJECT", "COMMENT"},
		func(act api.Act) []string {
			return []string{stamp(act.At), clip(act.Who, 20), act.What, clip(act.Object, 40), clip(act.Comment, 80)}
		})
}
