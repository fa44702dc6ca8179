package retract_test

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"clawback/retract"
	"clawback/retract/exchange"
	"clawback/retract/fault"
	"clawback/retract/retracttest"
	"clawback/store"
)

// slow is a mailbox system whose calls need several requests, some time apart.
type slow struct {
	*retracttest.World
	requests int
	apart    time.Duration
	sent     atomic.Int32
	refused  atomic.Int32
}

func (s *slow) ask(ctx context.Context) error {
	for range s.requests {
		time.Sleep(s.apart)
		if f := fault.Clearance(ctx); f != nil {
			s.refused.Add(1)
			return f
		}
		s.sent.Add(1)
	}
	return nil
}

func (s *slow) Resolve(ctx context.Context, address string) (exchange.Mailbox, error) {
	if err := s.ask(ctx); err != nil {
		return exchange.Mailbox{}, err
	}
	return s.World.Resolve(ctx, address)
}

func (s *slow) Find(ctx context.Context, mailbox, messageID string, in exchange.Folder) ([]exchange.Candidate, error) {
	if err := s.ask(ctx); err != nil {
		return nil, err
	}
	return s.World.Find(ctx, mailbox, messageID, in)
}

// over gives s a tenant.
func (r *rig) over(s *slow) {
	cfg := live()
	cfg.ID = tenantID2
	r.others[tenantID2] = retract.Tenant{Config: cfg, Mailboxes: s}
}

const tenantID2 = "22222222-2222-3333-4444-555555555555"

// A call that needs several requests keeps to what the server answers to another one meanwhile, and is made later.
func TestClearance_gateThatShutsDuringACall(t *testing.T) {
	bubble(t, func(r *rig) {
		s := &slow{World: r.world, requests: 3, apart: time.Second}
		r.over(s)
		r.world.Script = once("resolve", &fault.Fault{Class: fault.Retry, Status: 429, After: time.Minute}, false)
		for _, to := range []string{anna, bert} {
			m := bad(to)
			m.tenant, m.nid = tenantID2, "n-"+to
			r.report(m)
			r.world.Deliver(map[string]string{anna: "A", bert: "B"}[to], retracttest.Message{MessageID: mid, NetworkIDs: []string{m.nid}})
			r.run(1500 * time.Millisecond) // the second one is between two requests when the first one gets its 429
		}
		r.run(30 * time.Second)
		if sent, refused := s.sent.Load(), s.refused.Load(); sent != 4 || refused != 1 {
			t.Errorf("%d requests sent and %d not, want 4 and 1", sent, refused)
		}
		r.run(2 * time.Minute)
		in, err := r.st.IntentsBy(t.Context(), store.IntentFilter{Tenant: tenantID2, Outcomes: []store.Outcome{store.Done}})
		if err != nil || len(in) != 2 {
			t.Errorf("%d intents are done, want 2: %v", len(in), err)
		}
	})
}

// Each request has a token, not each call.
func TestClearance_countsRequests(t *testing.T) {
	bubble(t, func(r *rig) {
		s := &slow{World: r.world, requests: 400}
		r.over(s)
		m := bad(anna)
		m.tenant = tenantID2
		r.report(m) // not there: looked for again and again, by two calls each time
		r.run(time.Minute)
		if n := s.sent.Load(); n > 400+1000+60*15 { // of the directory, of the mailbox
			t.Errorf("%d requests in a minute", n)
		}
		if s.refused.Load() == 0 {
			t.Error("no request had to wait for a token")
		}
	})
}
