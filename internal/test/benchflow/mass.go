package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"clawback/internal/test/graphsim"
	"clawback/internal/test/smtpload"
	"clawback/internal/test/testbed"
)

// first is the number of the first MALICIOUS report: those of clean mail are below.
const first = 10_000_000

// wide times one MALICIOUS message in many mailboxes, and looks at the memory meanwhile.
func wide(ctx context.Context, out io.Writer) error {
	bed, err := newBed(ctx, 0, testbed.Contoso)
	if err != nil {
		return err
	}
	defer bed.Close()
	report, err := toMany(bed, *mass)
	if err != nil {
		return err
	}
	if err := bed.Start(ctx); err != nil {
		return err
	}
	conn, err := bed.Dial(ctx)
	if err != nil {
		return err
	}
	defer conn.Close()
	before := usageOf(bed.Pid())
	if err := testbed.Send(conn, testbed.Contoso, report); err != nil {
		return err
	}
	rate, peak, err := massMoved(ctx, bed, *mass, time.Now())
	more := (peak - before.memory) >> 20
	fmt.Fprintf(out, "one message to %d mailboxes: %.0f moved a second from the 250 on; %d MiB more than before\n",
		*mass, rate, more)
	printEach(out, usageOf(bed.Pid()).minus(before))
	table1.add("retractions a second, one message to 5,000 mailboxes", "500", "1,000", "%.0f", rate)
	table1.add("memory for it, MiB more", "64", "64", "%d", more)
	return err
}

// toMany delivers one MALICIOUS message to n mailboxes, and gives its report.
func toMany(bed *testbed.Bed, n int) ([]byte, error) {
	l, err := report(true, first, mailbox(0))
	if err != nil {
		return nil, err
	}
	var recipients bytes.Buffer
	for i := range n {
		l.Mailbox = fmt.Sprintf("wide%d@contoso.example", i)
		bed.Sim.AddUser(graphsim.User{Tenant: testbed.Contoso.ID, UPN: l.Mailbox})
		if _, err := bed.Deliver(l); err != nil {
			return nil, err
		}
		fmt.Fprintf(&recipients, "Recipient: %s\r\n", l.Mailbox)
	}
	line := []byte("Recipient: " + mailbox(0) + "\r\n")
	if bytes.Count(l.Report, line) != 1 {
		return nil, errors.New("the template does not name its recipient once")
	}
	return bytes.Replace(l.Report, line, recipients.Bytes(), 1), nil
}

// many times a backlog of MALICIOUS messages, each in one mailbox.
func many(ctx context.Context, out io.Writer) error {
	bed, err := newBed(ctx, 0, testbed.Contoso)
	if err != nil {
		return err
	}
	defer bed.Close()
	err = fillQueue(bed, *mass, testbed.Contoso, func(n int) (testbed.Letter, error) {
		l, err := report(true, first+n, mailbox(n))
		if err == nil {
			_, err = bed.Deliver(l)
		}
		return l, err
	})
	if err != nil {
		return err
	}
	if err := bed.Start(ctx); err != nil {
		return err
	}
	rate, peak, err := massMoved(ctx, bed, *mass, time.Now())
	fmt.Fprintf(out, "%d MALICIOUS messages that waited: %.0f moved a second from the start on; memory of its own %d MiB\n",
		*mass, rate, peak>>20)
	printEach(out, usageOf(bed.Pid()))
	table1.add("retractions a second, 5,000 messages", "400", "800", "%.0f", rate)
	return err
}

// printEach says what one retraction took of the daemon.
func printEach(out io.Writer, used usage) {
	n := int64(*mass)
	fmt.Fprintf(out, "  time of processors for each %v; %d bytes written\n", used.computed/time.Duration(n),
		used.written/n)
}

// massMoved waits until n messages were moved, or for as long as massWait. It gives the rate from begun on and the most
// memory that the daemon had of its own meanwhile.
func massMoved(ctx context.Context, bed *testbed.Bed, n int, begun time.Time) (rate float64, peak int64, err error) {
	const massWait = 3 * time.Minute
	for {
		peak = max(peak, usageOf(bed.Pid()).memory)
		moves, last := 0, begun
		for _, c := range bed.Sim.Calls() {
			if c.Route == graphsim.RouteMove && c.Applied {
				moves++
				if c.Time.After(last) {
					last = c.Time
				}
			}
		}
		rate = float64(moves) / max(last.Sub(begun).Seconds(), 0.001)
		if moves >= n {
			return rate, peak, nil
		}
		if time.Since(begun) > massWait {
			return rate, peak, fmt.Errorf("%d of %d were moved in %v\n%s", moves, n, massWait, bed.LogTail())
		}
		select {
		case <-ctx.Done():
			return rate, peak, ctx.Err()
		case <-time.After(200 * time.Millisecond):
		}
	}
}

// percentile is a delay of sorted ones, in seconds.
func percentile(sorted smtpload.Latencies, part float64) float64 {
	if len(sorted) == 0 || !slices.IsSorted(sorted) {
		return 0
	}
	return sorted[min(len(sorted)-1, int(part*float64(len(sorted))))].Seconds()
}
