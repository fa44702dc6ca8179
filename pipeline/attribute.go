package pipeline

import (
	"fmt"
	"slices"
	"strings"

	"clawback/config"
	"clawback/journal"
	"clawback/queue"
)

// ExchangeOnline is the name of the network set that all tenants of Exchange Online send from.
const ExchangeOnline = "exchange-online"

// attribute says why a message is not to be believed to come from its tenant's organisation, or "".
//
// The recipient address is the secret that named the tenant. Networks and client certificate prove Exchange Online but
// not which tenant of it; X-OriginatorOrg names the organisation, and the GUIDs must not contradict it
// (facts read from real reports: X-LD-Processed and X-MS-Exchange-Organization-Id bear the tenant's GUID).
func attribute(t *config.Tenant, e queue.Envelope, r *journal.Report) string {
	switch {
	case e.Network == "":
		return fmt.Sprintf("sent from %s, which is in none of the listener's networks", e.Remote)
	case r.Outer.OriginatorOrg == "" && e.Network == ExchangeOnline:
		return "no X-OriginatorOrg, which Exchange Online puts on every report"
	case r.Outer.OriginatorOrg != "" && !ownOrg(t, r.Outer.OriginatorOrg):
		return fmt.Sprintf("X-OriginatorOrg is %q, which is not an originator_org of tenant %s", r.Outer.OriginatorOrg, t.Name)
	case r.Outer.TenantID != "" && r.Outer.TenantID != t.ID:
		return fmt.Sprintf("X-LD-Processed names the tenant %s, not %s", r.Outer.TenantID, t.ID)
	case r.Inner.OrganizationID != "" && r.Inner.OrganizationID != t.ID:
		return fmt.Sprintf("the original belongs to the organisation %s, not to %s", r.Inner.OrganizationID, t.ID)
	}
	return ""
}

func ownOrg(t *config.Tenant, org string) bool {
	same := func(s string) bool { return strings.EqualFold(s, org) }
	return slices.ContainsFunc(t.OriginatorOrg, same)
}
