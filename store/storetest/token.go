package storetest

import (
	"testing"
	"time"

	"clawback/store"
)

// testTokens: a token and its last use are rows of their own, kept whole.
func testTokens(t *testing.T, b *bench) {
	s := b.start(t)
	one := store.Token{ID: "t1", Hash: []byte{0, 1, 255}, Name: "soar", Owner: "ada", Role: "analyst",
		Tenants: []string{Contoso}, Bodies: true, By: "root", Parent: "t0", Created: Start,
		Expires: Start.Add(time.Hour)}
	two := store.Token{ID: "t2", Role: "viewer", Created: Start, Revoked: Start, RevokedBy: "bob"}
	use := store.TokenUse{Token: "t1", At: Start, From: "192.0.2.1"}
	must(t, s.Update(t.Context(), store.Change{Tokens: store.Edit[store.Token]{Put: []store.Token{two, one}},
		TokenUses: store.Edit[store.TokenUse]{Put: []store.TokenUse{use}}}))
	s = b.restart(t, s)
	same(t, []store.Token{one, two}, ok(s.Tokens(t.Context())))
	same(t, []store.TokenUse{use}, ok(s.TokenUses(t.Context())))
	must(t, s.Update(t.Context(), store.Change{Tokens: store.Edit[store.Token]{Remove: []store.Key{one.Key()}},
		TokenUses: store.Edit[store.TokenUse]{Remove: []store.Key{use.Key()}}}))
	same(t, []store.Token{two}, ok(s.Tokens(t.Context())))
	same(t, nil, ok(s.TokenUses(t.Context())))
}
