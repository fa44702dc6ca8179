package api

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clawback/intel/indicator"
	"clawback/store"
)

type worldIndicators struct{ *world }

func (w worldIndicators) List(tenant string) []store.Indicator {
	var list []store.Indicator
	for _, i := range []store.Indicator{{ID: "indicator-a", Tenant: tenantA}, {ID: "indicator-b", Tenant: tenantB,
		Note: "secret-b"}, {ID: "indicator-all", Note: "secret-b"}} {
		if tenant == "" || i.Tenant == "" || i.Tenant == tenant {
			list = append(list, i)
		}
	}
	return list
}
func (w worldIndicators) Add(_ context.Context, who string, i store.Indicator) (store.Indicator, error) {
	return i, w.note("add indicator %s to %q by %s", i.Value, i.Tenant, who)
}
func (w worldIndicators) Import(_ context.Context, who string, list []store.Indicator,
	dryRun bool) (indicator.Imported, error) {
	for _, i := range list {
		if err := w.note("import indicator %s to %q by %s, dry run %t", i.Value, i.Tenant, who, dryRun); err != nil {
			return indicator.Imported{}, err
		}
	}
	if w.imported != nil {
		w.imported(list)
	}
	return indicator.Imported{Added: list, Known: 1,
		Refused: []indicator.Refused{{Value: "bad", Why: errors.New("cannot be read")}}}, nil
}
func (w worldIndicators) find(tenant, id string) (store.Indicator, error) {
	for _, i := range w.List("") {
		if i.ID == id && i.Tenant == tenant {
			return i, nil
		}
	}
	return store.Indicator{}, fmt.Errorf("indicator %q: %w", id, store.ErrNotFound)
}
func (w worldIndicators) Remove(_ context.Context, who, tenant, id, comment string) (store.Indicator, error) {
	i, err := w.find(tenant, id)
	if err == nil {
		err = w.note("remove indicator %s of %q by %s: %s", id, tenant, who, comment)
	}
	return i, err
}
func (w worldIndicators) Approve(_ context.Context, who, tenant, id, comment string) (store.Indicator, error) {
	i, err := w.find(tenant, id)
	if err == nil {
		err = w.note("approve indicator %s of %q by %s: %s", id, tenant, who, comment)
	}
	return i, err
}
func (w worldIndicators) ApproveFeed(_ context.Context, who, feed, comment string) (int, error) {
	return 3, w.note("approve feed %s of %s", feed, who)
}

func (w worldIndicators) Explain(_ context.Context, i store.Indicator) (indicator.Match, error) {
	kept := store.Indicator{ID: "indicator-all", Note: "secret-b"}
	return indicator.Match{Indicator: kept, Messages: 1}, w.note("explain %s in %q", i.Value, i.Tenant)
}

// Who may act in one tenant alone never acts in all, whatever he leaves out.
func TestIndicators_ofOneTenant(t *testing.T) {
	w := &world{}
	p := Principal{Name: "ap", Tenants: map[string]Role{tenantA: Approver}}
	if i, err := AddIndicator.Do(t.Context(), w.service(), p, NewIndicator{Value: "x"}); err != nil ||
		i.Tenant != tenantA {
		t.Errorf("added for %q, %v; want tenant a", i.Tenant, err)
	}
	if i, err := AddIndicator.Do(t.Context(), w.service(), Root("ada"), NewIndicator{Value: "x"}); err != nil ||
		i.Tenant != "" {
		t.Errorf("added for %q, %v; want every tenant", i.Tenant, err)
	}
	for _, id := range []string{"indicator-b", "indicator-all", "nothing"} {
		_, err := RemoveIndicator.Do(t.Context(), w.service(), p, IndicatorOrder{ID: id})
		if CodeOf(err) != NotFound {
			t.Errorf("%s: %v, want not found", id, err)
		}
	}
	list, err := ListIndicators.Do(t.Context(), w.service(), p, IndicatorQuery{})
	if err != nil || len(list.Items) != 1 || list.Items[0].ID != "indicator-a" {
		t.Errorf("%+v, %v; want a's own alone", list, err)
	}
}

// Who may act in one tenant alone imports for it alone. What the import says of all is the bound of what each says.
func TestImportIndicators(t *testing.T) {
	w := &world{}
	p := Principal{Name: "ap", Tenants: map[string]Role{tenantA: Approver}}
	soon, later := time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC), time.Date(2027, 1, 1, 0, 0, 0, 0, time.UTC)
	var got []store.Indicator
	w.imported = func(list []store.Indicator) { got = list }
	r, err := ImportIndicators.Do(t.Context(), w.service(), p, IndicatorImport{Note: "case 7", Until: soon,
		Indicators: []ImportedIndicator{{Value: "x", Until: later}, {Value: "y", Note: "own", Until: soon.Add(-1)}}})
	if err != nil || len(r.Added) != 2 || r.Known != 1 || len(r.Refused) != 1 || r.Refused[0].Why != "cannot be read" ||
		r.Tenant != tenantA {
		t.Errorf("%+v, %v", r, err)
	}
	want := []store.Indicator{{Tenant: tenantA, Value: "x", Note: "case 7", Until: soon},
		{Tenant: tenantA, Value: "y", Note: "own", Until: soon.Add(-1)}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("imported (-want +got):\n%s", diff)
	}
	_, err = ImportIndicators.Do(t.Context(), w.service(), p, IndicatorImport{Tenant: tenantB,
		Indicators: []ImportedIndicator{{Value: "x"}}})
	if err == nil {
		t.Error("imported for a tenant that is another's")
	}
}
