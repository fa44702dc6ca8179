package policy

import (
	"slices"

	"clawback/config"
	"clawback/retract/addresses"
	"clawback/store"
	"clawback/verdict"
)

// recipient is what is known of one: the address in the report, and once its mailbox was looked up the groups of
// mailboxes that have it by any of its addresses.
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
	_, listed := addresses.Listed(g.Mailboxes, r.address)
	return listed || slices.Contains(r.groups, g.Name)
}

// ruleOf is the tenant's rule for a recipient and a disposition: of the first group that has it and names the
// disposition, else the tenant's own. Open says that the rule takes nothing away, and that another one may: the mailbox
// has not been looked up, and a group that goes before may have it by another of its addresses.
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

// GroupsOf names the groups of mailboxes that have one of the addresses.
func GroupsOf(t *config.Tenant, names []string) (groups []string) {
	for _, g := range t.Groups {
		if slices.ContainsFunc(names, func(a string) bool { _, ok := addresses.Listed(g.Mailboxes, a); return ok }) {
			groups = append(groups, g.Name)
		}
	}
	return groups
}
