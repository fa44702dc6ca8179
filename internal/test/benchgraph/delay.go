package main

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"clawback/internal/test/graphsim"
	"clawback/internal/test/smtpload"
	"clawback/internal/test/testbed"
)

const (
	owners = 20 // mailboxes, one after the other
	warmUp = 40 // letters that are not measured
)

// passage is when a letter passed.
type passage struct{ sent, accepted, moved time.Time }

// delays are those of all letters.
type delays struct {
	passages  []passage
	calls     int // without those of warming up
	throttled int
}

// delay sends reports to the real daemon, whose messages are in their mailboxes already, and sees when each is moved.
func delay() (delays, error) {
	path, err := filepath.Abs(*binary)
	if err != nil {
		return delays{}, err
	}
	bed, err := testbed.New(testbed.Options{Binary: path, Tenants: []testbed.Tenant{testbed.Contoso},
		Sim: graphsim.Options{Rates: graphsim.Calm(), Latency: *latency}})
	if err != nil {
		return delays{}, err
	}
	defer bed.Close()
	for i := range owners {
		bed.Sim.AddUser(graphsim.User{Tenant: testbed.Contoso.ID, UPN: mailbox(i)})
	}
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Minute)
	defer cancel()
	if err := bed.Start(ctx); err != nil {
		return delays{}, fmt.Errorf("%w\n%s", err, bed.LogTail())
	}
	return measure(ctx, bed)
}

func measure(ctx context.Context, bed *testbed.Bed) (delays, error) {
	conn, err := bed.Dial(ctx)
	if err != nil {
		return delays{}, err
	}
	defer conn.Close()
	all := map[string]*passage{} // by the simulator's key of the message
	ticker := time.NewTicker(*every)
	defer ticker.Stop()
	for n := range warmUp + *reports {
		<-ticker.C
		key, p, err := sendOne(bed, conn, n)
		if err != nil {
			return delays{}, err
		}
		if n == warmUp-1 {
			if err := settled(ctx, bed, warmUp); err != nil {
				return delays{}, err
			}
			bed.Sim.ForgetCalls()
			continue
		}
		if n >= warmUp {
			all[key] = p
		}
	}
	if err := settled(ctx, bed, len(all)); err != nil {
		return delays{}, err
	}
	return collect(bed.Sim.Calls(), all)
}

// sendOne puts the original into its mailbox and sends its report.
func sendOne(bed *testbed.Bed, conn *smtpload.Conn, n int) (string, *passage, error) {
	l, err := testbed.Write(true, n, mailbox(n%owners))
	if err != nil {
		return "", nil, err
	}
	key, err := bed.Deliver(l)
	if err != nil {
		return "", nil, err
	}
	p := &passage{sent: time.Now()}
	err = testbed.Send(conn, testbed.Contoso, l.Report)
	p.accepted = time.Now()
	return key, p, err
}

// settled waits until so many messages were moved.
func settled(ctx context.Context, bed *testbed.Bed, want int) error {
	for {
		moved := 0
		for _, c := range bed.Sim.Calls() {
			if c.Route == graphsim.RouteMove && c.Applied {
				moved++
			}
		}
		if moved >= want {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d of %d were moved\n%s", moved, want, bed.LogTail())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

func collect(calls []graphsim.Call, all map[string]*passage) (delays, error) {
	d := delays{calls: len(calls)}
	for _, c := range calls {
		if c.Status == 429 {
			d.throttled++
		}
		if p := all[c.Message]; p != nil && c.Route == graphsim.RouteMove && c.Applied {
			p.moved = c.Time
		}
	}
	for key, p := range all {
		if p.moved.IsZero() {
			return d, fmt.Errorf("message %s was not moved", key)
		}
		d.passages = append(d.passages, *p)
	}
	return d, nil
}

// String is a few lines.
func (d delays) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "through the daemon: %d reports, one every %v, %d requests, %d answers of 429\n", len(d.passages),
		*every, d.calls, d.throttled)
	d.line(&b, "from the 250 (just after C1) to the move",
		func(p passage) time.Duration { return p.moved.Sub(p.accepted) })
	d.line(&b, "from the report's sending (before C1)", func(p passage) time.Duration { return p.moved.Sub(p.sent) })
	return b.String()
}

func (d delays) line(b *strings.Builder, what string, of func(passage) time.Duration) {
	var all []time.Duration
	for _, p := range d.passages {
		all = append(all, of(p))
	}
	if len(all) == 0 {
		return
	}
	slices.Sort(all)
	at := func(q float64) time.Duration {
		return all[min(len(all)-1, int(q*float64(len(all))))].Round(time.Millisecond)
	}
	fmt.Fprintf(b, "  %-42s p50 %v, p90 %v, p99 %v, worst %v\n", what, at(0.5), at(0.9), at(0.99),
		all[len(all)-1].Round(time.Millisecond))
}
