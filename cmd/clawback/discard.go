package main

import (
	"errors"
	"fmt"
	"net/url"

	"github.com/dustin/go-humanize"

	"clawback/api"
	"clawback/queue"
	"clawback/store"
)

type queueDiscardCmd struct {
	IDs     []string `arg:"" name:"id" help:"Ids of the items; clawback queue export keeps a copy first."`
	Comment string   `required:"" help:"Why, for the audit."`
	Yes     bool     `short:"y" help:"Do not ask."`
}

// Run shows what is to be thrown away, asks, and has it thrown away.
func (c queueDiscardCmd) Run(a *app) error {
	if !c.Yes {
		if err := a.each(c.IDs, func(id string) error { return a.showDoomed(id) }); err != nil {
			return err
		}
		fmt.Fprintln(a.errOut, "A discarded report cannot be had back. To keep a copy, stop here: clawback queue export ID FILE")
		if !a.confirmed() {
			return errors.New("nothing was discarded")
		}
	}
	return a.each(c.IDs, func(id string) error {
		var act store.Act
		if err := a.client.Post(a.ctx, "/v1/queue/"+url.PathEscape(id)+"/discard", api.Order{Comment: c.Comment}, &act); err != nil {
			return err
		}
		if a.json {
			return a.printJSON(act)
		}
		fmt.Fprintf(a.out, "%s is discarded: %s\n", id, clip(act.Comment, 600))
		return nil
	})
}

// showDoomed shows in a line what is to be discarded.
func (a *app) showDoomed(id string) error {
	var it queue.Item
	if err := a.client.Get(a.ctx, "/v1/queue/"+url.PathEscape(id), &it); err != nil {
		return err
	}
	fmt.Fprintf(a.errOut, "%s, %s, received %s, %s, from <%s>: %s\n", it.ID, it.State, ago(it.Envelope.Received),
		humanize.IBytes(uint64(it.Body.Size)), clip(it.Envelope.MailFrom, 60), clip(it.Reason, 200))
	return nil
}
