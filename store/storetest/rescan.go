package storetest

import (
	"testing"
	"time"

	"clawback/store"
	"clawback/verdict"
)

// testRescans: how far messages have been judged again is kept whole, by tenant and by rescan.
func testRescans(t *testing.T, b *bench) {
	s := b.start(t)
	one := store.Schedule{Tenant: Contoso, Version: "r k", Epoch: 2, Changed: 3, Tries: 1,
		Used: map[string]int{"takes": 2, "takes sender:evil.example": 1}, Held: map[string]string{"takes": "s1"},
		Stages: []store.Stage{{Spans: []store.Span{{From: Start, Epoch: 2}}},
			{After: time.Hour, Until: Start, Seen: 4, Read: 2, Spans: []store.Span{{From: Start, Epoch: 1}}}}}
	two := store.Schedule{Tenant: Fabrikam, Version: "r", Epoch: 1}
	sweep := store.Rescan{ID: "s1", Tenant: Contoso, Who: "ada", DryRun: true, State: store.RescanWaiting,
		Holds:   "all",
		Filter:  store.RecordFilter{Tenant: Contoso, Dispositions: []verdict.Disposition{verdict.Clean}},
		Changes: map[string]int{"CLEAN to SPAM": 2}, Cursor: "c", Seen: 9, Created: Start, Changed: Start,
		Samples: []store.RescanSample{{Record: "r1", Received: Start, Change: "CLEAN to SPAM"}}}
	all := store.Rescan{ID: "s1", State: store.RescanCounting, Created: Start, Changed: Start}
	must(t, s.Update(t.Context(), store.Change{
		Schedules: store.Edit[store.Schedule]{Put: []store.Schedule{one, two}},
		Rescans:   store.Edit[store.Rescan]{Put: []store.Rescan{sweep, all}}}))
	s = b.restart(t, s)
	same(t, []store.Schedule{one, two}, ok(s.Schedules(t.Context())))
	same(t, []store.Rescan{all, sweep}, ok(s.Rescans(t.Context())))
	must(t, s.Update(t.Context(), store.Change{
		Schedules: store.Edit[store.Schedule]{Remove: []store.Key{one.Key()}},
		Rescans:   store.Edit[store.Rescan]{Remove: []store.Key{all.Key()}}}))
	same(t, []store.Schedule{two}, ok(s.Schedules(t.Context())))
	same(t, []store.Rescan{sweep}, ok(s.Rescans(t.Context())))
}
