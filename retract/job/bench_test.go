package job

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"clawback/internal/test/needs"
	"clawback/retract"
	"clawback/retract/policy"
	"clawback/store"
	"clawback/store/pebble"
	"clawback/verdict"
)

var sizes = flag.String("ids", "10000,30000,100000", "sizes of the jobs that BenchmarkJob runs, in one run")

// writer carries an order out at once: one intent for each record, which is done. What a job costs beside the mailbox
// system is left.
type writer struct {
	st *store.Store
	mu *sync.Mutex
}

func (w writer) Order(ctx context.Context, o policy.Order) ([]store.Intent, error) {
	in := store.Intent{ID: store.IntentID(o.Record, "anna@contoso.example", store.Retract), Record: o.Record, Address: "anna@contoso.example",
		Kind: store.Retract, Tenant: tenant, Action: string(o.Action), Cause: "operator ada", By: o.Who, Job: o.Job, Outcome: store.Done,
		Reason: "taken to Deleted Items"}
	err := w.st.Update(ctx, store.Change{Intents: []store.Intent{in},
		Act: &store.Act{Who: o.Who, What: "retract trash", Tenant: tenant, Object: o.Record}})
	if errors.Is(err, store.ErrConflict) {
		err = nil
	}
	return []store.Intent{in}, err
}

func (writer) Preview(policy.Order, store.Record, []store.Intent) (retract.Forecast, bool) {
	return retract.Forecast{}, true
}
func (writer) CallOff(context.Context, store.Intent, string) error { return nil }
func (writer) Suspend(map[string]bool)                             {}

const tenant = "11111111-1111-4111-8111-111111111111"

// BenchmarkJob runs jobs of several sizes, each over a store of its own, and prints what each id costs of time, memory
// and bytes written, and the slowest answer to a question for the progress. Where a job grows with its size alone, the
// columns stay the same.
func BenchmarkJob(b *testing.B) {
	for _, size := range strings.Split(*sizes, ",") {
		n, err := strconv.Atoi(size)
		if err != nil {
			b.Fatal(err)
		}
		b.Run(size, func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				st := filled(b, n)
				b.StartTimer()
				m := measure(b, st, n)
				b.ReportMetric(m.took.Seconds()*1e6/float64(n), "µs/id")
				b.ReportMetric(float64(m.written)/float64(n), "B-written/id")
				b.ReportMetric(float64(m.job)/float64(n), "B-of-job/id")
				b.ReportMetric(float64(m.heap)/1e6, "MB-heap")
				b.ReportMetric(float64(m.slowest.Microseconds())/1000, "ms-progress-max")
				b.ReportMetric(float64(m.p99.Microseconds())/1000, "ms-progress-p99")
			}
		})
	}
}

// filled is a store with n records that no intent is of yet.
func filled(b *testing.B, n int) *store.Store {
	b.Helper()
	st, err := pebble.Open(b.TempDir(), store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { st.Close() })
	var next atomic.Int64
	var all sync.WaitGroup
	start := time.Now().Add(-24 * time.Hour)
	for range 128 {
		all.Go(func() {
			for i := next.Add(1); i <= int64(n); i = next.Add(1) {
				v := verdict.Verdict{Disposition: verdict.Clean}
				_, _, err := st.Apply(context.Background(), store.Application{Key: fmt.Sprint("k", i), Tenant: tenant,
					Record: store.Record{MessageID: fmt.Sprintf("<%d@x>", i), Content: fmt.Sprintf("%064x", i), Sender: "eve@sender.example",
						Received: start.Add(time.Duration(i) * time.Millisecond), FirstHand: true, Verdict: v,
						Variants: []store.Variant{{SHA256: fmt.Sprintf("%064x", i), Verdict: v}}}}, nil)
				if err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	return st
}

// measured is what one job cost.
type measured struct {
	took         time.Duration
	written, job int64 // bytes: all, and of the job's own rows
	heap         uint64
	slowest, p99 time.Duration
}

// counting notes how many bytes of rows a job's own writes are.
type counting struct {
	*store.Store
	bytes atomic.Int64
}

func (c *counting) PutJob(ctx context.Context, change store.JobChange) (store.Job, error) {
	size := 400 + len(change.Job.Cursor) // the row
	for _, id := range change.Records {
		size += len(id) + len(change.Job.ID) + 9
	}
	c.bytes.Add(int64(size))
	return c.Store.PutJob(ctx, change)
}

func measure(b *testing.B, st *store.Store, n int) (m measured) {
	runtime.GC()
	before, written, c := heap(), wchar(b), &counting{Store: st}
	r := New(Options{Store: c, Engine: writer{st: st}})
	began := time.Now()
	ctx, stop := context.WithCancel(b.Context())
	var running sync.WaitGroup
	running.Go(func() { r.Run(ctx) })
	j, err := r.StartJob(ctx, Spec{Who: "ada", Tenant: tenant, Action: "trash", Filter: &store.RecordFilter{}})
	if err != nil {
		b.Fatal(err)
	}
	var answers []time.Duration
	for {
		asked := time.Now()
		s, err := r.Job(ctx, j.ID)
		answers = append(answers, time.Since(asked))
		if err != nil {
			b.Fatal(err)
		}
		if h := heap(); h > before {
			m.heap = max(m.heap, h-before)
		}
		if s.State.Final() {
			if s.State != store.JobCompleted || s.Counters.Outcomes[store.Done] != n {
				b.Errorf("job %s (%s), counters %+v; want %d done", s.State, s.Error, s.Counters, n)
			}
			break
		}
		time.Sleep(20 * time.Millisecond)
	}
	m.took, m.written, m.job = time.Since(began), wchar(b)-written, c.bytes.Load()
	stop()
	running.Wait()
	slices.Sort(answers)
	m.slowest, m.p99 = answers[len(answers)-1], answers[len(answers)*99/100]
	return m
}

func heap() uint64 {
	var s runtime.MemStats
	runtime.ReadMemStats(&s)
	return s.HeapInuse
}

// wchar is how many bytes this process has handed to write calls.
func wchar(b *testing.B) int64 {
	for line := range strings.Lines(needs.File(b, "/proc/self/io")) {
		if v, ok := strings.CutPrefix(line, "wchar: "); ok {
			n, _ := strconv.ParseInt(strings.TrimSpace(v), 10, 64)
			return n
		}
	}
	return 0
}
