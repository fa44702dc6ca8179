package storetest

import (
	"errors"
	"testing"

	"clawback/store"
	"clawback/verdict"
)

func testCorrections(t *testing.T, b *bench) {
	s := b.start(t)
	same(t, nil, ok(s.CorrectedTenants(t.Context())))
	one := store.Correction{Record: "r1", Tenant: Contoso, Is: verdict.Spam, Was: verdict.Clean, By: "ada", At: Start,
		Comment:    "no",
		NotLearned: "it did not come from outside", Tokens: []string{"a", "b"}, Reporter: true}
	two := store.Correction{Record: "r2", Tenant: Contoso, Is: verdict.Clean, At: Start}
	other := store.Correction{Record: "r1", Tenant: Fabrikam, Is: verdict.Malicious, At: Start}
	// Begins with another's name.
	longer := store.Correction{Record: "r1", Tenant: Contoso + "0", Is: verdict.Bulk, At: Start}
	all := []store.Correction{two, other, longer, one}
	must(t, s.Update(t.Context(), store.Change{Corrections: store.Edit[store.Correction]{Put: all}}))
	s = b.restart(t, s)
	same(t, []store.Correction{one, two}, ok(s.Corrections(t.Context(), Contoso)))
	same(t, []string{Contoso, Contoso + "0", Fabrikam}, ok(s.CorrectedTenants(t.Context())))
	same(t, other, ok(s.Correction(t.Context(), Fabrikam, "r1")))
	remove := store.Edit[store.Correction]{Remove: []store.Key{one.Key()}}
	must(t, s.Update(t.Context(), store.Change{Corrections: remove}))
	if _, err := s.Correction(t.Context(), Contoso, "r1"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("a correction that was removed: %v", err)
	}
	if _, err := s.Correction(t.Context(), Fabrikam, "r2"); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("another tenant's correction: %v", err)
	}
	same(t, other, ok(s.Correction(t.Context(), Fabrikam, "r1")))
}
