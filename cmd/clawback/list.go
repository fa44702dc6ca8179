package main

import (
	"clawback/api"
	"clawback/api/client"
)

// paging bounds a list.
type paging struct {
	Limit  int    `default:"100" help:"At most so many (default 100)."`
	Cursor string `placeholder:"CURSOR" help:"Go on where a list before was cut: it has told the cursor."`
}

// list reads as many rows of a list as were asked for, over as many parts as that takes.
func list[Req, Row any](a *app, op api.Op[Req, api.Page[Row]], p paging,
	request func(api.Paging) Req) (api.Page[Row], error) {
	all := api.Page[Row]{Items: []Row{}, Next: p.Cursor}
	if p.Limit < 1 {
		return all, usage("--limit %d: use a number from 1", p.Limit)
	}
	for {
		part := api.Paging{Cursor: all.Next, Limit: min(p.Limit-len(all.Items), api.MaxLimit)}
		page, err := client.Do(a.ctx, a.client, op, request(part))
		if err != nil {
			return all, err
		}
		all.Items, all.Next, all.Cut = append(all.Items, page.Items...), page.Next, page.Cut
		if page.Next == "" || len(all.Items) >= p.Limit {
			return all, nil
		}
	}
}

// every reads a whole list.
func every[Req, Row any](a *app, op api.Op[Req, api.Page[Row]], request func(api.Paging) Req) ([]Row, error) {
	all, err := list(a, op, paging{Limit: 1 << 30}, request)
	return all.Items, err
}

// show prints a list, and where it was cut.
func show[Row any](a *app, page api.Page[Row], none string, heads []string, row func(Row) []string) error {
	if a.json {
		return a.printJSON(page)
	}
	if len(page.Items) == 0 {
		a.printf("%s\n", none)
		a.showCut(page.Cut, page.Next, 0)
		return nil
	}
	rows := [][]string{heads}
	for _, one := range page.Items {
		rows = append(rows, row(one))
	}
	if err := a.table(rows); err != nil {
		return err
	}
	a.showCut(page.Cut, page.Next, len(page.Items))
	return nil
}

// showCut tells a person that a list is not whole.
func (a *app) showCut(cut api.Cut, next string, shown int) {
	switch {
	case cut == api.CutBySearch:
		a.warnf("The search ended at its bound, so that there may be more: narrow the time, or what is searched for.\n")
	case cut == api.CutByLimit && next != "":
		a.warnf("There are more than these %d: raise --limit, or go on with --cursor %s\n", shown, next)
	case cut == api.CutByLimit:
		a.warnf("There are more than these %d: raise --limit.\n", shown)
	}
}
