package pipeline

import (
	"fmt"
	"slices"

	"clawback/config"
	"clawback/internal/mailaddr"
	"clawback/journal"
	"clawback/queue"
)

// attribute says why a message is not to be believed to come from its tenant's organisation, or "".
//
// The recipient address is the secret that named the tenant. Networks and client certificate prove Exchange Online but
// not which tenant of it; X-OriginatorOrg names the organisation, and the GUIDs must not contradict it
// (facts read from real reports: X-LD-Processed and X-MS-Exchange-Organization-Id bear the tenant's GUID). The domain
// of Sender: MicrosoftExchange329e... proves nothing: anybody can write it, and it may be another domain of the
// tenant's.
//
// What reaches the recovery address was sent by whatever system has the alternate mailbox, so its network says nothing.
// It need not be believed so much: it changes no first-hand record, and what follows from it waits for a person.
func attribute(t *config.Tenant, e queue.Envelope, r *journal.Report) string {
	if e.Purpose == queue.ForRecovery {
		return contradicted(t, r, sentAgain(r))
	}
	switch {
	case e.Network == "":
		return fmt.Sprintf("sent from %s, which is in none of the listener's networks", e.Remote)
	case r.Outer.OriginatorOrg == "" && fromExchange(e) && r.Kind != journal.KindValidation:
		return "no X-OriginatorOrg, which Exchange Online puts on every report"
	}
	return contradicted(t, r, false)
}

// Attributed reports whether a message is believed to come from its tenant's organisation.
func Attributed(t *config.Tenant, e queue.Envelope, r *journal.Report) bool {
	return attribute(t, e, r) == ""
}

// doubt is the cause of a message that is not attributed.
func doubt(e queue.Envelope) queue.Cause {
	if e.Network == "" && e.Purpose != queue.ForRecovery {
		return queue.CauseNetwork
	}
	return queue.CauseOrganisation
}

// fromExchange: a set of another name may hold Exchange Online's addresses. Rows of versions before this one have the
// name alone.
func fromExchange(e queue.Envelope) bool { return e.Exchange || e.Network == config.ExchangeOnline }

// sentAgain: the outer header was made by the organisation of the alternate mailbox, and not by Exchange's Journal
// Agent.
func sentAgain(r *journal.Report) bool { return r.Kind == journal.KindResent && r.Carried == nil }

// contradicted says what in the report names another organisation than the tenant's, or "".
func contradicted(t *config.Tenant, r *journal.Report, sentAgain bool) string {
	outer := r.Outer
	if sentAgain {
		outer = journal.Outer{}
	}
	switch {
	case outer.OriginatorOrg != "" && !isTenantOrg(t, outer.OriginatorOrg):
		return fmt.Sprintf("X-OriginatorOrg is %q, which is not an originator_org of tenant %s", outer.OriginatorOrg,
			t.Name)
	case outer.TenantID != "" && outer.TenantID != t.ID:
		return fmt.Sprintf("X-LD-Processed or X-MS-Exchange-CrossTenant-Id names the tenant %s, not %s", outer.TenantID,
			t.ID)
	case r.Inner.OrganizationID != "" && r.Inner.OrganizationID != t.ID:
		return fmt.Sprintf("the original belongs to the organisation %s, not to %s", r.Inner.OrganizationID, t.ID)
	}
	return ""
}

func isTenantOrg(t *config.Tenant, org string) bool {
	same := func(s string) bool { return mailaddr.Name(s) == mailaddr.Name(org) }
	return slices.ContainsFunc(t.OriginatorOrg, same)
}
