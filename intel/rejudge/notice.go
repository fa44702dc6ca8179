package rejudge

import (
	"context"
	"time"

	"clawback/store"
)

// raiseAgain is how often a notice is raised again for what still waits: what stood before a start ends otherwise.
const raiseAgain = 10 * time.Minute

// remind raises the notices of all that waits for a person.
func (r *Runner) remind(ctx context.Context) error {
	if r.now().Sub(r.reminded) < raiseAgain {
		return nil
	}
	for _, s := range r.Schedules() {
		if s.Waiting == "" {
			continue
		}
		if err := r.raiseSchedule(ctx, s); err != nil {
			return err
		}
	}
	for _, one := range r.Rescans() {
		if one.State != store.RescanWaiting {
			continue
		}
		if err := r.raiseRescan(ctx, one); err != nil {
			return err
		}
	}
	r.reminded = r.now()
	return nil
}

func (r *Runner) raiseSchedule(ctx context.Context, s store.Schedule) error {
	_, _, err := r.o.Store.Raise(ctx, store.Notice{Kind: "rejudge.waiting", Tenant: s.Tenant, Text: s.Waiting,
		Do: "clawback rescan since:2d shows what would change; then clawback rescan approve"})
	return err
}

func (r *Runner) raiseRescan(ctx context.Context, one store.Rescan) error {
	_, _, err := r.o.Store.Raise(ctx, store.Notice{Kind: "rescan.waiting", Tenant: one.Tenant, Subject: one.ID,
		Text: "rescan " + one.ID + " " + one.Why,
		Do:   "clawback rescan show " + one.ID + "; then rescan approve, or rescan cancel"})
	return err
}
