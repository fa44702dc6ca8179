package daemon

import (
	"context"
	"errors"

	"clawback/backup"
	"clawback/queue"
	"clawback/score/attach/confined"
	"clawback/spool"
	"clawback/store"
)

// Engines keep what is durable: the bodies, what is accepted and not finished, and what was seen and done. They are
// open and recovered; Run closes them.
type Engines struct {
	Bodies spool.Keeper
	Queue  queue.Queue
	Store  *store.Store
}

func (e *Engines) close() error {
	return errors.Join(e.Store.Close(), e.Queue.Close(), e.Bodies.Close())
}

// openDurable opens the places where mail is durable: those that Run was given, or else the files below state_dir.
func (d *daemon) openDurable(ctx context.Context, e *Engines) (err error) {
	if err := backup.Check(d.cfg.StateDir); err != nil {
		return err
	}
	if d.origin, err = backup.OriginOf(d.cfg.StateDir); err != nil {
		return err
	}
	if e != nil {
		d.onClose(e.close)
		d.bodies, d.queue, d.store = e.Bodies, e.Queue, e.Store
		return nil
	}
	d.local = &local{cfg: d.cfg, log: d.log}
	d.onClose(d.local.close)
	if err := d.local.open(ctx); err != nil {
		return err
	}
	d.bodies, d.queue, d.store = d.local.spool, d.local.queue, d.local.store
	return nil
}

// openFiles starts the first of the processes that look into attached files: one that does not start is better known
// now.
func (d *daemon) openFiles(program confined.Program) (err error) {
	d.files, err = confined.Open(confined.Options{Program: program, Processes: d.workers(), Log: d.log, Alert: d.alert})
	if err == nil {
		d.onClose(d.files.Close)
	}
	return err
}
