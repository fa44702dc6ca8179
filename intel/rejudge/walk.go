package rejudge

import (
	"cmp"
	"context"
	"fmt"
	"time"

	"clawback/config"
	"clawback/store"
)

// walk is one stretch of a tenant's messages that is judged again.
type walk struct {
	*Runner
	tenant   *config.Tenant
	schedule *store.Schedule
	stage    *store.Stage
	to       time.Time
	begun    bool // that it is read is durable
	passed   bool // the process ended here too often: nothing is read
	seen     int
	most     int // verdicts of one effect that may be replaced; 0: not asked for yet
}

// walk judges again what arrived in a stretch, and says how many messages that were. Its position is the caller's to
// write.
func (r *Runner) walk(ctx context.Context, t *config.Tenant, s *store.Schedule, i int, to time.Time) (int, error) {
	w := &walk{Runner: r, tenant: t, schedule: s, stage: &s.Stages[i], to: to}
	tried, stage := s.Tries, *w.stage
	err := w.run(ctx)
	switch {
	case ctx.Err() != nil && w.begun: // the process ends as it should: that counts for nothing
		s.Tries = 0
		return w.seen, cmp.Or(r.keepSchedule(context.WithoutCancel(ctx), *s), ctx.Err())
	case err != nil && !w.begun:
		return w.seen, err
	case err != nil: // the store failed, which is no end of the process; what was replaced counts for the brake
		s.Tries, *w.stage = tried, stage
		r.setSchedule(*s)
		return w.seen, err
	}
	epoch := s.Epoch
	if w.passed { // what was not judged is for the later stages
		epoch, _ = spanAt(s.Stages[i-1].Spans, w.stage.Until)
	}
	s.Tries = 0
	cover(s, i, to, epoch)
	return w.seen, nil
}

// run reads the records of the stretch, a page at a time.
func (w *walk) run(ctx context.Context) error {
	f := store.RecordFilter{Tenant: w.tenant.ID, Since: w.stage.Until, Until: w.to, Limit: page}
	for cursor := ""; ; {
		found, err := w.o.Store.Scan(ctx, f, cursor)
		if err != nil {
			return err
		}
		if len(found.Records) > 0 {
			if err := w.page(ctx, found.Records); err != nil || w.passed {
				return err
			}
		}
		if cursor = found.Next; cursor == "" {
			return nil
		}
	}
}

// page judges some records again, and replaces the verdicts that change.
func (w *walk) page(ctx context.Context, list []store.Record) error {
	if err := w.begin(ctx); err != nil || w.passed {
		return err
	}
	results, err := w.judgeAll(ctx, list)
	if err != nil {
		return err
	}
	replaced := w.schedule.Changed
	if err := w.replaceEach(ctx, list, results); err != nil || w.schedule.Changed == replaced {
		return err
	}
	return w.keepSchedule(ctx, *w.schedule) // what the brake has counted outlives the process
}

// replaceEach replaces the verdicts that change, as far as the brake lets it.
func (w *walk) replaceEach(ctx context.Context, list []store.Record, results []found) error {
	for i, f := range results {
		w.seen++
		w.stage.Seen++
		w.stage.Read += f.read
		if len(f.changes) == 0 {
			continue
		}
		c := w.weighed(list[i], f)
		if passes, err := w.passes(ctx, list[i], c); err != nil {
			return err
		} else if !passes {
			continue
		}
		did, err := w.replace(ctx, list[i], f, fmt.Sprintf("judged again %s after it came", w.stage.After))
		if err != nil {
			return err
		}
		if did {
			w.count(c)
		}
	}
	return nil
}

// begin notes that a stretch is read, which is undone behind it: where the process does not survive what is read, it
// must not begin for ever.
func (w *walk) begin(ctx context.Context) error {
	if w.begun {
		return nil
	}
	if w.passed = w.schedule.Tries >= tries; w.passed {
		_, _, err := w.o.Store.Raise(ctx, store.Notice{Kind: "rejudge.passed", Tenant: w.tenant.ID,
			Text: fmt.Sprintf("the daemon ended %d times while it judged again what arrived from %s to %s: that was "+
				"passed over", tries, w.stage.Until.Format(time.RFC3339), w.to.Format(time.RFC3339)),
			Do: "look at the log; judge that time again by clawback rescan since:2d"})
		w.begun = err == nil
		return err
	}
	w.schedule.Tries++
	err := w.keepSchedule(ctx, *w.schedule)
	w.begun = err == nil
	return err
}
