package api

import (
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clawback/journal"
	"clawback/store"
	"clawback/verdict"
)

func TestSpread_byNearestRank(t *testing.T) {
	var hundred []int64
	for n := range 100 {
		hundred = append(hundred, int64(100-n))
	}
	for _, c := range []struct {
		list []int64
		want Spread
	}{
		{nil, Spread{}},
		{[]int64{7}, Spread{1, 7, 7, 7, 7}},
		{[]int64{9, 1}, Spread{2, 1, 9, 9, 9}},
		{[]int64{3, 1, 2}, Spread{3, 2, 3, 3, 3}},
		{hundred, Spread{100, 50, 90, 99, 100}},
	} {
		if got := spreadOf(c.list); got != c.want {
			t.Errorf("%+v, want %+v", got, c.want)
		}
	}
}

func TestRanked_mostFirstThenByName(t *testing.T) {
	got := ranked(map[string]int{"b": 2, "a": 2, "c": 9, "d": 1}, 3)
	if diff := cmp.Diff([]Ranked{{"c", 9}, {"a", 2}, {"b", 2}}, got); diff != "" {
		t.Error(diff)
	}
}

// Each mailbox counts once, under what came of it: by itself or by hand, read or not, failed for which reason.
func TestReport_sumsUpMailboxes(t *testing.T) {
	at := time.Date(2026, 3, 1, 8, 0, 0, 0, time.UTC)
	moved := func(read bool, seconds int) []store.Taken {
		return []store.Taken{{State: store.TakenMoved, Read: read, Received: at,
			At: at.Add(time.Duration(seconds) * time.Second)}}
	}
	sums := tenantSums{failed: map[string]int{}}
	sums.Restores, sums.Retractions.Outcomes = map[store.Outcome]int{}, map[store.Outcome]int{}
	for _, in := range []store.Intent{
		{Kind: store.Retract, Outcome: store.Done, Received: at, Taken: moved(true, 20)},
		{Kind: store.Retract, Outcome: store.Done, Received: at.Add(5 * time.Second), Taken: moved(false, 10)},
		{Kind: store.Retract, Outcome: store.Done, By: "ada", Received: at, Taken: moved(false, 90)},
		{Kind: store.Retract, Outcome: store.Done, Approved: "ada"}, // in its target before any call
		{Kind: store.Retract, Outcome: store.Failed, Reason: "the mailbox is full"},
		{Kind: store.Retract, Outcome: store.Failed, Code: store.CodeDoubt, Reason: "in doubt"},
		{Kind: store.Retract, Outcome: store.Skipped, DryRun: true},
		{Kind: store.Retract, Outcome: store.Held},
		{Kind: store.Restore, Outcome: store.Done},
	} {
		sums.addIntent(in)
	}
	want := RetractionReport{
		Outcomes: map[store.Outcome]int{store.Done: 4, store.Failed: 2, store.Skipped: 1, store.Held: 1},
		DryRun:   1, Automatic: 2, ByHand: 2, Read: 1, Unread: 2,
		Failed:       []Ranked{{"doubt", 1}, {"the mailbox is full", 1}},
		FromDelivery: Spread{3, 20, 90, 90, 90}, FromReport: Spread{3, 20, 90, 90, 90},
	}
	got := sums.report()
	if diff := cmp.Diff(want, got.Retractions); diff != "" {
		t.Error(diff)
	}
	if got.Restores[store.Done] != 1 {
		t.Errorf("restores %v", got.Restores)
	}
}

func TestReport_ranksBadMail(t *testing.T) {
	sums := tenantSums{targets: map[string]int{}, senders: map[string]int{}, lures: map[string]int{}}
	for _, from := range []string{"a@evil.example", "b@EVIL.example", "c@other.example", ""} {
		sums.addRecord(store.Record{From: from, Recipients: []journal.Recipient{{Address: "Ada@contoso.example"}},
			Verdict: verdict.Verdict{Reasons: []verdict.Reason{
				{ID: "impersonation.brand_name", Family: "impersonation"},
				{ID: "impersonation.brand_name", Family: "impersonation"}, {ID: "link.x", Family: "link"}}}})
	}
	got := sums.report()
	if diff := cmp.Diff([]Ranked{{"evil.example", 2}, {"none", 1}, {"other.example", 1}}, got.Senders); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Ranked{{"ada@contoso.example", 4}}, got.Targets); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]Ranked{{"impersonation.brand_name", 4}}, got.Lures); diff != "" {
		t.Error(diff)
	}
}

// A report is of the tenants that the principal may see, and of a span that makes sense.
func TestReport_spanAndTenants(t *testing.T) {
	s := (&world{}).service()
	whole, err := ShowReport.Do(t.Context(), s, Root("ada"), ReportQuery{})
	if err != nil || len(whole.Tenants) != 2 || whole.To.Sub(whole.From) != reportDays*24*time.Hour {
		t.Errorf("%+v, %v", whole, err)
	}
	one, err := ShowReport.Do(t.Context(), s, Root("ada"), ReportQuery{Tenant: "b"})
	if err != nil || len(one.Tenants) != 1 || one.Tenants[0].Name != "b" ||
		one.Tenants[0].Messages[verdict.Clean] != 5 {
		t.Errorf("%+v, %v", one, err)
	}
	now := time.Now()
	for _, q := range []ReportQuery{{From: now, To: now}, {From: now, To: now.Add(-time.Hour)}} {
		if _, err := ShowReport.Do(t.Context(), s, Root("ada"), q); err == nil {
			t.Errorf("%+v: no error", q)
		}
	}
}
