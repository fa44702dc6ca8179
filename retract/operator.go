package retract

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"clawback/config"
	"clawback/retract/intent"
	"clawback/retract/policy"
	"clawback/store"
)

// What a person's order can be refused for.
var (
	// ErrNotHeld means that an intent does not wait for a person.
	ErrNotHeld = errors.New("not held")
	// ErrInvalid means that an order makes no sense, whatever the state of things.
	ErrInvalid = errors.New("invalid order")
	// ErrEnded means that a job has ended, so that nothing of it can be cancelled.
	ErrEnded = errors.New("the job has ended")
	// ErrOwnAct means that the tenant asks for two persons, and that who approves has asked for it himself.
	ErrOwnAct = errors.New("another person must approve what you asked for yourself")
	// ErrNoTenant means that the tenant of a record is not configured.
	ErrNoTenant = errors.New("the tenant is not configured")
)

// Retract has a record taken from every internal recipient's mailbox, at a person's word: it passes the brake, the
// first-hand check and the pin, but neither dry-run mode nor the identity check, and never an exempt mailbox. Asking
// twice changes nothing. It returns the record's intents.
func (p *Orders) Retract(ctx context.Context, who, recordID string, action config.Action,
	comment string) ([]store.Intent, error) {
	return p.retract(ctx, policy.Order{Who: who, Record: recordID, Action: action, Comment: comment})
}

// Restore has everything that was taken of a record put back, calls off what has not been taken yet, and pins the
// record. Asking twice changes nothing. It returns the record's intents.
func (p *Orders) Restore(ctx context.Context, who, recordID, comment string) ([]store.Intent, error) {
	return p.restore(ctx, policy.Order{Who: who, Record: recordID, Comment: comment})
}

// attemptsAtConflict bounds how often a person's word is tried again when workers write the same rows.
const attemptsAtConflict = 20

// decide reads a record and its intents, has decide say what changes, and writes that together with the audit's entry;
// again from the start when somebody else wrote meanwhile.
func (p *Orders) decide(ctx context.Context, o policy.Order, what string,
	change func(store.Record, []store.Intent) (store.Change, error)) ([]store.Intent, error) {
	for try := 0; ; try++ {
		rec, err := p.engine.o.Store.Record(ctx, o.Record)
		if err != nil {
			return nil, err
		}
		if o.Tenant != "" && rec.Tenant != o.Tenant {
			return nil, fmt.Errorf("record %s of tenant %s: %w", o.Record, o.Tenant, store.ErrNotFound)
		}
		have, err := p.engine.o.Store.Intents(ctx, rec.ID)
		if err != nil {
			return nil, err
		}
		c, err := change(rec, have)
		if err != nil {
			return nil, err
		}
		if t, ok := p.engine.o.Tenants(rec.Tenant); ok {
			c.Plan = policy.Plan(t.Config, p.engine.now())
		}
		c.Act = &store.Act{At: p.engine.now(), Who: o.Who, What: what, Tenant: rec.Tenant, Object: rec.ID,
			Comment: o.Comment}
		err = p.engine.o.Store.Update(ctx, c)
		if errors.Is(err, store.ErrConflict) && try < attemptsAtConflict {
			continue
		}
		if err != nil {
			return nil, fmt.Errorf("%s record %s: %w", what, rec.ID, err)
		}
		p.engine.Wake()
		return p.engine.o.Store.Intents(ctx, rec.ID)
	}
}

// retract orders that a record be taken out of its recipients' mailboxes.
func (p *Orders) retract(ctx context.Context, o policy.Order) ([]store.Intent, error) {
	if _, ok := policy.Target(o.Action); !ok {
		return nil, fmt.Errorf("%w: %q is no action that takes a message away: use junk, trash, soft_delete or "+
			"hard_delete", ErrInvalid, o.Action)
	}
	return p.decide(ctx, o, "retract "+string(o.Action),
		func(rec store.Record, have []store.Intent) (store.Change, error) {
			t, ok := p.engine.o.Tenants(rec.Tenant)
			if !ok {
				return store.Change{}, fmt.Errorf("%w: %s", ErrNoTenant, rec.Tenant)
			}
			return store.Change{Intents: o.Retraction(t.Config, rec, have, p.engine.now()),
				Record: o.MarkRetracted(rec)}, nil
		})
}

func (p *Orders) restore(ctx context.Context, o policy.Order) ([]store.Intent, error) {
	return p.decide(ctx, o, "restore", func(rec store.Record, have []store.Intent) (store.Change, error) {
		return store.Change{Intents: o.Restoration(rec, have, p.engine.now()),
			Record: policy.Pin(rec, intent.PinnedRestored, o.Who)}, nil
	})
}

// Clean is an administrator's word that a record is good: what has not been taken yet is called off, and no automatism
// touches the record again. What was taken comes back by Restore.
func (p *Orders) Clean(ctx context.Context, who, recordID, comment string) ([]store.Intent, error) {
	o := policy.Order{Who: who, Record: recordID, Comment: comment}
	return p.decide(ctx, o, "clean", func(rec store.Record, have []store.Intent) (store.Change, error) {
		var out []store.Intent
		for _, in := range have {
			if in.Kind == store.Retract && !in.Outcome.Final() {
				out = append(out, intent.CallOff(in, "clean by the word of "+who))
			} else if in.Kind == store.Retract && !in.NotBefore.IsZero() {
				out = append(out, intent.StopLooking(in, "clean by the word of "+who))
			}
		}
		return store.Change{Intents: out, Record: policy.Pin(rec, intent.PinnedClean, who)}, nil
	})
}

// Approve lets held intents pass what they are held for. A restore that is approved pins its record.
func (p *Orders) Approve(ctx context.Context, who string, intents []string, comment string) error {
	return p.settleHeld(ctx, heldDecision{who, approving, comment}, intents, p.approvedBy(who))
}

// Reject ends held intents. No automatism opens them again.
func (p *Orders) Reject(ctx context.Context, who string, intents []string, comment string) error {
	return p.settleHeld(ctx, heldDecision{who, "reject", comment}, intents, p.rejected(who))
}

type heldDecision struct{ who, what, comment string }

// approving is what the audit calls a Yes to something held.
const approving = "approve"

// approvesOwnOrder reports whether a person must leave the approval of an intent to somebody else: he asked for it, and
// its tenant wants two.
func (p *Orders) approvesOwnOrder(in store.Intent, who string) bool {
	t, ok := p.engine.o.Tenants(in.Tenant)
	return ok && t.Config.TwoPersons && in.By != "" && Account(in.By) == Account(who)
}

// Account is the proven part of a person's name, as package api/socket writes it: "ada", "ada (says bob)", or of an
// account that several share "ada (claimed; root, uid 0)". Of the last only what stands in brackets is proven. Who asks
// by a token is its owner: "ada (token soar, 0123)".
func Account(who string) string {
	if _, proven, claimed := strings.Cut(who, " (claimed; "); claimed {
		name, _, _ := strings.Cut(proven, ", uid ")
		return name
	}
	name, _, _ := strings.Cut(who, " (")
	return name
}

// settleHeld writes a person's answer to each held intent, with an entry of the audit each.
func (p *Orders) settleHeld(ctx context.Context, a heldDecision, intents []string, change func(*store.Intent)) error {
	var failures []error
	for _, id := range intents {
		if err := p.settleOne(ctx, a, id, change); err != nil {
			failures = append(failures, fmt.Errorf("%s intent %s: %w", a.what, id, err))
		}
	}
	p.engine.Wake()
	return errors.Join(failures...)
}

// settleOne writes a person's answer to one held intent.
func (p *Orders) settleOne(ctx context.Context, a heldDecision, id string, change func(*store.Intent)) error {
	in, err := p.engine.o.Store.Intent(ctx, id)
	if err != nil {
		return err
	}
	if in.Outcome != store.Held {
		return fmt.Errorf("%w: it is %s (%s)", ErrNotHeld, in.Outcome, in.Reason)
	}
	if a.what == approving && p.approvesOwnOrder(in, a.who) {
		return ErrOwnAct
	}
	change(&in)
	c := store.Change{Intents: []store.Intent{in},
		Act: &store.Act{At: p.engine.now(), Who: a.who, What: a.what + " " + string(in.Kind), Tenant: in.Tenant,
			Object:  in.ID,
			Comment: a.comment}}
	if in.Kind == store.Restore && in.Outcome == store.Pending {
		rec, err := p.engine.o.Store.Record(ctx, in.Record)
		if err != nil {
			return err
		}
		c.Record = policy.Pin(rec, intent.PinnedRestored, a.who)
	}
	return p.engine.o.Store.Update(ctx, c)
}
