package api

import (
	"context"
	"errors"
	"strconv"
	"time"

	"clawback/alert"
	"clawback/store"
)

// Alerts are the routes by which people and programs elsewhere are told. *alert.Dispatcher is one.
type Alerts interface {
	Status() ([]alert.Status, error)
	Deliveries(route string) ([]alert.Delivery, error)
	Test(ctx context.Context, route, who string) (alert.Delivery, error)
}

// The operations on routes.
var (
	ListAlerts = define(Operation{Name: "alert.list", Route: "GET /v1/alerts", Role: Viewer, Machine: true,
		Does: "list the routes for alerts, and how each of them is"}, (*Service).listAlerts)
	ListDeliveries = define(Operation{Name: "alert.deliveries", Route: "GET /v1/alerts/{alert}/deliveries",
		Role: Viewer, Machine: true,
		Does: "list what was tried on a route for alerts, with the receiver's answers"}, (*Service).listDeliveries)
	TestAlert = define(Operation{Name: "alert.test", Route: "POST /v1/alerts/{alert}/test", Role: Administrator,
		Machine: true,
		Does:    "send a test on a route for alerts"}, (*Service).testAlert)
)

// Alert is how a route for alerts stands.
type Alert struct {
	Name         string    `json:"name"`
	Kind         string    `json:"kind"`
	Format       string    `json:"format"`
	Target       string    `json:"target"` // the server's name, or addresses
	Events       []string  `json:"events"`
	Waiting      int       `json:"waiting"` // events
	Bytes        int64     `json:"waiting_bytes"`
	Delivered    time.Time `json:"delivered,omitzero"`     // last
	FailingSince time.Time `json:"failing_since,omitzero"` // zero: the last attempt did not fail
	Failures     int       `json:"failures"`               // in a row
	Dropped      int       `json:"dropped"`                // events that a bound has cut, ever
	Answer       string    `json:"answer,omitempty"`       // to the last attempt
}

// Delivery is one attempt to deliver a message on a route, with its answer.
type Delivery struct {
	Message string    `json:"message"` // its id, the same over all attempts
	At      time.Time `json:"at"`
	Millis  int64     `json:"took_ms"`
	Events  int       `json:"events"`
	OK      bool      `json:"ok"`
	Answer  string    `json:"answer"` // of the receiver, or why there was none
	Next    time.Time `json:"next,omitzero"`
	Test    bool      `json:"test,omitempty"`
}

// AlertRef names a route.
type AlertRef struct {
	Alert string `path:"alert" json:"-"`
}

// DeliveryQuery selects deliveries of a route, the newest first.
type DeliveryQuery struct {
	AlertRef
	Paging
}

func (s *Service) listAlerts(_ context.Context, _ access, q Paging) (page Page[Alert], err error) {
	all, err := s.o.Alerts.Status()
	if err != nil {
		return page, err
	}
	return part(all, q, func(a alert.Status) string { return a.Name }, alertOf)
}

// AlertsOf shows routes.
func AlertsOf(list []alert.Status) (shown []Alert) {
	for _, a := range list {
		shown = append(shown, alertOf(a))
	}
	return shown
}

func alertOf(a alert.Status) Alert {
	return Alert{Name: a.Name, Kind: a.Kind, Format: a.Format, Target: a.Target,
		Events: append([]string{}, a.Events...), Waiting: a.Waiting, Bytes: a.Bytes, Delivered: a.Delivered,
		FailingSince: a.FailingSince, Failures: a.Failures,
		Dropped: a.Dropped, Answer: a.Answer}
}

func (s *Service) listDeliveries(_ context.Context, _ access, q DeliveryQuery) (page Page[Delivery], err error) {
	all, err := s.o.Alerts.Deliveries(q.Alert)
	if err != nil {
		return page, noRoute(err, q.Alert)
	}
	key := func(d alert.Delivery) string { return d.Message + strconv.FormatInt(d.At.UnixNano(), 36) }
	return part(all, q.Paging, key, deliveryOf)
}

func deliveryOf(d alert.Delivery) Delivery {
	return Delivery{Message: d.Message, At: d.At, Millis: d.Took.Milliseconds(), Events: d.Events, OK: d.OK,
		Answer: d.Answer, Next: d.Next, Test: d.Test}
}

// testAlert sends a test. Who asked for it stands in the audit before: it writes to people.
func (s *Service) testAlert(ctx context.Context, a access, r AlertRef) (Delivery, error) {
	if _, err := s.o.Alerts.Deliveries(r.Alert); err != nil {
		return Delivery{}, noRoute(err, r.Alert)
	}
	if err := s.note(ctx, store.Act{Who: a.Name, What: a.op.Name, Object: r.Alert}); err != nil {
		return Delivery{}, err
	}
	d, err := s.o.Alerts.Test(ctx, r.Alert, a.Name)
	return deliveryOf(d), noRoute(err, r.Alert)
}

func noRoute(err error, name string) error {
	if errors.Is(err, alert.ErrNoSuchRoute) {
		return missing("route", name)
	}
	return err
}
