package retract

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"

	"clawback/config"
	"clawback/journal"
	"clawback/retract/addresses"
	"clawback/retract/exchange"
	"clawback/retract/fault"
	"clawback/retract/policy"
	"clawback/store"
)

const (
	maxMembers  = 5000 // of one group that are looked after
	memberChunk = 250  // intents in one write
)

// expand is for an address that is no mailbox: where it is a group that the report did not expand, each member gets an
// intent of its own, by the rules for that member. The group's own intent ends either way. Why is what the directory
// said.
func (s expander) expand(ctx context.Context, why *fault.Fault) error {
	none := fmt.Sprintf("no mailbox of this tenant takes mail for %s: %s", addresses.Fold(s.in.Address), why.Error())
	if n := s.expandedByReport(); n > 0 {
		return s.end(ctx, store.Skipped, fmt.Sprintf("a group that the report expanded: %d members have intents of "+
			"their own", n))
	}
	members, err := s.box.Members(ctx, addresses.Fold(s.in.Address))
	var f *fault.Fault
	switch {
	case errors.Is(err, errors.ErrUnsupported) || errors.As(err, &f) && f.Code == fault.CodeNoMailbox:
		return s.end(ctx, store.Skipped, none)
	case errors.As(err, &f) && f.Status == http.StatusForbidden:
		// The permission is optional: it must not pause the tenant.
		return s.end(ctx, store.Skipped, none+
			"; if it is a group, grant GroupMember.Read.All so that its members can be looked up: "+f.Error())
	case err != nil:
		return fmt.Errorf("list members of %s: %w", addresses.Fold(s.in.Address), err)
	}
	dropped := max(0, len(members)-maxMembers)
	members = members[:len(members)-dropped]
	if err := s.addMembers(ctx, members); err != nil {
		return err
	}
	reason := fmt.Sprintf("a group that the report did not expand: its %d present members have intents of their own",
		len(members))
	if dropped > 0 || len(members) == maxMembers {
		reason += fmt.Sprintf("; more than %d are not looked after", maxMembers)
		s.e.alert(Alert{Kind: "group", Tenant: s.in.Tenant, Text: "record " + s.rec.ID + ": " + reason}, s.in.ID)
	}
	return s.end(ctx, store.Skipped, reason)
}

// expandedByReport counts the recipients that the report names as members of the intent's address.
func (s expander) expandedByReport() (n int) {
	for _, r := range s.rec.Recipients {
		if r.ExpandedFrom != "" && addresses.Fold(r.ExpandedFrom) == addresses.Fold(s.in.Address) {
			n++
		}
	}
	return n
}

// addMembers writes the members' intents, some in one write. A crash between two writes leaves the group's intent
// pending: the next step writes the rest.
func (s expander) addMembers(ctx context.Context, members []exchange.Mailbox) error {
	for len(members) > 0 {
		chunk := members[:min(memberChunk, len(members))]
		members = members[len(chunk):]
		have, err := s.e.o.Store.Intents(ctx, s.rec.ID)
		if err != nil {
			return &storeError{err}
		}
		fresh := s.memberIntents(chunk, have)
		if len(fresh) == 0 {
			continue
		}
		if err := s.writeMembers(ctx, fresh); err != nil {
			return &storeError{fmt.Errorf("write intents of members: %w", err)}
		}
	}
	s.sched.notify()
	return nil
}

// writeMembers writes intents together with the group's own, which meets a conflict when that was called off meanwhile:
// nobody's intent is made after a person's word that the record is good.
func (s expander) writeMembers(ctx context.Context, fresh []store.Intent) error {
	err := s.e.o.Store.Update(ctx, store.Change{Intents: append(fresh, s.in)})
	if err != nil {
		return err
	}
	s.in, err = s.e.o.Store.Intent(ctx, s.in.ID)
	return err
}

// memberIntents are those that are new or changed: by policy, or as the person asked who asked for the group's.
func (s expander) memberIntents(members []exchange.Mailbox, have []store.Intent) []store.Intent {
	rec := s.rec
	rec.Recipients = nil
	for _, m := range members {
		if address := cmp.Or(m.Address, m.Name); address != "" {
			rec.Recipients = append(rec.Recipients, journal.Recipient{Address: address, ExpandedFrom: s.in.Address})
		}
	}
	if s.in.By != "" {
		o := policy.Order{Who: s.in.By, Cause: s.in.Cause, Action: config.Action(s.in.Action), Job: s.in.Job}
		return o.Retraction(s.tenant, rec, have, s.e.now())
	}
	return s.approveMembers(policy.NewPlanner(s.tenant, s.e.now(), s.rec, have).ForRecipients(rec.Recipients))
}

// approveMembers lets the members pass what a person has let the group pass. It is not an approval of each of them: how
// many they are was not known then, so that the brake counts them.
func (s expander) approveMembers(members []store.Intent) []store.Intent {
	for i, in := range members {
		if s.in.Approved != "" && in.Outcome == store.Held && in.Hold == s.in.Hold {
			members[i].Outcome, members[i].Hold = store.Pending, ""
			members[i].Reason = "approved by " + s.in.Approved + " with " + addresses.Fold(s.in.Address) +
				"; it was held: " + in.Reason
		}
	}
	return members
}
