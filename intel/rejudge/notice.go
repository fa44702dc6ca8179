package rejudge

import (
	"cmp"
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
	for _, one := range r.Rescans() {
		if one.State != store.RescanWaiting && !holding(one) {
			continue
		}
		if err := r.raiseRescan(ctx, one); err != nil {
			return err
		}
	}
	r.reminded = r.now()
	return nil
}

// kindOf is the kind of the notice that a rescan waits for a person: of what the schedule may not do of itself he is
// told by another one, and while it is still being counted.
func kindOf(one store.Rescan) string {
	if one.Holds != "" {
		return "rejudge.waiting"
	}
	return "rescan.waiting"
}

func (r *Runner) raiseRescan(ctx context.Context, one store.Rescan) error {
	text := "rescan " + one.ID + " " + one.Why
	if one.Holds != "" {
		text = one.Comment + "; rescan " + one.ID + " " + cmp.Or(one.Why, "is counting them")
	}
	_, _, err := r.o.Store.Raise(ctx, store.Notice{Kind: kindOf(one), Tenant: one.Tenant, Subject: one.ID, Text: text,
		Do: "clawback rescan show " + one.ID + "; then rescan approve, or rescan cancel"})
	return err
}

func (r *Runner) clearRescan(ctx context.Context, one store.Rescan) error {
	_, err := r.o.Store.Clear(ctx, kindOf(one), one.Tenant, one.ID)
	return err
}
