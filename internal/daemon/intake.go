package daemon

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"

	"clawback/config"
	"clawback/queue"
	"clawback/smtpd"
	"clawback/systemd"
)

// intake hands accepted mail to the queue.
type intake struct{ d *daemon }

// Begin opens a draft. The address is noted first, so that it is known to have taken mail before any 250 says so.
func (i intake) Begin(e queue.Envelope, size int64) (smtpd.Transaction, error) {
	if err := i.d.live.took(e); err != nil {
		return nil, err
	}
	draft, err := i.d.queue.Begin(e, size)
	if err != nil {
		return nil, err // not a Transaction that holds a nil draft
	}
	return arrange(draft), nil
}

// port is one listener and its server.
type port struct {
	server *smtpd.Server
	ln     net.Listener
}

func (p *port) serve() error {
	if err := p.server.Serve(p.ln); !errors.Is(err, smtpd.ErrClosed) {
		return fmt.Errorf("listen on %s: %w", p.ln.Addr(), err)
	}
	return nil
}

// listeners opens every configured port. Nothing is accepted before serve is called.
func (d *daemon) listeners(cfg *config.Config, sockets *systemd.Sockets) ([]*port, error) {
	var ports []*port
	for _, l := range cfg.Listeners {
		ln, err := sockets.Listen(l.Address)
		if err != nil {
			return nil, fmt.Errorf("listener %s: %w", l.Address, err)
		}
		d.opened(func() error { ln.Close(); return nil })
		server, err := smtpd.New(smtpd.Options{
			Hostname: cfg.Hostname, Config: cfg.SMTP, Listener: l, Certificates: d.certs.GetCertificate,
			Recipients: d.recipient, Networks: func(a netip.Addr) string { return d.networks.Name(a, l.Networks) },
			Room: d.room, Intake: intake{d}, Log: d.log,
		})
		if err != nil {
			return nil, fmt.Errorf("listener %s: %w", l.Address, err)
		}
		ports = append(ports, &port{server, ln})
		d.log.Info("listening", "event", "smtp.listening", "address", ln.Addr().String())
	}
	d.sessions = func() (n int) {
		for _, p := range ports {
			n += p.server.Sessions()
		}
		return n
	}
	return ports, nil
}

// room says whether a message of this size fits on the disk, before its sender begins to send it.
func (d *daemon) room(size int64) error {
	err := d.spool.Reserve(size)
	if err == nil {
		d.spool.Unreserve(size)
	}
	return err
}

// drain stops taking mail; transfers that are under way may end.
func (d *daemon) drain(cfg *config.Config, ports []*port) error {
	ctx, cancel := context.WithTimeout(context.Background(), cfg.SMTP.DrainTimeout+5*time.Second)
	defer cancel()
	errs := make([]error, len(ports))
	var group sync.WaitGroup
	for i, p := range ports {
		group.Go(func() { errs[i] = p.server.Shutdown(ctx) })
	}
	group.Wait()
	return errors.Join(errs...)
}

// reloadUntil re-reads the configuration at each signal until the daemon is to stop.
func (d *daemon) reloadUntil(ctx, broken context.Context, reload <-chan os.Signal) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-broken.Done():
			return
		case <-reload:
			systemd.Reloading()
			if err := d.reload(); err != nil {
				d.log.Error("the configuration was not changed", "event", "config.refused", "error", err)
				d.alert("config.refused", "The new configuration is not in use; the old one is. See the log for what is wrong.")
			}
			systemd.Ready("taking mail")
		}
	}
}

// reload puts the file's present contents in force, or leaves everything as it is.
func (d *daemon) reload() error {
	old := d.live.config()
	cfg, err := config.Load(old.File)
	if err != nil {
		return err
	}
	if err := d.droppable(old, cfg); err != nil {
		return err
	}
	judging, err := d.judge.Prepare(cfg)
	if err != nil {
		return fmt.Errorf("own rules: %w", err)
	}
	if err := d.live.replace(cfg); err != nil {
		return err
	}
	judging.Use()
	d.log.Info("configuration reloaded", "event", "config.reloaded", "tenants", len(cfg.Tenants))
	for _, what := range needRestart(old, cfg) {
		d.log.Warn("a change takes effect at the next start only", "event", "config.restart", "key", what)
	}
	d.engine.Wake()
	d.bounces.Wake()
	return nil
}

// droppable refuses a configuration that drops a tenant with open work.
func (d *daemon) droppable(old, cfg *config.Config) error {
	kept := map[string]bool{}
	for _, t := range cfg.Tenants {
		kept[t.ID] = true
	}
	var errs []error
	for _, t := range old.Tenants {
		if kept[t.ID] {
			continue
		}
		items, err := d.queue.List(queue.Filter{Tenant: t.ID, Limit: 1})
		if err != nil {
			return err
		}
		counts, err := d.store.Counts(t.ID)
		if err != nil {
			return err
		}
		if open := openWork(counts); len(items) > 0 || open > 0 {
			errs = append(errs, fmt.Errorf("tenant %s has open work (%d retractions, reports in the queue: %t): finish or reject it before the tenant is removed",
				t.Name, open, len(items) > 0))
		}
	}
	return errors.Join(errs...)
}
