package index

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clawback/query"
	"clawback/store"
	"clawback/store/storetest"
	"clawback/verdict"
)

// termsFor are random terms: of what the reports of report carry, of what none does, and some of them twice.
func termsFor(r *rand.Rand, absent int) []uint64 {
	known := []verdict.Indicator{{Kind: "domain", Value: "evil.example"}, {Kind: "domain", Value: "login.evil.example"},
		{Kind: "url", Value: "https://evil.example/"}, {Kind: "url", Value: "http://good.example/a"},
		{Kind: "ip", Value: "192.0.2.1"}, {Kind: "email", Value: "eve@evil.example"}, {Kind: "email", Value: "bob@good.example"}}
	var terms []uint64
	for range 1 + r.IntN(5) {
		term, _ := query.TermOf(pick(r, known...))
		terms = append(terms, term)
	}
	for i := range absent {
		term, _ := query.TermOf(verdict.Indicator{Kind: "domain", Value: fmt.Sprintf("absent%d.example", i)})
		terms = append(terms, term)
	}
	r.Shuffle(len(terms), func(i, j int) { terms[i], terms[j] = terms[j], terms[i] })
	return terms
}

// likeAWalkProbes holds a probe of the index against one of the store. The index may name a record that carried a term
// once, and none that carries it may be missing.
func (g *rig) likeAWalkProbes(p store.Probe) int {
	g.t.Helper()
	want, err := g.s.ProbeTerms(g.t.Context(), p)
	must(g.t, err)
	got, err := g.ProbeTerms(g.t.Context(), p)
	must(g.t, err)
	truly := func(h store.Hits) (list []string) {
		for _, hit := range h.List {
			rec, err := g.s.Record(g.t.Context(), hit.Record)
			if errors.Is(err, store.ErrNotFound) {
				continue
			}
			must(g.t, err)
			if _, carries := slices.BinarySearch(rec.Searchable(nil).Terms(), p.Terms[hit.Term]); carries {
				list = append(list, fmt.Sprint(hit.Term, " ", hit.Record))
			}
		}
		slices.Sort(list)
		return list
	}
	if len(want.More)+len(got.More) > 0 {
		g.t.Fatalf("terms with more: %v by the walk, %v by the index", want.More, got.More)
	}
	if diff := cmp.Diff(truly(want), truly(got)); diff != "" {
		g.t.Fatalf("probe of %d terms since %s (-walk +index):\n%s", len(p.Terms), p.Since, diff)
	}
	return len(want.List)
}

// A bulk probe finds what a walk over all records finds, whatever was written, flushed, merged, built anew, changed,
// expired or lost in a crash between; whether filters are asked or, for a few terms, are not.
func TestProbe_findsWhatAWalkFinds(t *testing.T) {
	for seed := range uint64(3) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 17))
			g := newRig(t)
			var records []store.Record
			found := 0
			for round := range 20 {
				records = g.write(r, records, 60)
				switch r.IntN(6) {
				case 0, 1, 2:
					must(t, g.Flush(t.Context()))
				case 3:
					g.again()
				case 4:
					must(t, g.build(t.Context()))
				}
				p := store.Probe{Terms: termsFor(r, pick(r, 0, 3, 2000)), Most: 5000}
				if round%3 == 1 {
					p.Since = storetest.Start.Add(-time.Duration(r.IntN(120)) * time.Hour)
				}
				found += g.likeAWalkProbes(p)
			}
			if found < 500 {
				t.Errorf("%d hits: the test says little", found)
			}
		})
	}
}

// Of a term that very many messages carry as many are named as are asked for, and that there are more is told; other
// terms of the same probe are not cut by it.
func TestProbe_saysThatThereAreMore(t *testing.T) {
	g := newRig(t)
	for n := range 40 {
		a := storetest.Report(storetest.Contoso, n)
		a.Record.Variants[0].Verdict.Indicators = []verdict.Indicator{{Kind: "domain", Value: "many.example"}}
		if n == 7 {
			a.Record.Variants[0].Verdict.Indicators = append(a.Record.Variants[0].Verdict.Indicators,
				verdict.Indicator{Kind: "domain", Value: "one.example"})
		}
		_, _, err := g.s.Apply(t.Context(), a, storetest.PlanAll)
		must(t, err)
		if n == 20 {
			must(t, g.Flush(t.Context()))
		}
	}
	many, _ := query.TermOf(verdict.Indicator{Kind: "domain", Value: "many.example"})
	one, _ := query.TermOf(verdict.Indicator{Kind: "domain", Value: "one.example"})
	for name, probe := range map[string]func() (store.Hits, error){
		"index": func() (store.Hits, error) {
			return g.ProbeTerms(t.Context(), store.Probe{Terms: []uint64{many, one}, Most: 10})
		},
		"walk": func() (store.Hits, error) {
			return g.s.ProbeTerms(t.Context(), store.Probe{Terms: []uint64{many, one}, Most: 10})
		},
	} {
		got, err := probe()
		must(t, err)
		count := map[int]int{}
		for _, hit := range got.List {
			count[hit.Term]++
		}
		if count[0] != 10 || count[1] != 1 || !got.More[0] || got.More[1] {
			t.Errorf("%s: %v hits, more of %v; want 10 and more of the first, 1 of the second", name, count, got.More)
		}
	}
}

// Who probes acts by the answer: an index that is damaged, not built, or that cannot be brought up to date is not
// asked.
func TestProbe_missesNothingWhereTheIndexCannotAnswer(t *testing.T) {
	for name, harm := range map[string]func(*rig){
		"not built": func(g *rig) { g.seen().ready = false },
		"a segment is cut": func(g *rig) {
			for _, list := range g.seen().byDay {
				for _, s := range list {
					s.length[secPostings], s.at[secTerms] = 0, s.size
				}
			}
		},
	} {
		t.Run(name, func(t *testing.T) {
			r := rand.New(rand.NewPCG(3, 3))
			g := newRig(t)
			for n := range 50 {
				_, _, err := g.s.Apply(t.Context(), report(r, n), storetest.PlanAll)
				must(t, err)
			}
			must(t, g.Flush(t.Context()))
			harm(g)
			if g.likeAWalkProbes(store.Probe{Terms: termsFor(r, 0), Most: 5000}) == 0 {
				t.Error("nothing is found: the test says little")
			}
		})
	}
}

// seen is what searches see, to be harmed.
func (g *rig) seen() *snapshot { return g.Index.now.Load() }
