package main

import (
	"fmt"
	"maps"
	"slices"
	"strconv"
	"time"

	"clawback/api"
	"clawback/api/client"
	"clawback/internal/visible"
)

type reportCmd struct {
	From   string `placeholder:"TIME" help:"Received then or later, as in 2026-03-01; else 30 days."`
	To     string `placeholder:"TIME" help:"Received before; now without it."`
	Tenant string `help:"Name or GUID of a tenant."`
	CSV    bool   `name:"csv" help:"As CSV, a line for each number."`
}

func (c reportCmd) Run(a *app) error {
	if c.CSV && a.json {
		return usage("--csv and --json: choose one")
	}
	q := api.ReportQuery{Tenant: c.Tenant}
	for flag, at := range map[string]*time.Time{"--from": &q.From, "--to": &q.To} {
		text := c.From
		if flag == "--to" {
			text = c.To
		}
		when, err := dateOf(text)
		if err != nil {
			return usage("%s %q: write a date or a time, as in 2026-03-01 or 2026-03-01T08:00:00Z", flag, text)
		}
		*at = when
	}
	r, err := client.Do(a.ctx, a.client, api.ShowReport, q)
	if err != nil {
		return err
	}
	switch {
	case a.json:
		return a.printJSON(r)
	case c.CSV:
		err = writeReport(a, r)
	default:
		err = showReport(a, r)
	}
	if r.Cut != "" {
		a.warnf("There is more than a report may look at, so that numbers are too small: name a shorter time.\n")
	}
	return err
}

// dateOf reads a date or a time; zero for none.
func dateOf(text string) (at time.Time, err error) {
	if text == "" {
		return at, nil
	}
	if at, err = time.Parse(time.DateOnly, text); err != nil {
		at, err = time.Parse(time.RFC3339, text)
	}
	return at.UTC(), err
}

// reportRow is one number of a report.
type reportRow struct{ section, name, value string }

// reportRows are the numbers of a tenant, in the order in which they are read.
func reportRows(t api.TenantReport) (list []reportRow) {
	add := func(section, name string, n int64) {
		list = append(list, reportRow{section, name, strconv.FormatInt(n, 10)})
	}
	for _, d := range slices.Backward(slices.Sorted(maps.Keys(t.Messages))) {
		add("messages", d.String(), int64(t.Messages[d]))
	}
	r := t.Retractions
	for _, o := range slices.Sorted(maps.Keys(r.Outcomes)) {
		add("retractions", string(o), int64(r.Outcomes[o]))
	}
	add("retractions", "would have been, in dry-run", int64(r.DryRun))
	add("retractions", "done automatically", int64(r.Automatic))
	add("retractions", "done by hand", int64(r.ByHand))
	add("retractions", "read when taken", int64(r.Read))
	add("retractions", "unread when taken", int64(r.Unread))
	for _, f := range r.Failed {
		add("failed, by reason", f.Name, int64(f.Count))
	}
	spread := func(section string, s api.Spread) {
		add(section, "count", int64(s.Count))
		if s.Count > 0 {
			add(section, "p50", s.P50)
			add(section, "p90", s.P90)
			add(section, "p99", s.P99)
			add(section, "max", s.Max)
		}
	}
	spread("seconds from delivery to the move", r.FromDelivery)
	spread("seconds from the report's 250 to the move", r.FromReport)
	for _, o := range slices.Sorted(maps.Keys(t.Restores)) {
		add("restores", string(o), int64(t.Restores[o]))
	}
	for _, s := range slices.Sorted(maps.Keys(t.Submissions.States)) {
		add("submissions", string(s), int64(t.Submissions.States[s]))
	}
	spread("seconds until a submission was settled", t.Submissions.Waited)
	for _, top := range []struct {
		section string
		list    []api.Ranked
	}{{"top targets", t.Targets}, {"top senders", t.Senders}, {"top lures", t.Lures}} {
		for _, one := range top.list {
			add(top.section, one.Name, int64(one.Count))
		}
	}
	return list
}

func showReport(a *app, r api.Report) error {
	a.printf("From %s to %s, by when messages were received.\n", stamp(r.From), stamp(r.To))
	for _, t := range r.Tenants {
		a.printf("\n%s\n", t.Name)
		rows, last := [][]string{}, ""
		for _, row := range reportRows(t) {
			section := row.section
			if section == last {
				section = ""
			}
			last = row.section
			rows = append(rows, []string{section, clip(row.name, 80), row.value})
		}
		if err := a.table(rows); err != nil {
			return err
		}
	}
	if len(r.Tenants) == 0 {
		a.printf("No tenant has any message.\n")
	}
	return nil
}

// writeReport writes a line for each number.
func writeReport(a *app, r api.Report) error {
	if err := visible.Row(a.out, []string{"tenant", "section", "name", "value"}); err != nil {
		return fmt.Errorf("write report: %w", err)
	}
	for _, t := range r.Tenants {
		for _, row := range reportRows(t) {
			if err := visible.Row(a.out, []string{t.Name, row.section, row.name, row.value}); err != nil {
				return err
			}
		}
	}
	return nil
}
