package storetest

import (
	"testing"

	"clawback/store"
)

func testAddresses(t *testing.T, b *bench) {
	s := b.start(t)
	journal := store.Address{Address: "journal@in.example", Tenant: Contoso, Last: Start}
	old := store.Address{Address: "a@in.example", Tenant: Fabrikam}
	must(t, s.Update(t.Context(), store.Change{Addresses: store.Edit[store.Address]{Put: []store.Address{journal,
		old}}}))
	s = b.restart(t, s)
	same(t, []store.Address{old, journal}, ok(s.Addresses(t.Context())))
	journal.Tenant = Fabrikam // the address is another tenant's now, and stands once
	must(t, s.Update(t.Context(), store.Change{Addresses: store.Edit[store.Address]{Put: []store.Address{journal},
		Remove: []store.Key{old.Key()}},
		Act: &store.Act{Who: "ada", What: "address.retire", Object: old.Address}}))
	same(t, []store.Address{journal}, ok(s.Addresses(t.Context())))
	if acts := ok(s.Audit(t.Context(), store.AuditFilter{What: "address.retire"})); len(acts) != 1 ||
		acts[0].Object != "a@in.example" {
		t.Errorf("audit %+v", acts)
	}
}
