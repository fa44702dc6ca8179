package daemon

import (
	"fmt"
	"net"
	"time"

	"clawback/alert"
	"clawback/api"
	"clawback/bounce"
	"clawback/store"
)

// openAlerts opens what tells people and programs elsewhere.
func (d *daemon) openAlerts() (err error) {
	d.alerts, err = alert.Open(d.cfg, alert.Options{
		StateDir: d.cfg.StateDir, Store: d.store, Teller: alertTeller{d.board, d.live}, Marker: d.key, Log: d.log,
		Mailer:  &bounce.Sender{Hostname: d.cfg.Hostname, Resolver: net.DefaultResolver},
		Version: d.version,
	})
	if err != nil {
		return err
	}
	d.onClose(d.alerts.Close)
	return nil
}

// alertStatus is how the routes stand; nil where there is none.
func (d *daemon) alertStatus() ([]api.Alert, error) {
	if d.alerts == nil {
		return nil, nil
	}
	list, err := d.alerts.Status()
	return api.AlertsOf(list), err
}

// alertTeller tells of routes by the board. What it says of a route does not change from one failure to the next, so
// that it is told once.
type alertTeller struct {
	*board
	live *live
}

// RouteFails implements alert.Teller.
func (t alertTeller) RouteFails(route string, since time.Time, why string) {
	t.raise(store.Notice{Kind: "route.failing", Subject: route,
		Text: fmt.Sprintf("Route %s has delivered nothing since %s.", route, clock(since))}, "route", route,
		"error", why)
}

// RouteDelivers implements alert.Teller.
func (t alertTeller) RouteDelivers(route string) { t.clear("route.failing", "", route) }

// RouteDrops implements alert.Teller.
func (t alertTeller) RouteDrops(route string) {
	t.raise(store.Notice{Kind: "route.dropped", Subject: route,
		Text: fmt.Sprintf("Events for route %s were dropped: more waited than it may keep.", route)}, "route", route)
}

// Critical implements alert.Teller.
func (t alertTeller) Critical(kind string) bool { return kinds[kind].now }

// Clean implements alert.Teller.
func (t alertTeller) Clean(text string) string { return t.live.secrets.clean(text) }
