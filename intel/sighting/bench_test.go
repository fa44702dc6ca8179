package sighting

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"clawback/config"
	"clawback/intel/feed"
	"clawback/intel/indicator"
	"clawback/store"
	"clawback/store/index"
	"clawback/store/pebble"
	"clawback/store/storetest"
	"clawback/verdict"
)

var (
	benchDocs = flag.Int("docs", 20_000, "messages of the benchmark's store")
	benchDir  = flag.String("dir", "", "where the benchmark makes its store, and finds it again; empty: anew")
)

// indexed is the store with its index.
type indexed struct {
	*store.Store
	index *index.Index
}

func (f indexed) Scan(ctx context.Context, r store.RecordFilter, cursor string) (store.RecordPage, error) {
	return f.index.Scan(ctx, r, cursor)
}

func (f indexed) ProbeTerms(ctx context.Context, p store.Probe) (store.Hits, error) {
	return f.index.ProbeTerms(ctx, p)
}

// nobody judges no original again.
type nobody struct{}

func (nobody) Again(context.Context, store.Record, string) (verdict.Verdict, error) {
	return verdict.Verdict{}, store.ErrNotFound
}

func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkUpdate says how long it takes from a feed's update of 10,000 new entries, of which 1,000 messages carry one
// each, until the last of these messages is durably queued for retraction. Each round has other messages.
func BenchmarkUpdate(b *testing.B) {
	dir := *benchDir
	if dir == "" {
		dir = b.TempDir()
	}
	now := func() time.Time { return storetest.Start }
	s, err := pebble.Open(dir, store.Options{Now: now})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	x, err := index.Open(b.Context(), dir, s, index.Options{Now: now})
	if err != nil {
		b.Fatal(err)
	}
	if err := storetest.FillMonth(b.Context(), s, dir, *benchDocs,
		func() error { return x.Flush(b.Context()) }); err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	following := make(chan error)
	go func() { following <- x.Run(ctx) }()
	defer func() { cancel(); <-following }()
	r := rand.New(rand.NewPCG(uint64(time.Now().UnixNano()), 1))
	var took, found []time.Duration
	used, queued := time.Duration(0), 0
	for b.Loop() {
		begun := time.Now()
		before := cpu()
		n, searched := update(b, indexed{s, x}, filepath.Join(b.TempDir(), "sightings.json"), deltaOf(r))
		took, used = append(took, time.Since(begun)), used+cpu()-before
		queued, found = queued+n, append(found, searched)
	}
	slices.Sort(took)
	slices.Sort(found)
	b.ReportMetric(float64(found[len(found)/2].Milliseconds()), "found-p50-ms")
	b.ReportMetric(float64(used.Milliseconds())/float64(len(took)), "cpu-ms/update")
	b.ReportMetric(float64(took[len(took)/2].Milliseconds()), "p50-ms")
	b.ReportMetric(float64(took[len(took)-1].Milliseconds()), "max-ms")
	b.ReportMetric(float64(queued)/float64(len(took)), "queued")
}

// deltaOf is an update: a tenth of its entries are carried by a message each that is not MALICIOUS yet.
func deltaOf(r *rand.Rand) feed.Delta {
	d := feed.Delta{Feed: "bench"}
	for n := range 10_000 {
		value := fmt.Sprintf("https://new%d.example/of/%d", r.Uint64(), n)
		if n%10 == 0 {
			value = storetest.MonthURL(r.IntN(*benchDocs)/50*50 + 1 + r.IntN(49))
		}
		d.Added = append(d.Added, feed.Indicator{Indicator: verdict.Indicator{Kind: "url", Value: value},
			Disposition: verdict.Malicious, Confidence: 100})
	}
	return d
}

// timed says how long it took until it was known which messages carry what is new.
type timed struct {
	*indicator.Desk
	found *time.Duration
}

func (t timed) Carried(ctx context.Context, list []store.Indicator) ([]bool, error) {
	begun := time.Now()
	defer func() { *t.found += time.Since(begun) }()
	return t.Desk.Carried(ctx, list)
}

// update carries one out as the daemon does, and says how many messages are queued for retraction by it, and how long
// they were searched for.
func update(b *testing.B, s indexed, file string, d feed.Delta) (queued int, found time.Duration) {
	plan := func(*config.Tenant) store.Planner {
		return func(rec store.Record, have []store.Intent) []store.Intent {
			queued++
			return storetest.PlanAll(rec, have)
		}
	}
	desk, err := indicator.New(b.Context(), indicator.Options{Store: s, Judge: nobody{}, Plan: plan,
		Now:     func() time.Time { return storetest.Start },
		Tenants: func() []config.Tenant { return []config.Tenant{{ID: storetest.Contoso}} }})
	if err != nil {
		b.Fatal(err)
	}
	w, err := New(b.Context(), Options{Store: s, Desk: timed{desk, &found}, File: file, Now: func() time.Time { return storetest.Start }})
	if err != nil {
		b.Fatal(err)
	}
	ctx, cancel := context.WithCancel(b.Context())
	ended := make(chan error)
	go func() { ended <- desk.Run(ctx) }()
	if err := w.Apply(b.Context(), d); err != nil {
		b.Fatal(err)
	}
	for slices.ContainsFunc(desk.List(""), func(i store.Indicator) bool { return i.State == store.IndicatorApplying }) {
		time.Sleep(10 * time.Millisecond)
	}
	cancel()
	<-ended
	remove := store.Edit[store.Indicator]{}
	for _, i := range desk.List("") { // the verdicts stay; the next update finds room
		remove.Remove = append(remove.Remove, i.Key())
	}
	if err := s.Update(b.Context(), store.Change{Indicators: remove}); err != nil {
		b.Fatal(err)
	}
	return queued, found
}
