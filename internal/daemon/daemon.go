// Package daemon wires the parts in flow order, reloads, stops them.
package daemon

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"clawback/api"
	"clawback/bounce"
	"clawback/config"
	"clawback/intel"
	"clawback/intel/submission"
	"clawback/pipeline"
	"clawback/retract"
	"clawback/smtpd/certs"
	"clawback/smtpd/networks"
	"clawback/spool"
	"clawback/systemd"
)

// Options are what the daemon is started with.
type Options struct {
	Config  *config.Config
	Version string
	Log     *slog.Logger
	Sockets *systemd.Sockets // those that systemd passed; nil: none
	Reload  <-chan os.Signal // each signal makes the daemon read the file of its configuration again; nil: never
}

// recovery is how long reading back what is durable may take before systemd ends the start.
const recovery = 15 * time.Minute

// Run wires the parts in the order in which a report passes them, and runs them until ctx ends.
func Run(ctx context.Context, o Options) (err error) {
	cfg := o.Config
	sockets := cmp.Or(o.Sockets, &systemd.Sockets{})
	d := &daemon{log: o.Log, version: o.Version, started: time.Now()}
	defer func() { err = errors.Join(err, d.close()) }() // last opened, first closed

	if err := os.MkdirAll(cfg.StateDir, 0o700); err != nil {
		return fmt.Errorf("make state_dir: %w", err)
	}
	// Who we are, and who may speak.
	if d.certs, err = certs.New(cfg, certs.Options{StateDir: cfg.StateDir, Listen: sockets.Listen, Log: o.Log,
		Waiting: func(why error, most time.Duration) { systemd.Busy("no certificate yet: "+why.Error(), most) }}); err != nil {
		return err
	}
	if d.networks, err = networks.Open(cfg.Networks, networks.Options{StateDir: cfg.StateDir, Log: o.Log}); err != nil {
		return err
	}
	// What is durable. A million items that wait take about half a minute, more on a slow disk.
	systemd.Busy("recovering the queue", recovery)
	if d.spool, err = spool.Open(d.in(cfg, "spool"), spoolOptions(cfg)); err != nil {
		return err
	}
	d.opened(d.spool.Close)
	if err = d.openQueue(cfg); err != nil {
		return err
	}
	// What a crash left half-written goes now. A whole body without a row may be a finished report's, and waits for its retention.
	if err = d.spool.Recover(func(string) bool { return true }); err != nil {
		return err
	}
	if err = d.openStore(cfg); err != nil {
		return err
	}
	if d.live, err = newLive(cfg, d.store, d.graph); err != nil {
		return err
	}
	// What is done with a report: pipeline -> retract, and the way out for what cannot be carried through.
	if d.key, err = bounce.LoadKey(cfg.StateDir); err != nil {
		return err
	}
	if err = d.openRDAP(cfg); err != nil {
		return err
	}
	if d.judge, err = intel.New(cfg, d.judgeOptions()); err != nil {
		return err
	}
	d.desk = submission.NewDesk(d.deskOptions())
	d.bounces = bounce.New(d.bounceOptions(cfg))
	d.engine = retract.New(d.retractOptions())
	d.pipeline = pipeline.New(d.pipelineOptions(cfg))
	d.control = api.New(d.controlOptions(cfg))
	listeners, err := d.listeners(cfg, sockets)
	if err != nil {
		return err
	}
	if err := d.certs.Warm(ctx); err != nil {
		return fmt.Errorf("get a certificate: %w", err)
	}
	return d.run(ctx, cfg, listeners, o.Reload)
}

// run starts what moves, says that it is ready, and stops it in order when ctx ends or a part fails.
func (d *daemon) run(ctx context.Context, cfg *config.Config, listeners []*port, reload <-chan os.Signal) error {
	socket, err := api.Listen(cfg.Control.Socket)
	if err != nil {
		return err
	}
	work, stop := context.WithCancel(context.WithoutCancel(ctx)) // outlives ctx until the intake has stopped
	defer stop()
	group, broken := errgroup.WithContext(work)
	for _, part := range []func(context.Context) error{
		d.certs.Run, d.networks.Run, d.refreshRDAP, d.pipeline.Run, d.engine.Run, d.bounces.Run, d.metrics, d.janitor, d.faults, d.watchdog,
	} {
		group.Go(func() error { return part(broken) })
	}
	group.Go(func() error { return d.control.Serve(socket) })
	for _, l := range listeners {
		group.Go(l.serve)
	}
	d.log.Info("ready", "event", "daemon.ready", "version", d.version, "hostname", cfg.Hostname, "listeners", len(listeners),
		"tenants", len(cfg.Tenants))
	if err := systemd.Ready("taking mail"); err != nil {
		d.log.Warn("tell systemd", "event", "daemon.notify", "error", err)
	}
	d.reloadUntil(ctx, broken, reload)
	systemd.Stopping("finishing what is in hand")
	d.log.Info("stopping", "event", "daemon.stopping")
	drained := d.drain(cfg, listeners) // no new mail; open transfers end
	stop()                             // then the workers finish the item in hand
	end, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return errors.Join(drained, d.control.Shutdown(end), group.Wait())
}
