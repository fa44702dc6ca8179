package indicator

import (
	"context"
	"fmt"
	"time"

	"clawback/store"
)

// kindWaiting is the notice of an indicator that waits for a person.
const kindWaiting = "indicator.waiting"

// raiseAgain is how often the notices of what waits are raised again: what stood before a start ends otherwise.
// mostReminded bounds them: a feed can have thousands wait, and each is a write.
const (
	raiseAgain   = 10 * time.Minute
	mostReminded = 200
	further      = "(further)" // subject of the notice that has the number of the others
)

// remind raises the notices of what waits for a person, the newest first.
func (d *Desk) remind(ctx context.Context) error {
	if now := d.now(); now.Sub(d.reminded) < raiseAgain {
		return nil
	}
	waiting := filter(d.all(), func(i store.Indicator) bool { return i.State == store.IndicatorWaiting })
	for _, i := range waiting[:min(mostReminded, len(waiting))] {
		if err := d.raise(ctx, i); err != nil {
			return err
		}
	}
	if err := d.remindOfOthers(ctx, len(waiting)-mostReminded); err != nil {
		return err
	}
	d.reminded = d.now()
	return nil
}

// remindOfOthers tells how many wait that have no notice of their own.
func (d *Desk) remindOfOthers(ctx context.Context, n int) error {
	var err error
	if n <= 0 {
		_, err = d.o.Store.Clear(ctx, kindWaiting, "", further)
	} else {
		_, _, err = d.o.Store.Raise(ctx, store.Notice{Kind: kindWaiting, Subject: further,
			Text: fmt.Sprintf("%d further indicators wait for a person", n),
			Do:   "clawback intel list; then intel approve, or intel remove"})
	}
	return err
}

// raise tells a person of an indicator that waits.
func (d *Desk) raise(ctx context.Context, i store.Indicator) error {
	_, _, err := d.o.Store.Raise(ctx, store.Notice{Kind: kindWaiting, Tenant: i.Tenant, Subject: i.ID,
		Text: fmt.Sprintf("indicator %s (%s) %s", i.ID, i.Kind, i.Why),
		Do:   "clawback intel explain; then intel approve, or intel remove"})
	return err
}
