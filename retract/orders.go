package retract

import (
	"context"
	"errors"

	"clawback/retract/addresses"
	"clawback/retract/intent"
	"clawback/retract/policy"
	"clawback/store"
)

// Orders is a person's word: to retract, to restore, to call a record clean, to approve or reject what is held. Each is
// written together with its entry of the audit, and carried out by the schedulers. It is a part of the Engine.
type Orders struct{ engine *Engine }

// Order has the intents of one record made or changed as a person asked, and gives all that the record has. Asking
// twice changes nothing.
func (p *Orders) Order(ctx context.Context, o policy.Order) ([]store.Intent, error) {
	if o.Restore {
		return p.restore(ctx, o)
	}
	return p.retract(ctx, o)
}

// Forecast is what an order would do.
type Forecast struct {
	Intents   []store.Intent // new or changed
	Mailboxes int            // recipients inside the organisation
}

// Preview says what an order would do to a record with the intents that it has, and writes nothing. False: its tenant
// is not configured, or the order is for another one's records.
func (p *Orders) Preview(o policy.Order, rec store.Record, have []store.Intent) (f Forecast, ok bool) {
	t, ok := p.engine.o.Tenants(rec.Tenant)
	if !ok || o.Tenant != "" && o.Tenant != rec.Tenant {
		return f, false
	}
	for _, r := range rec.Recipients {
		if addresses.Internal(t.Config, r.Address) {
			f.Mailboxes++
		}
	}
	if o.Restore {
		f.Intents = o.Restoration(rec, have, p.engine.now())
	} else {
		f.Intents = o.Retraction(t.Config, rec, have, p.engine.now())
	}
	return f, true
}

// CallOff ends an intent that waits, or that would be looked at again. One that is in doubt ends when it has been
// verified. An intent that another order has taken over meanwhile is left alone.
func (p *Orders) CallOff(ctx context.Context, in store.Intent, why string) error {
	job := in.Job
	for try := 0; in.Job == job && (!in.Outcome.Final() || in.Returns()) && in.Cancelled != why; try++ {
		next := intent.CallOff(in, why)
		if in.Outcome.Final() {
			next = intent.StopLooking(in, why)
		}
		err := p.engine.o.Store.Update(ctx, store.Change{Intents: []store.Intent{next}})
		if !errors.Is(err, store.ErrConflict) || try >= attemptsAtConflict {
			return err
		}
		if in, err = p.engine.o.Store.Intent(ctx, in.ID); err != nil {
			return err
		}
	}
	return nil
}

// Suspend names the bulk jobs of which nothing may be begun: they are paused, or being called off. Until it is called
// the first time nothing of any job is begun, for it is not known which they are.
func (e *Engine) Suspend(jobs map[string]bool) {
	e.suspended.Store(&jobs)
	e.Wake()
}

// halted reports whether an intent belongs to a job of which nothing may be begun.
func (e *Engine) halted(in store.Intent) bool {
	if in.Job == "" {
		return false
	}
	jobs := e.suspended.Load()
	return jobs == nil || (*jobs)[in.Job]
}
