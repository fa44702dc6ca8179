package main

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"strconv"
	"strings"

	"github.com/dustin/go-humanize"

	"clawback/api"
	"clawback/api/client"
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
	return export(a, api.ExportItem, api.ItemRef{ID: c.ID}, c.File)
}

type queueListCmd struct {
	State string `enum:"ready,working,deferred,suspect,quarantined," default:"" help:"Only those in this state (ready, working, deferred, suspect, quarantined)."`
	All   bool   `help:"List each item in quarantine, not those of one kind together; --json and --since do."`

	Since timeAgo `help:"Received not longer ago than this, such as 2d or 12h."`
	paging
}

func (c queueListCmd) Run(a *app) error {
	if a.json || c.All || c.Since > 0 || c.State != "" && c.State != string(queue.Quarantined) {
		items, err := c.items(a, queue.State(c.State))
		if err != nil {
			return err
		}
		return a.showItems(items)
	}
	var items api.Page[api.Item]
	if c.State == "" {
		for _, state := range []queue.State{queue.Ready, queue.Working, queue.Deferred, queue.Suspect} {
			more, err := c.items(a, state)
			if err != nil {
				return err
			}
			items.Items = append(items.Items, more.Items...)
			if more.Cut != "" { // a cursor goes on in one state
				items.Cut = more.Cut
			}
		}
	}
	groups, err := every(a, api.ListGroups, func(p api.Paging) api.GroupQuery { return api.GroupQuery{Paging: p} })
	if err != nil {
		return err
	}
	if len(items.Items) > 0 || len(groups) == 0 {
		if err := a.showItems(items); err != nil {
			return err
		}
	}
	return a.showGroups(groups, len(items.Items) > 0)
}

// items lists those in one state, "" for all.
func (c queueListCmd) items(a *app, state queue.State) (api.Page[api.Item], error) {
	return list(a, api.ListItems, c.paging,
		func(p api.Paging) api.ItemQuery {
			return api.ItemQuery{Paging: p, State: state, Since: c.Since.since()}
		})
}

func (a *app) showItems(items api.Page[api.Item]) error {
	return show(a, items, "The queue holds nothing of that kind.",
		[]string{"ID", "STATE", "RECEIVED", "SIZE", "FROM", "REASON"},
		func(it api.Item) []string {
			return []string{it.ID, string(it.State), ago(it.Envelope.Received), humanize.IBytes(uint64(it.Size)),
				clip(it.Envelope.MailFrom, 40), clip(it.Reason, 80)}
		})
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
	it, err := client.Do(a.ctx, a.client, api.ShowItem, api.ItemRef{ID: c.ID})
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(it)
	}
	e := it.Envelope
	return a.facts([][]string{
		{"item", it.ID}, {"state", string(it.State)}, {"cause", string(it.Cause)}, {"reason", clip(it.Reason, 500)},
		{"received", stamp(e.Received)}, {"size", humanize.IBytes(uint64(it.Size))},
		{"tenant", e.Tenant}, {"purpose", string(e.Purpose)}, {"mail from", clip("<"+e.MailFrom+">", 200)},
		{"to", clip(fmt.Sprint(e.Rcpts), 500)}, {"peer", e.Remote + " (" + clip(e.Hello, 100) + ")"},
		{"network", e.Network},
		{"tls", e.TLS.Version + " " + e.TLS.Cipher}, {"tries", strconv.Itoa(it.Tries)},
		{"crashes", strconv.Itoa(it.Crashes)},
		{"due", stamp(it.NotBefore)}, {"session", e.Session}, {"trusted by", it.Trusted},
	})
}

type queueRetryCmd struct {
	IDs     []string `arg:"" name:"id" help:"Ids of the items."`
	Trust   bool     `help:"I vouch that these reports in quarantine come from their tenant: work on them although they were not attributed to it."`
	Comment string   `help:"Why, for the audit."`
}

func (c queueRetryCmd) Run(a *app) error {
	return a.each(c.IDs, func(id string) error {
		op := api.RetryItem
		if c.Trust {
			op = api.TrustItem
		}
		it, err := client.Do(a.ctx, a.client, op, api.ItemOrder{ID: id, Comment: c.Comment})
		if err != nil {
			return err
		}
		if a.json {
			return a.printJSON(it)
		}
		a.printf("%s is %s\n", it.ID, it.State)
		return nil
	})
}

// each does one thing to several ids, all of them, and tells at the end whether all went well, some, or none.
func (a *app) each(ids []string, do func(id string) error) error {
	failed, partly := 0, false
	for _, id := range ids {
		err := do(id)
		switch {
		case err == nil:
			continue
		case errors.Is(err, errPartly):
			partly = true
		case errors.Is(err, errQuiet):
		case a.json:
			a.failJSON(id, err)
		default:
			a.warnf("clawback: %s\n", about(id, err))
		}
		failed++
	}
	switch {
	case failed == 0:
		return nil
	case partly || failed < len(ids):
		return errPartly
	}
	return errQuiet
}

// about names what an error is about, once.
func about(id string, err error) error {
	var path *fs.PathError
	if errors.As(err, &path) && path.Path == id {
		return fmt.Errorf("%s: %w", id, path.Err)
	}
	if strings.Contains(err.Error(), id) {
		return err
	}
	return fmt.Errorf("%s: %w", id, err)
}

type bounceCmd struct {
	List   bounceListCmd   `cmd:"" help:"List bounces."`
	Show   bounceShowCmd   `cmd:"" help:"Show one."`
	Retry  bounceRetryCmd  `cmd:"" aliases:"resend" help:"Send bounces again, now."`
	Export bounceExportCmd `cmd:"" help:"Write the report that a bounce carries to a file."`
}

type bounceListCmd struct {
	State string  `enum:"waiting,stuck,sent," default:"" help:"Only those in this state (waiting, stuck, sent)."`
	Since timeAgo `help:"Created not longer ago than this, such as 2d or 12h."`
	paging
}

func (c bounceListCmd) Run(a *app) error {
	bounces, err := list(a, api.ListBounces, c.paging, func(p api.Paging) api.BounceQuery {
		return api.BounceQuery{Paging: p, State: queue.BounceState(c.State), Since: c.Since.since()}
	})
	if err != nil {
		return err
	}
	return show(a, bounces, "No bounces of that kind.",
		[]string{"ID", "STATE", "CREATED", "TRIES", "NEXT", "REASON", "LAST ERROR"},
		func(b api.Bounce) []string {
			next := ago(b.NotBefore)
			if b.State == queue.BounceSent {
				next = ""
			}
			return []string{b.ID, string(b.State), ago(b.Created), strconv.Itoa(b.Tries), next, clip(b.Reason, 50),
				clip(b.LastError, 80)}
		})
}

type bounceShowCmd struct {
	ID string `arg:"" help:"Id of the bounce."`
}

func (c bounceShowCmd) Run(a *app) error {
	b, err := client.Do(a.ctx, a.client, api.ShowBounce, api.ItemRef{ID: c.ID})
	if err != nil {
		return err
	}
	if a.json {
		return a.printJSON(b)
	}
	return a.facts([][]string{
		{"bounce", b.ID}, {"item", b.Item}, {"state", string(b.State)}, {"reason", clip(b.Reason, 500)},
		{"tenant", b.Envelope.Tenant}, {"received", stamp(b.Envelope.Received)}, {"created", stamp(b.Created)},
		{"tries", strconv.Itoa(b.Tries)}, {"due", stamp(b.NotBefore)}, {"last error", clip(b.LastError, 500)},
		{"sent to", clip(b.SentTo, 200)}, {"sent at", stamp(b.SentAt)}, {"size", humanize.IBytes(uint64(b.Size))},
	})
}

type bounceRetryCmd struct {
	IDs []string `arg:"" name:"id" help:"Ids of the bounces."`
}

func (c bounceRetryCmd) Run(a *app) error {
	return a.each(c.IDs, func(id string) error {
		b, err := client.Do(a.ctx, a.client, api.RetryBounce, api.ItemOrder{ID: id})
		if err != nil {
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
	return export(a, api.ExportBounce, api.ItemRef{ID: c.ID}, c.File)
}

// export writes the bytes that an operation answers with to a new file, or to standard output.
func export[Req any](a *app, op api.Op[Req, api.Stream], request Req, file string) error {
	return a.writeNew(file, func(w io.Writer) error { return client.Export(a.ctx, a.client, op, request, w) })
}
