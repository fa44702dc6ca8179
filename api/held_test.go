package api

import (
	"fmt"
	"testing"

	"clawback/store"
)

// What is held is listed with the message that it is about, and by a query of one's own tenants alone. That a search
// ended at its bound is said.
func TestListHeld_byQuery(t *testing.T) {
	p := Principal{Name: "ada", Tenants: map[string]Role{tenantA: Viewer}}
	for _, query := range []string{"", "subject:secret"} {
		page, err := ListHeld.Do(t.Context(), (&world{}).service(), p, IntentQuery{Query: query})
		if err != nil || len(page.Items) != 1 || page.Items[0].ID != "intent-a" || page.Items[0].Subject != "secret-a" {
			t.Errorf("query %q: %+v, %v", query, page, err)
		}
	}
	// The world's intents are held, so that none is what a dry-run would have done.
	page, err := ListDryRun.Do(t.Context(), (&world{}).service(), Root("ada"), IntentQuery{Query: "subject:secret"})
	if err != nil || len(page.Items) != 0 {
		t.Errorf("of the dry-run: %+v, %v", page, err)
	}
	w := &world{err: fmt.Errorf("list: %w", store.ErrBound)}
	if page, err := ListHeld.Do(t.Context(), w.service(), Root("ada"), IntentQuery{Query: "subject:secret"}); err != nil ||
		len(page.Items) != 2 || page.Cut != CutBySearch {
		t.Errorf("%+v, %v", page, err)
	}
	if _, err := ListHeld.Do(t.Context(), w.service(), Root("ada"), IntentQuery{Query: "x:y"}); CodeOf(err) != InvalidRequest {
		t.Errorf("a query that makes no sense: %v", err)
	}
	if _, err := ListHeld.Do(t.Context(), w.service(), p, IntentQuery{Query: "tenant:b"}); CodeOf(err) != NotFound {
		t.Errorf("another tenant: %v", err)
	}
}
