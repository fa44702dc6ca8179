package api

import (
	"context"
	"fmt"
	"testing"

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
