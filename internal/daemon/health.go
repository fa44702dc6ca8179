package daemon

import (
	"context"
	"errors"

	"clawback/systemd"
)

// watchStorage ends the daemon when what is durable cannot be trusted any more. systemd starts it again, and it
// recovers.
func (d *daemon) watchStorage(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return nil
	case <-d.bodies.Broken():
		return errors.New("the spool cannot be written any more: see the log above")
	case <-d.queue.Broken():
		return errors.New("the queue cannot be written any more: see the log above")
	case <-d.store.Broken():
		return errors.New("the store cannot be written any more: see the log above")
	}
}

// feedWatchdog tells systemd that the daemon is well for as long as both databases commit and the workers come on.
func (d *daemon) feedWatchdog(ctx context.Context) error {
	probe := func(ctx context.Context) error {
		return errors.Join(d.queue.Probe(ctx), d.store.Probe(ctx), d.pipeline.Probe(ctx))
	}
	return systemd.Watchdog(ctx, probe, d.log)
}
