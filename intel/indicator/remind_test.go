package indicator

import (
	"fmt"
	"testing"
	"time"

	"clawback/store"
	"clawback/store/storetest"
)

// What waits is told for as long as it waits: a start lets the notices of before end, and they are raised again.
func TestRemind_afterAStart(t *testing.T) {
	g := newRig(t)
	for range 21 {
		g.mail(storetest.Contoso, func(r *store.Record) { r.Received = g.now.Add(-time.Minute) }, "url="+page)
	}
	i := g.add("url", page, nil)
	stands := func() store.Notice {
		t.Helper()
		list, err := g.s.Notices(t.Context(), "")
		must(t, err)
		if len(list) != 1 || list[0].Subject != i.ID {
			t.Fatalf("what stands is %+v, want the indicator that waits", list)
		}
		return list[0]
	}
	n := stands()
	g.open()
	n.Until = g.now.Add(30 * time.Minute) // what a start makes of it
	_, _, err := g.s.Raise(t.Context(), n)
	must(t, err)
	must(t, g.step(t.Context()))
	for range 5 {
		g.now = g.now.Add(raiseAgain)
		must(t, g.step(t.Context()))
	}
	if until := stands().Until; !until.IsZero() {
		t.Errorf("it ends at %s", until)
	}
	_, err = g.Remove(t.Context(), "bob", "", i.ID, "a mistake")
	must(t, err)
	must(t, g.step(t.Context()))
	g.now = g.now.Add(raiseAgain)
	must(t, g.step(t.Context()))
	if list, _ := g.s.Notices(t.Context(), ""); len(list) != 0 {
		t.Errorf("removed, and told still: %+v", list)
	}
}

// Where very many wait, their number is told, for as long as it is so.
func TestRemind_many(t *testing.T) {
	g := newRig(t)
	var list []store.Indicator
	for n := range mostReminded + 3 {
		list = append(list, store.Indicator{ID: fmt.Sprint("k", n), Kind: "url", State: store.IndicatorWaiting,
			Why: "x"})
	}
	count := func() (single int, others string) {
		t.Helper()
		g.now = g.now.Add(raiseAgain)
		must(t, g.remind(t.Context()))
		notices, err := g.s.Notices(t.Context(), "")
		must(t, err)
		for _, n := range notices {
			if single++; n.Subject == further {
				single, others = single-1, n.Text
			}
		}
		return single, others
	}
	g.put(list...)
	if single, others := count(); single != mostReminded || others != "3 further indicators wait for a person" {
		t.Errorf("%d are told, and %q", single, others)
	}
	list[0].State, list[1].State, list[2].State = store.IndicatorActive, store.IndicatorActive, store.IndicatorActive
	g.put(list...)
	if _, others := count(); others != "" {
		t.Errorf("told beside those that wait: %q", others)
	}
}
