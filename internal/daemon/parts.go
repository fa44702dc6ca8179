package daemon

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"path/filepath"
	"runtime"
	"sync"
	"time"

	"clawback/api"
	"clawback/bounce"
	"clawback/config"
	"clawback/intel"
	"clawback/intel/submission"
	"clawback/internal/failpoint"
	"clawback/pipeline"
	"clawback/queue"
	"clawback/retract"
	"clawback/retract/graph"
	"clawback/score/engines/rdap"
	"clawback/smtpd/certs"
	"clawback/smtpd/networks"
	"clawback/spool"
	"clawback/store"
	"clawback/systemd"
)

// daemon holds the parts that Run wires.
type daemon struct {
	log      *slog.Logger
	version  string
	started  time.Time
	closers  []func() error
	live     *live
	certs    certs.Source
	networks *networks.Sets
	rdap     *rdap.Client // nil: the registries may not be asked
	spool    *spool.Spool
	queue    *queue.Queue
	store    *store.Store
	key      *bounce.Key
	judge    *intel.Judge
	desk     *submission.Desk
	pipeline *pipeline.Pipeline
	engine   *retract.Engine
	bounces  *bounce.Deliverer
	control  *api.Server
	sessions func() int

	alertedMu sync.Mutex
	alerted   map[string]time.Time // owned by alertedMu; when each alert was last raised
}

func (d *daemon) opened(close func() error) { d.closers = append(d.closers, close) }

func (d *daemon) close() error {
	var errs []error
	for i := len(d.closers) - 1; i >= 0; i-- {
		errs = append(errs, d.closers[i]())
	}
	return errors.Join(errs...)
}

func (d *daemon) in(cfg *config.Config, name string) string { return filepath.Join(cfg.StateDir, name) }

// alert is something a person must see. Today that is the log; what reads it there is the operator's choice.
func (d *daemon) alert(event, text string, attrs ...any) {
	d.log.Error(text, append([]any{"event", "alert." + event}, attrs...)...)
}

// alertOnce raises an alert about a subject at most once an hour.
func (d *daemon) alertOnce(event, text, subject string) {
	key := event + " " + subject
	d.alertedMu.Lock()
	last := d.alerted[key]
	due := time.Since(last) >= time.Hour
	if due {
		if d.alerted == nil || len(d.alerted) > 1000 { // bounded: the subjects come from outside
			d.alerted = map[string]time.Time{}
		}
		d.alerted[key] = time.Now()
	}
	d.alertedMu.Unlock()
	if due {
		d.alert(event, text, "subject", subject)
	}
}

// minFreeInodes leaves files to be made by what is not new mail: large bodies on their way, kept originals, certificates.
const minFreeInodes = 1000

func spoolOptions(cfg *config.Config) spool.Options {
	return spool.Options{InlineLimit: cfg.Spool.InlineLimit, MinFree: cfg.Spool.MinFree, MinFreePercent: cfg.Spool.MinFreePercent,
		MinFreeInodes: minFreeInodes}
}

func (d *daemon) queueOptions(cfg *config.Config) queue.Options {
	return queue.Options{MaxSize: cfg.Spool.MaxQueueSize, Log: d.log, Fail: failpoint.Hit}
}

// graph makes the client for one tenant's mailboxes.
func (d *daemon) graph(t config.Tenant) (retract.Mailboxes, error) {
	return graph.New(t, graph.Options{Log: d.log})
}

func (d *daemon) bounceOptions(cfg *config.Config) bounce.Options {
	return bounce.Options{
		Queue: d.queue, Key: d.key, Log: d.log, Alert: d.alert, Fail: failpoint.Hit,
		Sender: &bounce.Sender{Hostname: cfg.Hostname, Resolver: net.DefaultResolver},
		Open:   func(b queue.Bounce) (bounce.Body, error) { return d.spool.Open(b.Body) },
		Route:  d.live.route,
	}
}

func (d *daemon) retractOptions() retract.Options {
	return retract.Options{
		Store: d.store, Log: d.log, Tenants: d.live.mailboxes, TenantIDs: d.live.tenantIDs, Originals: d.original,
		Alert: func(a retract.Alert) { d.alert("retract."+a.Kind, a.Text, "tenant", a.Tenant) },
	}
}

func (d *daemon) pipelineOptions(cfg *config.Config) pipeline.Options {
	return pipeline.Options{
		Queue: d.queue, Store: d.store, Scorer: d.judge, Submissions: d.desk, Tenant: d.live.tenant, Own: d.key.Verify, Keep: d.spool.Keep,
		Postmaster: func() bool { return d.live.config().SMTP.Postmaster != "" },
		Plan:       func(t *config.Tenant) pipeline.Planner { return retract.Plan(t, time.Now()) },
		Done:       func(store.Record) { d.engine.Wake() },
		Bounced:    func() { d.bounces.Wake() },
		Alert:      d.alert, Log: d.log, Workers: cmp.Or(cfg.Score.Workers, runtime.GOMAXPROCS(0)), Fail: failpoint.Hit,
	}
}

// original opens a variant's original as it lies in the spool, for comparing it with what a mailbox holds.
func (d *daemon) original(v store.Variant) (io.ReadCloser, error) {
	ref := v.Body
	if v.Kept != nil {
		ref = *v.Kept
	}
	body, err := d.spool.Open(ref)
	if err != nil {
		return nil, fmt.Errorf("open original: %w", err)
	}
	return struct {
		io.Reader
		io.Closer
	}{v.Original().Open(body), body}, nil
}

// faults ends the daemon when what is durable cannot be trusted any more: systemd starts it again, and it recovers.
func (d *daemon) faults(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-d.spool.Broken():
		return errors.New("the spool cannot be written any more: see the log above")
	case <-d.queue.Broken():
		return errors.New("the queue cannot be written any more: see the log above")
	case <-d.store.Broken():
		return errors.New("the store cannot be written any more: see the log above")
	}
}

// watchdog tells systemd that the daemon is well for as long as both committers answer.
func (d *daemon) watchdog(ctx context.Context) error {
	probe := func(ctx context.Context) error { return errors.Join(d.queue.Probe(ctx), d.store.Probe(ctx)) }
	return systemd.Watchdog(ctx, probe, d.log)
}

// janitor drops what is past its retention.
func (d *daemon) janitor(ctx context.Context) error {
	tick := time.NewTicker(time.Hour)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			d.clean(ctx)
		}
	}
}

func (d *daemon) clean(ctx context.Context) {
	keep := d.live.config().Spool
	now := time.Now()
	inUse := func(file string) bool { return d.queue.InUse(file) || d.store.InUse(file) }
	if _, err := d.spool.Expire(now.Add(-keep.Retention), now.Add(-keep.FlaggedRetention), inUse); err != nil {
		d.log.Warn("drop old originals", "event", "janitor.failed", "error", err)
	}
	horizon := now.Add(-max(keep.Retention, keep.FlaggedRetention))
	r := store.Retention{Applied: horizon, Attempts: horizon, Records: horizon, Minutes: now.Add(-48 * time.Hour)}
	if _, err := d.store.Expire(ctx, r); err != nil && ctx.Err() == nil {
		d.log.Warn("drop old records", "event", "janitor.failed", "error", err)
	}
}
