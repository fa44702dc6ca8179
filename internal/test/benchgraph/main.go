// Command benchgraph measures retraction against a Microsoft Graph simulator that answers after 50 ms: how many
// retractions a second one engine carries out for 1, 100 and 10,000 mailboxes and with how many requests each, and how
// long it is from a report's commit in the daemon's queue (C1) to the move of its message.
//
// Store, engine, Graph client and, for the second part, the daemon's process are the real ones; the simulator shares
// the machine with them. It counts answers of 429: none is injected, so each one was provoked. `make bench-graph` runs
// it.
package main

import (
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"runtime"
	"strconv"
	"strings"
	"time"
)

var (
	latency   = flag.Duration("latency", 50*time.Millisecond, "of every answer of the simulator")
	mailboxes = flag.String("mailboxes", "1,100,10000",
		"numbers of mailboxes to measure with, separated by commas; none: \"\"")
	least = flag.Int("retractions", 500,
		"at least so many in each measurement, but for one mailbox, whose quota they would use up: a fifth")
	binary  = flag.String("binary", "bin/clawback", "the daemon; none: \"\"")
	reports = flag.Int("reports", 200, "reports sent to the daemon")
	every   = flag.Duration("every", 100*time.Millisecond, "time from one report to the next")
)

func main() {
	flag.Parse()
	log.SetFlags(0)
	if err := run(os.Stdout); err != nil {
		log.Fatal("benchgraph: ", err)
	}
}

func run(out io.Writer) error {
	fmt.Fprintf(out, "%d processors, %s; load %s; latency of Graph %v\n\n", runtime.NumCPU(), runtime.Version(), load(),
		*latency)
	for _, text := range strings.Split(*mailboxes, ",") {
		if text == "" {
			continue
		}
		n, err := strconv.Atoi(text)
		if err != nil || n < 1 {
			return fmt.Errorf("-mailboxes: %q is no number of mailboxes", text)
		}
		r, err := throughput(n)
		if err != nil {
			return fmt.Errorf("%d mailboxes: %w", n, err)
		}
		fmt.Fprintln(out, r)
	}
	if *binary == "" {
		return nil
	}
	r, err := delay()
	if err != nil {
		return fmt.Errorf("through the daemon: %w", err)
	}
	fmt.Fprintf(out, "\n%s\nload at the end %s\n", r, load())
	return nil
}

// load is the machine's, over 1, 5 and 15 minutes: without it the figures say little.
func load() string {
	text, err := os.ReadFile("/proc/loadavg")
	if err != nil {
		return "unknown"
	}
	return strings.Join(strings.Fields(string(text))[:3], " ")
}
