package storetest

import (
	"testing"
	"time"

	"clawback/store"
)

func testPolicies(t *testing.T, b *bench) {
	s := b.start(t)
	one := store.Policy{ID: "p1", Tenant: Contoso, Kind: "block_sender", Pattern: "eve@evil.example", Field: "x",
		Verify: true,
		Note:   "seen", Expires: Start.Add(time.Hour), By: "ada", Added: Start}
	two := store.Policy{ID: "p2", Tenant: Contoso, Kind: "trusted_domain", Pattern: "good.example", Added: Start}
	other := store.Policy{ID: "p1", Tenant: Fabrikam, Kind: "trusted_domain", Pattern: "other.example", Added: Start}
	must(t, s.Update(t.Context(), store.Change{Policies: store.Edit[store.Policy]{Put: []store.Policy{two, other,
		one}}}))
	s = b.restart(t, s)
	same(t, []store.Policy{one, two}, ok(s.Policies(t.Context(), Contoso)))
	same(t, []store.Policy{one, two, other}, ok(s.Policies(t.Context(), "")))
	one.Note = "seen twice"
	must(t, s.Update(t.Context(), store.Change{Policies: store.Edit[store.Policy]{Put: []store.Policy{one},
		Remove: []store.Key{two.Key()}}}))
	same(t, []store.Policy{one}, ok(s.Policies(t.Context(), Contoso)))
	same(t, []store.Policy{other}, ok(s.Policies(t.Context(), Fabrikam)))
}
