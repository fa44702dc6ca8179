package storetest

import (
	"testing"
	"time"

	"clawback/store"
	"clawback/verdict"
)

func testIndicators(t *testing.T, b *bench) {
	s := b.start(t)
	one := store.Indicator{ID: "k1", Tenant: Contoso, Kind: "url", Value: "https://evil.example/",
		Disposition: verdict.Malicious,
		State:       store.IndicatorWaiting, Why: "too many", Held: []string{Fabrikam}, Hits: 3, Note: "n", By: "ada",
		Approved: "bob", Added: Start,
		Until: Start.Add(time.Hour)}
	all := store.Indicator{ID: "k1", Kind: "domain", Value: "evil.example", Disposition: verdict.Suspicious,
		State: store.IndicatorActive, Added: Start}
	put := func(e store.Edit[store.Indicator]) { must(t, s.Update(t.Context(), store.Change{Indicators: e})) }
	put(store.Edit[store.Indicator]{Put: []store.Indicator{one, all}})
	s = b.restart(t, s)
	same(t, []store.Indicator{all, one}, ok(s.Indicators(t.Context(), "")))
	same(t, []store.Indicator{one}, ok(s.Indicators(t.Context(), Contoso)))
	put(store.Edit[store.Indicator]{Remove: []store.Key{all.Key()}})
	same(t, []store.Indicator{one}, ok(s.Indicators(t.Context(), "")))
}
