package api

import "testing"

// One policy and one indicator are shown as the lists have them, and what is not there is not found.
func TestShow_oneOfAList(t *testing.T) {
	s, root := (&world{}).service(), Root("ada")
	if p, err := ShowPolicy.Do(t.Context(), s, root, PolicyRef{ID: "policy-a", Tenant: "a"}); err != nil || p.ID != "policy-a" {
		t.Errorf("%+v, %v", p, err)
	}
	if _, err := ShowPolicy.Do(t.Context(), s, root, PolicyRef{ID: "policy-b", Tenant: "a"}); CodeOf(err) != NotFound {
		t.Errorf("another tenant's policy: %v", err)
	}
	list, err := ListIndicators.Do(t.Context(), s, root, IndicatorQuery{Tenant: "a"})
	if err != nil || len(list.Items) == 0 {
		t.Fatal(list, err)
	}
	for _, one := range list.Items {
		got, err := ShowIndicator.Do(t.Context(), s, root, IndicatorRef{ID: one.ID, Tenant: one.Tenant})
		if err != nil || got != one {
			t.Errorf("%+v, %v, want %+v", got, err, one)
		}
	}
	if _, err := ShowIndicator.Do(t.Context(), s, root, IndicatorRef{ID: "none", Tenant: "a"}); CodeOf(err) != NotFound {
		t.Errorf("no indicator: %v", err)
	}
}
