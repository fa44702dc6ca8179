package indicator

import (
	"fmt"
	"testing"
	"time"

	"clawback/store"
	"clawback/store/storetest"
	"clawback/verdict"
)

// states counts the indicators of a feed by their state.
func (g *rig) states(feed string) map[store.IndicatorState]int {
	n := map[store.IndicatorState]int{}
	for _, i := range g.List("") {
		if ofFeed(i) == feed {
			n[i.State]++
		}
	}
	return n
}

// What all indicators of one feed change within a day is bounded, though each of them passes the brake for one: in one
// update, in many, and again the next day. Another feed's and a person's are not bounded by it.
func TestFeedBrake(t *testing.T) {
	g := newRig(t)
	g.Desk.o.Feed = 100
	records := map[int][]string{}
	for n := range 40 {
		for range 15 {
			rec := g.mail(storetest.Contoso, nil, fmt.Sprintf("url=https://site%d.example/login", n))
			records[n] = append(records[n], rec.ID)
		}
	}
	add := func(who string, from, to int) {
		t.Helper()
		var list []store.Indicator
		for n := from; n < to; n++ {
			list = append(list, url(n))
		}
		g.many(who, list...)
		must(t, g.step(t.Context()))
	}
	wants := func(what, feed string, active, waiting int) {
		t.Helper()
		if got := g.states(feed); got[store.IndicatorActive] != active || got[store.IndicatorWaiting] != waiting {
			t.Errorf("%s: %v, want %d active and %d waiting", what, got, active, waiting)
		}
	}
	bad := func() (n int) {
		for _, all := range records {
			for _, id := range all {
				if g.disposition(id) == verdict.Malicious {
					n++
				}
			}
		}
		return n
	}
	add("feed f", 0, 10)
	wants("ten at once, 150 messages", "f", 6, 4)
	if n := bad(); n != 90 {
		t.Errorf("%d messages are judged anew, want 90", n)
	}
	add("feed f", 10, 11)
	wants("one more, by itself", "f", 6, 5)
	add("feed g", 11, 13)
	wants("another feed's", "g", 2, 0)
	add("ada", 13, 23)
	for _, i := range g.List("") {
		if i.By == "ada" && i.State != store.IndicatorActive {
			t.Errorf("a person's %s is %s: %s", i.Value, i.State, i.Why)
		}
	}
	g.open()
	g.Desk.o.Feed = 100
	add("feed f", 23, 24)
	wants("after a start", "f", 6, 6)
	g.now = g.now.Add(25 * time.Hour)
	add("feed f", 24, 26)
	wants("the next day", "f", 8, 6)

	before := bad()
	n, err := g.ApproveFeed(t.Context(), "ada", "f", "the list is right")
	must(t, err)
	must(t, g.step(t.Context()))
	if n != 6 || bad() != before+6*15 {
		t.Errorf("%d were approved, and %d messages judged anew by them", n, bad()-before)
	}
	wants("approved", "f", 14, 0)
	acts, err := g.s.Audit(t.Context(), store.AuditFilter{What: "feed.approve"})
	must(t, err)
	if len(acts) != 1 || acts[0].Who != "ada" || acts[0].Object != "f" ||
		acts[0].Comment != "6 indicators; the list is right" {
		t.Errorf("the audit has %+v", acts)
	}
	if _, err := g.ApproveFeed(t.Context(), "ada", "f", ""); err == nil {
		t.Error("what waits for nobody is approved")
	}
	add("feed f", 26, 28)
	wants("what was approved does not count", "f", 16, 0)
}

// What carries a feed's indicators and is bad already, or not to be touched, counts for nothing.
func TestFeedBrake_countsWhatWouldChange(t *testing.T) {
	g := newRig(t)
	g.Desk.o.Feed = 10
	var list []store.Indicator
	for n := range 10 {
		for range 5 {
			g.mail(storetest.Contoso, func(r *store.Record) {
				r.Variants[0].Verdict.Disposition = verdict.Malicious
			}, fmt.Sprintf("url=https://site%d.example/login", n))
		}
		g.mail(storetest.Contoso, nil, fmt.Sprintf("url=https://site%d.example/login", n))
		list = append(list, url(n))
	}
	g.many("feed f", list...)
	must(t, g.step(t.Context()))
	if got := g.states("f"); got[store.IndicatorActive] != 10 {
		t.Errorf("%v; want that all act", got)
	}
}

// Thousands that wait have a notice each up to a bound, and one for all others.
func TestFeedBrake_notices(t *testing.T) {
	g := newRig(t)
	g.Desk.o.Feed = 1
	var list []store.Indicator
	for n := range mostReminded + 10 {
		g.mail(storetest.Contoso, nil, fmt.Sprintf("url=https://site%d.example/login", n))
		list = append(list, url(n))
	}
	g.many("feed f", list...)
	must(t, g.step(t.Context()))
	notices, err := g.s.Notices(t.Context(), "")
	must(t, err)
	const share = (mostReminded + 10) / 50 // 2 % of the mail, which is more than one message
	if got := g.states("f"); len(notices) != mostReminded+1 || got[store.IndicatorWaiting] != len(list)-share {
		t.Errorf("%d notices, %v", len(notices), got)
	}
}
