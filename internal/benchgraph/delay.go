package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"clawback/internal/graphsim"
	"clawback/internal/smtpload"
	"clawback/internal/testbed"
	"clawback/testdata"
)

// organisation has no brake that so many bad letters would meet.
var organisation = testbed.Tenant{
	Name: "contoso", ID: "3f1c2b4a-5d6e-4f70-8192-a3b4c5d6e7f8",
	Domains: []string{"contoso.example"}, OriginatorOrg: []string{"contoso.onmicrosoft.com"},
	Tables: "\n[tenant.brake]\nmailboxes_per_hour = 1000000\nmailboxes_per_mail = 1000\nshare_percent = 100\nshare_from = 1000000\n",
}

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
	bed, err := testbed.New(testbed.Options{Binary: path, Tenants: []testbed.Tenant{organisation},
		Sim: graphsim.Options{Rates: graphsim.Calm(), Latency: *latency}})
	if err != nil {
		return delays{}, err
	}
	defer bed.Close()
	for i := range owners {
		bed.Sim.AddUser(graphsim.User{Tenant: organisation.ID, UPN: mailbox(i)})
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
	report, original, err := compose(n)
	if err != nil {
		return "", nil, err
	}
	m, err := bed.Sim.Deliver(graphsim.Delivery{Mailbox: mailbox(n % owners), MIME: original})
	if err != nil {
		return "", nil, err
	}
	for _, line := range []string{"MAIL FROM:<" + testbed.Alternate + ">", "RCPT TO:<" + organisation.Journal() + ">"} {
		if err := conn.Expect(250, line); err != nil {
			return "", nil, err
		}
	}
	p := &passage{sent: time.Now()}
	if err := conn.Send(append(fmt.Appendf(nil, "BDAT %d LAST\r\n", len(report)), report...)); err != nil {
		return "", nil, err
	}
	reply, err := conn.Reply()
	p.accepted = time.Now()
	if err == nil && reply.Code != 250 {
		err = fmt.Errorf("refused: %s", reply)
	}
	return m.Key, p, err
}

// compose makes a bad letter: one of the demo's, with ids and a recipient of its own.
func compose(n int) (report, original []byte, err error) {
	report, err = testdata.Demo.ReadFile("demo/06-throttled.eml")
	if err != nil {
		return nil, nil, err
	}
	for old, own := range map[string]string{
		"<demo-06.20261102@micros0ft-accounts.example>": fmt.Sprintf("<bench-%d@micros0ft-accounts.example>", n),
		"c1a00006-0000-4000-8000-000000000006":          fmt.Sprintf("aaaa0000-0000-4000-8000-%012x", n),
		"c1a01b5e-0000-4000-8000-000000001b5e":          fmt.Sprintf("bbbb0000-0000-4000-8000-%012x", n),
		"c1a0138e-0000-4000-8000-00000000138e":          fmt.Sprintf("cccc0000-0000-4000-8000-%012x", n),
		"busy@contoso.example":                          mailbox(n % owners),
	} {
		report = bytes.ReplaceAll(report, []byte(old), []byte(own))
	}
	_, rest, found := bytes.Cut(report, []byte("Content-Type: message/rfc822\r\n\r\n"))
	end := bytes.LastIndex(rest, []byte("\r\n--_"))
	if !found || end < 0 {
		return nil, nil, errors.New("the template has no original")
	}
	return report, rest[:end], nil
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
	fmt.Fprintf(&b, "through the daemon: %d reports, one every %v, %d requests, %d answers of 429\n", len(d.passages), *every, d.calls, d.throttled)
	d.line(&b, "from the 250 (just after C1) to the move", func(p passage) time.Duration { return p.moved.Sub(p.accepted) })
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
	fmt.Fprintf(b, "  %-42s p50 %v, p90 %v, p99 %v, worst %v\n", what, at(0.5), at(0.9), at(0.99), all[len(all)-1].Round(time.Millisecond))
}
