package index

import (
	"context"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"clawback/query"
	"clawback/store"
	"clawback/store/pebble"
	"clawback/store/storetest"
	"clawback/verdict"
)

var (
	benchDocs = flag.Int("docs", 20_000, "messages that the benchmarks index")
	benchDir  = flag.String("dir", "", "where the benchmarks make their store, and find it again; empty: for each anew")
)

// typical are ten searches as people make them.
var typical = []string{"from:company7.example", "from:person3@company12.example", "to:anna@contoso.example", "subject:steel", `subject:"project w77"`,
	"link:site5.example", "disposition:malicious", "disposition:malicious subject:bread since:7d",
	"from:company1.example -disposition:clean", "id:<message-77@example.com>"}

// month is a store with a month's mail and its index.
type month struct {
	*Index
	dir string
	s   *store.Store
}

func openMonth(b *testing.B) *month {
	b.Helper()
	m := &month{dir: *benchDir}
	if m.dir == "" {
		m.dir = b.TempDir()
	}
	m.open(b)
	b.Cleanup(func() { m.s.Close() })
	err := storetest.FillMonth(b.Context(), m.s, m.dir, *benchDocs, func() error { return m.Flush(b.Context()) })
	if err != nil {
		b.Fatal(err)
	}
	return m
}

func (m *month) open(b *testing.B) {
	b.Helper()
	now := func() time.Time { return storetest.Start }
	var err error
	if m.s, err = pebble.Open(m.dir, store.Options{Now: now}); err != nil {
		b.Fatal(err)
	}
	if m.Index, err = Open(b.Context(), m.dir, m.s, Options{Now: now}); err != nil {
		b.Fatal(err)
	}
}

// cold opens all anew, with nothing of it in memory.
func (m *month) cold(b *testing.B) {
	b.Helper()
	if err := m.s.Close(); err != nil {
		b.Fatal(err)
	}
	evict(b, m.dir)
	m.open(b)
}

// evict has the kernel forget the files below a directory.
func evict(b *testing.B, dir string) {
	b.Helper()
	syscall.Sync()
	err := filepath.WalkDir(dir, func(path string, entry os.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		f, err := os.Open(path)
		if err != nil {
			return err
		}
		defer f.Close()
		return unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED)
	})
	if err != nil {
		b.Fatal(err)
	}
}

// firstPage searches, and says how long the first page took and how many are on it.
func (m *month) firstPage(b *testing.B, text string) (time.Duration, int) {
	b.Helper()
	q, err := query.Parse(text, storetest.Start)
	if err != nil {
		b.Fatal(err)
	}
	begun := time.Now()
	page, err := m.Records(b.Context(), store.RecordFilter{Query: q, Limit: 100})
	if err != nil {
		b.Fatal(err)
	}
	return time.Since(begun), len(page)
}

// cpu is the computing time of this process.
func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u)
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// distribution reports the distribution of some times.
func distribution(b *testing.B, name string, took []time.Duration) {
	slices.Sort(took)
	ms := func(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
	b.ReportMetric(ms(took[len(took)/2]), name+"p50-ms")
	b.ReportMetric(ms(took[len(took)*99/100]), name+"p99-ms")
}

// BenchmarkSearch says how long the first page of ten typical searches takes, and what the index occupies.
func BenchmarkSearch(b *testing.B) {
	m := openMonth(b)
	status, err := m.Status(b.Context())
	if err != nil {
		b.Fatal(err)
	}
	var took []time.Duration
	found, begun := 0, cpu()
	for b.Loop() {
		for _, text := range typical {
			d, n := m.firstPage(b, text)
			took, found = append(took, d), found+n
		}
	}
	if found == 0 {
		b.Fatal("nothing is found")
	}
	b.ReportMetric(float64((cpu()-begun).Microseconds())/1000/float64(len(took)), "cpu-ms/search")
	distribution(b, "", took)
	b.ReportMetric(float64(status.Bytes)/float64(*benchDocs), "B/message")
	b.ReportMetric(float64(status.Segments), "segments")
}

// BenchmarkSearchEach says what each of the typical searches costs, and two that leave out what most messages are.
func BenchmarkSearchEach(b *testing.B) {
	m := openMonth(b)
	for _, text := range append(slices.Clone(typical), "-disposition:clean", "to:contoso.example -outcome:pending") {
		b.Run(text, func(b *testing.B) {
			var took []time.Duration
			found, begun := 0, cpu()
			for b.Loop() {
				d, n := m.firstPage(b, text)
				took, found = append(took, d), n
			}
			b.ReportMetric(float64((cpu()-begun).Microseconds())/1000/float64(len(took)), "cpu-ms/search")
			b.ReportMetric(float64(found), "found")
		})
	}
}

// BenchmarkSearchCold is BenchmarkSearch with nothing in memory, neither of the index nor of the store.
func BenchmarkSearchCold(b *testing.B) {
	m := openMonth(b)
	var took []time.Duration
	for b.Loop() {
		for _, text := range typical {
			m.cold(b)
			d, _ := m.firstPage(b, text)
			took = append(took, d)
		}
	}
	distribution(b, "", took)
}

// What a feed's update probes for, and how many of these messages carry.
const probed, hit = 10_000, 1000

// newEntries are the terms of an update: of addresses that messages of the month carry, and of some that none does.
func newEntries(r *rand.Rand) (terms []uint64) {
	for n := range probed {
		value := fmt.Sprintf("https://new%d.example/of/%d", r.Uint64(), n)
		if n < hit {
			value = storetest.MonthURL(r.IntN(*benchDocs))
		}
		term, _ := query.TermOf(verdict.Indicator{Kind: "url", Value: value})
		terms = append(terms, term)
	}
	return terms
}

// BenchmarkProbe says how long a bulk probe takes that finds a thousand messages, beside as many searches.
func BenchmarkProbe(b *testing.B) {
	m := openMonth(b)
	r := rand.New(rand.NewPCG(7, 7))
	benchProbes(b, m.ProbeTerms, func() []uint64 { return newEntries(r) })
}

// benchProbes measures probes for lists of terms of which a tenth is carried.
func benchProbes(b *testing.B, probe func(context.Context, store.Probe) (store.Hits, error), next func() []uint64) {
	b.Helper()
	var took []time.Duration
	used := time.Duration(0)
	for b.Loop() {
		p := store.Probe{Terms: next()}
		at, begun := time.Now(), cpu()
		hits, err := probe(b.Context(), p)
		if err != nil {
			b.Fatal(err)
		}
		took, used = append(took, time.Since(at)), used+cpu()-begun
		if len(hits.List) < hit*9/10 {
			b.Fatalf("%d hits", len(hits.List))
		}
	}
	b.ReportMetric(float64(used.Microseconds())/1000/float64(len(took)), "cpu-ms/probe")
	distribution(b, "", took)
}

// BenchmarkProbeSegments probes an index without a store: of as many documents, each with as many terms as a message of
// a month has, a half of which it shares with others.
func BenchmarkProbeSegments(b *testing.B) {
	snap, terms, size := madeUp(b, *benchDocs)
	r := rand.New(rand.NewPCG(7, 7))
	benchProbes(b, snap.probe, func() (list []uint64) {
		for n := range probed {
			term := r.Uint64()
			if n < hit {
				term = terms[r.IntN(len(terms))]
			}
			list = append(list, term)
		}
		return list
	})
	b.ReportMetric(float64(size)/float64(*benchDocs), "B/message")
	segments := 0
	for _, list := range snap.byDay {
		segments += len(list)
	}
	b.ReportMetric(float64(segments), "segments")
}

// madeUp makes segments of 30 days on the disk, and answers some terms that one document each has.
func madeUp(b *testing.B, docs int) (*snapshot, []uint64, int64) {
	b.Helper()
	dir, r := b.TempDir(), rand.New(rand.NewPCG(3, 3))
	snap := &snapshot{byDay: map[int][]*segment{}, ready: true}
	var known []uint64
	size := int64(0)
	const large, own, shared = 32 << 10, 14, 14
	for made := 0; made < docs; {
		of := min(large, docs-made)
		var batch builder
		at := storetest.Start.Add(-time.Duration(float64(docs-made) / float64(docs) * float64(30*24*time.Hour)))
		for n := range of {
			var raw [16]byte
			for i := range raw {
				raw[i] = byte(r.Uint32())
			}
			d := store.Document{ID: store.IDOf(raw), Tenant: storetest.Contoso, Received: at.Add(time.Duration(n))}
			for range own {
				d.Terms = append(d.Terms, r.Uint64())
			}
			for range shared {
				d.Terms = append(d.Terms, uint64(r.ExpFloat64()*3000)*0x9e3779b97f4a7c15)
			}
			if n%16 == 0 {
				known = append(known, d.Terms[0])
			}
			batch.add(d)
		}
		s, err := toFile(filepath.Join(dir, fmt.Sprint(made)), batch.encode())
		if err != nil {
			b.Fatal(err)
		}
		number := day(store.Millis(at))
		snap.byDay[number] = append(snap.byDay[number], s)
		size += s.size
		made += of
	}
	for d := range snap.byDay {
		snap.days = append(snap.days, d)
	}
	slices.Sort(snap.days)
	slices.Reverse(snap.days)
	return snap, known, size
}

func toFile(name string, data []byte) (*segment, error) {
	if err := os.WriteFile(name, data, 0o600); err != nil {
		return nil, err
	}
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	return open(name, f, int64(len(data)))
}
