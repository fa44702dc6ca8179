package main

import (
	"strconv"

	"clawback/api"
	"clawback/api/client"
)

type intelFeedsCmd struct{ paging }

func (c intelFeedsCmd) Run(a *app) error {
	found, err := list(a, api.ListFeeds, c.paging, func(p api.Paging) api.Paging { return p })
	if err != nil {
		return err
	}
	return show(a, found, "There are no feeds: see [[feed]] in clawback.toml.",
		[]string{"NAME", "SOURCE", "FORMAT", "READ", "DUE", "LISTED", "LIVING", "PROBLEM"},
		func(f api.Feed) []string {
			return []string{f.Name, f.Source, f.Format, ago(f.Fetched), ago(f.Due), strconv.Itoa(f.Listed),
				strconv.Itoa(f.Living), clip(f.Problem, 80)}
		})
}

type intelUpdateCmd struct {
	Feed   string `arg:"" optional:"" help:"Name of the feed; without it, all."`
	Accept bool   `help:"Take the list although it lost or gained more entries than it may at once."`
}

func (c intelUpdateCmd) Run(a *app) error {
	if c.Accept && c.Feed == "" {
		return usage("--accept: name the feed whose list is right")
	}
	found, err := client.Do(a.ctx, a.client, api.UpdateFeeds, api.FeedOrder{Feed: c.Feed, Accept: c.Accept})
	if err != nil {
		return err
	}
	err = show(a, found, "There are no feeds: see [[feed]] in clawback.toml.",
		[]string{"FEED", "ADDED", "WITHDRAWN", "EXPIRED", "LIVING", "PROBLEM"}, func(r api.FeedResult) []string {
			return []string{r.Feed, strconv.Itoa(r.Added), strconv.Itoa(r.Withdrawn), strconv.Itoa(r.Expired),
				strconv.Itoa(r.Living), clip(r.Problem, 120)}
		})
	for _, r := range found.Items {
		if r.Problem != "" && err == nil {
			err = errPartly
		}
	}
	return err
}
