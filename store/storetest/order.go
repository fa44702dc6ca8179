package storetest

import (
	"testing"

	"clawback/store"
)

// testOrders: an order is durable with its entry in the audit, until it is removed.
func testOrders(t *testing.T, b *bench) {
	s := b.start(t)
	one := store.Order{ID: "o1", What: "queue.trust", Who: "ada", Tenant: Contoso, Object: "item-1", Comment: "ours",
		At: Start}
	two := store.Order{ID: "o2", What: "bounce.retry", Who: "bob", Object: "b1", At: Start}
	put := store.Edit[store.Order]{Put: []store.Order{one, two}}
	act := &store.Act{Who: "ada", What: "queue.trust", Object: "item-1"}
	must(t, s.Update(t.Context(), store.Change{Orders: put, Act: act}))
	s = b.restart(t, s)
	same(t, []store.Order{two, one}, ok(s.Orders(t.Context())))
	if acts := ok(s.Audit(t.Context(), store.AuditFilter{})); len(acts) != 1 || acts[0].Object != "item-1" {
		t.Errorf("audit %+v", acts)
	}
	must(t, s.Update(t.Context(), store.Change{Orders: store.Edit[store.Order]{Remove: []store.Key{one.Key()}}}))
	same(t, []store.Order{two}, ok(s.Orders(t.Context())))
}
