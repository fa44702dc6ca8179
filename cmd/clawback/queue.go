package main

import (
	"fmt"
	"io"
	"net/url"
	"strconv"

	"github.com/dustin/go-humanize"

	"clawback/api"
	"clawback/queue"
)

type queueCmd struct {
	List    queueListCmd    `cmd:"" help:"List accepted reports that are not finished."`
	Show    queueShowCmd    `cmd:"" help:"Show one of them."`
	Retry   queueRetryCmd   `cmd:"" help:"Work on quarantined or deferred ones again, now."`
	Export  queueExportCmd  `cmd:"" help:"Write the report, as it arrived, to a file."`
	Discard queueDiscardCmd `cmd:"" help:"Throw quarantined ones away for good."`
}

type queueExportCmd struct {
	ID   string `arg:"" help:"Id of the item."`
	File string `arg:"" optional:"" help:"File to write; standard output without it."`
}

func (c queueExportCmd) Run(a *app) error {
	return a.export("/v1/queue/"+url.PathEscape(c.ID)+"/report", c.File)
}

type queueListCmd struct {
	State string `enum:"ready,working,deferred,suspect,quarantined," default:"" help:"Only those in this state (ready, working, deferred, suspect, quarantined)."`
	All   bool   `help:"List each item in quarantine by itself, not those of one kind together. --json always does."`
	Limit int    `default:"100" help:"At most so many items."`
}

func (c queueListCmd) Run(a *app) error {
	if a.json || c.All || c.State != "" && c.State != string(queue.Quarantined) {
		items, err := a.items(c.State, c.Limit)
		if err != nil {
			return err
		}
		return a.showItems(items, c.Limit)
	}
	var items []queue.Item
	if c.State == "" {
		for _, state := range []queue.State{queue.Ready, queue.Working, queue.Deferred, queue.Suspect} {
			list, err := a.items(string(state), c.Limit)
			if err != nil {
				return err
			}
			items = append(items, list...)
		}
	}
	var groups []api.Group
	if err := a.client.Get(a.ctx, "/v1/queue/groups", &groups); err != nil {
		return err
	}
	if len(items) > 0 || len(groups) == 0 {
		if err := a.showItems(items, c.Limit); err != nil {
			return err
		}
	}
	return a.showGroups(groups, len(items) > 0)
}

// items lists those in one state, "" for all.
func (a *app) items(state string, limit int) (items []queue.Item, err error) {
	query := url.Values{"state": {state}, "limit": {strconv.Itoa(limit)}}
	return items, a.client.Get(a.ctx, "/v1/queue?"+query.Encode(), &items)
}

func (a *app) showItems(items []queue.Item, limit int) error {
	if a.json {
		return a.printJSON(items)
	}
	if len(items) == 0 {
		a.printf("The queue holds nothing of that kind.\n")
		return nil
	}
	rows := [][]string{{"ID", "STATE", "RECEIVED", "SIZE", "FROM", "REASON"}}
	for _, it := range items {
		rows = append(rows, []string{it.ID, string(it.State), ago(it.Envelope.Received), humanize.IBytes(uint64(it.Body.Size)),
			clip(it.Envelope.MailFrom, 40), clip(it.Reason, 80)})
	}
	if err := a.table(rows); err != nil {
		return err
	}
	if len(items) >= limit {
		a.printf("There may be more than these %d: --limit\n", limit)
	}
	return nil
}

// showGroups shows what is in quarantine, each kind in a line.
func (a *app) showGroups(groups []api.Group, behind bool) error {
	if len(groups) == 0 {
		return nil
	}
	if behind {
		a.printf("\n")
	}
	a.printf("In quarantine, by kind (--all lists each item):\n")
	return a.table(groupRows(groups))
}

type queueShowCmd struct {
	ID string `arg:"" help:"Id of the item, as the list and the log show it."`
}

func (c queueShowCmd) Run(a *app) error {
	var it queue.Item
	if err := a.client.Get(a.ctx, "/v1/queue/"+url.PathEscape(c.ID), &it); err != nil {
		return err
	}
	if a.json {
		return a.printJSON(it)
	}
	e := it.Envelope
	return a.facts([][]string{
		{"item", it.ID}, {"state", string(it.State)}, {"cause", string(it.Cause)}, {"reason", clip(it.Reason, 500)},
		{"received", stamp(e.Received)}, {"size", humanize.IBytes(uint64(it.Body.Size))},
		{"tenant", e.Tenant}, {"purpose", string(e.Purpose)}, {"mail from", clip("<"+e.MailFrom+">", 200)},
		{"to", clip(fmt.Sprint(e.Rcpts), 500)}, {"peer", e.Remote + " (" + clip(e.Hello, 100) + ")"}, {"network", e.Network},
		{"tls", e.TLS.Version + " " + e.TLS.Cipher}, {"tries", strconv.Itoa(it.Tries)}, {"crashes", strconv.Itoa(it.Crashes)},
		{"due", stamp(it.NotBefore)}, {"session", e.Session}, {"trusted by", it.Trusted}, {"body", fmt.Sprintf("%s at %d", it.Body.File, it.Body.Offset)},
	})
}

type queueRetryCmd struct {
	IDs     []string `arg:"" name:"id" help:"Ids of the items."`
	Trust   bool     `help:"I vouch that these reports in quarantine come from their tenant: work on them although they were not attributed to it."`
	Comment string   `help:"Why, for the audit."`
}

func (c queueRetryCmd) Run(a *app) error {
	return a.each(c.IDs, func(id string) error {
		var it queue.Item
		if err := a.client.Post(a.ctx, "/v1/queue/"+url.PathEscape(id)+"/retry", api.Order{Trust: c.Trust, Comment: c.Comment}, &it); err != nil {
			return err
		}
		if a.json {
			return a.printJSON(it)
		}
		a.printf("%s is %s\n", it.ID, it.State)
		return nil
	})
}

// each does one thing to several ids, all of them, and tells at the end whether one went wrong.
func (a *app) each(ids []string, do func(id string) error) error {
	var failed bool
	for _, id := range ids {
		if err := do(id); err != nil {
			a.warnf("clawback: %s: %v\n", id, err)
			failed = true
		}
	}
	if failed {
		return errQuiet
	}
	return nil
}

type bounceCmd struct {
	List   bounceListCmd   `cmd:"" help:"List bounces."`
	Show   bounceShowCmd   `cmd:"" help:"Show one."`
	Retry  bounceRetryCmd  `cmd:"" aliases:"resend" help:"Send bounces again, now."`
	Export bounceExportCmd `cmd:"" help:"Write the report that a bounce carries to a file."`
}

type bounceListCmd struct {
	State string `enum:"waiting,stuck,sent," default:"" help:"Only those in this state (waiting, stuck, sent)."`
	Limit int    `default:"100" help:"At most so many."`
}

func (c bounceListCmd) Run(a *app) error {
	var list []queue.Bounce
	query := url.Values{"state": {c.State}, "limit": {strconv.Itoa(c.Limit)}}
	if err := a.client.Get(a.ctx, "/v1/bounces?"+query.Encode(), &list); err != nil {
		return err
	}
	if a.json {
		return a.printJSON(list)
	}
	if len(list) == 0 {
		a.printf("No bounces of that kind.\n")
		return nil
	}
	rows := [][]string{{"ID", "STATE", "CREATED", "TRIES", "NEXT", "REASON", "LAST ERROR"}}
	for _, b := range list {
		next := ago(b.NotBefore)
		if b.State == queue.BounceSent {
			next = ""
		}
		rows = append(rows, []string{b.ID, string(b.State), ago(b.Created), strconv.Itoa(b.Tries), next, clip(b.Reason, 50), clip(b.LastError, 80)})
	}
	return a.table(rows)
}

type bounceShowCmd struct {
	ID string `arg:"" help:"Id of the bounce."`
}

func (c bounceShowCmd) Run(a *app) error {
	var b queue.Bounce
	if err := a.client.Get(a.ctx, "/v1/bounces/"+url.PathEscape(c.ID), &b); err != nil {
		return err
	}
	if a.json {
		return a.printJSON(b)
	}
	return a.facts([][]string{
		{"bounce", b.ID}, {"item", b.Item}, {"state", string(b.State)}, {"reason", clip(b.Reason, 500)},
		{"tenant", b.Envelope.Tenant}, {"received", stamp(b.Envelope.Received)}, {"created", stamp(b.Created)},
		{"tries", strconv.Itoa(b.Tries)}, {"due", stamp(b.NotBefore)}, {"last error", clip(b.LastError, 500)},
		{"sent to", clip(b.SentTo, 200)}, {"sent at", stamp(b.SentAt)}, {"size", humanize.IBytes(uint64(b.Body.Size))},
	})
}

type bounceRetryCmd struct {
	IDs []string `arg:"" name:"id" help:"Ids of the bounces."`
}

func (c bounceRetryCmd) Run(a *app) error {
	return a.each(c.IDs, func(id string) error {
		var b queue.Bounce
		if err := a.client.Post(a.ctx, "/v1/bounces/"+url.PathEscape(id)+"/retry", api.Order{}, &b); err != nil {
			return err
		}
		if a.json {
			return a.printJSON(b)
		}
		a.printf("%s is due now\n", b.ID)
		return nil
	})
}

type bounceExportCmd struct {
	ID   string `arg:"" help:"Id of the bounce."`
	File string `arg:"" optional:"" help:"File to write; standard output without it."`
}

func (c bounceExportCmd) Run(a *app) error {
	return a.export("/v1/bounces/"+url.PathEscape(c.ID)+"/report", c.File)
}

// export writes a report to a new file, or to standard output.
func (a *app) export(path, file string) error {
	return a.writeNew(file, func(w io.Writer) error { return a.client.Stream(a.ctx, path, w) })
}
