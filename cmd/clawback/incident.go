package main

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"clawback/api"
	"clawback/api/client"
	"clawback/store"
)

// incident shows what was done about one message, or about those that a search finds.
func (c showCmd) incident(a *app) error {
	if c.CSV && a.json {
		return usage("--csv and --json: choose one")
	}
	q := api.IncidentQuery{}
	var text string
	if q.Key, text = api.KeyOrQuery(queryText(c.ID)); text != "" {
		parsed, err := parseQuery(text)
		if err != nil {
			return err
		}
		q.Search = api.Search{Query: parsed.String()}
	}
	found, err := c.collect(a, q)
	if err != nil {
		return err
	}
	switch {
	case a.json:
		return a.printJSON(found)
	case c.CSV:
		if err := api.WriteIncident(a.out, found.Rows); err != nil {
			return err
		}
	default:
		if err := a.showIncident(found); err != nil {
			return err
		}
	}
	a.showCut(found.Cut, found.Next, found.Totals.Messages)
	return nil
}

// collect reads as many messages as were asked for, over as many parts as that takes, and sums them up.
func (c showCmd) collect(a *app, q api.IncidentQuery) (all api.Incident, err error) {
	all.Rows, all.Next = []api.IncidentRow{}, c.Cursor
	if c.Limit < 1 {
		return all, usage("--limit %d: use a number from 1", c.Limit)
	}
	for {
		q.Paging = api.Paging{Cursor: all.Next, Limit: min(c.Limit-all.Totals.Messages, api.MaxLimit)}
		part, err := client.Do(a.ctx, a.client, api.ShowIncident, q)
		if err != nil {
			return all, err
		}
		all.Rows, all.Next, all.Cut = append(all.Rows, part.Rows...), part.Next, part.Cut
		all.Totals = api.TotalsOf(all.Rows)
		if part.Next == "" || all.Totals.Messages >= c.Limit {
			return all, nil
		}
	}
}

func (a *app) showIncident(i api.Incident) error {
	if len(i.Rows) == 0 {
		a.printf("No message fits.\n")
		return nil
	}
	rows := [][]string{{"RECORD", "RECIPIENT", "ACTION", "OUTCOME", "READ", "DELIVERY+", "REPORT+", "REASON"}}
	for _, r := range i.Rows {
		read, delivery, report := "", "", ""
		if e := r.Exposure; e != nil {
			read, delivery, report = yesNo(e.Read), secondsOf(e.FromDelivery), secondsOf(e.FromReport)
		}
		outcome := r.Outcome
		if r.Intent == "" {
			outcome = "none"
		}
		rows = append(rows, []string{r.Record, clip(r.Recipient, 40), r.Action, string(outcome), read, delivery, report,
			coded(r.Code) + clip(r.Reason, 200)})
	}
	if err := a.table(rows); err != nil {
		return err
	}
	a.printf("\n")
	return a.facts(totalsOf(i.Totals))
}

func totalsOf(t api.IncidentTotals) [][]string {
	rows := [][]string{{"messages", strconv.Itoa(t.Messages)}, {"recipients", strconv.Itoa(t.Recipients)},
		{"outcomes", countsOf(t.Outcomes)}, {"exposure", countsOf(t.States)}}
	if t.Read+t.Unread > 0 {
		rows = append(rows, []string{"when taken", fmt.Sprintf("%d read, %d unread", t.Read, t.Unread)})
	}
	if t.MedianFromDelivery != nil {
		rows = append(rows, []string{"from delivery", fmt.Sprintf("median %d s, most %d s", *t.MedianFromDelivery,
			*t.MostFromDelivery)})
	}
	if t.MedianFromReport != nil {
		rows = append(rows, []string{"from report", fmt.Sprintf("median %d s, most %d s", *t.MedianFromReport,
			*t.MostFromReport)})
	}
	return rows
}

// countsOf are counts by name, in the order of the names.
func countsOf[K store.Outcome | api.ExposureState](counts map[K]int) string {
	var list []string
	for name, n := range counts {
		list = append(list, fmt.Sprintf("%s %d", name, n))
	}
	slices.Sort(list)
	return strings.Join(list, ", ")
}

func secondsOf(n *int64) string {
	if n == nil {
		return ""
	}
	return strconv.FormatInt(*n, 10) + " s"
}

func yesNo(b *bool) string {
	switch {
	case b == nil:
		return ""
	case *b:
		return "yes"
	}
	return "no"
}
