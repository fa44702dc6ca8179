package retract_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"clawback/config"
	"clawback/journal"
	"clawback/retract"
	"clawback/retract/policy"
	"clawback/retract/retracttest"
	"clawback/store"
	"clawback/store/pebble"
	"clawback/verdict"
)

// BenchmarkRetract takes one message from n mailboxes, without latency: what the machine and the store cost.
func BenchmarkRetract(b *testing.B) {
	for _, n := range []int{1, 100, 10_000} {
		b.Run(fmt.Sprintf("mailboxes=%d", n), func(b *testing.B) {
			st, err := pebble.Open(scratch(b), store.Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer st.Close()
			world := retracttest.New(1)
			cfg := live()
			cfg.Brake = config.Brake{MailboxesPerHour: -1, MailboxesPerMail: -1, SharePercent: -1}
			e := retract.New(retract.Options{Store: st, TenantIDs: func() []string { return []string{tenantID} },
				Tenants: func(string) (retract.Tenant, bool) { return retract.Tenant{Config: cfg, Mailboxes: world}, true }})
			ctx, cancel := context.WithCancel(context.Background())
			done := make(chan struct{})
			go func() { defer close(done); e.Run(ctx) }()
			defer func() { cancel(); <-done }()
			requests := 0
			for b.Loop() {
				requests += retractFrom(b, st, world, e, n)
			}
			b.ReportMetric(float64(n*b.N)/b.Elapsed().Seconds(), "retractions/s")
			b.ReportMetric(float64(requests)/float64(n*b.N), "requests/retraction")
		})
	}
}

// retractFrom delivers and reports one message to n mailboxes, and waits until it is taken from all.
func retractFrom(b *testing.B, st *store.Store, world *retracttest.World, e *retract.Engine, n int) int {
	b.StopTimer()
	b.Helper()
	before := len(world.Calls(""))
	m := fmt.Sprintf("m%d", before)
	v := verdict.Verdict{Disposition: verdict.Malicious}
	rec := store.Record{MessageID: "<" + m + "@x>", FirstHand: true, Direction: "inbound", Received: time.Now(),
		Variants: []store.Variant{{SHA256: m, Verdict: v, FirstHand: true}}}
	for i := range n {
		box := fmt.Sprintf("u%d", i)
		if world.Box(box) == nil {
			world.Mailbox(box, box+"@contoso.example")
		}
		world.Deliver(box, retracttest.Message{MessageID: rec.MessageID, NetworkIDs: []string{m}})
		rec.Recipients = append(rec.Recipients, journal.Recipient{Address: box + "@contoso.example"})
	}
	b.StartTimer()
	rec, _, err := st.Apply(context.Background(), store.Application{Key: m, Tenant: tenantID, Network: m, Record: rec}, policy.Plan(live(), time.Now()))
	if err != nil {
		b.Fatal(err)
	}
	e.Wake()
	for {
		c, err := st.Counts(b.Context(), tenantID)
		if err != nil {
			b.Fatal(err)
		}
		if c.Outcomes[store.Pending] == 0 {
			return len(world.Calls("")) - before
		}
		time.Sleep(100 * time.Microsecond)
	}
}
