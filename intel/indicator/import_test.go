package indicator

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"clawback/store"
	"clawback/store/storetest"
	"clawback/verdict"
)

// An import adds what can stand for bad mail, says of the rest why it cannot, and acts within the brake of each; a dry
// run says the same, and changes nothing.
func TestImport(t *testing.T) {
	g := newRig(t)
	hit := g.mail(storetest.Contoso, nil, "url="+page)
	var many []store.Record
	for range 21 { // of one indicator, and a person must look first
		many = append(many, g.mail(storetest.Contoso,
			func(r *store.Record) { r.Received = g.now.Add(-time.Minute) }, "url=https://many.example/login"))
	}
	list := []store.Indicator{{Value: page}, {Value: "hxxps://many[.]example/login"}, {Value: "contoso.example"},
		{Value: "none.example"}, {Value: page}, {Value: "12345"}}
	for _, dryRun := range []bool{true, false} {
		done, err := g.Import(t.Context(), "ada", list, dryRun)
		must(t, err)
		if len(done.Added) != 3 || len(done.Refused) != 2 || done.Known != 0 ||
			!strings.Contains(done.Refused[0].Why.Error(), "domain of one's own") || done.Refused[1].Value != "12345" {
			t.Errorf("dry run %t: %+v", dryRun, done)
		}
		if dryRun && (done.Changes != 1 || done.Waiting != 1) {
			t.Errorf("the dry run foresees %d changes and %d that wait, want 1 and 1", done.Changes, done.Waiting)
		}
		if dryRun && (len(g.List("")) != 0 || g.is(hit).Disposition != verdict.Clean) {
			t.Fatal("a dry run has added something")
		}
	}
	must(t, g.step(t.Context()))
	g.wants("imported", hit, verdict.Malicious)
	for _, rec := range many {
		g.wants("beyond the brake", rec, verdict.Clean)
	}
}

// A list that is imported again changes nothing of what a person has decided.
func TestImport_again(t *testing.T) {
	g := newRig(t)
	for range 21 {
		g.mail(storetest.Contoso, func(r *store.Record) { r.Received = g.now.Add(-time.Minute) }, "url="+page)
	}
	list := []store.Indicator{{Value: page}}
	done, err := g.Import(t.Context(), "ada", list, false)
	must(t, err)
	must(t, g.step(t.Context()))
	_, err = g.Approve(t.Context(), "bob", "", done.Added[0].ID, "looked at")
	must(t, err)
	must(t, g.step(t.Context()))
	done, err = g.Import(t.Context(), "carl", list, false)
	if err != nil || done.Known != 1 || len(done.Added) != 0 {
		t.Errorf("imported again: %+v, %v", done, err)
	}
	if i := g.List("")[0]; i.By != "ada" || i.Approved != "bob" || i.State != store.IndicatorActive {
		t.Errorf("it is %+v now", i)
	}
}

// More than may be kept are refused as a whole before anything is looked at; where little room is left the rest is
// told.
func TestImport_bounds(t *testing.T) {
	g := newRig(t)
	var list []store.Indicator
	for n := range MaxImport + 1 {
		list = append(list, store.Indicator{Value: fmt.Sprintf("https://a%d.example/x", n), Tenant: storetest.Contoso})
	}
	if _, err := g.Import(t.Context(), "ada", list, false); err == nil || len(g.List("")) > 0 {
		t.Errorf("more than may be: %v, %d are there", err, len(g.List("")))
	}
	done, err := g.Import(t.Context(), "ada", list[:maxShare+2], true)
	if err != nil || len(done.Added) != maxShare || len(done.Refused) != 2 {
		t.Errorf("%d are added and %d refused, %v", len(done.Added), len(done.Refused), err)
	}
}
