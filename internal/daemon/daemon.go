// Package daemon wires the parts in flow order, reloads, stops them.
//
// Run is the whole system in one page; wiring.go says what each part is given, in the same order.
//
// Reads: the configuration, signals to read it again, and the sockets that systemd passed.
//
// Writes: the log, readiness for systemd, and which journal addresses ever took mail. All else is written by the parts.
//
// Invariants:
//
//	I1 the parts are opened in flow order and closed in the opposite one
//	I2 a stop first ends the intake, then the workers: what got its 250 is durable, and each worker finishes its item
//	I3 a reload replaces the whole configuration or nothing of it
//
// On failure: Run returns the error. A part whose storage cannot be trusted any more ends the daemon; systemd starts it
// again, and the start is the recovery.
package daemon

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"clawback/alert"
	"clawback/api"
	"clawback/api/idempotency"
	"clawback/api/session"
	"clawback/api/socket"
	"clawback/api/token"
	"clawback/backup"
	"clawback/bounce"
	"clawback/config"
	"clawback/intel"
	"clawback/intel/feed"
	"clawback/intel/indicator"
	"clawback/intel/rejudge"
	"clawback/intel/sighting"
	"clawback/intel/submission"
	"clawback/pipeline"
	"clawback/queue"
	"clawback/retract"
	"clawback/retract/job"
	"clawback/score/attach/confined"
	"clawback/score/engines/rdap"
	"clawback/smtpd/admission"
	"clawback/smtpd/certs"
	"clawback/smtpd/networks"
	"clawback/spool"
	"clawback/store"
	"clawback/store/index"
	"clawback/systemd"
)

// Options are what the daemon is started with.
type Options struct {
	Config  *config.Config
	Version string
	Log     *slog.Logger
	Files   confined.Program // what looks into attached files
	Engines *Engines         // what is durable; nil: files below state_dir
	Sockets *systemd.Sockets // those that systemd passed; nil: none
	Reload  <-chan os.Signal // each signal makes the daemon read the file of its configuration again; nil: never
}

// daemon holds the parts that Run wires.
type daemon struct {
	version string
	started time.Time
	cfg     *config.Config // of the start; live has the one of now
	log     *slog.Logger
	sockets *systemd.Sockets
	closers []func() error // of what is open, in the order of opening
	origin  backup.Origin  // of a state that was put back from a backup

	certs      certs.Source
	networks   *networks.Sets
	away       lasting // engines beside the scorer that cannot be asked
	local      *local  // nil: the engines are not files of this machine
	bodies     spool.Keeper
	queue      queue.Queue
	store      *store.Store
	index      *index.Index
	live       *live
	rdap       *rdap.Client // nil: the registries may not be asked
	files      *confined.Pool
	judge      *intel.Judge
	desk       *submission.Desk
	indicators *indicator.Desk
	feeds      *feed.Scheduler
	sightings  *sighting.Watch
	lists      sighting.Lists // what indicators and feeds list, for the scorer, which is made before them
	rejudge    *rejudge.Runner
	key        *bounce.Key
	bounces    *bounce.Deliverer
	alerts     *alert.Dispatcher
	engine     *retract.Engine
	jobs       *job.Runner
	pipeline   *pipeline.Pipeline
	tokens     *token.Desk
	signedIn   *session.Desk
	keys       *idempotency.Desk
	service    *api.Service
	doors      doors
	admission  *admission.Control
	listeners  []*listener

	ready bool // it takes mail

	deleting sync.Mutex // held while bodies past their retention are deleted, and while a backup copies them

	board   *board   // what a person must be told
	trend   *trend   // what follows from several looks at the state
	traffic *traffic // how many reports are usual
}

// Run wires the parts in the order in which a report passes them, and runs them until ctx ends.
func Run(ctx context.Context, o Options) (err error) {
	d := &daemon{version: o.Version, started: time.Now(), cfg: o.Config, log: o.Log,
		sockets: cmp.Or(o.Sockets, &systemd.Sockets{})}
	keepHeap()
	hidden := d.redactLog()
	defer func() { err = errors.Join(err, d.close()) }()
	defer func() {
		if d.stoppedEarly(ctx, err) {
			err = nil
		}
	}()

	// Who we are, and who may speak.
	if err := os.MkdirAll(d.cfg.StateDir, 0o700); err != nil {
		return fmt.Errorf("make state_dir: %w", err)
	}
	if d.certs, err = certs.New(d.cfg, d.certOptions()); err != nil {
		return err
	}
	if d.networks, err = networks.Open(d.cfg.Networks, d.networkOptions()); err != nil {
		return err
	}
	// What is durable.
	if err := d.openDurable(ctx, o.Engines); err != nil {
		return err
	}
	if d.board, err = newBoard(ctx, d.store, d.log); err != nil {
		return err
	}
	d.trend = &trend{}
	d.traffic = openTraffic(filepath.Join(d.cfg.StateDir, "traffic.json"), d.log)
	if err := d.openIndex(ctx); err != nil {
		return err
	}
	if d.live, err = newLive(ctx, d.cfg, d.store, liveOptions{d.graph, hidden}); err != nil {
		return err
	}
	if err := d.noteConfig(ctx, d.cfg, "daemon.start"); err != nil {
		return err
	}
	// What is done with a report: pipeline( journal -> score ) -> store -> retract -> Graph.
	if err := d.openRDAP(); err != nil {
		return err
	}
	if err := d.openFiles(o.Files); err != nil {
		return err
	}
	if d.judge, err = intel.New(ctx, d.cfg, d.judgeOptions()); err != nil {
		return err
	}
	d.desk = submission.NewDesk(d.deskOptions())
	if d.key, err = bounce.LoadKey(d.cfg.StateDir); err != nil {
		return err
	}
	d.pipeline = pipeline.New(d.pipelineOptions())
	d.engine = retract.New(d.retractOptions())
	if err := d.openIndicators(ctx); err != nil {
		return err
	}
	if err := d.openFeeds(ctx); err != nil {
		return err
	}
	if d.rejudge, err = rejudge.New(ctx, d.rejudgeOptions()); err != nil {
		return err
	}
	d.jobs = job.New(job.Options{Store: d.found(), Engine: d.engine, Log: d.log})
	d.bounces = bounce.New(d.bounceOptions()) // the way out for what cannot be carried through
	if err := d.openAlerts(); err != nil {
		return err
	}
	// People, and at last the mail itself.
	if err := d.openProofs(ctx); err != nil {
		return err
	}
	d.service = api.New(d.serviceOptions())
	d.doors.control = socket.New(d.service, d.keys, api.Metrics(d.status), d.log)
	d.admission = admission.New(d.admissionOptions())
	if err := d.listen(); err != nil {
		return err
	}
	if err := d.certs.Warm(ctx); err != nil {
		return fmt.Errorf("get a certificate: %w", err)
	}
	return d.run(ctx, o.Reload)
}

// stoppedEarly reports whether the daemon was told to stop while it started, which is no failure, and says so.
func (d *daemon) stoppedEarly(ctx context.Context, err error) bool {
	if d.ready || ctx.Err() == nil || !errors.Is(err, context.Canceled) {
		return false
	}
	d.log.Info("stopping before it was ready", "event", "daemon.stopping")
	return true
}

// run starts every part, says that the daemon is ready, and stops the parts in order when ctx ends or one fails.
func (d *daemon) run(ctx context.Context, reload <-chan os.Signal) error {
	if err := d.openDoors(); err != nil {
		return err
	}
	work, stop := context.WithCancel(context.WithoutCancel(ctx)) // outlives ctx until the intake has stopped
	defer stop()
	group, failed := errgroup.WithContext(work)
	for _, part := range []func(context.Context) error{
		d.certs.Run, d.networks.Run, d.refreshRDAP, d.pipeline.Run, d.index.Run, d.indicators.Run,
		d.feeds.Run, d.sightings.Run, d.rejudge.Run,
		d.engine.Run, d.jobs.Run, d.bounces.Run, d.alerts.Run, d.tokens.Run, d.signedIn.Run, d.keys.Run,
		d.serveMetrics, d.runJanitor, d.watchStorage, d.feedWatchdog, d.board.run, d.watchState, d.watchHeap,
		d.tellLog,
	} {
		group.Go(func() error { return part(failed) })
	}
	d.serveDoors(failed, group)
	for _, l := range d.listeners {
		group.Go(l.serve)
	}
	d.ready = true
	d.log.Info("ready", "event", "daemon.ready", "version", d.version, "hostname", d.cfg.Hostname,
		"listeners", len(d.listeners), "tenants", len(d.cfg.Tenants))
	if err := systemd.Ready(readyStatus); err != nil {
		d.log.Warn("tell systemd", "event", "daemon.notify", "error", err)
	}
	d.reloadUntil(ctx, failed, reload)
	systemd.Stopping("finishing what is in hand")
	d.log.Info("stopping", "event", "daemon.stopping")
	drained := d.drain() // no new mail; open transfers end
	stop()               // then the workers finish the item in hand
	return errors.Join(drained, d.shutDoors(), group.Wait())
}

// openProofs reads by what people and programs prove who they are.
func (d *daemon) openProofs(ctx context.Context) (err error) {
	if d.tokens, err = token.Open(ctx, token.Options{Store: d.store, Log: d.log,
		Restored: d.origin.Since()}); err != nil {
		return err
	}
	if d.signedIn, err = session.Open(ctx, session.Options{Store: d.store, Log: d.log,
		Restored: d.origin.Since()}); err != nil {
		return err
	}
	d.keys, err = idempotency.Open(ctx, idempotency.Options{Store: d.store, Log: d.log})
	return err
}

// readyStatus is what systemctl status shows while the daemon runs.
const readyStatus = "taking mail"

// onClose notes how to close what was opened.
func (d *daemon) onClose(close func() error) { d.closers = append(d.closers, close) }

// close closes what was opened, the last one first.
func (d *daemon) close() error {
	var errs []error
	for i := len(d.closers) - 1; i >= 0; i-- {
		errs = append(errs, d.closers[i]())
	}
	return errors.Join(errs...)
}
