package api

import (
	"context"
	"fmt"
	"testing"

	"clawback/intel/rejudge"
	"clawback/store"
)

type worldRescans struct{ *world }

func (w worldRescans) Start(_ context.Context, o rejudge.Order) (store.Rescan, error) {
	return store.Rescan{ID: "rescan-new", Tenant: o.Tenant, DryRun: o.DryRun},
		w.note("rescan %s of %q by %s", o.Filter.Query, o.Tenant, o.Who)
}

func (w worldRescans) Rescans() []store.Rescan {
	return []store.Rescan{{ID: "rescan-a", Tenant: tenantA}, {ID: "rescan-b", Tenant: tenantB, Comment: "secret-b"},
		{ID: "rescan-all", Comment: "secret-b"}}
}

func (w worldRescans) Rescan(id string) (store.Rescan, error) {
	for _, one := range w.Rescans() {
		if one.ID == id {
			return one, nil
		}
	}
	return store.Rescan{}, fmt.Errorf("rescan %q: %w", id, store.ErrNotFound)
}

func (w worldRescans) Pause(_ context.Context, who, id, comment string) (store.Rescan, error) {
	return w.change("pause", who, id, comment)
}

func (w worldRescans) Resume(_ context.Context, who, id, comment string) (store.Rescan, error) {
	return w.change("resume", who, id, comment)
}

func (w worldRescans) Cancel(_ context.Context, who, id, comment string) (store.Rescan, error) {
	return w.change("cancel", who, id, comment)
}

func (w worldRescans) Approve(_ context.Context, who, id, comment string) (store.Rescan, error) {
	return w.change("approve", who, id, comment)
}

func (w worldRescans) change(what, who, id, comment string) (store.Rescan, error) {
	one, err := w.Rescan(id)
	if err == nil {
		err = w.note("%s rescan %s by %s: %s", what, id, who, comment)
	}
	return one, err
}

// A rescan is of the tenant of who asks, and one that names nothing is refused.
func TestRescan_ofOneTenant(t *testing.T) {
	w := &world{}
	p := Principal{Name: "an", Tenants: map[string]Role{tenantA: Analyst}}
	order := RescanOrder{Search: Search{Query: "from:x.example"}, DryRun: true}
	if one, err := StartRescan.Do(t.Context(), w.service(), p, order); err != nil || one.Tenant != tenantA ||
		!one.DryRun {
		t.Errorf("started for %q, %v; want tenant a", one.Tenant, err)
	}
	if one, err := StartRescan.Do(t.Context(), w.service(), Root("ada"), order); err != nil || one.Tenant != "" {
		t.Errorf("started for %q, %v; want every tenant", one.Tenant, err)
	}
	if _, err := StartRescan.Do(t.Context(), w.service(), p, RescanOrder{}); CodeOf(err) != InvalidRequest {
		t.Errorf("one that names nothing: %v", err)
	}
	if _, err := ApproveRescan.Do(t.Context(), w.service(), p, ItemOrder{ID: "rescan-a"}); CodeOf(err) != Forbidden {
		t.Errorf("an analyst approves: %v", err)
	}
}
