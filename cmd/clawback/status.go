package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"reflect"
	"sort"
	"strconv"
	"strings"
	"time"

	"github.com/dustin/go-humanize"

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
	s := api.Status{Version: version, Hostname: cfg.Hostname, Region: cfg.Region, Started: d.started.UTC(),
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

type statusCmd struct{}

func (statusCmd) Run(a *app) error {
	var s api.Status
	if err := a.client.Get(a.ctx, "/v1/status", &s); err != nil {
		return err
	}
	if a.json {
		return a.printJSON(s)
	}
	return a.showStatus(s)
}

func (a *app) showStatus(s api.Status) error {
	fmt.Fprintf(a.out, "clawback %s on %s, started %s, %s\n", s.Version, s.Hostname, ago(s.Started), plural(s.Sessions, "session"))
	if s.Certificate != nil {
		fmt.Fprintf(a.out, "certificate for %s until %s\n", strings.Join(s.Certificate.Names, ", "), stamp(s.Certificate.NotAfter))
	}
	a.showRDAP(s.RDAP)
	rows := [][]string{{"", "COUNT", "OLDEST", "SIZE"}}
	for _, state := range []queue.State{queue.Ready, queue.Working, queue.Deferred, queue.Quarantined} {
		rows = append(rows, countRow("queue "+string(state), s.Queue.Items[state]))
	}
	for _, state := range []queue.BounceState{queue.BounceWaiting, queue.BounceStuck} {
		rows = append(rows, countRow("bounces "+string(state), s.Queue.Bounces[state]))
	}
	fmt.Fprintln(a.out)
	if err := a.table(rows); err != nil {
		return err
	}
	for _, t := range s.Tenants {
		a.showTenant(t)
	}
	if len(s.Problems) > 0 {
		fmt.Fprintln(a.out, "\nNeeds a person:")
	}
	for _, p := range s.Problems {
		fmt.Fprintln(a.out, "  "+p)
	}
	return nil
}

func countRow(name string, c queue.Count) []string {
	oldest := ""
	if c.Count > 0 {
		oldest = ago(c.Oldest)
	}
	return []string{name, strconv.Itoa(c.Count), oldest, humanize.IBytes(uint64(max(c.Bytes, 0)))}
}

func (a *app) showTenant(t api.Tenant) {
	c := t.Counts
	fmt.Fprintf(a.out, "\ntenant %s (%s), %s\n", t.Name, t.ID, t.Mode)
	fmt.Fprintf(a.out, "  %s processed, last one %s\n", plural(c.Processed, "report"), ago(c.LastReport))
	if !c.ConnectorValidated.IsZero() {
		fmt.Fprintf(a.out, "  connector validated %s\n", ago(c.ConnectorValidated))
	}
	if line := tally(c.Dispositions); line != "" {
		fmt.Fprintln(a.out, "  messages:   ", line)
	}
	if line := tally(c.Outcomes); line != "" {
		fmt.Fprintln(a.out, "  retractions:", line)
	}
	if line := tally(c.Restores); line != "" {
		fmt.Fprintln(a.out, "  restores:   ", line)
	}
	if line := tally(t.Submissions); line != "" {
		fmt.Fprintln(a.out, "  submissions:", line)
	}
	if t.Waiting > 0 {
		fmt.Fprintf(a.out, "  waiting:     %s not in the mailbox yet, looked for again from %s\n", plural(t.Waiting, "message"), stamp(t.NextLook))
	}
	if t.Paused != "" {
		fmt.Fprintln(a.out, "  paused:     ", t.Paused)
	}
}

// tally writes counts by name, such as "3 CLEAN, 1 SPAM".
func tally[K comparable](counts map[K]int) string {
	var parts []string
	for key, n := range counts {
		if n > 0 {
			parts = append(parts, fmt.Sprintf("%d %v", n, key))
		}
	}
	sort.Strings(parts)
	return strings.Join(parts, ", ")
}
