package indicator

import (
	"context"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clawback/store"
	"clawback/store/storetest"
	"clawback/verdict"
)

// counted is a store that counts probes, scans, and records that are read by their ids.
type counted struct {
	*faulty
	probes, scans int
	read          atomic.Int64
}

func (c *counted) Record(ctx context.Context, id string) (store.Record, error) {
	c.read.Add(1)
	return c.faulty.Record(ctx, id)
}

func (c *counted) ProbeTerms(ctx context.Context, p store.Probe) (store.Hits, error) {
	c.probes++
	return c.faulty.ProbeTerms(ctx, p)
}

func (c *counted) Scan(ctx context.Context, f store.RecordFilter, cursor string) (store.RecordPage, error) {
	c.scans++
	return c.faulty.Scan(ctx, f, cursor)
}

// many adds indicators in one transaction, and carries them out.
func (g *rig) many(who string, list ...store.Indicator) []store.Indicator {
	g.t.Helper()
	kept, refused, err := g.AddMany(g.t.Context(), who, list)
	must(g.t, err)
	for _, bad := range refused {
		must(g.t, bad)
	}
	return kept
}

func url(n int) store.Indicator {
	return store.Indicator{Kind: "url", Value: fmt.Sprintf("https://site%d.example/login", n)}
}

// Thousands of indicators are found by one probe and no search of their own, each message that carries one is read
// once, and what each hit stands in its state.
func TestAddMany_oneProbe(t *testing.T) {
	g := newRig(t)
	c := &counted{faulty: g.s}
	g.Desk.o.Store = c
	bad := map[string]bool{}
	for n := range 40 {
		rec := g.mail(storetest.Contoso, nil, fmt.Sprintf("url=https://site%d.example/login", n))
		bad[rec.ID] = n%2 == 0
	}
	good := g.mail(storetest.Contoso, nil, "url=https://site0.example/other")
	var list []store.Indicator
	for n := range 1000 {
		list = append(list, url(2*n))
	}
	g.many("feed f", list...)
	must(t, g.step(t.Context()))
	if c.probes != 1 || c.scans != 0 {
		t.Errorf("%d probes and %d scans for 1000 indicators; want 1 and 0", c.probes, c.scans)
	}
	if n := c.read.Load(); n != 20 {
		t.Errorf("%d records were read, for 20 that carry an indicator", n)
	}
	for id, is := range bad {
		if got := g.disposition(id); (got == verdict.Malicious) != is {
			t.Errorf("message %s is %s, want bad: %v", id, got, is)
		}
	}
	if got := g.disposition(good.ID); got != verdict.Clean {
		t.Errorf("a message with another page of the host is %s", got)
	}
	hits := 0
	for _, i := range g.List("") {
		if i.State != store.IndicatorActive {
			t.Errorf("%s is %s", i.Value, i.State)
		}
		hits += i.Hits
	}
	acts, err := g.s.Audit(t.Context(), store.AuditFilter{What: "indicator.add"})
	must(t, err)
	if hits != 20 || len(acts) != 1000 {
		t.Errorf("%d hits and %d entries of the audit, want 20 and 1000", hits, len(acts))
	}
}

func (g *rig) disposition(id string) verdict.Disposition {
	g.t.Helper()
	rec, err := g.s.Record(g.t.Context(), id)
	must(g.t, err)
	return rec.Verdict.Disposition
}

// Random mail and indicators: all at once make of each message what they make one after the other, in any tenant, with
// people's decisions, their own mail, and a crash in the middle.
func TestApplyAll_likeOneByOne(t *testing.T) {
	for seed := range uint64(8) {
		r := rand.New(rand.NewPCG(seed, 3))
		one, all := newRig(t), newRig(t)
		var ids []string
		for range 60 {
			tenant := []string{storetest.Contoso, storetest.Fabrikam}[r.IntN(2)]
			var carried []string
			for range r.IntN(4) {
				carried = append(carried, fmt.Sprintf("url=https://site%d.example/login", r.IntN(30)),
					fmt.Sprintf("domain=site%d.example", r.IntN(30)))
			}
			pinned, own, sender := r.IntN(8) == 0, r.IntN(8) == 0, r.IntN(5)
			edit := func(rec *store.Record) {
				if own {
					rec.Direction = "outbound"
				}
				rec.From = fmt.Sprintf("s%d@sender.example", sender)
			}
			for _, g := range []*rig{one, all} {
				rec := g.mail(tenant, edit, carried...)
				if pinned {
					rec.Pinned = "clean"
					must(t, g.s.Update(t.Context(), store.Change{Record: &rec}))
				}
				if g == one {
					ids = append(ids, rec.ID)
				}
			}
		}
		var list []store.Indicator
		for n := range 25 {
			i := url(n)
			switch r.IntN(4) {
			case 0:
				i = store.Indicator{Kind: "domain", Value: fmt.Sprintf("site%d.example", n)}
			case 1:
				i = store.Indicator{Kind: "email", Value: fmt.Sprintf("s%d@sender.example", n%5)}
			}
			if r.IntN(3) == 0 {
				i.Tenant = storetest.Fabrikam
			}
			list = append(list, i)
		}
		for _, i := range list {
			_, err := one.Add(t.Context(), "ada", i)
			must(t, err)
			must(t, one.step(t.Context()))
		}
		all.many("ada", list...)
		all.s.after = r.IntN(10) // the process ends in the middle
		if err := all.step(t.Context()); err == nil && all.s.after == 0 {
			t.Fatal("the crash is not told")
		}
		all.s.after = -1
		all.open()
		must(t, all.step(t.Context()))
		for n, id := range ids {
			if want, got := one.disposition(id), all.disposition(id); got != want {
				t.Errorf("seed %d, message %d: %s at once, %s one by one", seed, n, got, want)
			}
		}
		states := func(g *rig) (list []string) {
			for _, i := range g.List("") {
				list = append(list, strings.Join([]string{i.Tenant, i.ID, string(i.State)}, " "))
			}
			slices.Sort(list)
			return list
		}
		if diff := cmp.Diff(states(one), states(all)); diff != "" {
			t.Errorf("seed %d (-one by one +at once)\n%s", seed, diff)
		}
	}
}

// The brake is each indicator's own: one that hits too much waits, and those beside it act. One that more messages
// carry than are listed is counted by a search.
func TestApplyAll_brakeOfEach(t *testing.T) {
	g := newRig(t)
	for n := range 30 {
		g.mail(storetest.Contoso, nil, "url=https://site1.example/login")
		if n < 3 {
			g.mail(storetest.Contoso, nil, "url=https://site2.example/login")
		}
	}
	for range mostCarriers + 1 {
		g.mail(storetest.Fabrikam, nil, "url=https://site3.example/login")
	}
	g.many("feed f", url(1), url(2), url(3), url(4))
	must(t, g.step(t.Context()))
	want := map[string]store.IndicatorState{"site1": store.IndicatorWaiting, "site2": store.IndicatorActive,
		"site3": store.IndicatorWaiting, "site4": store.IndicatorActive}
	for _, i := range g.List("") {
		name, _, _ := strings.Cut(strings.TrimPrefix(i.Value, "https://"), ".")
		if i.State != want[name] || (i.State == store.IndicatorWaiting) != (i.Why != "") {
			t.Errorf("%s is %s (%s), want %s", i.Value, i.State, i.Why, want[name])
		}
	}
	notices, err := g.s.Notices(t.Context(), "")
	must(t, err)
	if len(notices) != 2 {
		t.Errorf("%d notices, want one for each that waits: %+v", len(notices), notices)
	}
	for _, i := range g.List("") {
		if i.State == store.IndicatorWaiting {
			_, err := g.Approve(t.Context(), "ada", i.Tenant, i.ID, "")
			must(t, err)
		}
	}
	must(t, g.step(t.Context()))
	if notices, err = g.s.Notices(t.Context(), ""); err != nil || len(notices) != 0 {
		t.Errorf("after the approvals stand %+v, %v", notices, err)
	}
	for _, i := range g.List("") {
		if i.State != store.IndicatorActive || strings.Contains(i.Value, "site1") && i.Hits != 30 {
			t.Errorf("%s is %s with %d hits", i.Value, i.State, i.Hits)
		}
	}
}

// Who removes an indicator, or adds it again, while it is being applied has the last word.
func TestSettle_aPersonHasTheLastWord(t *testing.T) {
	g := newRig(t)
	kept := g.many("feed f", url(1), url(2), url(3))
	_, err := g.Remove(t.Context(), "ada", "", kept[0].ID, "")
	must(t, err)
	g.now = g.now.Add(time.Second)
	again := url(2)
	again.Note = "by hand"
	again = g.many("ada", again)[0]
	for n := range kept {
		kept[n].State, kept[n].Hits = store.IndicatorActive, 7
	}
	must(t, g.settle(t.Context(), kept))
	stored, err := g.s.Indicators(t.Context(), "")
	must(t, err)
	got := map[string]store.Indicator{}
	for _, i := range stored {
		got[i.ID] = i
		if shown, _ := g.find("", i.ID); shown.State != i.State {
			t.Errorf("%s is shown as %s, and kept as %s", i.Value, shown.State, i.State)
		}
	}
	if i := got[kept[0].ID]; i.State != store.IndicatorWithdrawing {
		t.Errorf("the one that was removed is %s", i.State)
	}
	if i := got[again.ID]; i.State != store.IndicatorApplying || i.By != "ada" || i.Hits != 0 {
		t.Errorf("the one that was added again is %+v", i)
	}
	if i := got[kept[2].ID]; i.State != store.IndicatorActive || i.Hits != 7 {
		t.Errorf("the one that nobody touched is %+v", i)
	}
}

// What is wrong with one, and a share that is full, stops none of the others.
func TestAddMany_refusesTheWrongOnesAlone(t *testing.T) {
	g := newRig(t)
	kept, refused, err := g.AddMany(t.Context(), "ada", []store.Indicator{url(1), {Kind: "domain", Value: "contoso.example"},
		{Kind: "ip", Value: "10.0.0.1"}, url(2), url(1)})
	must(t, err)
	for n, bad := range []bool{false, true, true, false, false} {
		if (refused[n] != nil) != bad {
			t.Errorf("%s: %v, want refused: %v", kept[n].Value, refused[n], bad)
		}
	}
	if n := len(g.List("")); n != 2 {
		t.Errorf("%d are kept, want 2", n)
	}
	var list []store.Indicator
	for n := range maxShare + 10 {
		list = append(list, url(n))
	}
	_, refused, err = g.AddMany(t.Context(), "feed f", list)
	must(t, err)
	full := 0
	for n, bad := range refused {
		if bad != nil {
			full++
			if n < maxShare {
				t.Fatalf("entry %d: %v", n, bad)
			}
		}
	}
	if full != 10-2 { // two are there already
		t.Errorf("%d are refused for want of room, want 8", full)
	}
}

// While stored messages are judged by an indicator it matches for whoever judges beside, and its state says that it is
// not done: what is shown as active is durable.
func TestInForceWhile_isInForceAndNotDone(t *testing.T) {
	g := newRig(t)
	kept := g.many("feed f", url(1), url(2))
	will := kept[0]
	will.State = store.IndicatorActive
	end := g.inForceWhile([]store.Indicator{will})
	if list := g.inForce(); len(list) != 1 || list[0].ID != kept[0].ID {
		t.Errorf("in force are %+v", list)
	}
	for _, i := range g.List("") {
		if i.State != store.IndicatorApplying {
			t.Errorf("shown is %+v", i)
		}
	}
	end()
	if list := g.inForce(); len(list) != 0 {
		t.Errorf("afterwards %+v", list)
	}
}
