package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"runtime"
	"strings"
	"time"

	"clawback/api"
	"clawback/api/client"
	"clawback/internal/test/smtpload"
	"clawback/internal/test/testbed"
	"clawback/store"
	"clawback/store/storetest"
)

// unpaced has messages judged again by rescans alone, as fast as half of the processors can.
const unpaced = "\n[rejudge]\nafter = []\nrate = \"off\"\n"

// again measures a rescan from stored originals beside the bare scorer on the same messages, and one of which what has
// changed concerns none.
func again(ctx context.Context, out io.Writer) error {
	own, err := bareRate(ctx)
	if err != nil {
		return err
	}
	bed, err := newBedWith(ctx, *messages, testbed.Contoso, unpaced)
	if err != nil {
		return err
	}
	defer bed.Close()
	if err := bed.Start(ctx); err != nil {
		return err
	}
	if _, err := idleQueue(ctx, bed, *messages); err != nil {
		return err
	}
	if err := untouched(ctx, out, bed, own); err != nil {
		return err
	}
	if err := addPolicy(ctx, bed, "block_content", "words that nobody writes"); err != nil {
		return err
	}
	processors := runtime.NumCPU()
	workers := max(1, processors/2) // as the daemon takes for it
	before := usageOf(bed.Pid())
	begun := time.Now()
	read, err := rescan(ctx, bed)
	if err != nil {
		return err
	}
	took, used := time.Since(begun), usageOf(bed.Pid()).minus(before)
	if read.Read != *messages {
		return fmt.Errorf("of %d messages the originals of %d were read: %+v", *messages, read.Read, read)
	}
	rate, each := float64(read.Read)/took.Seconds(), used.computed/time.Duration(read.Read)
	alike := own.rate * float64(workers) / float64(processors)
	fmt.Fprintf(out, "a rescan of %d from stored originals: %.0f a second; the bare scorer on %d of %d processors "+
		"%.0f: %.0f %%\n", read.Read, rate, workers, processors, alike, 100*rate/alike)
	fmt.Fprintf(out, "  time of processors for each %v; of the bare scorer %v: %.0f %%\n", each, own.each,
		100*own.each.Seconds()/each.Seconds())
	table1.add("rescan from stored originals, % of the bare scorer, by the clock / by computing", "60", "80",
		"%.0f / %.0f", 100*rate/alike, 100*own.each.Seconds()/each.Seconds())
	return nil
}

// untouched measures a rescan after a change that concerns no message: their originals are not read.
func untouched(ctx context.Context, out io.Writer, bed *testbed.Bed, own scored) error {
	if err := addPolicy(ctx, bed, "block_sender", "@nobody.example"); err != nil {
		return err
	}
	before := usageOf(bed.Pid())
	begun := time.Now()
	seen, err := rescan(ctx, bed)
	if err != nil {
		return err
	}
	used := usageOf(bed.Pid()).minus(before)
	fmt.Fprintf(out, "a rescan of %d that what has changed does not concern: %.0f a second, %d originals read; time "+
		"of processors for each %v, of the bare scorer %v\n", seen.Seen, float64(seen.Seen)/time.Since(begun).Seconds(),
		seen.Read, used.computed/time.Duration(max(1, seen.Seen)), own.each)
	return nil
}

func addPolicy(ctx context.Context, bed *testbed.Bed, kind, pattern string) error {
	_, err := client.Do(ctx, bed.Client, api.AddPolicies, api.PolicyOrder{Tenant: testbed.Contoso.Name,
		Policies: []api.NewPolicy{{Kind: kind, Pattern: pattern}}})
	return err
}

// rescan judges all messages of the tenant again, changes nothing, and waits for the end.
func rescan(ctx context.Context, bed *testbed.Bed) (api.Rescan, error) {
	one, err := client.Do(ctx, bed.Client, api.StartRescan, api.RescanOrder{DryRun: true,
		Search: api.Search{Query: "since:7d", Tenant: testbed.Contoso.Name}})
	for err == nil && !one.State.Final() {
		select {
		case <-ctx.Done():
			return one, ctx.Err()
		case <-time.After(10 * time.Millisecond):
		}
		var now api.Rescan
		if now, err = client.Do(ctx, bed.Client, api.ShowRescan, api.ItemRef{ID: one.ID}); err == nil {
			one = now
		}
	}
	return one, err // of one that was called off as it was last
}

const (
	feedLines = 200_000 // of the list that is read again and again
	oldMail   = 50_000  // records that are past their retention
)

// beside measures the whole way while rescans, a feed and retention run, against the same daemon without them.
func beside(ctx context.Context, out io.Writer) error {
	dir, err := os.MkdirTemp("", "clawback-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	list := dir + "/list"
	if err := writeList(list, 0); err != nil {
		return err
	}
	bed, err := newBedWith(ctx, 0, testbed.Contoso,
		unpaced+fmt.Sprintf("\n[[feed]]\nname = \"bench\"\nfile = %q\nkind = \"url\"\ninterval = \"1d\"\n", list))
	if err != nil {
		return err
	}
	defer bed.Close()
	if err := fillOld(ctx, bed); err != nil {
		return err
	}
	if err := bed.Start(ctx); err != nil {
		return err
	}
	ready := time.Now()
	quiet, err := wholeWay(ctx, bed, 0)
	if err != nil {
		return err
	}
	// What is past its retention is removed ten minutes after the start for the first time: see the daemon's janitor.
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-time.After(time.Until(ready.Add(10*time.Minute - 2*time.Second))):
	}
	busy, stop := context.WithCancel(ctx)
	worked := make(chan error, 2)
	judged, reads := 0, 0
	go func() { worked <- rescanAll(busy, bed, &judged) }()
	go func() { worked <- readFeed(busy, bed, list, &reads) }()
	loaded, err := wholeWay(ctx, bed, 1)
	stop()
	err = errors.Join(err, ended(<-worked), ended(<-worked))
	if err != nil {
		return err
	}
	slower, share := loaded.p99/quiet.p99, loaded.rate/quiet.rate
	fmt.Fprintf(out, "beside %d messages judged again, %d looks at a feed of %d lines and %d records past their "+
		"retention: %.0f a second, p99 of the 250 %.0f ms; without them %.0f and %.0f ms: %.2f of the rate, "+
		"%.1f times p99\n", judged,
		reads, feedLines, oldMail, loaded.rate, 1000*loaded.p99, quiet.rate, 1000*quiet.p99, share, slower)
	table1.add("intake's p99 / whole way's rate beside rescan, feed and retention", "3 times / 0.5", "2 times / 0.6",
		"%.1f times / %.2f", slower, share)
	return nil
}

// ended is the error of work that was not only called off.
func ended(err error) error {
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// passed is how mail went the whole way.
type passed struct{ rate, p99 float64 }

// wholeWay sends messages, and measures from the first MAIL to the last C2. Each run has messages of its own.
func wholeWay(ctx context.Context, bed *testbed.Bed, run int) (p passed, err error) {
	begun := time.Now()
	sent, err := smtpload.Run(ctx, smtpload.Options{
		Address: bed.Address, TLS: bed.TLS(), From: testbed.Alternate, To: []string{testbed.Contoso.Journal()},
		Verb: smtpload.BDAT, Sessions: *sessions, Messages: *messages / *sessions,
		Next: func(session, n int) smtpload.Message { return nextReport(session+run**sessions, n) },
	})
	if err != nil {
		return p, err
	}
	accepted := len(sent.Accepted)
	if accepted != *messages / *sessions * *sessions {
		return p, fmt.Errorf("%d were accepted: %v %v", accepted, sent.Refused, sent.Errors)
	}
	end, err := idleQueue(ctx, bed, accepted*(run+1))
	return passed{float64(accepted) / end.Sub(begun).Seconds(), percentile(sent.Answer, 0.99)}, err
}

// rescanAll judges all messages again and again, each time by other knowledge, so that all originals are read, and
// counts them.
func rescanAll(ctx context.Context, bed *testbed.Bed, read *int) error {
	for n := 0; ; n++ {
		if err := addPolicy(ctx, bed, "block_content", fmt.Sprintf("words that nobody writes %d", n)); err != nil {
			return err
		}
		one, err := rescan(ctx, bed)
		*read += one.Read
		if err != nil {
			return err
		}
	}
}

// readFeed has a list read again and again, of which a tenth is new each time.
func readFeed(ctx context.Context, bed *testbed.Bed, list string, done *int) error {
	for n := 1; ; n++ {
		if err := writeList(list, n*feedLines/10); err != nil {
			return err
		}
		if _, err := client.Do(ctx, bed.Client, api.UpdateFeeds, api.FeedOrder{Feed: "bench"}); err != nil {
			return err
		}
		*done = n
	}
}

func writeList(name string, from int) error {
	var text strings.Builder
	for n := range feedLines {
		fmt.Fprintf(&text, "https://host%d.bad.example/path/%d\n", (from+n)%5000, from+n)
	}
	return os.WriteFile(name, []byte(text.String()), 0o600)
}

// fillOld applies reports of mail that is past its retention.
func fillOld(ctx context.Context, bed *testbed.Bed) error {
	old := time.Now().Add(-120 * 24 * time.Hour)
	return applyReports(ctx, bed, oldMail, func(n int) store.Application {
		a := storetest.Realistic(n)
		a.Record.Received = old.Add(-time.Duration(n) * time.Second)
		return a
	})
}
