package daemon

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"clawback/backup"
	boltfile "clawback/internal/bolt"
	"clawback/queue/bolt"
	"clawback/score/attach/confined"
	"clawback/spool"
	"clawback/store/pebble"
	"clawback/systemd"
)

// recoveryTime is how long reading back what is durable may take before systemd ends the start. A million items that
// wait take about half a minute, more on a slow disk.
const recoveryTime = 15 * time.Minute

// openDurable opens the places where mail is durable, the bodies first, and recovers from a crash.
func (d *daemon) openDurable() (err error) {
	if err := backup.Check(d.cfg.StateDir); err != nil {
		return err
	}
	if d.origin, err = backup.OriginOf(d.cfg.StateDir); err != nil {
		return err
	}
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

// openFiles starts the first of the processes that look into attached files: one that does not start is better known
// now.
func (d *daemon) openFiles(program confined.Program) (err error) {
	d.files, err = confined.Open(confined.Options{Program: program, Processes: d.workers(), Log: d.log, Alert: d.alert})
	if err == nil {
		d.onClose(d.files.Close)
	}
	return err
}

func (d *daemon) openQueue() error {
	const remedy = "move it away and start again: the spool has the rows of what was accepted"
	err := d.openDatabase("queue.db", remedy, func() (err error) {
		d.queue, err = bolt.Open(d.cfg.StateDir, d.spool, d.queueOptions())
		return err
	})
	if err == nil {
		d.onClose(d.queue.Close)
	}
	return err
}

func (d *daemon) openStore() error {
	if err := d.openDatabase("store.db", "bring it back from a backup", d.migrateStore); err != nil {
		return err
	}
	if err := d.refuseLostStore(); err != nil {
		return err
	}
	err := d.openDatabase("store", "bring it back from a backup", func() (err error) {
		d.store, err = pebble.Open(d.cfg.StateDir, d.storeOptions())
		return err
	})
	if err == nil {
		d.onClose(d.store.Close)
	}
	return err
}

// migrateStore brings over what a version before this one kept in store.db.
func (d *daemon) migrateStore() error {
	last := time.Now()
	return pebble.Migrate(d.cfg.StateDir, func(step string, rows int) {
		if time.Since(last) < 5*time.Second {
			return
		}
		last = time.Now()
		systemd.Busy("bringing store.db over", recoveryTime)
		d.log.Info("store.db is brought over into store/", "event", "store.migrating", "step", step, "rows", rows)
	})
}

// refuseLostStore refuses to begin an empty store beside mail that was worked on: with it the verdicts, what was
// retracted, and the audit would be lost without a word.
func (d *daemon) refuseLostStore() error {
	_, err := os.Stat(filepath.Join(d.cfg.StateDir, pebble.Dir))
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	kept, err := d.spool.Size()
	if err != nil || kept == 0 {
		return err
	}
	return fmt.Errorf("%s is missing, and the spool keeps %d bytes of accepted mail: bring the directory back from a "+
		"backup, "+
		"or make an empty one (mkdir, for the service's user) to begin anew without what was known",
		filepath.Join(d.cfg.StateDir, pebble.Dir), kept)
}

// openDatabase opens one of the bbolt files. Over a damaged one bbolt panics, or reads beyond its end: that is an error
// like every other, and says what to do. The stack is in the log, since it may be a mistake of ours after all.
func (d *daemon) openDatabase(file, remedy string, open func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if why := recover(); why != nil {
			d.log.Error("panic while a file was opened", "event", "storage.panic", "file", file,
				"stack", string(debug.Stack()))
			err = fmt.Errorf("%s is damaged: %v; %s", file, why, remedy)
		}
	}()
	err = open()
	switch {
	case errors.Is(err, boltfile.ErrLocked):
		return fmt.Errorf("%w: another process has %s open", err, file)
	case errors.Is(err, pebble.ErrDamaged), errors.Is(err, boltfile.ErrDamaged):
		return fmt.Errorf("%w; %s", err, remedy)
	}
	return err
}
