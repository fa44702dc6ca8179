package graph

import (
	"fmt"
	"sync"
	"testing"
	"time"

	"clawback/config"
	"clawback/internal/test/graphsim"
	"clawback/retract/exchange"
)

// BenchmarkRetract measures one find with headers and one move for each mailbox, at 50 ms of latency and with a warm
// address cache: the least that a retraction needs. It reports requests per retraction and unprovoked 429s.
func BenchmarkRetract(b *testing.B) {
	for _, mailboxes := range []int{1, 100, 10_000} {
		b.Run(fmt.Sprintf("mailboxes=%d", mailboxes), func(b *testing.B) { benchmark(b, mailboxes) })
	}
}

func benchmark(b *testing.B, mailboxes int) {
	const workers = 64 // requests under way for the tenant
	w := start(b, graphsim.Options{Rates: graphsim.Calm(), Latency: 50 * time.Millisecond, TokenLife: 24 * time.Hour},
		func(c *config.Tenant, o *Options) { c.Graph.MailboxConcurrent = 3; o.CacheFor = 24 * time.Hour })
	boxes := make([]exchange.Mailbox, mailboxes)
	for i := range boxes {
		u := w.AddMailbox(fmt.Sprintf("user%d@contoso.example", i))
		boxes[i] = exchange.Mailbox{ID: u.ID, Name: u.UPN}
	}
	if _, err := w.Resolve(b.Context(), boxes[0].Name); err != nil { // a token and a connection are there
		b.Fatal(err)
	}
	for b.Loop() {
		b.StopTimer()
		for _, box := range boxes {
			w.deliver(b, graphsim.Delivery{Mailbox: box.Name})
		}
		w.ForgetCalls()
		b.StartTimer()
		sweep(b, w, boxes, workers)
	}
	b.StopTimer()
	throttled := 0
	calls := w.Calls()
	for _, c := range calls {
		if c.Status == 429 {
			throttled++
		}
	}
	b.ReportMetric(float64(len(calls))/float64(mailboxes), "requests/retraction")
	b.ReportMetric(float64(throttled), "429s")
	b.ReportMetric(float64(b.N*mailboxes)/b.Elapsed().Seconds(), "retractions/s")
}

// sweep retracts the message from each mailbox once.
func sweep(b *testing.B, w *world, boxes []exchange.Mailbox, workers int) {
	work := make(chan exchange.Mailbox)
	var wg sync.WaitGroup
	for range min(workers, len(boxes)) {
		wg.Go(func() {
			for box := range work {
				found, err := w.Find(b.Context(), box.ID, messageID, "")
				if err != nil || len(found) != 1 || len(found[0].NetworkMessageIDs) != 1 {
					b.Errorf("find: %v %+v", err, found)
					continue
				}
				if _, err := w.Move(b.Context(), box.ID, found[0].ID, exchange.Deletions); err != nil {
					b.Errorf("move: %v", err)
				}
			}
		})
	}
	for _, box := range boxes {
		work <- box
	}
	close(work)
	wg.Wait()
}
