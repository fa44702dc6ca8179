package indicator

import (
	"context"
	"fmt"
	"slices"
	"testing"

	"clawback/query"
	"clawback/store"
	"clawback/store/storetest"
	"clawback/verdict"
)

// stale is a store whose index still has a term of a record's that it does not carry any more.
type stale struct {
	*counted
	record string
	term   uint64
}

func (s *stale) ProbeTerms(ctx context.Context, p store.Probe) (store.Hits, error) {
	hits, err := s.counted.ProbeTerms(ctx, p)
	if n := slices.Index(p.Terms, s.term); n >= 0 {
		hits.List = append(hits.List, store.Hit{Term: n, Record: s.record},
			store.Hit{Term: n, Record: "r-that-is-gone"})
	}
	return hits, err
}

// Carried is what some message carries now: no near value, nothing that it carried once, nothing of what is gone.
func TestCarried(t *testing.T) {
	g := newRig(t)
	g.mail(storetest.Contoso, nil, "url="+page, "domain=www.evil.example")
	g.mail(storetest.Fabrikam, func(r *store.Record) { r.From = "eve@evil.example" })
	good := g.mail(storetest.Contoso, nil, "url=https://good.example/")
	once, _ := query.TermOf(verdict.Indicator{Kind: "url", Value: "https://once.example/x"})
	s := &stale{&counted{faulty: g.s}, good.ID, once}
	g.Desk.o.Store = s
	list := []store.Indicator{{Kind: "url", Value: page}, {Kind: "domain", Value: "evil.example"},
		{Kind: "email", Value: "eve@evil.example"}, {Kind: "url", Value: "https://evil.example/"},
		{Kind: "url", Value: "https://once.example/x"}, {Kind: "email", Value: "eve@good.example"},
		{Kind: "phone", Value: "1"}}
	got, err := g.Carried(t.Context(), list)
	must(t, err)
	if want := []bool{true, true, true, false, false, false, false}; !slices.Equal(got, want) {
		t.Errorf("%v, want %v", got, want)
	}
	s.probes = 0
	if got, err := g.Carried(t.Context(), nil); err != nil || len(got) != 0 {
		t.Errorf("of nothing: %v, %v", got, err)
	}
}

// What is carried by very many is so without reading each of them.
func TestCarried_byMany(t *testing.T) {
	g := newRig(t)
	for range mostCarriers + 1 {
		g.mail(storetest.Contoso, nil, "url="+page)
	}
	for range 50 {
		g.mail(storetest.Contoso, nil, "url=https://site1.example/login")
	}
	c := &counted{faulty: g.s}
	g.Desk.o.Store = c
	got, err := g.Carried(t.Context(), []store.Indicator{{Kind: "url", Value: page}, url(1), url(2)})
	must(t, err)
	if !slices.Equal(got, []bool{true, true, false}) {
		t.Errorf("%v", got)
	}
	if n := c.read.Load(); n > judges {
		t.Errorf("%d records were read", n)
	}
}

// What Carried has read is judged without being read again; what was written since, or would not be changed, is.
func TestCarried_whatWasReadIsJudged(t *testing.T) {
	g := newRig(t)
	c := &counted{faulty: g.s}
	g.Desk.o.Store = c
	var records []store.Record
	var list []store.Indicator
	for n := range 10 {
		records = append(records, g.mail(storetest.Contoso, func(r *store.Record) {
			if n == 3 {
				r.Variants[0].Verdict.Disposition = verdict.Malicious
			}
		}, fmt.Sprintf("url=https://site%d.example/login", n)))
		list = append(list, url(n))
	}
	found, err := g.Carried(t.Context(), list)
	must(t, err)
	if slices.Contains(found, false) || c.read.Load() != 10 {
		t.Fatalf("%v, %d were read", found, c.read.Load())
	}
	for n, change := range map[int]func(*store.Record){
		5: func(r *store.Record) { r.Pinned = "clean" },
		6: func(r *store.Record) { r.Subject = "another" },
		7: func(r *store.Record) { // it carries it no more
			r.Variants[0].Verdict.Indicators, r.Verdict.Indicators = nil, nil
		},
	} {
		rec := records[n]
		change(&rec)
		must(t, g.s.Update(t.Context(), store.Change{Record: &rec}))
	}
	c.read.Store(0)
	g.many("feed f", list...)
	must(t, g.step(t.Context()))
	if n := c.read.Load(); n != 3 { // what stays as it is, what is pinned by now, and what has another subject
		t.Errorf("%d were read again", n)
	}
	for n, rec := range records {
		want := verdict.Malicious
		if n == 5 || n == 7 {
			want = verdict.Clean
		}
		g.wants(fmt.Sprintf("message %d", n), rec, want)
	}
	if now, err := g.s.Record(t.Context(), records[6].ID); err != nil || now.Subject != "another" {
		t.Errorf("what was written meanwhile is lost: %+v, %v", now, err)
	}
}
