package storetest

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"clawback/store"
)

// testEdits: all that a change edits is written with its act, or nothing is; a row without a sound key is refused.
func testEdits(t *testing.T, b *bench) {
	s := b.start(t)
	act := &store.Act{Who: "ada", What: "policy.add", Object: "p1"}
	good := store.Edit[store.Policy]{Put: []store.Policy{{ID: "p1", Tenant: Contoso}}}
	for name, key := range map[string]store.Key{
		"no id":               {Tenant: Contoso},
		"a NUL in the id":     {Tenant: Contoso, ID: "a\x00b"},
		"a NUL in the tenant": {Tenant: "a\x00", ID: "b"},
		"no UTF-8":            {Tenant: Contoso, ID: "\xff"},
		"a long id":           {Tenant: Contoso, ID: strings.Repeat("x", 513)},
		"a long tenant":       {Tenant: strings.Repeat("x", 129), ID: "x"},
	} {
		put := store.Edit[store.Correction]{Put: []store.Correction{{Tenant: key.Tenant, Record: key.ID}}}
		remove := store.Edit[store.Correction]{Remove: []store.Key{key}}
		for _, bad := range []store.Edit[store.Correction]{put, remove} {
			if err := s.Update(t.Context(), store.Change{Policies: good, Corrections: bad, Act: act}); !errors.Is(err,
				store.ErrInvalid) {
				t.Errorf("%s: %v, want ErrInvalid", name, err)
			}
		}
	}
	same(t, nil, ok(s.Policies(t.Context(), "")))
	same(t, nil, ok(s.Audit(t.Context(), store.AuditFilter{})))
	must(t, s.Update(t.Context(), store.Change{Policies: good, Act: act}))
	if acts := ok(s.Audit(t.Context(), store.AuditFilter{})); len(acts) != 1 || acts[0].Object != "p1" {
		t.Errorf("audit %+v", acts)
	}
	gone := store.Edit[store.Policy]{Remove: []store.Key{{Tenant: Contoso, ID: "never there"}}}
	must(t, s.Update(t.Context(), store.Change{Policies: gone}))
	same(t, good.Put, ok(s.Policies(t.Context(), "")))
}

// same requires that two values are equal; nil stands for any empty list.
func same[T any](t *testing.T, want, got T) {
	t.Helper()
	if diff := cmp.Diff(want, got, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
