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
)

// doors are where people and programs ask.
type doors struct {
	control *socket.Server
	socket  net.Listener

	rest     *rest.Server // nil: the configuration has none
	restPort net.Listener
}

// openDoors opens them. Nothing is answered before serve is called.
func (d *daemon) openDoors() (err error) {
	if d.doors.socket, err = socket.Listen(d.cfg.Control.Socket); err != nil {
		return err
	}
	if !d.cfg.REST.Enabled {
		return nil
	}
	if d.doors.restPort, err = d.sockets.Listen(d.cfg.REST.Listen); err != nil {
		return fmt.Errorf("rest.listen: %w", err)
	}
	d.onClose(func() error { d.doors.restPort.Close(); return nil })
	d.doors.rest = rest.New(d.restOptions())
	d.log.Info("listening", "event", "rest.listening", "address", d.doors.restPort.Addr().String())
	return nil
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
}

// shutDoors finishes the requests in hand.
func (d *daemon) shutDoors() error {
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	if d.doors.rest == nil {
		return d.doors.control.Shutdown(ctx)
	}
	ended := make(chan error, 1)
	go func() { ended <- d.doors.rest.Shutdown(ctx) }()
	return errors.Join(d.doors.control.Shutdown(ctx), <-ended)
}
