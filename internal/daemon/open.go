package daemon

import (
	"errors"
	"fmt"
	"path/filepath"
	"runtime/debug"
	"time"

	bolterrors "go.etcd.io/bbolt/errors"

	"clawback/queue"
	"clawback/score/attach/confined"
	"clawback/spool"
	"clawback/store"
	"clawback/systemd"
)

// recoveryTime is how long reading back what is durable may take before systemd ends the start. A million items that
// wait take about half a minute, more on a slow disk.
const recoveryTime = 15 * time.Minute

// openDurable opens the places where mail is durable, the bodies first, and recovers from a crash.
func (d *daemon) openDurable() (err error) {
	systemd.Busy("recovering the queue", recoveryTime)
	if d.spool, err = spool.Open(filepath.Join(d.cfg.StateDir, "spool"), d.spoolOptions()); err != nil {
		return err
	}
	d.onClose(d.spool.Close)
	if err := d.openQueue(); err != nil {
		return err
	}
	// What a crash left half-written goes now. A whole body without a row may be a finished report's, and waits for its
	// retention.
	if err := d.spool.Recover(func(string) bool { return true }); err != nil {
		return err
	}
	return d.openStore()
}

// openFiles starts the first of the processes that look into attached files: one that does not start is better known now.
func (d *daemon) openFiles(program confined.Program) (err error) {
	d.files, err = confined.Open(confined.Options{Program: program, Processes: d.workers(), Log: d.log})
	if err == nil {
		d.onClose(d.files.Close)
	}
	return err
}

func (d *daemon) openQueue() error {
	const remedy = "move it away and start again: the spool has the rows of what was accepted"
	err := d.openDatabase("queue.db", remedy, func() (err error) {
		d.queue, err = queue.Open(d.cfg.StateDir, d.spool, d.queueOptions())
		return err
	})
	if err == nil {
		d.onClose(d.queue.Close)
	}
	return err
}

func (d *daemon) openStore() error {
	err := d.openDatabase("store.db", "bring it back from a backup", func() (err error) {
		d.store, err = store.Open(d.cfg.StateDir, d.storeOptions())
		return err
	})
	if err == nil {
		d.onClose(d.store.Close)
	}
	return err
}

// openDatabase opens one of the bbolt files. Over a damaged one bbolt panics, or reads beyond its end: that is an error
// like every other, and says what to do. The stack is in the log, since it may be a mistake of ours after all.
func (d *daemon) openDatabase(file, remedy string, open func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if why := recover(); why != nil {
			d.log.Error("panic while a file was opened", "event", "storage.panic", "file", file, "stack", string(debug.Stack()))
			err = fmt.Errorf("%s is damaged: %v; %s", file, why, remedy)
		}
	}()
	err = open()
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return fmt.Errorf("%w: another process has %s open", err, file)
	case errors.Is(err, bolterrors.ErrInvalid), errors.Is(err, bolterrors.ErrChecksum),
		errors.Is(err, bolterrors.ErrVersionMismatch):
		return fmt.Errorf("%w; %s", err, remedy)
	}
	return err
}
