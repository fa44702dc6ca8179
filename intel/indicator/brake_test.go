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

// hit stores so many messages of a tenant's that carry an address of the web.
func (g *rig) hit(tenant string, n int, address string) (list []store.Record) {
	g.t.Helper()
	for range n {
		list = append(list, g.mail(tenant,
			func(r *store.Record) { r.Received = g.now.Add(-time.Minute) }, "url="+address))
	}
	return list
}

func (g *rig) allAre(what string, list []store.Record, want verdict.Disposition) {
	g.t.Helper()
	for _, rec := range list {
		g.wants(what, rec, want)
	}
}

// What one tenant is sent holds an indicator there alone: by itself, beside others, and where more carry it than are
// listed; before a start and after it, until a person approves.
func TestBrake_oneTenantsMailHoldsNoOthers(t *testing.T) {
	for name, c := range map[string]struct{ hits, beside int }{"alone": {21, 0}, "beside another": {21, 1},
		"very many": {mostCarriers + 1, 0}, "very many beside another": {mostCarriers + 1, 1}} {
		t.Run(name, func(t *testing.T) {
			g := newRig(t)
			much := g.hit(storetest.Contoso, c.hits, url(1).Value)
			few := g.hit(storetest.Fabrikam, 3, url(1).Value)
			list := []store.Indicator{url(1)}
			for n := range c.beside {
				list = append(list, url(2+n))
			}
			id := g.many("feed f", list...)[0].ID
			must(t, g.step(t.Context()))
			check := func(when string) {
				t.Helper()
				g.allAre(when+", in the tenant that has much", much, verdict.Clean)
				g.allAre(when+", in the other one", few, verdict.Malicious)
				waiting, err := g.find("", id)
				must(t, err)
				if waiting.State != store.IndicatorWaiting || !strings.Contains(waiting.Why, "acts in the others") ||
					waiting.Hits != 3 {
					t.Errorf("%s: the indicator is %+v", when, waiting)
				}
				if told, _ := g.s.Notices(t.Context(), ""); len(told) != 1 {
					t.Errorf("%s: %d notices stand, want 1", when, len(told))
				}
			}
			check("at once")
			much = append(much, g.hit(storetest.Contoso, 1, url(1).Value)...)
			few = append(few, g.hit(storetest.Fabrikam, 1, url(1).Value)...)
			must(t, g.step(t.Context()))
			check("when more comes")
			for _, judged := range []struct {
				rec  store.Record
				want verdict.Disposition
			}{{much[0], verdict.Clean}, {few[0], verdict.Malicious}} {
				clean := judged.rec.Variants[0].Verdict
				if got := g.Raised(judged.rec, judged.rec.Variants[0], clean).Disposition; got != judged.want {
					t.Errorf("judged again it is %s, want %s", got, judged.want)
				}
			}
			g.open()
			must(t, g.step(t.Context()))
			check("after a start")
			_, err := g.Approve(t.Context(), "bob", "", id, "looked at")
			must(t, err)
			must(t, g.step(t.Context()))
			g.allAre("approved", much, verdict.Malicious)
			if told, _ := g.s.Notices(t.Context(), ""); len(told) != 0 {
				t.Errorf("%d notices stand still", len(told))
			}
			if done, err := g.find("", id); err != nil || done.State != store.IndicatorActive || done.Held != nil ||
				done.Why != "" {
				t.Errorf("approved it is %+v, %v", done, err)
			}
		})
	}
}

// The limit over all tenants lets those pass first that have few: many hits of one do not use it up for the others.
func TestBrake_overAllTenantsTheFewGoFirst(t *testing.T) {
	for _, together := range []bool{false, true} {
		t.Run(fmt.Sprint(together), func(t *testing.T) {
			g := newRig(t)
			g.o.Brake.Messages = 22
			much := g.hit(storetest.Contoso, 20, url(1).Value)
			few := g.hit(storetest.Fabrikam, 3, url(1).Value)
			list := []store.Indicator{url(1)}
			if together {
				list = append(list, url(2))
			}
			g.many("feed f", list...)
			must(t, g.step(t.Context()))
			g.allAre("of the one that has much", much, verdict.Clean)
			g.allAre("of the one that has few", few, verdict.Malicious)
		})
	}
}

// Where it is too much in every tenant it acts in none; one of a tenant's own likewise.
func TestBrake_tooMuchEverywhere(t *testing.T) {
	for _, tenant := range []string{"", storetest.Contoso} {
		g := newRig(t)
		all := append(g.hit(storetest.Contoso, 21, page), g.hit(storetest.Fabrikam, 21, page)...)
		i := g.add("url", page, func(i *store.Indicator) { i.Tenant = tenant })
		all = append(all, g.hit(storetest.Contoso, 1, page)...)
		must(t, g.step(t.Context()))
		g.allAre("too much everywhere", all, verdict.Clean)
		if now, err := g.find(tenant, i.ID); err != nil || now.State != store.IndicatorWaiting || now.Held != nil {
			t.Errorf("it is %+v, %v", now, err)
		}
	}
}

// One that waits somewhere and is removed takes back what it did elsewhere; added again it begins anew.
func TestBrake_heldSomewhereAndRemoved(t *testing.T) {
	g := newRig(t)
	g.hit(storetest.Contoso, 21, page)
	few := g.hit(storetest.Fabrikam, 3, page)
	i := g.add("url", page, nil)
	g.allAre("added", few, verdict.Malicious)
	_, err := g.Remove(t.Context(), "bob", "", i.ID, "a mistake")
	must(t, err)
	must(t, g.step(t.Context()))
	g.allAre("removed", few, verdict.Clean)
	if told, _ := g.s.Notices(t.Context(), ""); len(told) != 0 {
		t.Errorf("%d notices stand still", len(told))
	}
	g.add("url", page, nil)
	g.allAre("added again", few, verdict.Malicious)
}
