package daemon

import (
	"context"
	"errors"
	"fmt"
	"net"
	"time"

	"golang.org/x/sync/errgroup"

	"clawback/api/rest"
	"clawback/api/socket"
	"clawback/config"
	"clawback/console"
)

// doors are where people and programs ask.
type doors struct {
	control *socket.Server
	socket  net.Listener

	rest     *rest.Server // nil: the configuration has none
	restPort net.Listener

	console     *console.Server // nil: the configuration has none
	consolePort net.Listener
	links       *console.Links // by which people sign in to it; nil: there is none
}

// openDoors opens them. Nothing is answered before serve is called.
func (d *daemon) openDoors() (err error) {
	if d.doors.socket, err = socket.Listen(d.cfg.Control.Socket); err != nil {
		return err
	}
	if err := d.openConsole(); err != nil || !d.cfg.REST.Enabled {
		return err
	}
	if d.doors.restPort, err = d.sockets.Listen(d.cfg.REST.Listen); err != nil {
		return fmt.Errorf("rest.listen: %w", err)
	}
	d.onClose(func() error { d.doors.restPort.Close(); return nil })
	d.doors.rest = rest.New(d.restOptions())
	d.log.Info("listening", "event", "rest.listening", "address", d.doors.restPort.Addr().String())
	return nil
}

// openConsole opens the door for people with a browser, where the configuration has it.
func (d *daemon) openConsole() (err error) {
	c := d.cfg.Console
	if !c.Enabled {
		return nil
	}
	if d.doors.consolePort, err = d.sockets.Listen(c.Listen); err != nil {
		return fmt.Errorf("console.listen: %w", err)
	}
	d.onClose(func() error { d.doors.consolePort.Close(); return nil })
	d.doors.links.URL = consoleURL(d.cfg, d.doors.consolePort.Addr())
	d.doors.console = console.New(d.consoleOptions())
	d.log.Info("listening", "event", "console.listening", "address", d.doors.consolePort.Addr().String(), "url",
		d.doors.links.URL)
	return nil
}

// consoleURL is what people write into their browser.
func consoleURL(cfg *config.Config, addr net.Addr) string {
	_, port, err := net.SplitHostPort(addr.String())
	switch {
	case cfg.Console.URL != "":
		return cfg.Console.URL
	case cfg.Console.PlainHTTP || err != nil:
		return "http://" + addr.String()
	}
	return "https://" + net.JoinHostPort(cfg.Hostname, port)
}

// serveDoors answers at each door until shutDoors. First what a crash has left undone is done.
func (d *daemon) serveDoors(ctx context.Context, group *errgroup.Group) {
	recovered := make(chan struct{})
	group.Go(func() error {
		defer close(recovered)
		if err := d.service.Recover(ctx); err != nil { // the next discard tries again
			d.log.Error("note in the audit what was discarded", "event", "control.failed", "error", err)
		}
		return nil
	})
	serve := func(at func(net.Listener) error, ln net.Listener) {
		group.Go(func() error { <-recovered; return at(ln) })
	}
	serve(d.doors.control.Serve, d.doors.socket)
	if d.doors.rest != nil {
		serve(d.doors.rest.Serve, d.doors.restPort)
	}
	if d.doors.console != nil {
		serve(d.doors.console.Serve, d.doors.consolePort)
	}
}

// shutDoors finishes the requests in hand.
func (d *daemon) shutDoors() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	shut := []func(context.Context) error{d.doors.control.Shutdown}
	if d.doors.rest != nil {
		shut = append(shut, d.doors.rest.Shutdown)
	}
	if d.doors.console != nil {
		shut = append(shut, d.doors.console.Shutdown)
	}
	ended := make(chan error, len(shut))
	for _, one := range shut {
		go func() { ended <- one(ctx) }()
	}
	var errs []error
	for range shut {
		errs = append(errs, <-ended)
	}
	return errors.Join(errs...)
}
