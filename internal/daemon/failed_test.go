package daemon

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clawback/api"
	"clawback/store"
	"clawback/store/storetest"
)

// giveUp has an intent fail for good, as an immediate refusal does: without a row of failures.
func (f *boardOf) giveUp(in store.Intent, outcome store.Outcome, reason string) {
	f.t.Helper()
	in, err := f.db.Intent(f.t.Context(), in.ID)
	if err != nil {
		f.t.Fatal(err)
	}
	in.Outcome, in.Reason = outcome, reason
	if err := f.db.Update(f.t.Context(), store.Change{Intents: []store.Intent{in}}); err != nil {
		f.t.Fatal(err)
	}
}

// look is what a look at the status does with the retractions that failed.
func (f *boardOf) look(tenants ...string) (list []store.Notice) {
	f.t.Helper()
	var all []api.Tenant
	for _, id := range tenants {
		counts, err := f.db.Counts(f.t.Context(), id)
		if err != nil {
			f.t.Fatal(err)
		}
		all = append(all, api.Tenant{ID: id, Counts: api.CountsOf(counts)})
	}
	list, err := failures(f.t.Context(), f.db, all, f.clock)
	if err != nil {
		f.t.Fatal(err)
	}
	f.settle(f.beginLook(), list)
	return list
}

// apply commits a record, and returns the retractions that follow.
func (f *boardOf) apply(tenant string, n int) (store.Record, []store.Intent) {
	f.t.Helper()
	rec, _, err := f.db.Apply(f.t.Context(), storetest.Report(tenant, n), storetest.PlanAll)
	if err != nil {
		f.t.Fatal(err)
	}
	intents, err := f.db.Intents(f.t.Context(), rec.ID)
	if err != nil || len(intents) == 0 {
		f.t.Fatal(len(intents), err)
	}
	return rec, intents
}

// Each message that was given up is told, however soon that was, of each tenant; one that is taken after all is not,
// and what is told of the others stays.
func TestFailures_tellEachMessage(t *testing.T) {
	f := newBoardOf(t)
	f.clock = storetest.Start.Add(time.Hour)
	refused, first := f.apply(storetest.Contoso, 1)
	_, second := f.apply(storetest.Contoso, 2)
	_, done := f.apply(storetest.Contoso, 3)
	_, other := f.apply(storetest.Fabrikam, 4)
	f.giveUp(first[0], store.Failed, "403 refused")
	f.giveUp(second[0], store.Failed, "the mailbox is not to be had")
	f.giveUp(done[0], store.Done, "moved")
	f.giveUp(other[0], store.Failed, "404 gone")
	subjects := func(list []store.Notice) (all []string) {
		for _, n := range list {
			all = append(all, n.Tenant+" "+n.Subject)
		}
		return all
	}
	want := []string{storetest.Contoso + " " + second[0].Record, storetest.Contoso + " " + refused.ID,
		storetest.Fabrikam + " " + other[0].Record}
	got := subjects(f.look(storetest.Contoso, storetest.Fabrikam))
	if diff := cmp.Diff(slices.Sorted(slices.Values(want)), slices.Sorted(slices.Values(got))); diff != "" {
		t.Errorf("told are (-want +got):\n%s", diff)
	}
	f.logged("alert.retract.gave_up", 3)
	f.giveUp(first[0], store.Done, "moved")
	got = subjects(f.look(storetest.Contoso, storetest.Fabrikam))
	want = []string{storetest.Contoso + " " + second[0].Record, storetest.Fabrikam + " " + other[0].Record}
	if diff := cmp.Diff(slices.Sorted(slices.Values(want)), slices.Sorted(slices.Values(got))); diff != "" {
		t.Errorf("told are, when one was taken after all (-want +got):\n%s", diff)
	}
	list, err := f.list(t.Context())
	if err != nil || len(list) != 2 {
		t.Errorf("%d notices stand, %v; want 2", len(list), err)
	}
	f.restart()
	f.look(storetest.Contoso, storetest.Fabrikam)
	f.logged("alert.retract.gave_up", 3) // a start tells nothing anew
	f.clock = f.clock.Add(failedFor)
	if list := f.look(storetest.Contoso, storetest.Fabrikam); len(list) != 0 {
		t.Errorf("told after a week: %v", list)
	}
}

// A message is one notice, whatever the number of its mailboxes; where there are too many messages, their number is
// told.
func TestFailuresOf_bounds(t *testing.T) {
	now := storetest.Start
	var failed []store.Intent
	for n := range 5 {
		for _, who := range []string{"anna", "bert"}[:1+n%2] {
			failed = append(failed, store.Intent{Record: fmt.Sprint("r", n), Address: who + "@contoso.example",
				Reason: "refused", Changed: now.Add(-failedFor + time.Second)})
		}
	}
	failed = append(failed, store.Intent{Record: "old", Changed: now.Add(-failedFor)})
	text := func(most int) (all []string) {
		for _, n := range failuresOf("t", failed, most, now) {
			all = append(all, n.Subject+": "+n.Text)
		}
		return all
	}
	if got := text(5); len(got) != 5 ||
		got[0] != "r0: message r0 in the mailbox of anna@contoso.example: refused" ||
		got[1] != "r1: message r1 in 2 mailboxes, of anna@contoso.example first: refused" {
		t.Errorf("told of five: %q", got)
	}
	if got := text(4); len(got) != 5 || !strings.HasPrefix(got[4], failedOverflow+": 1 further message") {
		t.Errorf("told where four may be: %q", got)
	}
}
