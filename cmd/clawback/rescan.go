package main

import (
	"fmt"
	"slices"
	"strconv"
	"time"

	"clawback/api"
	"clawback/api/client"
	"clawback/store"
)

type rescanCmd struct {
	Start   rescanStartCmd   `cmd:"" default:"withargs" help:"Judge again what a search finds: rescan QUERY."`
	List    rescanListCmd    `cmd:"" help:"List rescans."`
	Show    rescanShowCmd    `cmd:"" help:"Show one: what would change, with samples."`
	Follow  rescanFollowCmd  `cmd:"" help:"Show a rescan's progress until it ends, or waits for a person."`
	Approve rescanApproveCmd `cmd:"" help:"Let a rescan replace the verdicts that it has counted."`
	Pause   rescanPauseCmd   `cmd:"" help:"Read nothing more for a rescan until it is resumed."`
	Resume  rescanResumeCmd  `cmd:"" help:"Let a paused rescan go on."`
	Cancel  rescanCancelCmd  `cmd:"" help:"End a rescan: verdicts that it has replaced stay."`
}

type rescanStartCmd struct {
	Query   []string `arg:"" help:"${query}"`
	Tenant  string   `help:"Name or GUID of one tenant."`
	DryRun  bool     `help:"Count what would change, and end. It can be approved later."`
	Comment string   `help:"Why, for the audit."`
	Detach  bool     `help:"Do not wait for its end."`
}

func (c rescanStartCmd) Run(a *app) error {
	q, err := parseQuery(queryText(c.Query))
	if err != nil {
		return err
	}
	if q.Empty() {
		return usage("the query looks for nothing in particular: name a time at least, as in since:2d")
	}
	one, err := client.Do(a.ctx, a.client, api.StartRescan, api.RescanOrder{
		Search: api.Search{Query: q.String(), Tenant: c.Tenant}, DryRun: c.DryRun, Comment: c.Comment})
	if err != nil {
		return err
	}
	if c.Detach {
		return a.showRescan(one)
	}
	return a.followRescan(one)
}

// followRescan waits until a rescan has ended, or waits for a person, and shows it. Ctrl-C leaves it running.
func (a *app) followRescan(one api.Rescan) error {
	for !one.State.Final() && one.State != store.RescanWaiting && one.Paused == "" {
		select {
		case <-a.ctx.Done():
			a.warnf("rescan %s goes on: clawback rescan show %s\n", one.ID, one.ID)
			return nil
		case <-time.After(200 * time.Millisecond):
		}
		var err error
		if one, err = client.Do(a.ctx, a.client, api.ShowRescan, api.ItemRef{ID: one.ID}); err != nil {
			return err
		}
		if isTerminal(a.errOut) {
			a.warnf("\r%s %s: %d %s  ", one.ID, one.State, one.Seen, ofTotal(one))
		}
	}
	if isTerminal(a.errOut) {
		a.warnf("\n")
	}
	if err := a.showRescan(one); err != nil {
		return err
	}
	if one.State == store.RescanWaiting {
		return errPartly
	}
	return nil
}

func ofTotal(one api.Rescan) string {
	if one.Total == 0 {
		return "messages"
	}
	return fmt.Sprintf("of %d messages", one.Total)
}

func (a *app) showRescan(one api.Rescan) error {
	if a.json {
		return a.printJSON(one)
	}
	state := string(one.State)
	if one.Paused != "" {
		state += ", paused by " + clip(one.Paused, 40)
	}
	if one.DryRun {
		state += ", dry run"
	}
	rows := [][]string{
		{"rescan", one.ID}, {"state", state}, {"why", clip(one.Why, 200)}, {"asked by", clip(one.Who, 40)},
		{"approved by", clip(one.Approved, 40)}, {"comment", clip(one.Comment, 200)},
		{"messages", fmt.Sprintf("%d %s, %s read", one.Seen, ofTotal(one), plural(one.Read, "original"))},
		{"left alone", fmt.Sprintf("%d judged by these rules already, %d that a person has decided on, %d not judged",
			one.Same, one.Decided, one.Failed)},
		{"by indicators", fmt.Sprintf("%d whose originals are not kept", one.Gone)},
		{"would change", orNone(tally(one.Changes))}, {"changed", strconv.Itoa(one.Replaced)},
		{"created", stamp(one.Created)},
	}
	rows = slices.DeleteFunc(rows, func(row []string) bool { return row[1] == "" })
	if err := a.table(rows); err != nil {
		return err
	}
	for _, s := range one.Samples {
		a.printf("  %s  %s  %-24s %-30s %s\n", s.Record, stamp(s.Received), s.Change, clip(s.From, 30),
			clip(s.Why, 80))
	}
	if one.State == store.RescanWaiting || one.State == store.RescanCompleted && one.DryRun && len(one.Changes) > 0 {
		a.printf("Nothing is changed before: clawback rescan approve %s\n", one.ID)
	}
	return nil
}

func orNone(s string) string {
	if s == "" {
		return "nothing"
	}
	return s
}

type rescanListCmd struct {
	paging
	Tenant string `help:"Name or GUID of one tenant."`
}

func (c rescanListCmd) Run(a *app) error {
	found, err := list(a, api.ListRescans, c.paging, func(p api.Paging) api.RescanQuery {
		return api.RescanQuery{Paging: p, Tenant: c.Tenant}
	})
	if err != nil {
		return err
	}
	return show(a, found, "There are no rescans.",
		[]string{"ID", "STATE", "MESSAGES", "WOULD CHANGE", "CHANGED", "CREATED", "BY", "QUERY"},
		func(one api.Rescan) []string {
			return []string{one.ID, string(one.State), strconv.Itoa(one.Seen), clip(orNone(tally(one.Changes)), 60),
				strconv.Itoa(one.Replaced), ago(one.Created), clip(one.Who, 20), fit(one.Search.Query, 60)}
		})
}

// ofRescan names a rescan.
type ofRescan struct {
	ID string `arg:"" help:"Id of the rescan."`
}

type rescanShowCmd struct{ ofRescan }

func (c rescanShowCmd) Run(a *app) error {
	one, err := client.Do(a.ctx, a.client, api.ShowRescan, api.ItemRef{ID: c.ID})
	if err != nil {
		return err
	}
	return a.showRescan(one)
}

type rescanFollowCmd struct{ ofRescan }

func (c rescanFollowCmd) Run(a *app) error {
	one, err := client.Do(a.ctx, a.client, api.ShowRescan, api.ItemRef{ID: c.ID})
	if err != nil {
		return err
	}
	return a.followRescan(one)
}

// rescanChange is an order about a rescan.
type rescanChange struct {
	ofRescan
	Comment string `help:"Why, for the audit."`
}

func (c rescanChange) change(a *app, op api.Op[api.ItemOrder, api.Rescan], done string) error {
	return change(a, op, api.ItemOrder{ID: c.ID, Comment: c.Comment},
		fmt.Sprintf("Rescan %s %s: clawback rescan show %s", c.ID, done, c.ID))
}

type rescanApproveCmd struct {
	rescanChange
	Detach bool `help:"Do not wait for its end."`
}

func (c rescanApproveCmd) Run(a *app) error {
	one, err := client.Do(a.ctx, a.client, api.ApproveRescan, api.ItemOrder{ID: c.ID, Comment: c.Comment})
	if err != nil {
		return err
	}
	if c.Detach {
		return a.showRescan(one)
	}
	return a.followRescan(one)
}

type rescanPauseCmd struct{ rescanChange }

func (c rescanPauseCmd) Run(a *app) error {
	return c.change(a, api.PauseRescan, "is paused, and reads nothing more until clawback rescan resume")
}

type rescanResumeCmd struct{ rescanChange }

func (c rescanResumeCmd) Run(a *app) error { return c.change(a, api.ResumeRescan, "goes on") }

type rescanCancelCmd struct{ rescanChange }

func (c rescanCancelCmd) Run(a *app) error {
	return c.change(a, api.CancelRescan, "is cancelled. Verdicts that it has replaced stay")
}
