package store_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clawback/journal"
	"clawback/store"
	"clawback/store/memory"
	"clawback/verdict"
)

// A span has its beginning and not its end, so that spans side by side count each message once.
func TestReceived_countsEachMessageOnce(t *testing.T) {
	now := time.Date(2026, 3, 10, 0, 0, 0, 0, time.UTC)
	s, err := store.New(&memory.Engine{}, store.Options{Now: func() time.Time { return now }})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	day := 24 * time.Hour
	for i, at := range []time.Time{now.Add(-3 * day), now.Add(-3*day + 1), now.Add(-2 * day), now.Add(-day),
		now.Add(-day - time.Millisecond)} {
		for _, tenant := range []string{"a", "b"} {
			v := verdict.Verdict{Disposition: verdict.Malicious, Rules: "r", Knowledge: "k"}
			rec := store.Record{Tenant: tenant, MessageID: fmt.Sprintf("<%d@x.example>", i), Received: at, Verdict: v,
				FirstHand: true, Recipients: []journal.Recipient{{Address: "ada@x.example", Type: journal.To}},
				Variants: []store.Variant{{SHA256: "aa", Report: "k", Verdict: v, FirstHand: true, At: at}}}
			plan := func(rec store.Record, _ []store.Intent) []store.Intent {
				return []store.Intent{{ID: "i" + rec.ID[1:], Record: rec.ID, Tenant: tenant, Address: "ada@x.example",
					Kind: store.Retract, Action: "trash", Outcome: store.Held}}
			}
			_, _, err := s.Apply(t.Context(), store.Application{Key: fmt.Sprint(tenant, i), Item: "i", Tenant: tenant,
				Network: fmt.Sprint("n", i), Record: rec}, plan)
			if err != nil {
				t.Fatal(err)
			}
		}
	}
	for _, c := range []struct {
		tenant      string
		since, till time.Duration
		want        map[string]map[verdict.Disposition]int
		intents     int
	}{
		{"a", -3 * day, -2 * day, map[string]map[verdict.Disposition]int{"a": {verdict.Malicious: 2}}, 2},
		{"a", -2 * day, -day, map[string]map[verdict.Disposition]int{"a": {verdict.Malicious: 2}}, 2},
		{"a", -day, 0, map[string]map[verdict.Disposition]int{"a": {verdict.Malicious: 1}}, 1},
		{"a", -9 * day, -8 * day, map[string]map[verdict.Disposition]int{"a": {}}, 0},
		{"", -9 * day, 0, map[string]map[verdict.Disposition]int{"a": {verdict.Malicious: 5}, "b": {verdict.Malicious: 5}}, 10},
	} {
		got, err := s.CountReceived(t.Context(), c.tenant, now.Add(c.since), now.Add(c.till))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s from %s to %s: %s", c.tenant, c.since, c.till, diff)
		}
		list, err := s.IntentsBy(t.Context(), store.IntentFilter{Tenant: c.tenant, Since: now.Add(c.since),
			Until: now.Add(c.till)})
		if err != nil || len(list) != c.intents {
			t.Errorf("%s from %s to %s: %d intents, want %d: %v", c.tenant, c.since, c.till, len(list), c.intents, err)
		}
	}
}
