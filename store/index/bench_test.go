package index

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"clawback/query"
	"clawback/store"
	"clawback/store/pebble"
	"clawback/store/storetest"
	"clawback/verdict"
)

var benchDocs = flag.Int("docs", 20_000, "messages that the benchmark of searches indexes")

// realistic is a message of a month's mail: many senders with few messages each, few with many.
func realistic(r *rand.Rand, n int) store.Application {
	a := storetest.Realistic(n)
	a.Record.Received = storetest.Start.Add(-time.Duration(r.IntN(30*24*3600)) * time.Second)
	zipf := int(r.ExpFloat64() * 300)
	a.Record.From = fmt.Sprintf("person%d@company%d.example", r.IntN(50), zipf)
	a.Record.Sender = fmt.Sprintf("bounce-%d@mail.company%d.example", n, zipf)
	a.Record.Subject = fmt.Sprintf("Re: order %d of %s for project w%d", n, []string{"paper", "steel", "bread",
		"wood"}[n%4], r.IntN(3000))
	v := &a.Record.Variants[0].Verdict
	v.Indicators = nil
	for range r.IntN(12) {
		host := fmt.Sprintf("www.site%d.example", int(r.ExpFloat64()*2000))
		v.Indicators = append(v.Indicators, verdict.Indicator{Kind: "domain", Value: host},
			verdict.Indicator{Kind: "url", Value: fmt.Sprintf("https://%s/page/%d", host, n)})
	}
	v.Disposition = verdict.Clean
	if n%50 == 0 {
		v.Disposition = verdict.Malicious
	}
	a.Record.Verdict = *v
	return a
}

// typical are ten searches as people make them.
var typical = []string{"from:company7.example", "from:person3@company12.example", "to:anna@contoso.example", "subject:steel", `subject:"project w77"`,
	"link:site5.example", "disposition:malicious", "disposition:malicious subject:bread since:7d",
	"from:company1.example -disposition:clean", "id:<message-77@example.com>"}

// BenchmarkSearch says how long the first page of ten typical searches takes, and what the index occupies.
// go test ./store/index -run xxx -bench Search -docs 1000000
func BenchmarkSearch(b *testing.B) {
	dir := b.TempDir()
	s, err := pebble.Open(dir, store.Options{Now: func() time.Time { return storetest.Start }})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	x, err := Open(b.Context(), dir, s, Options{Now: func() time.Time { return storetest.Start }})
	if err != nil {
		b.Fatal(err)
	}
	r := rand.New(rand.NewPCG(1, 1))
	work := make(chan store.Application, 256)
	done := make(chan error, 64)
	for range 64 {
		go func() {
			var failed error
			for a := range work {
				if _, _, err := s.Apply(context.Background(), a, func(store.Record,
					[]store.Intent) []store.Intent {
					return nil
				}); err != nil {
					failed = err
				}
			}
			done <- failed
		}()
	}
	for n := range *benchDocs {
		work <- realistic(r, n)
		if n%20_000 == 19_999 {
			if err := x.Flush(b.Context()); err != nil {
				b.Fatal(err)
			}
		}
	}
	close(work)
	for range 64 {
		if err := <-done; err != nil {
			b.Fatal(err)
		}
	}
	if err := x.Flush(b.Context()); err != nil {
		b.Fatal(err)
	}
	status, err := x.Status(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	var took []time.Duration
	found := 0
	for b.Loop() {
		for _, text := range typical {
			q, err := query.Parse(text, storetest.Start)
			if err != nil {
				b.Fatal(err)
			}
			begun := time.Now()
			page, err := x.Records(b.Context(), store.RecordFilter{Query: q, Limit: 100})
			if err != nil {
				b.Fatal(err)
			}
			took = append(took, time.Since(begun))
			found += len(page)
		}
	}
	if found == 0 {
		b.Fatal("nothing is found")
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "p50-ms")
	b.ReportMetric(float64(took[len(took)*99/100].Microseconds())/1000, "p99-ms")
	b.ReportMetric(float64(status.Bytes)/float64(*benchDocs), "B/message")
	b.ReportMetric(float64(status.Segments), "segments")
}
