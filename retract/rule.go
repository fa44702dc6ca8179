package retract

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"clawback/config"
	"clawback/retract/exchange"
	"clawback/retract/fault"
	"clawback/store"
	"clawback/verdict"
)

// recipient is what is known of one: the address in the report, and once its mailbox was looked up the groups of mailboxes
// that have it by any of its addresses.
type recipient struct {
	address string
	known   bool // groups is known
	groups  []string
}

func recipientOf(in store.Intent) recipient {
	return recipient{address: in.Address, known: in.Mailbox != "", groups: in.Groups}
}

// in reports whether a group of mailboxes has the recipient, as far as it is known.
func (r recipient) in(g config.Group) bool {
	_, listed := listed(g.Mailboxes, r.address)
	return listed || slices.Contains(r.groups, g.Name)
}

// ruleOf is the tenant's rule for a recipient and a disposition: of the first group that has it and names the disposition,
// else the tenant's own. Open says that the rule takes nothing away, and that another one may: the mailbox has not been
// looked up, and a group that goes before may have it by another of its addresses.
func ruleOf(t *config.Tenant, r recipient, d verdict.Disposition) (rule config.Rule, open bool) {
	rule = t.Actions[d]
	for _, g := range t.Groups {
		named, ok := g.Actions[d]
		if ok && r.in(g) {
			rule = named
			break
		}
		open = open || ok && !r.known && acts(named)
	}
	return rule, open && !acts(rule)
}

func acts(r config.Rule) bool {
	_, ok := Target(r.Action)
	return ok
}

// groupsWith names the groups of mailboxes that have one of the addresses.
func groupsWith(t *config.Tenant, addresses []string) (names []string) {
	for _, g := range t.Groups {
		if slices.ContainsFunc(addresses, func(a string) bool { _, ok := listed(g.Mailboxes, a); return ok }) {
			names = append(names, g.Name)
		}
	}
	return names
}

// applyRule gives the intent the rule of its mailbox, which may be in a group by an address that the report does not name.
// What a person asked for stays as it is, and so does what has begun. What was not known to act before is held where a
// person must approve.
func (w *work) applyRule(ctx context.Context, mb exchange.Mailbox) error {
	w.in.Groups = groupsWith(w.tenant, append(mb.Names(), w.in.Address))
	if w.in.By != "" || w.in.Unknown || len(w.in.Taken) > 0 {
		return nil
	}
	in := w.in
	in.Mailbox = mb.ID // from here on its groups are known
	p := plan{tenant: w.tenant, now: w.e.now(), rec: w.rec}
	want := p.wish(in)
	if want.cause != w.in.Cause && w.in.Action != string(config.None) {
		return nil // the verdict has changed: the policy decides anew
	}
	wasOpen := w.in.Action == string(config.None)
	w.in = want.put(w.in)
	w.ranFor = w.in.Action
	if !wasOpen || !want.acts || w.in.Approved != "" {
		return nil
	}
	if outcome, hold, why := p.permit(w.in.Address, want); outcome == store.Held {
		return w.hold(ctx, hold, why)
	}
	return nil
}

// protectedSender holds the intent when the sender is a mailbox of the tenant that is protected by another of its addresses.
// What a person has asked for or approved passes.
func (w *work) protectedSender(ctx context.Context) error {
	if len(w.tenant.Protected) == 0 || w.in.Asked() {
		return nil
	}
	for _, sender := range []string{w.rec.From, w.rec.Sender} {
		if !internal(w.tenant, sender) {
			continue
		}
		mb, why, err := w.mailboxOf(ctx, sender)
		var f *fault.Fault
		if errors.As(err, &f) && f.Class == fault.GiveUp {
			continue // several accounts have it: none of them is known to be the sender
		}
		if err != nil {
			return err
		}
		if why != nil {
			continue
		}
		for _, address := range mb.Names() {
			if entry, ok := listed(w.tenant.Protected, address); ok {
				return w.hold(ctx, HoldProtected, fmt.Sprintf("the sender is protected (%s, an address of the mailbox of %s): a person must approve",
					entry, fold(sender)))
			}
		}
	}
	return nil
}
