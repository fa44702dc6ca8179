package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"slices"
	"time"

	"clawback/internal/test/graphsim"
	"clawback/internal/test/smtpload"
	"clawback/internal/test/testbed"
)

// drain measures a daemon that finds a backlog at its start.
func drain(ctx context.Context, out io.Writer) error {
	own, err := bareRate(ctx)
	if err != nil {
		return err
	}
	bed, err := newBed(ctx, *messages, testbed.Contoso)
	if err != nil {
		return err
	}
	defer bed.Close()
	before, err := kept(bed)
	if err != nil {
		return err
	}
	begun := time.Now()
	if err := bed.Start(ctx); err != nil {
		return err
	}
	ready, atStart := time.Now(), usageOf(bed.Pid())
	end, err := idleQueue(ctx, bed, *messages)
	if err != nil {
		return err
	}
	rate := float64(*messages) / end.Sub(ready).Seconds()
	used := usageOf(bed.Pid())
	n := int64(*messages)
	after, err := keptAfter(bed)
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "draining a backlog of %d: %.0f a second; the bare scorer %.0f: %.0f %%\n", *messages, rate,
		own.rate, 100*rate/own.rate)
	each := used.minus(atStart).computed / time.Duration(n)
	fmt.Fprintf(out, "  time of processors for each %v; of the bare scorer %v: %.0f %%\n", each, own.each,
		100*own.each.Seconds()/each.Seconds())
	fmt.Fprintf(out, "  ready after %v; %d bytes written and %d bytes of store kept for each; memory of its own %d MiB\n",
		ready.Sub(begun).Round(time.Millisecond), used.written/n, (after-before)/n,
		used.memory>>20)
	addDrainRows(rate, own, ready.Sub(begun), used, (after-before)/n)
	return nil
}

// keptAfter is what is kept once the daemon was stopped.
func keptAfter(bed *testbed.Bed) (int64, error) {
	if err := bed.Stop(); err != nil {
		return 0, err
	}
	return kept(bed)
}

// emptyRate is what draining came to with an empty store; 0: not measured.
var emptyRate float64

// addDrainRows adds to the table what draining shows.
func addDrainRows(rate float64, own scored, start time.Duration, used usage, each int64) {
	with := fmt.Sprintf("%d messages, %d records beforehand: ", *messages, *records)
	if *records == 0 {
		emptyRate = rate
		table1.add(with+"draining, % of the bare scorer", "50", "70", "%.0f", 100*rate/own.rate)
		table1.add(with+"bytes kept for a clean message", "2,000", "1,200", "%d", each)
		table1.add(with+"bytes written for it", "16,000", "6,000", "%d", used.written/int64(*messages))
	} else if emptyRate > 0 {
		table1.add(with+"rate against an empty store", "0.80", "0.95", "%.2f", rate/emptyRate)
	}
	table1.add(with+"ready after, s", "3", "3", "%.1f", start.Seconds())
	table1.add(with+"memory of its own, MiB", "200", "200", "%d", used.memory>>20)
}

// bareRate scores the reports of drain and whole as files.
func bareRate(ctx context.Context) (scored, error) {
	dir, err := os.MkdirTemp("", "clawback-bench-")
	if err != nil {
		return scored{}, err
	}
	defer os.RemoveAll(dir)
	if err := writeFiles(dir, *messages); err != nil {
		return scored{}, err
	}
	return bare(ctx, dir, *messages)
}

// whole measures from the first MAIL to the last C2, the loader on the same processors.
func whole(ctx context.Context, out io.Writer) error {
	own, err := bareRate(ctx)
	if err != nil {
		return err
	}
	bed, err := newBed(ctx, 0, testbed.Contoso)
	if err != nil {
		return err
	}
	defer bed.Close()
	if err := bed.Start(ctx); err != nil {
		return err
	}
	begun := time.Now()
	sent, err := smtpload.Run(ctx, smtpload.Options{
		Address: bed.Address, TLS: bed.TLS(), From: testbed.Alternate, To: []string{testbed.Contoso.Journal()},
		Verb:     smtpload.BDAT,
		Sessions: *sessions, Messages: *messages / *sessions, Next: nextReport,
	})
	if err != nil {
		return err
	}
	accepted := len(sent.Accepted)
	if accepted != *messages / *sessions * *sessions {
		return fmt.Errorf("%d were accepted: %v %v", accepted, sent.Refused, sent.Errors)
	}
	last := time.Now()
	meanwhile := usageOf(bed.Pid())
	end, err := idleQueue(ctx, bed, accepted)
	if err != nil {
		return err
	}
	rate := float64(accepted) / end.Sub(begun).Seconds()
	fmt.Fprintf(out, "the whole way of %d: %.0f a second; the bare scorer %.0f: %.0f %%\n", accepted, rate, own.rate,
		100*rate/own.rate)
	fmt.Fprintf(out, "  accepted at %.0f a second, the last verdict %v after the last 250; memory of its own %d MiB\n",
		sent.PerSecond(), end.Sub(last).Round(time.Millisecond), meanwhile.memory>>20)
	table1.add("whole way, % of the bare scorer", "20", "30", "%.0f", 100*rate/own.rate)
	return nil
}

func nextReport(session, n int) smtpload.Message {
	number := session*(*messages / *sessions) + n
	l, err := report(false, number, mailbox(number))
	if err != nil {
		panic(err) // the templates are built in
	}
	return smtpload.Message{Key: l.MessageID, Body: l.Report}
}

// idle times MALICIOUS messages on a daemon that has nothing else to do.
func idle(ctx context.Context, out io.Writer) error {
	return moved(ctx, out, 0, testbed.Contoso, "idle")
}

// behind times them behind a backlog.
func behind(ctx context.Context, out io.Writer) error {
	return moved(ctx, out, *backlog, testbed.Contoso, fmt.Sprintf("behind a backlog of %d", *backlog))
}

// tenants times them beside a backlog of another tenant.
func tenants(ctx context.Context, out io.Writer) error {
	return moved(ctx, out, *backlog, noisy, fmt.Sprintf("beside another tenant's backlog of %d", *backlog))
}

// passage is when a message passed.
type passage struct{ accepted, moved time.Time }

func moved(ctx context.Context, out io.Writer, waiting int, of testbed.Tenant, title string) error {
	bed, err := newBed(ctx, waiting, of)
	if err != nil {
		return err
	}
	defer bed.Close()
	if err := bed.Start(ctx); err != nil {
		return err
	}
	before := usageOf(bed.Pid())
	passages, err := sendBad(ctx, bed)
	if err != nil {
		return err
	}
	if err := collect(ctx, bed, passages); err != nil {
		return err
	}
	used := usageOf(bed.Pid()).minus(before)
	var delays smtpload.Latencies
	for _, p := range passages {
		delays = append(delays, p.moved.Sub(p.accepted))
	}
	slices.Sort(delays)
	fmt.Fprintf(out, "from the 250 to the move of a MALICIOUS message, %s: %v; memory of its own %d MiB\n",
		title, delays, usageOf(bed.Pid()).memory>>20)
	if waiting == 0 {
		fmt.Fprintf(out, "  %d bytes written for each, from its report to the end of its retraction\n",
			used.written/int64(*bad))
		table1.add("idle, 250 to the move, p50 / p99, s", "0.2 / 0.3", "0.15 / 0.2", "%.2f / %.2f",
			percentile(delays, 0.5), percentile(delays, 0.99))
		table1.add("bytes written for a retraction", "64,000", "64,000", "%d", used.written/int64(*bad))
		return nil
	}
	table1.add("250 to the move, "+title+", p50, s", "5", "1", "%.2f", percentile(delays, 0.5))
	return nil
}

// sendBad delivers MALICIOUS messages to their mailboxes and reports them, ten a second.
func sendBad(ctx context.Context, bed *testbed.Bed) (map[string]*passage, error) {
	conn, err := bed.Dial(ctx)
	if err != nil {
		return nil, err
	}
	defer conn.Close()
	all := map[string]*passage{}
	for n := range *bad {
		l, err := report(true, 10_000_000+n, mailbox(n))
		if err != nil {
			return nil, err
		}
		key, err := bed.Deliver(l)
		if err != nil {
			return nil, err
		}
		if err := testbed.Send(conn, testbed.Contoso, l.Report); err != nil {
			return nil, err
		}
		all[key] = &passage{accepted: time.Now()}
		time.Sleep(100 * time.Millisecond)
	}
	return all, nil
}

// collect waits until all were moved, and notes when.
func collect(ctx context.Context, bed *testbed.Bed, all map[string]*passage) error {
	for {
		left := len(all)
		for _, c := range bed.Sim.Calls() {
			if p := all[c.Message]; p != nil && c.Route == graphsim.RouteMove && c.Applied {
				p.moved = c.Time
				left--
			}
		}
		if left <= 0 {
			return nil
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("%d of %d were not moved\n%s", left, len(all), bed.LogTail())
		case <-time.After(20 * time.Millisecond):
		}
	}
}
