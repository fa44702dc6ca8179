package daemon

import (
	"context"
	"errors"
	"io"
	"time"

	"clawback/backup"
	"clawback/store/pebble"
)

// errBusy: what a backup copies must stay until it has done so, and one at a time is enough.
var errBusy = errors.New(
	"another backup is being taken, or mail past its retention is being deleted: try again in a minute")

// errNotLocal: what is durable lies in a database.
var errNotLocal = errors.New("queue and store are no files of this machine: back up the database that they are in")

// backup writes a copy of the whole state, while all else goes on.
func (d *daemon) backup(ctx context.Context, w io.Writer) error {
	if d.local == nil {
		return errNotLocal
	}
	if !d.deleting.TryLock() {
		return errBusy
	}
	defer d.deleting.Unlock()
	begun := time.Now()
	cfg := d.live.config()
	err := backup.Take(ctx, w, backup.Source{
		Dir: d.cfg.StateDir, Queue: d.local.queue, Store: d.local.store, Spool: d.local.spool,
		About: backup.About{Version: d.version, Hostname: cfg.Hostname, At: begun.UTC()},
	})
	if err == nil {
		d.log.Info("a backup was taken", "event", "backup.taken", "took", time.Since(begun))
	}
	return err
}

// upkeep is what the operations do with the state as a whole.
type upkeep struct{ d *daemon }

// Backup implements api.Upkeep.
func (u upkeep) Backup(ctx context.Context, w io.Writer) error { return u.d.backup(ctx, w) }

// CheckStore implements api.Upkeep.
func (u upkeep) CheckStore(ctx context.Context) ([]string, error) { return u.d.store.Verify(ctx) }

// FindOld finds the store.db.old of a version before this one.
func (u upkeep) FindOld() (string, error) { return pebble.FindOld(u.d.cfg.StateDir) }

// ForgetOld removes it.
func (u upkeep) ForgetOld(ctx context.Context) error {
	return pebble.ForgetOld(ctx, u.d.cfg.StateDir, u.d.store)
}
