package storetest

import (
	"testing"
	"time"

	"clawback/store"
)

func testGates(t *testing.T, b *bench) {
	s := b.start(t)
	tenant := store.Gate{Tenant: Contoso, Until: Start.Add(time.Minute)}
	mailbox := store.Gate{Tenant: Contoso, Mailbox: "ada@contoso.example", Until: Start.Add(time.Hour)}
	other := store.Gate{Tenant: Fabrikam, Until: Start.Add(time.Second)}
	must(t, s.Update(t.Context(), store.Change{Gates: store.Edit[store.Gate]{Put: []store.Gate{mailbox, other,
		tenant}}}))
	s = b.restart(t, s)
	same(t, []store.Gate{tenant, mailbox}, ok(s.Gates(t.Context(), Contoso)))
	must(t, s.Update(t.Context(), store.Change{Gates: store.Edit[store.Gate]{Remove: []store.Key{tenant.Key()}}}))
	same(t, []store.Gate{mailbox}, ok(s.Gates(t.Context(), Contoso)))
	same(t, []store.Gate{other}, ok(s.Gates(t.Context(), Fabrikam)))
}
