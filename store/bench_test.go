package store_test

import (
	"fmt"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"clawback/internal/test/needs"
	"clawback/journal"
	"clawback/store"
	"clawback/store/bolt"
	"clawback/store/pebble"
	"clawback/store/storetest"
)

// engine is what a benchmark's store keeps its rows in: CLAWBACK_STORE_ENGINE is pebble or bolt.
func engine() func(string, store.Options) (*store.Store, error) {
	if os.Getenv("CLAWBACK_STORE_ENGINE") == "bolt" {
		return bolt.Open
	}
	return pebble.Open
}

// benchStore is a store in TMPDIR: what is measured is that disk.
func benchStore(b *testing.B) (s *store.Store, commits *atomic.Int64) {
	b.Helper()
	commits = new(atomic.Int64)
	s, err := engine()(b.TempDir(), store.Options{Fail: func(point string) error {
		if point == "commit" {
			commits.Add(1)
		}
		return nil
	}})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = s.Close() })
	return s, commits
}

// written is how many bytes this process has sent to the disk.
func written(b *testing.B) (n int64) {
	for line := range strings.Lines(needs.File(b, "/proc/self/io")) {
		if _, err := fmt.Sscanf(line, "write_bytes: %d", &n); err == nil {
			return n
		}
	}
	return 0
}

func BenchmarkApply(b *testing.B) {
	for _, callers := range []int{1, 8, 64, 256} {
		b.Run(fmt.Sprint("callers=", callers), func(b *testing.B) {
			s, commits := benchStore(b)
			before := written(b)
			var next atomic.Int64
			var wg sync.WaitGroup
			b.ResetTimer()
			for range callers {
				wg.Go(func() {
					for n := int(next.Add(1)); n <= b.N; n = int(next.Add(1)) {
						if _, _, err := s.Apply(b.Context(), storetest.Realistic(n), nil); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "applied/s")
			b.ReportMetric(float64(b.N)/float64(commits.Load()), "applied/commit")
			b.ReportMetric(float64(written(b)-before)/float64(b.N), "written-B/op")
			if size, err := s.Size(b.Context()); err == nil {
				b.ReportMetric(float64(size)/float64(b.N), "disk-B/op")
			}
		})
	}
}

func BenchmarkAttempt(b *testing.B) {
	for _, callers := range []int{1, 64} {
		b.Run(fmt.Sprint("callers=", callers), func(b *testing.B) {
			s, _ := benchStore(b)
			fillIntents(b, s, b.N)
			due, err := s.Due(b.Context(), time.Now(), store.DueFilter{Limit: b.N})
			if err != nil || len(due.Intents) != b.N {
				b.Fatal(len(due.Intents), err)
			}
			work := make(chan store.Intent, b.N)
			for _, in := range due.Intents {
				work <- in
			}
			close(work)
			var wg sync.WaitGroup
			b.ResetTimer()
			for range callers {
				wg.Go(func() { carryOut(b, s, work) })
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "intents/s")
		})
	}
}

// carryOut takes intents through C3 and C4.
func carryOut(b *testing.B, s *store.Store, work <-chan store.Intent) {
	for in := range work {
		in, attempt, err := s.Begin(b.Context(), in, store.Attempt{Operation: store.OpMove})
		if err != nil {
			b.Error(err)
			return
		}
		in.Outcome, attempt.Outcome = store.Done, "done"
		if _, err := s.Complete(b.Context(), in, attempt); err != nil {
			b.Error(err)
			return
		}
	}
}

func BenchmarkDue(b *testing.B) {
	s, _ := benchStore(b)
	fillIntents(b, s, 100_000)
	for _, limit := range []int{1, 100} {
		b.Run(fmt.Sprint("intents=100000/limit=", limit), func(b *testing.B) {
			for b.Loop() {
				list, err := s.Due(b.Context(), time.Now(), store.DueFilter{Limit: limit})
				if err != nil || len(list.Intents) != limit {
					b.Fatal(len(list.Intents), err)
				}
			}
		})
	}
	b.Run("counts", func(b *testing.B) {
		for b.Loop() {
			if _, err := s.Counts(b.Context(), ""); err != nil {
				b.Fatal(err)
			}
		}
	})
}

// fillIntents makes n pending intents, 1000 to a record.
func fillIntents(b *testing.B, s *store.Store, n int) {
	b.Helper()
	for r := 0; n > 0; r++ {
		a := storetest.Realistic(r)
		a.Record.Recipients = recipients(min(n, 1000))
		n -= len(a.Record.Recipients)
		if _, _, err := s.Apply(b.Context(), a, storetest.PlanAll); err != nil {
			b.Fatal(err)
		}
	}
}

func recipients(n int) []journal.Recipient {
	list := make([]journal.Recipient, n)
	for i := range list {
		list[i] = journal.Recipient{Address: fmt.Sprintf("user%06d@contoso.example", i), Type: journal.To}
	}
	return list
}

// BenchmarkApplyHuge is one message to 100,000 mailboxes, all of which it is to be taken from.
func BenchmarkApplyHuge(b *testing.B) {
	s, _ := benchStore(b)
	for n := 0; b.Loop(); n++ {
		a := storetest.Realistic(n)
		a.Record.Recipients = recipients(100_000)
		if _, _, err := s.Apply(b.Context(), a, storetest.PlanAll); err != nil {
			b.Fatal(err)
		}
	}
}
