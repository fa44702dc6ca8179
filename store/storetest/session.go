package storetest

import (
	"testing"
	"time"

	"clawback/store"
)

// testSessions: a session is kept whole over a restart until it is removed.
func testSessions(t *testing.T, b *bench) {
	s := b.start(t)
	one := store.Session{ID: "s1", Hash: []byte{0, 1, 255}, Account: "ada", Title: "ada@contoso.example",
		Method: "link", Role: "nobody", Tenants: map[string]string{Contoso: "analyst"}, Bodies: true, Created: Start,
		Expires: Start.Add(time.Hour), From: "192.0.2.1", Agent: "browser"}
	two := store.Session{ID: "s2", Role: "viewer", Created: Start}
	must(t, s.Update(t.Context(), store.Change{Sessions: store.Edit[store.Session]{Put: []store.Session{two, one}}}))
	s = b.restart(t, s)
	same(t, []store.Session{one, two}, ok(s.Sessions(t.Context())))
	must(t, s.Update(t.Context(), store.Change{Sessions: store.Edit[store.Session]{Remove: []store.Key{one.Key()}}}))
	same(t, []store.Session{two}, ok(s.Sessions(t.Context())))
}
