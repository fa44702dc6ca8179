package pipeline

import (
	"testing"
	"time"

	"clawback/queue"
	"clawback/queue/memory"
	"clawback/spool"
	"clawback/testdata"
)

// inMemory opens a queue in memory, whose bodies cannot be kept in the spool.
func inMemory(server *memory.Server, owner string) func(*fixture) (queue.Queue, error) {
	return func(*fixture) (queue.Queue, error) {
		return server.Open(queue.Options{Owner: owner, Lease: time.Minute}), nil
	}
}

func newMemoryFixture(t *testing.T, server *memory.Server, owner string) *fixture {
	t.Helper()
	f := newFixtureOn(t, inMemory(server, owner))
	f.p.o.Keep = nil
	return f
}

// The demo's reports come to the same ends whichever engine the queue has.
func TestDemo_sameEndsWithBothEngines(t *testing.T) {
	reports, err := testdata.Demo.ReadDir("demo")
	if err != nil || len(reports) < 10 {
		t.Fatalf("%d reports: %v", len(reports), err)
	}
	ends := map[string]int{}
	for _, report := range reports {
		t.Run(report.Name(), func(t *testing.T) {
			message := demoReport(t, report.Name())
			var got [2]string
			for i, f := range []*fixture{newFixture(t), newMemoryFixture(t, memory.New(nil), "")} {
				id := f.put(envelope(), message)
				f.work()
				got[i] = f.outcome(id) + " " + f.reason(id)
			}
			if got[0] != got[1] {
				t.Errorf("on bbolt and the spool it is %q, in memory %q", got[0], got[1])
			}
			ends[got[0]]++
		})
	}
	if len(ends) < 2 {
		t.Errorf("all reports ended as %v: nothing was compared", ends)
	}
}

// A gateway that is late, such as one that was suspended, finds its item at another's: what both have done counts once.
func TestWork_leaseEndsMeanwhile(t *testing.T) {
	now := time.Now()
	server := memory.New(func() time.Time { return now })
	late := newMemoryFixture(t, server, "late")
	other := newMemoryFixture(t, server, "other")
	other.p.o.Store = late.store
	id := late.put(envelope(), demoReport(t, "01-credential-phish.eml"))
	ofLate, err := late.queue.Claim(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	now = now.Add(time.Minute)
	ofOther, err := other.queue.Claim(t.Context(), 1)
	if err != nil || ofOther[0].ID != id {
		t.Fatalf("claimed %v, %v", ofOther, err)
	}
	if err := late.p.work(t.Context(), ofLate[0]); err != nil {
		t.Errorf("the late one's work ends with %v", err)
	}
	if it, err := other.queue.Get(t.Context(), id); err != nil || it.State != queue.Working {
		t.Errorf("after it the item is %s, %v; want it in the other's work", it.State, err)
	}
	if err := other.p.work(t.Context(), ofOther[0]); err != nil {
		t.Error(err)
	}
	counts, err := late.store.Counts(t.Context(), tenantID)
	if got := late.outcome(id); err != nil || got != "finished MALICIOUS" || counts.Processed != 1 {
		t.Errorf("it is %q after %d processed, %v", got, counts.Processed, err)
	}
}

var _ spool.Bodies = memory.Bodies{}
