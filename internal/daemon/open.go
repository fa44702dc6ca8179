package daemon

import (
	"errors"
	"fmt"
	"runtime/debug"

	bolterrors "go.etcd.io/bbolt/errors"

	"clawback/config"
	"clawback/internal/failpoint"
	"clawback/queue"
	"clawback/store"
)

func (d *daemon) openQueue(cfg *config.Config) error {
	err := d.sound("queue.db", "move it away and start again: the spool has the rows of what was accepted", func() (err error) {
		d.queue, err = queue.Open(cfg.StateDir, d.spool, d.queueOptions(cfg))
		return err
	})
	if err == nil {
		d.opened(d.queue.Close)
	}
	return err
}

func (d *daemon) openStore(cfg *config.Config) error {
	err := d.sound("store.db", "bring it back from a backup", func() (err error) {
		d.store, err = store.Open(cfg.StateDir, store.Options{Fail: failpoint.Hit})
		return err
	})
	if err == nil {
		d.opened(d.store.Close)
	}
	return err
}

// sound opens one of the bbolt files. Of a broken one bbolt panics, or reads beyond its end: that is an error like every other, and
// says what to do. The stack is in the log, since it may be a mistake of ours after all.
func (d *daemon) sound(file, otherwise string, open func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if why := recover(); why != nil {
			d.log.Error("panic while a file was opened", "event", "storage.panic", "file", file, "stack", string(debug.Stack()))
			err = fmt.Errorf("%s is broken: %v; %s", file, why, otherwise)
		}
	}()
	err = open()
	switch {
	case errors.Is(err, bolterrors.ErrTimeout):
		return fmt.Errorf("%w: another process has %s open", err, file)
	case errors.Is(err, bolterrors.ErrInvalid), errors.Is(err, bolterrors.ErrChecksum), errors.Is(err, bolterrors.ErrVersionMismatch):
		return fmt.Errorf("%w; %s", err, otherwise)
	}
	return err
}
