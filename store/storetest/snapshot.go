package storetest

import (
	"errors"
	"testing"

	"clawback/store"
	"clawback/verdict/history"
)

// state is all that can be asked of a store.
type state struct {
	Records  []store.Record
	Intents  map[string][]store.Intent
	Attempts map[string][]store.Attempt
	Counts   map[string]store.Counts
	Acted    map[string]int
	Seen     map[string]int
	Audit    []store.Act
	History  map[string][]history.Entry
}

// snapshot asks a store everything, and checks on the way what must always hold.
func snapshot(t *testing.T, s Store) state {
	t.Helper()
	st := state{
		Intents: map[string][]store.Intent{}, Attempts: map[string][]store.Attempt{}, Counts: map[string]store.Counts{},
		Acted: map[string]int{}, Seen: map[string]int{}, History: map[string][]history.Entry{},
	}
	st.Records = ok(s.Records(t.Context(), store.RecordFilter{Limit: 1e6}))
	for _, rec := range st.Records {
		st.Intents[rec.ID] = ok(s.Intents(t.Context(), rec.ID))
		for _, in := range st.Intents[rec.ID] {
			st.Attempts[in.ID] = ok(s.Attempts(t.Context(), in.ID))
		}
	}
	for _, tenant := range ok(s.Tenants(t.Context())) {
		st.Counts[tenant] = ok(s.Counts(t.Context(), tenant))
		st.Acted[tenant] = ok(s.Acted(t.Context(), tenant, Start.AddDate(-1, 0, 0)))
		st.Seen[tenant] = ok(s.Seen(t.Context(), tenant, Start.AddDate(-1, 0, 0)))
		st.History[tenant] = ok(s.History(t.Context(), tenant, []string{"from:sender@example.com"}))
	}
	st.Audit = ok(s.Audit(t.Context(), store.AuditFilter{Limit: 1e6}))
	must(t, s.VerifyAudit(t.Context()))
	recount(t, s, st)
	return st
}

// recount requires that the counters, and the list of what is pending, agree with the rows.
func recount(t *testing.T, s Store, st state) {
	t.Helper()
	sum := map[string]*store.Counts{}
	pending := map[string]bool{}
	for tenant := range st.Counts {
		sum[tenant] = &store.Counts{}
	}
	for _, rec := range st.Records {
		c := sum[rec.Tenant]
		c.Records++
		c.Dispositions = plus(c.Dispositions, rec.Verdict.Disposition)
		for _, in := range st.Intents[rec.ID] {
			countIntent(c, in)
			if in.Outcome == store.Pending {
				pending[in.ID] = true
			}
		}
	}
	for tenant, want := range sum {
		compareCounts(t, tenant, st.Counts[tenant], *want)
	}
	far := Start.AddDate(1, 0, 0)
	due := ok(s.Due(t.Context(), far, store.DueFilter{Limit: 1e6})).Intents
	for _, in := range due {
		if !pending[in.ID] {
			t.Errorf("intent %s is due and %s", in.ID, in.Outcome)
		}
		delete(pending, in.ID)
	}
	for id := range pending {
		t.Errorf("pending intent %s is never due", id)
	}
}

func countIntent(c *store.Counts, in store.Intent) {
	if in.Kind == store.Restore {
		c.Restores = plus(c.Restores, in.Outcome)
	} else {
		c.Outcomes = plus(c.Outcomes, in.Outcome)
	}
	if in.MovedBy(store.ByContent) {
		c.ByContent++
	}
	if in.Outcome == store.Held {
		c.Held++
	}
}

func plus[K comparable](m map[K]int, k K) map[K]int {
	if m == nil {
		m = map[K]int{}
	}
	m[k]++
	return m
}

func compareCounts(t *testing.T, tenant string, have, want store.Counts) {
	t.Helper()
	if have.Records != want.Records || have.Held != want.Held {
		t.Errorf("tenant %s counts %d records and %d held, and has %d and %d", tenant, have.Records, have.Held,
			want.Records, want.Held)
	}
	compareMap(t, tenant, have.Dispositions, want.Dispositions)
	compareMap(t, tenant, have.Outcomes, want.Outcomes)
	compareMap(t, tenant, have.Restores, want.Restores)
}

func compareMap[K comparable](t *testing.T, tenant string, have, want map[K]int) {
	t.Helper()
	for k := range want {
		if have[k] != want[k] {
			t.Errorf("tenant %s counts %d %v, and has %d", tenant, have[k], k, want[k])
		}
	}
	for k := range have {
		if want[k] == 0 && have[k] != 0 {
			t.Errorf("tenant %s counts %d %v, and has none", tenant, have[k], k)
		}
	}
}

var errInjected = errors.New("injected")
