package retract

import (
	"context"
	"errors"
	"fmt"

	"clawback/config"
	"clawback/retract/addresses"
	"clawback/retract/exchange"
	"clawback/retract/fault"
	"clawback/retract/intent"
	"clawback/retract/policy"
	"clawback/store"
)

// resolve finds the mailbox of the intent's address, and the rule for it. It ends the intent where there is none, where
// the mailbox is exempt under another address, or where another recipient's intent has the same mailbox.
func (s resolver) resolve(ctx context.Context) error {
	mb, why, err := s.intentMailbox(ctx)
	if err != nil {
		return err
	}
	if why != nil {
		return expander(s).expand(ctx, why)
	}
	if err := s.checkExempt(ctx, mb); err != nil {
		return err
	}
	if err := s.applyRule(ctx, mb); err != nil {
		return err
	}
	twin, err := s.claimMailbox(ctx, mb.ID)
	if err != nil {
		return &storeError{err}
	}
	if twin != "" {
		return s.end(ctx, store.Skipped, "same mailbox as "+twin)
	}
	s.in.Mailbox = mb.ID
	return nil
}

// intentMailbox is the mailbox that the intent is about: that of its address, or, once it has begun, the one in which
// it has.
func (s resolver) intentMailbox(ctx context.Context) (exchange.Mailbox, *fault.Fault, error) {
	if s.in.Mailbox == "" {
		return s.lookup(ctx, s.in.Address)
	}
	mb, why, err := s.lookup(ctx, s.in.Mailbox)
	if why != nil { // the account is not in the directory by now; its mailbox may be
		return exchange.Mailbox{ID: s.in.Mailbox}, nil, err
	}
	return mb, nil, err
}

// lookup asks the directory, or its cache, for an address or an object id. A Fault that is returned as a value says
// that it is no mailbox.
func (s resolver) lookup(ctx context.Context, address string) (exchange.Mailbox, *fault.Fault, error) {
	if e, ok := s.sched.dir.entry(address, s.e.now()); ok {
		return e.mailbox, e.why, nil
	}
	mb, err := s.box.Resolve(ctx, addresses.Fold(address))
	s.sched.dir.learn(address, mb, err, s.e.now())
	var f *fault.Fault
	if errors.As(err, &f) && f.Class == fault.GiveUp && f.Code == fault.CodeNoMailbox {
		return exchange.Mailbox{}, f, nil
	}
	if err != nil {
		return exchange.Mailbox{}, nil, fmt.Errorf("resolve %s: %w", addresses.Fold(address), err)
	}
	return mb, nil, nil
}

// checkExempt ends the intent when its mailbox is one of the exempt ones under another of its addresses.
func (s resolver) checkExempt(ctx context.Context, mb exchange.Mailbox) error {
	for _, address := range mb.Names() {
		if why := addresses.Exempt(s.tenant, address); why != "" {
			return s.end(ctx, store.Skipped, fmt.Sprintf("%s, an address of the mailbox of %s", why,
				addresses.Fold(s.in.Address)))
		}
	}
	for _, address := range s.exemptAddresses() {
		e, why, err := s.lookup(ctx, address)
		if err != nil {
			return err
		}
		if why == nil && e.ID == mb.ID {
			return s.end(ctx, store.Skipped, fmt.Sprintf("exempt: the mailbox of %s is that of %s",
				addresses.Fold(s.in.Address), addresses.Fold(address)))
		}
	}
	return nil
}

// exemptAddresses are the exempt addresses that can be mailboxes of this tenant.
func (s resolver) exemptAddresses() []string {
	var list []string
	add := func(address string) {
		if address != "" && address[0] != '@' && addresses.Internal(s.tenant, address) {
			list = append(list, address)
		}
	}
	for _, a := range s.tenant.Exempt {
		add(a)
	}
	for _, own := range addresses.OfDaemon(s.tenant) {
		add(own)
	}
	return list
}

// claimMailbox gives the address of another intent of the same record, kind and mailbox, which then is the one that
// counts; without one, the mailbox is this intent's from now on.
func (s resolver) claimMailbox(ctx context.Context, mailbox string) (string, error) {
	key := s.rec.ID + "\x00" + string(s.in.Kind)
	if err := s.loadClaims(ctx, key); err != nil {
		return "", err
	}
	return s.sched.claims.claim(key, mailbox, claim{s.in.ID, addresses.Fold(s.in.Address)}), nil
}

// loadClaims reads which of the record's intents have a mailbox, unless that is known.
func (s resolver) loadClaims(ctx context.Context, key string) error {
	c := &s.sched.claims
	if c.loaded(key) {
		return nil
	}
	c.reading.Lock()
	defer c.reading.Unlock()
	if c.loaded(key) { // by the worker that was waited for
		return nil
	}
	have, err := s.e.o.Store.Intents(ctx, s.rec.ID)
	if err == nil {
		c.load(key, s.in.Kind, have)
	}
	return err
}

// applyRule gives the intent the rule of its mailbox, which may be in a group by an address that the report does not
// name. What a person asked for stays as it is, and so does what has begun. What was not known to act before is held
// where a person must approve.
func (s resolver) applyRule(ctx context.Context, mb exchange.Mailbox) error {
	s.in.Groups = policy.GroupsOf(s.tenant, append(mb.Names(), s.in.Address))
	if s.in.By != "" || s.in.Unknown || len(s.in.Taken) > 0 {
		return nil
	}
	in := s.in
	in.Mailbox = mb.ID // from here on its groups are known
	p := policy.NewPlanner(s.tenant, s.e.now(), s.rec, nil)
	want := p.Decide(in)
	if want.Cause != s.in.Cause && s.in.Action != string(config.None) {
		return nil // the verdict has changed: the policy decides anew
	}
	wasOpen := s.in.Action == string(config.None)
	s.in = want.Apply(s.in)
	s.ranFor = s.in.Action
	if !wasOpen || !want.Acts || s.in.Approved != "" {
		return nil
	}
	if outcome, hold, why := p.Permit(s.in.Address, want); outcome == store.Held {
		return s.hold(ctx, hold, why)
	}
	return nil
}

// checkProtected holds the intent when the sender is a mailbox of the tenant that is protected by another of its
// addresses. What a person has asked for or approved passes.
func (s resolver) checkProtected(ctx context.Context) error {
	if len(s.tenant.Protected) == 0 || s.in.Asked() {
		return nil
	}
	for _, sender := range []string{s.rec.From, s.rec.Sender} {
		if !addresses.Internal(s.tenant, sender) {
			continue
		}
		mb, why, err := s.lookup(ctx, sender)
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
			if entry, ok := addresses.Listed(s.tenant.Protected, address); ok {
				return s.hold(ctx, intent.HoldProtected,
					fmt.Sprintf("the sender is protected (%s, an address of the mailbox of %s): a person must approve",
						entry, addresses.Fold(sender)))
			}
		}
	}
	return nil
}
