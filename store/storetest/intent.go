package storetest

import (
	"errors"
	"testing"

	"clawback/store"
)

func testIntentsBy(t *testing.T, s Store) {
	rec := ok(s.Records(t.Context(), store.RecordFilter{Subject: "Invoice 4"}))[0]
	in := ok(s.Intents(t.Context(), rec.ID))[0]
	in.Outcome, in.Mailbox = store.Held, "mailbox-4"
	must(t, s.Update(t.Context(), store.Change{Intents: []store.Intent{in}}))
	tests := []struct {
		name string
		f    store.IntentFilter
		want int
	}{
		{"all", store.IntentFilter{}, 8},
		{"limit", store.IntentFilter{Limit: 5}, 5},
		{"held", store.IntentFilter{Outcomes: []store.Outcome{store.Held}}, 1},
		{"held or pending", store.IntentFilter{Outcomes: []store.Outcome{store.Held, store.Pending}}, 8},
		{"held of a tenant", store.IntentFilter{Tenant: Fabrikam, Outcomes: []store.Outcome{store.Held}}, 0},
		{"record", store.IntentFilter{Record: rec.ID}, 1},
		{"record and outcome", store.IntentFilter{Record: rec.ID, Outcomes: []store.Outcome{store.Pending}}, 0},
		{"address", store.IntentFilter{Address: "BERT@fabrikam.example"}, 1},
		{"mailbox", store.IntentFilter{Mailbox: "mailbox-4"}, 1},
		{"kind", store.IntentFilter{Kind: store.Restore}, 0},
		{"of a dry-run", store.IntentFilter{DryRun: true}, 0},
	}
	testIntentPages(t, s)
	for _, tt := range tests {
		t.Run("intents "+tt.name, func(t *testing.T) {
			if got := len(ok(s.IntentsBy(t.Context(), tt.f))); got != tt.want {
				t.Errorf("found %d, want %d", got, tt.want)
			}
		})
	}
}

// testIntentPages: a list in parts of any size has each intent once, in the order of the whole list, also where the
// last one of a part has another outcome by the time of the next.
func testIntentPages(t *testing.T, s Store) {
	for _, f := range []store.IntentFilter{
		{}, {Tenant: Contoso}, {Tenant: Fabrikam}, {Outcomes: []store.Outcome{store.Pending}},
	} {
		whole := ok(s.IntentsBy(t.Context(), f))
		for size := 1; size <= len(whole)+1; size++ {
			var got []store.Intent
			page := f
			for page.Limit = size; ; page.After = got[len(got)-1].ID {
				part := ok(s.IntentsBy(t.Context(), page))
				if got = append(got, part...); len(part) < size {
					break
				}
			}
			same(t, whole, got)
		}
	}
	pending := store.IntentFilter{Tenant: Contoso, Outcomes: []store.Outcome{store.Pending}}
	whole := ok(s.IntentsBy(t.Context(), pending))
	last := whole[1]
	last.Outcome = store.Skipped
	must(t, s.Update(t.Context(), store.Change{Intents: []store.Intent{last}}))
	pending.After = last.ID
	same(t, whole[2:], ok(s.IntentsBy(t.Context(), pending)))
	for tenant, after := range map[string]string{Fabrikam: last.ID, Contoso: "nothing-there"} {
		_, err := s.IntentsBy(t.Context(), store.IntentFilter{Tenant: tenant, After: after})
		if !errors.Is(err, store.ErrNotFound) {
			t.Errorf("behind %s, which is none of the tenant's: %v", after, err)
		}
	}
	back := ok(s.Intent(t.Context(), last.ID))
	back.Outcome = store.Pending
	must(t, s.Update(t.Context(), store.Change{Intents: []store.Intent{back}}))
}
