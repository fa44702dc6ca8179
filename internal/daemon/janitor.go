package daemon

import (
	"context"
	"time"

	"clawback/store"
)

// runJanitor deletes what is past its retention, once an hour.
func (d *daemon) runJanitor(ctx context.Context) error {
	tick := time.NewTicker(time.Hour)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			d.deleteExpired(ctx, time.Now())
		}
	}
}

func (d *daemon) deleteExpired(ctx context.Context, now time.Time) {
	keep := d.live.config().Spool
	inUse := func(file string) bool { return d.queue.InUse(file) || d.store.InUse(file) }
	if _, err := d.spool.Expire(now.Add(-keep.Retention), now.Add(-keep.FlaggedRetention), inUse); err != nil {
		d.log.Warn("delete old originals", "event", "janitor.failed", "error", err)
	}
	expired := now.Add(-d.live.config().Quarantine.PostmasterRetention)
	n, err := d.queue.ExpirePostmaster(ctx, expired)
	switch {
	case err != nil && ctx.Err() == nil:
		d.log.Warn("delete old mail for postmaster", "event", "janitor.failed", "error", err)
	case n > 0:
		d.log.Info("mail for postmaster was dropped", "event", "queue.expired", "messages", n, "older_than", expired)
	}
	horizon := now.Add(-max(keep.Retention, keep.FlaggedRetention))
	r := store.Retention{Applied: horizon, Attempts: horizon, Records: horizon, Minutes: now.Add(-48 * time.Hour)}
	if _, err := d.store.Expire(ctx, r); err != nil && ctx.Err() == nil {
		d.log.Warn("delete old records", "event", "janitor.failed", "error", err)
	}
}
