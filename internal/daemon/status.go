package daemon

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"sort"
	"time"

	"clawback/api"
	"clawback/config"
	"clawback/intel/submission"
	"clawback/queue"
	"clawback/spool"
	"clawback/store"
)

func (d *daemon) controlOptions(cfg *config.Config) api.Options {
	return api.Options{
		Queue: d.queue, Store: d.store, Engine: d.engine, Status: d.status, Log: d.log,
		Wake:   func() { d.bounces.Wake(); d.engine.Wake() },
		Report: d.report, Addresses: api.Addresses{List: d.live.addresses, Retire: d.live.retire}, Scoring: d.scoring(),
		Apart: d.live.apart,
	}
}

// report opens the octets of a report.
func (d *daemon) report(ref spool.Ref) (io.ReadCloser, error) {
	body, err := d.spool.Open(ref)
	if err != nil {
		return nil, err
	}
	return struct {
		io.Reader
		io.Closer
	}{io.NewSectionReader(body, 0, body.Size()), body}, nil
}

// status gathers what the status command shows.
func (d *daemon) status() (api.Status, error) {
	cfg := d.live.config()
	s := api.Status{Version: d.version, Hostname: cfg.Hostname, Region: cfg.Region, Started: d.started.UTC(),
		Sessions: d.sessions(), Tenants: []api.Tenant{}, Problems: []string{}}
	var err error
	if s.Queue, err = d.queue.Stats(); err != nil {
		return s, err
	}
	for _, t := range cfg.Tenants {
		counts, err := d.store.Counts(t.ID)
		if err != nil {
			return s, err
		}
		standing, err := d.engine.Standing(t.ID)
		if err != nil {
			return s, err
		}
		submissions, err := d.desk.Counts(t.ID)
		if err != nil {
			return s, err
		}
		s.Tenants = append(s.Tenants, api.Tenant{Name: t.Name, ID: t.ID, Mode: t.Mode, Counts: counts,
			Paused: standing.Paused, Waiting: standing.Waiting, NextLook: standing.Next, Submissions: submissions})
	}
	if err := d.putOff(); err != nil {
		s.PutOff = err.Error()
	}
	c := d.certs.Status()
	s.Certificate = &api.Certificate{Names: c.Names, NotAfter: c.NotAfter, Problem: c.Problem}
	s.RDAP = d.rdapStatus()
	s.Problems = problems(s)
	if n := d.networks.Status(); n.Problem != "" {
		s.Problems = append(s.Problems, fmt.Sprintf("networks: %s; the list of %s stays in use", n.Problem, n.Date.Format(time.DateOnly)))
	}
	return s, nil
}

// putOff is why a message that came now would be put off; nil when it would be taken.
func (d *daemon) putOff() error {
	draft, err := d.queue.Begin(queue.Envelope{}, 0)
	if err == nil {
		draft.Abort()
	}
	return err
}

// metrics answers Prometheus where the configuration says so, until ctx ends.
func (d *daemon) metrics(ctx context.Context) error {
	address := d.live.config().Control.Metrics
	if address == "" {
		return nil
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", api.Metrics(d.status))
	server := &http.Server{Addr: address, Handler: mux, ReadTimeout: 10 * time.Second, WriteTimeout: time.Minute, MaxHeaderBytes: 16 << 10}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("metrics: %w", err)
	}
	return nil
}

// problems are the parts of a status that need a person.
func problems(s api.Status) []string {
	list := []string{}
	add := func(n int, format string) {
		if n > 0 {
			list = append(list, fmt.Sprintf(format, n))
		}
	}
	if s.PutOff != "" {
		list = append(list, "new mail is put off: "+s.PutOff)
	}
	add(s.Queue.Items[queue.Quarantined].Count, "%d in quarantine: clawback queue list --state quarantined")
	add(s.Queue.Bounces[queue.BounceStuck].Count, "%d bounces are stuck: clawback bounce list --state stuck")
	held, reported := 0, 0
	for _, t := range s.Tenants {
		held += t.Counts.Held
		reported += t.Submissions[string(submission.Open)]
	}
	add(held, "%d retractions wait for a person: clawback held list")
	add(reported, "%d messages that users reported wait for a person: clawback submission list")
	if s.Certificate != nil && s.Certificate.Problem != "" {
		list = append(list, "certificate: "+s.Certificate.Problem)
	}
	if s.RDAP != nil && s.RDAP.Problem != "" && s.RDAP.Servers == 0 {
		list = append(list, "no list of RDAP servers, so that no domain's age is known: "+s.RDAP.Problem)
	}
	return list
}

// openWork counts the intents that are not final.
func openWork(c store.Counts) int {
	return c.Outcomes[store.Pending] + c.Restores[store.Pending] + c.Held
}

// needRestart names the tables whose change a reload cannot put in force.
func needRestart(old, cfg *config.Config) []string {
	var list []string
	for name, pair := range map[string][2]any{
		"hostname": {old.Hostname, cfg.Hostname}, "state_dir": {old.StateDir, cfg.StateDir}, "listener": {old.Listeners, cfg.Listeners},
		"tls": {old.TLS, cfg.TLS}, "acme": {old.ACME, cfg.ACME}, "smtp": {old.SMTP, cfg.SMTP}, "control": {old.Control, cfg.Control},
		"networks": {old.Networks, cfg.Networks}, "rdap": {old.RDAP, cfg.RDAP}, "score.workers": {old.Score.Workers, cfg.Score.Workers}, "log": {old.Log, cfg.Log},
	} {
		if !reflect.DeepEqual(pair[0], pair[1]) {
			list = append(list, name)
		}
	}
	sort.Strings(list)
	return list
}
