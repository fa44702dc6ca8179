package index

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clawback/journal"
	"clawback/query"
	"clawback/store"
	"clawback/store/memory"
	"clawback/store/storetest"
	"clawback/verdict"
)

// rig is an index over a store in memory, on a disk of its own.
type rig struct {
	*Index
	t    *testing.T
	dir  string
	disk *memory.Disk
	s    *store.Store
	now  time.Time
	fail map[string]error
}

func newRig(t *testing.T) *rig {
	t.Helper()
	g := &rig{t: t, dir: t.TempDir(), disk: &memory.Disk{}, now: storetest.Start, fail: map[string]error{}}
	g.open()
	t.Cleanup(func() { g.s.Close() })
	return g
}

func (g *rig) open() {
	g.t.Helper()
	var err error
	if g.s, err = store.New(g.disk.Engine(g.dir), store.Options{Now: func() time.Time { return g.now }}); err != nil {
		g.t.Fatal(err)
	}
	g.Index, err = Open(g.t.Context(), g.dir, g.s, Options{Small: 64, Large: 512,
		Now:  func() time.Time { return g.now },
		Fail: func(point string) error { return g.fail[point] }})
	if err != nil {
		g.t.Fatal(err)
	}
}

// again opens everything anew, as after a kill: what was not written is lost.
func (g *rig) again() {
	g.t.Helper()
	must(g.t, g.s.Close())
	g.open()
	select {
	case <-g.rebuild: // what Run would do first
		must(g.t, g.build(g.t.Context()))
	default:
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func pick[T any](r *rand.Rand, list ...T) T { return list[r.IntN(len(list))] }

// report is a random report.
func report(r *rand.Rand, n int) store.Application {
	a := storetest.Report(pick(r, storetest.Contoso, storetest.Fabrikam), n)
	a.Record.Received = storetest.Start.Add(-time.Duration(r.IntN(5*24)) * time.Hour) // many at the same time
	a.Record.From = pick(r, "eve", "bob", "carl") + "@" + pick(r, "evil.example", "mail.evil.example", "good.example")
	a.Record.Subject = pick(r, "Invoice due", "Your invoice is due now", "Lunch", "Re: lunch?")
	a.Record.Recipients = nil
	for range 1 + r.IntN(2) {
		a.Record.Recipients = append(a.Record.Recipients, journal.Recipient{Address: pick(r, "anna", "bert",
			"finance") + "@contoso.example"})
	}
	v := verdict.Verdict{Disposition: pick(r, verdict.All()...), Reasons: []verdict.Reason{{ID: pick(r, "link.qr",
		"auth.dmarc")}}}
	for range r.IntN(3) {
		host := pick(r, "evil.example", "login.evil.example", "192.0.2.1", "good.example")
		v.Indicators = append(v.Indicators, verdict.Indicator{Kind: "domain", Value: host},
			verdict.Indicator{Kind: "url", Value: "https://" + host + pick(r, "/", "/a")})
	}
	a.Record.Variants[0].Verdict = v
	return a
}

func randomQuery(t *testing.T, r *rand.Rand) query.Query {
	text := ""
	for range 1 + r.IntN(3) {
		text += pick(r, "", "", "", "-") + pick(r, "from:eve@", "from:evil.example", "from:mail.evil.example",
			"from:bob", "to:finance@", "to:contoso.example",
			"subject:invoice", `subject:"invoice due"`, "lunch", "link:evil.example", "link:https://evil.example/a",
			"ip:192.0.2.1", "disposition:malicious",
			"disposition:spam,bulk", "outcome:held", "outcome:pending,done", "reason:intel.indicator", "is:pinned",
			"is:rejudged", "subject:*due*") + " "
	}
	if r.IntN(3) == 0 { // what is subtracted, alone or behind the others
		text = pick(r, "", text) + pick(r, "-disposition:clean", "-disposition:clean,bulk,spam", "-outcome:done",
			"-outcome:pending", "-outcome:held -outcome:failed", "-is:pinned", "-is:rejudged -is:pinned",
			"-proof:person") + " "
	}
	q, err := query.Parse(text+pick(r, "", "", "since:2d", "until:1d", "since:3d until:2d"), storetest.Start)
	must(t, err)
	return q
}

// change does something to a random record, as the pipeline, retraction and people do.
func (g *rig) change(r *rand.Rand, records []store.Record) {
	g.t.Helper()
	rec, err := g.s.Record(g.t.Context(), pick(r, records...).ID)
	must(g.t, err)
	switch r.IntN(3) {
	case 0:
		v := rec.Verdict
		v.Disposition = pick(r, verdict.All()...)
		v.Indicators = nil
		_, _, err = g.s.Rejudge(g.t.Context(), store.Rejudgement{Record: rec, Verdict: v,
			Cause: "test"})
	case 1:
		rec.Pinned = "clean"
		err = g.s.Update(g.t.Context(), store.Change{Record: &rec})
	case 2:
		intents, _ := g.s.Intents(g.t.Context(), rec.ID)
		in := pick(r, intents...)
		in.Outcome = pick(r, store.Pending, store.Done, store.Held, store.Failed)
		err = g.s.Update(g.t.Context(), store.Change{Intents: []store.Intent{in}})
	}
	must(g.t, err)
}

// all pages through a search, a few records at a time.
func all(t *testing.T, list func(context.Context, store.RecordFilter) ([]store.Record, error), f store.RecordFilter,
	limit int) (ids []string) {
	t.Helper()
	f.Limit = limit
	for {
		page, err := list(t.Context(), f)
		must(t, err)
		for _, rec := range page {
			ids = append(ids, rec.ID)
		}
		if len(page) < limit {
			return ids
		}
		f.After = page[len(page)-1].ID
	}
}

// write applies some reports, fewer than most, and changes some records. It gives all records.
func (g *rig) write(r *rand.Rand, records []store.Record, most int) []store.Record {
	g.t.Helper()
	for range r.IntN(most) {
		rec, _, err := g.s.Apply(g.t.Context(), report(r, len(records)), storetest.PlanAll)
		must(g.t, err)
		records = append(records, rec)
	}
	for range r.IntN(20) {
		if len(records) > 0 {
			g.change(r, records)
		}
	}
	return records
}

// The index finds what a walk over all records finds, in the same order, whatever was written, flushed, merged, built
// anew, expired or lost in a crash between.
func TestIndex_findsWhatAWalkFinds(t *testing.T) {
	for seed := range uint64(2) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			r := rand.New(rand.NewPCG(seed, 7))
			g := newRig(t)
			var records []store.Record
			found, indexed := 0, 0
			for round := range 25 {
				records = g.write(r, records, 50)
				switch r.IntN(8) {
				case 0, 1, 2:
					must(t, g.Flush(t.Context()))
				case 3:
					g.again()
				case 4:
					must(t, g.build(t.Context()))
				case 5:
					g.fail[pick(r, "index.segment", "index.list", "index.cursor")] = errors.New("full")
					_ = g.Flush(t.Context())
					clear(g.fail)
				}
				for range 8 {
					f := store.RecordFilter{Query: randomQuery(t, r), Tenant: pick(r, "", storetest.Contoso, "nobody")}
					if round%7 == 0 {
						f.Since = storetest.Start.Add(-50 * time.Hour)
					}
					want := all(t, g.s.Records, f, 1000)
					if diff := cmp.Diff(want, all(t, g.Records, f, pick(r, 1, 3, 50))); diff != "" {
						t.Fatalf("round %d, query %q, tenant %q (-walk +index):\n%s", round, f.Query.String(), f.Tenant,
							diff)
					}
					var scanned []string
					for cursor := ""; ; {
						page, err := pick(r, g.Scan, g.s.Scan)(t.Context(), store.RecordFilter{Query: f.Query,
							Tenant: f.Tenant, Since: f.Since, Limit: 7}, cursor)
						must(t, err)
						for _, rec := range page.Records {
							scanned = append(scanned, rec.ID)
						}
						if cursor = page.Next; cursor == "" {
							break
						}
					}
					if diff := cmp.Diff(want, scanned); diff != "" {
						t.Fatalf("round %d, scan of %q (-walk +index):\n%s", round, f.Query.String(), diff)
					}
					if found += len(want); f.Query.Indexed() {
						indexed++
					}
				}
			}
			if found < 500 || indexed < 60 {
				t.Errorf("%d records found by %d indexed searches: the test says little", found, indexed)
			}
		})
	}
}

// A search sees what was committed before it began, without waiting for the index to follow.
func TestRecords_seesWhatWasCommittedBefore(t *testing.T) {
	g := newRig(t)
	q, _ := query.Parse("from:sender@example.com", storetest.Start)
	for n := range 20 {
		rec, _, err := g.s.Apply(t.Context(), storetest.Report(storetest.Contoso, n), storetest.PlanAll)
		must(t, err)
		list, err := g.Records(t.Context(), store.RecordFilter{Query: q, Limit: 100})
		if err != nil || len(list) != n+1 {
			t.Fatalf("%d records are found after %s was committed, %v; want %d", len(list), rec.ID, err, n+1)
		}
	}
}

// A crash at any point of a flush loses nothing, and no search misses a record afterwards.
func TestFlush_crashAtEachPoint(t *testing.T) {
	for _, point := range []string{"index.segment", "index.list", "index.cursor"} {
		t.Run(point, func(t *testing.T) {
			g := newRig(t)
			q, _ := query.Parse("to:anna@", storetest.Start)
			for round := range 3 {
				for n := range 50 {
					_, _, err := g.s.Apply(t.Context(), storetest.Report(storetest.Contoso, 50*round+n),
						storetest.PlanAll)
					must(t, err)
				}
				g.fail[point] = errors.New("killed here")
				if err := g.Flush(t.Context()); err == nil {
					t.Fatal("the flush succeeds")
				}
				clear(g.fail)
				g.again()
				cursor, err := g.s.Cursor(t.Context(), follower)
				must(t, err)
				if cursor > g.manifest.Through {
					t.Errorf("the store's cursor is %d, durable is %d", cursor, g.manifest.Through)
				}
				if got := all(t, g.Records, store.RecordFilter{Query: q}, 1000); len(got) != 50*(round+1) {
					t.Errorf("%d records are found after the crash, want %d", len(got), 50*(round+1))
				}
				must(t, g.Flush(t.Context()))
			}
		})
	}
}

// What is damaged, missing or of another store is never searched: the store is walked, and the index built anew.
func TestOpen_damage(t *testing.T) {
	for name, harm := range map[string]func(t *testing.T, g *rig, segment string){
		"segment cut":     func(t *testing.T, g *rig, s string) { must(t, os.Truncate(s, 100)) },
		"segment missing": func(t *testing.T, g *rig, s string) { must(t, os.Remove(s)) },
		"list missing": func(t *testing.T, g *rig, s string) {
			must(t, os.Remove(filepath.Join(g.dir, Dir,
				manifestName)))
		},
		"list torn": func(t *testing.T, g *rig, s string) {
			must(t, os.WriteFile(filepath.Join(g.dir, Dir, manifestName), []byte("{"), 0o600))
		},
		"of a later state of the store": func(t *testing.T, g *rig, s string) {
			g.manifest.Through += 1000
			must(t, g.manifest.write(g.Index.dir))
		},
		"of an earlier state of the store": func(t *testing.T, g *rig, s string) {
			g.manifest.Through = 3
			must(t, g.manifest.write(g.Index.dir))
		},
		"terms overwritten": func(t *testing.T, g *rig, s string) {
			raw, err := os.ReadFile(s)
			must(t, err)
			for i := headerSize + 24*40; i < len(raw)/2; i++ {
				raw[i] = 0xff
			}
			must(t, os.WriteFile(s, raw, 0o600))
		},
	} {
		t.Run(name, func(t *testing.T) {
			g := newRig(t)
			for n := range 200 {
				_, _, err := g.s.Apply(t.Context(), storetest.Report(storetest.Contoso, n), storetest.PlanAll)
				must(t, err)
			}
			must(t, g.Flush(t.Context()))
			files, _ := filepath.Glob(filepath.Join(g.dir, Dir, "*.seg"))
			harm(t, g, files[0])
			must(t, g.s.Close())
			g.open()
			q, _ := query.Parse("to:anna@ subject:invoice", storetest.Start)
			if got := all(t, g.Records, store.RecordFilter{Query: q}, 1000); len(got) != 200 {
				t.Errorf("%d records are found, want 200", len(got))
			}
			select {
			case <-g.rebuild:
				must(t, g.build(t.Context()))
			default:
				if name != "terms overwritten" { // which no search needs to meet
					t.Error("it is not built anew")
				}
			}
			if got := all(t, g.Records, store.RecordFilter{Query: q}, 1000); len(got) != 200 {
				t.Errorf("%d records are found when it is built, want 200", len(got))
			}
		})
	}
}

// What was left by a crash between a segment and the list is removed at the start.
func TestOpen_removesWhatNoListNames(t *testing.T) {
	g := newRig(t)
	_, _, err := g.s.Apply(t.Context(), storetest.Report(storetest.Contoso, 1), storetest.PlanAll)
	must(t, err)
	must(t, g.Flush(t.Context()))
	stray := filepath.Join(g.dir, Dir, "1-1.seg")
	must(t, os.WriteFile(stray, []byte("x"), 0o600))
	g.again()
	if _, err := os.Stat(stray); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("it is there still: %v", err)
	}
}

// Retention drops days whole, and leaves the others.
func TestExpire(t *testing.T) {
	g := newRig(t)
	for n := range 100 {
		a := storetest.Report(storetest.Contoso, n)
		a.Record.Received = storetest.Start.Add(-time.Duration(n%10) * 24 * time.Hour)
		_, _, err := g.s.Apply(t.Context(), a, storetest.PlanAll)
		must(t, err)
	}
	must(t, g.Flush(t.Context()))
	must(t, g.Expire(t.Context(), storetest.Start.Add(-4*24*time.Hour)))
	g.again()
	days := map[string]bool{}
	files, _ := filepath.Glob(filepath.Join(g.dir, Dir, "*.seg"))
	for _, f := range files {
		d, _, _ := strings.Cut(filepath.Base(f), "-")
		days[d] = true
	}
	q, _ := query.Parse("to:anna@", storetest.Start)
	if got := all(t, g.Records, store.RecordFilter{Query: q}, 1000); len(got) != 50 || len(days) != 5 {
		t.Errorf("%d records of %d days are found, want 50 of 5", len(got), len(days))
	}
}

// What lies in memory alone is bounded while nothing can be written, and a search says that it is not whole.
func TestRecords_saysWhenItIsBehind(t *testing.T) {
	g := newRig(t)
	_, _, err := g.s.Apply(t.Context(), storetest.Report(storetest.Contoso, 1), storetest.PlanAll)
	must(t, err)
	for n := range maxRecent {
		var raw [16]byte
		raw[0], raw[1], raw[2] = byte(n>>16), byte(n>>8), byte(n)
		g.recent.add(store.Document{ID: store.IDOf(raw)})
	}
	q, _ := query.Parse("to:anna@", storetest.Start)
	if _, err := g.Records(t.Context(), store.RecordFilter{Query: q}); !errors.Is(err, ErrBehind) {
		t.Errorf("error %v, want ErrBehind", err)
	}
	page, err := g.Scan(t.Context(), store.RecordFilter{Query: q}, "")
	if err != nil || len(page.Records) != 1 {
		t.Errorf("a job finds %d records, %v; want the one of the store", len(page.Records), err)
	}
}

// Days have few segments, whatever the order in which messages come.
func TestCompact_keepsSegmentsFew(t *testing.T) {
	g := newRig(t)
	r := rand.New(rand.NewPCG(3, 3))
	n := 0
	for range 90 {
		for range 1 + r.IntN(20) {
			a := storetest.Report(storetest.Contoso, n)
			a.Record.Received = storetest.Start.Add(-time.Duration(r.IntN(2)) * 24 * time.Hour)
			_, _, err := g.s.Apply(t.Context(), a, storetest.PlanAll)
			must(t, err)
			n++
		}
		must(t, g.Flush(t.Context()))
	}
	for d, list := range g.Index.now.Load().byDay {
		if len(list) > 30 {
			t.Errorf("day %d has %d segments", d, len(list))
		}
	}
}

// A message in which stands what an index cannot tell from a fact is not left out by it.
func TestRowOf_notHiddenByItsText(t *testing.T) {
	clean := query.Hash64(query.Disposition, verdict.Clean.String())
	const wanted = 7 << 40
	var b builder
	for n, terms := range [][]uint64{{wanted, clean}, {wanted, clean ^ 1, query.Ambiguous}, {wanted}, {clean}} {
		b.add(store.Document{ID: store.IDOf([16]byte{byte(n)}), Tenant: "t",
			Received: storetest.Start.Add(-time.Duration(n) * time.Minute), Terms: terms})
	}
	s, err := inMemory(b.encode())
	must(t, err)
	for _, c := range []struct {
		groups [][]uint64
		want   []uint32
	}{{[][]uint64{{wanted}}, []uint32{1, 2}}, {nil, []uint32{1, 2}}} {
		w := walk{groups: c.groups, not: []uint64{clean}}
		r, err := w.rowOf(s)
		must(t, err)
		if diff := cmp.Diff(c.want, r.numbers); diff != "" {
			t.Errorf("of %v (-want +got):\n%s", c.groups, diff)
		}
	}
}
