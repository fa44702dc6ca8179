package queuetest

import (
	"errors"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clawback/queue"
)

func listPages(t *testing.T, h Harness) {
	q := h.Open(t, queue.Options{})
	var all, ofFabrikam []string
	for i := range 10 {
		tenant := contoso
		if i%3 == 0 {
			tenant = fabrikam
		}
		id := put(t, q, tenant, []byte("x"))
		all = append(all, id)
		if tenant == fabrikam {
			ofFabrikam = append(ofFabrikam, id)
		}
	}
	later := time.Now().Add(time.Hour)
	for i, it := range claim(t, q, 4) { // due in the opposite order
		must(t, q.Defer(t.Context(), it.ID, later.Add(-time.Duration(i)*time.Minute), "later"))
	}
	tests := []struct {
		name string
		f    queue.Filter
		want []string
	}{
		{"all", queue.Filter{}, all},
		{"first page", queue.Filter{Limit: 4}, all[:4]},
		{"second page", queue.Filter{After: all[3], Limit: 4}, all[4:8]},
		{"deferred", queue.Filter{State: queue.Deferred}, all[:4]},
		{"deferred, page", queue.Filter{State: queue.Deferred, After: all[1], Limit: 1}, all[2:3]},
		{"ready", queue.Filter{State: queue.Ready}, all[4:]},
		{"quarantined", queue.Filter{State: queue.Quarantined}, nil},
		{"tenant", queue.Filter{Tenant: fabrikam}, ofFabrikam},
		{"tenant, page", queue.Filter{Tenant: fabrikam, After: ofFabrikam[0], Limit: 2}, ofFabrikam[1:3]},
		{"received then", queue.Filter{Since: envelope(contoso).Received}, all},
		{"received later", queue.Filter{Since: envelope(contoso).Received.Add(time.Second)}, nil},
	}
	for _, test := range tests {
		items, err := q.List(t.Context(), test.f)
		must(t, err)
		if diff := cmp.Diff(test.want, itemIDs(items)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", test.name, diff)
		}
	}
}

// Who vouches for a report is durable, and only for one in quarantine.
func trust(t *testing.T, h Harness) {
	q := h.Open(t, queue.Options{})
	id := put(t, q, contoso, []byte("x"))
	if err := q.Trust(t.Context(), id, "ada"); !errors.Is(err, queue.ErrState) {
		t.Errorf("Trust of a ready item = %v, want ErrState", err)
	}
	must(t, q.Quarantine(t.Context(), id, queue.CauseNetwork, "not attributed"))
	must(t, q.Trust(t.Context(), id, "ada"))
	q = reopen(t, h, q, queue.Options{})
	if got := claim(t, q, 1); got[0].ID != id || got[0].Trusted != "ada" {
		t.Errorf("claimed %+v, want %s with the word of ada", got[0], id)
	}
}

// What a person does to an item is nobody's claim.
func personNeedsNoClaim(t *testing.T, h Harness) {
	w := twoOwners(t, h)
	id := put(t, w.a, contoso, []byte("a"))
	claim(t, w.a, 1)
	must(t, w.a.Quarantine(t.Context(), id, queue.CauseNetwork, "not attributed"))
	must(t, w.b.Trust(t.Context(), id, "ada"))
	if got := claim(t, w.b, 1)[0]; got.Trusted != "ada" {
		t.Errorf("claimed %+v", got)
	}
	if err := w.a.Retry(t.Context(), id); !errors.Is(err, queue.ErrState) {
		t.Errorf("Retry of another's item in work = %v, want ErrState", err)
	}
	must(t, w.b.Finish(t.Context(), id))
}
