package main

import (
	"strconv"
	"strings"
	"time"

	"clawback/api"
	"clawback/api/client"
)

type alertCmd struct {
	List       alertListCmd       `cmd:"" help:"List the routes for alerts, and how each stands."`
	Test       alertTestCmd       `cmd:"" help:"Send a test on a route now, and show the answer."`
	Deliveries alertDeliveriesCmd `cmd:"" help:"List what was tried on a route, with the receiver's answers."`
}

const noAlerts = "There are no routes: see [[alert]] in clawback.toml."

type alertListCmd struct{ paging }

func (c alertListCmd) Run(a *app) error {
	found, err := list(a, api.ListAlerts, c.paging, func(p api.Paging) api.Paging { return p })
	if err != nil {
		return err
	}
	return show(a, found, noAlerts,
		[]string{"NAME", "KIND", "TO", "TELLS", "WAITING", "DELIVERED", "FAILING SINCE", "DROPPED", "ANSWER"},
		func(r api.Alert) []string {
			return []string{r.Name, r.Kind, clip(r.Target, 40), clip(strings.Join(r.Events, " "), 40),
				strconv.Itoa(r.Waiting), ago(r.Delivered), ago(r.FailingSince), strconv.Itoa(r.Dropped),
				clip(r.Answer, 60)}
		})
}

type alertTestCmd struct {
	Route string `arg:"" help:"Name of the route."`
}

func (c alertTestCmd) Run(a *app) error {
	d, err := client.Do(a.ctx, a.client, api.TestAlert, api.AlertRef{Alert: c.Route})
	if err != nil {
		return err
	}
	switch {
	case a.json:
		err = a.printJSON(d)
	case d.OK:
		a.printf("The receiver of %s took it: %s\n", c.Route, d.Answer)
	default:
		a.warnf("The receiver of %s did not take it: %s\n", c.Route, d.Answer)
	}
	if err == nil && !d.OK {
		err = errQuiet
	}
	return err
}

type alertDeliveriesCmd struct {
	Route string `arg:"" help:"Name of the route."`
	paging
}

func (c alertDeliveriesCmd) Run(a *app) error {
	found, err := list(a, api.ListDeliveries, c.paging, func(p api.Paging) api.DeliveryQuery {
		return api.DeliveryQuery{AlertRef: api.AlertRef{Alert: c.Route}, Paging: p}
	})
	if err != nil {
		return err
	}
	return show(a, found, "Nothing was tried on this route yet.",
		[]string{"AT", "EVENTS", "TOOK", "TAKEN", "AGAIN AT", "ANSWER"},
		func(d api.Delivery) []string {
			taken := "no"
			if d.OK {
				taken = "yes"
			}
			if d.Test {
				taken += ", a test"
			}
			return []string{stamp(d.At), strconv.Itoa(d.Events),
				(time.Duration(d.Millis) * time.Millisecond).String(), taken, stamp(d.Next), clip(d.Answer, 100)}
		})
}
