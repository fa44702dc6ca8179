package graph

import (
	"context"
	"fmt"
	"io"
	"os"
	"testing"
	"time"

	"clawback/config"
	"clawback/internal/test/graphsim"
	"clawback/journal"
	"clawback/retract"
	"clawback/retract/policy"
	"clawback/store"
	"clawback/store/pebble"
	"clawback/verdict"
)

// BenchmarkEngine measures all of it: one message reported for n mailboxes, until each has it in Recoverable Items and
// the store has it done. 50 ms of latency, everything synced to the disk of TMPDIR, addresses looked up before.
func BenchmarkEngine(b *testing.B) {
	for _, n := range []int{1, 100, 10_000} {
		b.Run(fmt.Sprintf("mailboxes=%d", n), func(b *testing.B) {
			e := newEngineBench(b, n)
			for b.Loop() {
				e.round(b, n)
			}
			e.report(b, n)
		})
	}
}

type engineBench struct {
	*world
	st        *store.Store
	engine    *retract.Engine
	made      int // messages, the one of the warming up included
	rounds    int
	requests  int
	throttled int
}

func newEngineBench(b *testing.B, n int) *engineBench {
	w := start(b, graphsim.Options{Rates: graphsim.Calm(), Latency: 50 * time.Millisecond, TokenLife: 24 * time.Hour}, func(c *config.Tenant, _ *Options) {
		c.Mode, c.Domains = "live", []string{"contoso.example"}
		c.Actions = config.Actions{verdict.Malicious: {Action: config.SoftDelete}}
		c.Brake = config.Brake{MailboxesPerHour: -1, MailboxesPerMail: -1, SharePercent: -1}
	})
	st, err := pebble.Open(b.TempDir(), store.Options{})
	if err != nil {
		b.Fatal(err)
	}
	e := &engineBench{world: w, st: st}
	e.engine = retract.New(retract.Options{
		Store: st, TenantIDs: func() []string { return []string{w.tenant.ID} },
		Tenants: func(string) (retract.Tenant, bool) {
			return retract.Tenant{Config: &w.tenant, Mailboxes: w.Client}, true
		},
		Originals: func(store.Variant) (io.ReadCloser, error) { return nil, os.ErrNotExist },
	})
	for i := range n {
		w.AddMailbox(mailboxName(i))
	}
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	go func() { defer close(done); e.engine.Run(ctx) }()
	b.Cleanup(func() { cancel(); <-done; st.Close() })
	e.round(b, n) // the addresses and folders are known after this
	e.rounds, e.requests, e.throttled = 0, 0, 0
	b.ResetTimer()
	return e
}

func mailboxName(i int) string { return fmt.Sprintf("user%d@contoso.example", i) }

// round is one message.
func (e *engineBench) round(b *testing.B, n int) {
	b.StopTimer()
	e.ForgetCalls()
	e.rounds++
	e.made++
	mid := fmt.Sprintf("<round-%d@mail.example.com>", e.made)
	v := verdict.Verdict{Disposition: verdict.Malicious, Score: 90}
	rec := store.Record{
		MessageID: mid, Sender: "eve@example.com", Received: time.Now(), FirstHand: true, Direction: "inbound", Verdict: v, Content: mid,
		Variants: []store.Variant{{SHA256: mid, Verdict: v, FirstHand: true, At: time.Now()}},
	}
	for i := range n {
		e.deliver(b, graphsim.Delivery{Mailbox: mailboxName(i), MIME: withID(mid), NetworkMessageID: mid[1 : len(mid)-1]})
		rec.Recipients = append(rec.Recipients, journal.Recipient{Address: mailboxName(i), Type: journal.Unlabeled})
	}
	b.StartTimer()
	rec, _, err := e.st.Apply(b.Context(), store.Application{Key: mid, Tenant: e.tenant.ID, Network: mid[1 : len(mid)-1], Record: rec},
		policy.Plan(&e.tenant, time.Now()))
	if err != nil {
		b.Fatal(err)
	}
	e.engine.Wake()
	for e.Count(graphsim.RouteMove, "") < n {
		time.Sleep(time.Millisecond)
	}
	e.settled(b, rec.ID, n)
	e.count()
}

// settled waits until the store says done for all.
func (e *engineBench) settled(b *testing.B, record string, n int) {
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(5 * time.Millisecond) {
		intents, err := e.st.Intents(b.Context(), record)
		if err != nil {
			b.Fatal(err)
		}
		done := 0
		for _, in := range intents {
			if in.Outcome == store.Done {
				done++
			}
		}
		if done == n {
			return
		}
	}
	b.Fatal("not all are done after a minute")
}

func (e *engineBench) count() {
	for _, c := range e.Calls() {
		e.requests++
		if c.Status == 429 {
			e.throttled++
		}
	}
}

func (e *engineBench) report(b *testing.B, n int) {
	b.ReportMetric(float64(e.requests)/float64(e.rounds*n), "requests/retraction")
	b.ReportMetric(float64(e.throttled), "429s")
	b.ReportMetric(float64(e.rounds*n)/b.Elapsed().Seconds(), "retractions/s")
}
