package daemon

import (
	"context"
	"time"

	"clawback/spool"
	"clawback/store"
)

// runJanitor deletes what is past its retention, once an hour, and for the first time soon after the start: a daemon
// that is started again and again must not keep everything.
func (d *daemon) runJanitor(ctx context.Context) error {
	const first = 10 * time.Minute // the clock of the machine is right by then
	timer := time.NewTimer(first)
	defer timer.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-timer.C:
			d.deleteExpired(ctx, time.Now())
			timer.Reset(time.Hour)
		}
	}
}

func (d *daemon) deleteExpired(ctx context.Context, now time.Time) {
	d.deleting.Lock()
	defer d.deleting.Unlock()
	keep := d.live.config().Spool
	_, err := d.bodies.Expire(ctx, now.Add(-keep.Retention), now.Add(-keep.FlaggedRetention), d.inUse)
	if err != nil && ctx.Err() == nil {
		d.log.Warn("delete old originals", "event", "janitor.failed", "error", err)
	}
	d.detach(ctx, now.Add(-keep.Retention))
	expired := now.Add(-d.live.config().Quarantine.PostmasterRetention)
	n, err := d.queue.ExpirePostmaster(ctx, expired)
	switch {
	case err != nil && ctx.Err() == nil:
		d.log.Warn("delete old mail for postmaster", "event", "janitor.failed", "error", err)
	case n > 0:
		d.log.Info("mail for postmaster was dropped", "event", "queue.expired", "messages", n, "older_than", expired)
	}
	horizon := now.Add(-max(keep.Retention, keep.FlaggedRetention))
	if err := d.index.Expire(ctx, horizon); err != nil && ctx.Err() == nil {
		d.log.Warn("delete old days of the index", "event", "janitor.failed", "error", err)
	}
	r := store.Retention{Applied: horizon, Attempts: horizon, Records: horizon, Minutes: now.Add(-48 * time.Hour),
		Changes: now.Add(-48 * time.Hour)}
	if _, err := d.store.Expire(ctx, r); err != nil && ctx.Err() == nil {
		d.log.Warn("delete old records", "event", "janitor.failed", "error", err)
	}
}

// detach lets segments go that are past their retention and of which only some bodies are needed still: by items in
// quarantine, bounces that wait, retractions that are held. One small mail an hour would otherwise keep all of them.
func (d *daemon) detach(ctx context.Context, before time.Time) {
	done, err := d.bodies.Detach(ctx, before, d.needs)
	if err != nil && ctx.Err() == nil {
		d.log.Warn("copy what is needed out of old segments", "event", "janitor.failed", "error", err)
	}
	if done != (spool.Detached{}) {
		d.log.Info("old segments were removed, and what is needed of them kept", "event", "spool.detached",
			"bodies", done.Bodies,
			"segments", done.Segments, "dropped", done.Dropped, "bytes", done.Bytes)
	}
}

// inUse says whether something unfinished needs a file. The queue is asked first: an item leaves it when its record is
// in the store.
func (d *daemon) inUse(ctx context.Context, file string) (bool, error) {
	if used, err := d.queue.InUse(ctx, file); used || err != nil {
		return used, err
	}
	return d.store.InUse(ctx, file)
}

// needs says what something unfinished needs of a segment, in the order of inUse.
func (d *daemon) needs(ctx context.Context, segment string) (bodies []spool.Ref, whole bool, err error) {
	queued, whole, err := d.queue.Bodies(ctx, segment)
	if whole || err != nil {
		return nil, whole, err
	}
	stored, err := d.store.Bodies(ctx, segment)
	return append(queued, stored...), false, err
}
