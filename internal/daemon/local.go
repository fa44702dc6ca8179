package daemon

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"runtime/debug"
	"time"

	"clawback/config"
	boltfile "clawback/internal/bolt"
	"clawback/internal/failpoint"
	"clawback/queue"
	"clawback/queue/bolt"
	"clawback/spool"
	"clawback/store"
	"clawback/store/pebble"
	"clawback/systemd"
)

// recoveryTime is how long reading back what is durable may take before systemd ends the start. A million items that
// wait take about half a minute, more on a slow disk.
const recoveryTime = 15 * time.Minute

// local is what is durable in files below state_dir: the spool, the queue beside it, and the store.
type local struct {
	cfg *config.Config
	log *slog.Logger

	spool *spool.Spool
	queue *bolt.Queue
	store *store.Store
}

// open opens the files, the bodies first, and recovers from a crash. What is open after an error is closed by close.
func (l *local) open(ctx context.Context) (err error) {
	systemd.Busy("recovering the queue", recoveryTime)
	if l.spool, err = spool.Open(filepath.Join(l.cfg.StateDir, "spool"), l.spoolOptions()); err != nil {
		return err
	}
	if err := l.openQueue(); err != nil {
		return err
	}
	// What a crash left half-written goes now. A whole body without a row may be a finished report's, and waits for its
	// retention.
	all := func(context.Context, string) (bool, error) { return true, nil }
	if err := l.spool.Recover(ctx, all); err != nil {
		return err
	}
	return l.openStore(ctx)
}

// close closes what is open, the last first.
func (l *local) close() (err error) {
	if l.store != nil {
		err = l.store.Close()
	}
	if l.queue != nil {
		err = errors.Join(err, l.queue.Close())
	}
	if l.spool != nil {
		err = errors.Join(err, l.spool.Close())
	}
	return err
}

func (l *local) openQueue() error {
	const remedy = "move it away and start again: the spool has the rows of what was accepted"
	return l.openDatabase("queue.db", remedy, func() error {
		q, err := bolt.Open(l.cfg.StateDir, l.spool, l.queueOptions())
		if err == nil {
			l.queue = q
		}
		return err
	})
}

func (l *local) openStore(ctx context.Context) error {
	const remedy = "bring it back from a backup"
	err := l.openDatabase("store.db", remedy, func() error { return l.migrateStore(ctx) })
	if err != nil {
		return err
	}
	if err := l.refuseLostStore(ctx); err != nil {
		return err
	}
	return l.openDatabase("store", remedy, func() error {
		s, err := pebble.Open(l.cfg.StateDir, l.storeOptions())
		if err == nil {
			l.store = s
		}
		return err
	})
}

// migrateStore brings over what a version before this one kept in store.db.
func (l *local) migrateStore(ctx context.Context) error {
	last := time.Now()
	return pebble.Migrate(ctx, l.cfg.StateDir, func(step string, rows int) {
		if time.Since(last) < 5*time.Second {
			return
		}
		last = time.Now()
		systemd.Busy("bringing store.db over", recoveryTime)
		l.log.Info("store.db is brought over into store/", "event", "store.migrating", "step", step, "rows", rows)
	})
}

// refuseLostStore refuses to begin an empty store beside mail that was worked on, in the spool or in the queue: with it
// the verdicts, what was retracted, and the audit would be lost without a word.
func (l *local) refuseLostStore(ctx context.Context) error {
	dir := filepath.Join(l.cfg.StateDir, pebble.Dir)
	_, err := os.Stat(dir)
	if err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	kept, err := l.spool.Size(ctx)
	if err != nil {
		return err
	}
	left := fmt.Sprintf("the spool keeps %d bytes of accepted mail", kept)
	if kept == 0 {
		stats, err := l.queue.Stats(ctx)
		if err != nil {
			return err
		}
		rows := 0
		for _, c := range stats.Items {
			rows += c.Count
		}
		for _, c := range stats.Bounces {
			rows += c.Count
		}
		if rows == 0 {
			return nil
		}
		left = fmt.Sprintf("the queue has %d reports and bounces that are not finished", rows)
	}
	return fmt.Errorf("%s is missing, and %s: bring the directory back from a backup, or make an empty one (mkdir, "+
		"for the service's user) to begin anew without what was known", dir, left)
}

// openDatabase opens one of the bbolt files. Over a damaged one bbolt panics, or reads beyond its end: that is an error
// like every other, and says what to do. The stack is in the log, since it may be a mistake of ours after all.
func (l *local) openDatabase(file, remedy string, open func() error) (err error) {
	defer debug.SetPanicOnFault(debug.SetPanicOnFault(true))
	defer func() {
		if why := recover(); why != nil {
			l.log.Error("panic while a file was opened", "event", "storage.panic", "file", file,
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

// minFreeInodes leaves files to be made by what is not new mail: large bodies on their way, kept originals,
// certificates.
const minFreeInodes = 1000

func (l *local) spoolOptions() spool.Options {
	c := l.cfg.Spool
	return spool.Options{InlineLimit: c.InlineLimit, MinFree: c.MinFree, MinFreePercent: c.MinFreePercent,
		MinFreeInodes: minFreeInodes, MaxMemory: l.cfg.SMTP.MaxMemory, Fail: failpoint.Hit}
}

func (l *local) queueOptions() bolt.Options {
	return bolt.Options{Options: queue.Options{Log: l.log, Fail: failpoint.Hit}, MaxSize: l.cfg.Spool.MaxQueueSize}
}

func (l *local) storeOptions() store.Options { return store.Options{Fail: failpoint.Hit} }
