package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sync/errgroup"

	"clawback/api"
	"clawback/bounce"
	"clawback/config"
	"clawback/intel"
	"clawback/intel/submission"
	"clawback/pipeline"
	"clawback/queue"
	"clawback/retract"
	"clawback/smtpd/certs"
	"clawback/smtpd/networks"
	"clawback/spool"
	"clawback/systemd"
)

type serveCmd struct {
	Config string `short:"c" type:"path" default:"/etc/clawback/clawback.toml" help:"Configuration file."`
}

func (c serveCmd) Run(a *app) error {
	cfg, err := config.Load(c.Config)
	if err != nil {
		return err
	}
	log := newLog(cfg.Log, os.Stderr)
	queue.MoreProcessors()
	if err := serve(a.ctx, cfg, log); err != nil {
		log.Error("stopped by an error", "event", "daemon.failed", "error", err)
		return errQuiet
	}
	return nil
}

// recovery is how long reading back what is durable may take before systemd ends the start.
const recovery = 15 * time.Minute

// serve wires the parts in the order in which a report passes them, and runs them until ctx ends.
func serve(ctx context.Context, cfg *config.Config, log *slog.Logger) (err error) {
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	sockets, err := systemd.ListenSockets()
	if err != nil {
		return err
	}
	d := &daemon{log: log, started: time.Now()}
	defer func() { err = errors.Join(err, d.close()) }() // last opened, first closed

	if err := os.MkdirAll(cfg.StateDir, 0o700); err != nil {
		return fmt.Errorf("make state_dir: %w", err)
	}
	// Who we are, and who may speak.
	if d.certs, err = certs.New(cfg, certs.Options{StateDir: cfg.StateDir, Listen: sockets.Listen, Log: log,
		Waiting: func(why error, most time.Duration) { systemd.Busy("no certificate yet: "+why.Error(), most) }}); err != nil {
		return err
	}
	if d.networks, err = networks.Open(cfg.Networks, networks.Options{StateDir: cfg.StateDir, Log: log}); err != nil {
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
	return d.run(ctx, cfg, listeners, hup)
}

// run starts what moves, says that it is ready, and stops it in order when ctx ends or a part fails.
func (d *daemon) run(ctx context.Context, cfg *config.Config, listeners []*port, hup <-chan os.Signal) error {
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
	d.log.Info("ready", "event", "daemon.ready", "version", version, "hostname", cfg.Hostname, "listeners", len(listeners),
		"tenants", len(cfg.Tenants))
	if err := systemd.Ready("taking mail"); err != nil {
		d.log.Warn("tell systemd", "event", "daemon.notify", "error", err)
	}
	d.reloadUntil(ctx, broken, hup)
	systemd.Stopping("finishing what is in hand")
	d.log.Info("stopping", "event", "daemon.stopping")
	drained := d.drain(cfg, listeners) // no new mail; open transfers end
	stop()                             // then the workers finish the item in hand
	end, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	return errors.Join(drained, d.control.Shutdown(end), group.Wait())
}
