// Command bench measures how many messages a second the listener accepts durably, against the same listener with an
// intake that discards; how long small messages take beside large ones, against alone; and, when it is asked to, from
// which size on a file of its own is better for a body than the segment. Each pair in one run, the two taking turns.
//
// The machine's speed drifts and its disk is shared: read the ratios. `make bench` runs it.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"slices"
	"strings"
	"time"

	"clawback/internal/test/bench/side"
	"clawback/internal/test/smtpload"
	"clawback/queue"
	"clawback/smtpd/certs"
)

var (
	size   = flag.Int("size", 50<<10, "octets of a message")
	each   = flag.Duration("each", 2*time.Second, "length of one measurement")
	rounds = flag.Int("rounds", 3, "measurements of each case")
	only   = flag.String("case", "rate,beside", "which measurements, separated by commas: rate, beside, threshold")

	floodTo = flag.String("flood", "",
		"send large messages to this address until standard input ends: what the bench starts by itself")
	floodRate = flag.Int64("flood-rate", 0, "octets a second; 0: as fast as it goes")
)

func main() {
	flag.Parse()
	log.SetFlags(0)
	if *floodTo != "" {
		if err := runFlood(*floodTo, *floodRate); err != nil {
			log.Fatal("flood: ", err)
		}
		return
	}
	queue.MoreProcessors() // as the daemon does
	if err := run(os.Stdout); err != nil {
		log.Fatal("bench: ", err)
	}
}

func run(out io.Writer) error {
	dir, err := os.MkdirTemp(".", "bench-") // on the disk of the checkout: /tmp may be memory
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	cert, err := certs.SelfSigned("bench.example")
	if err != nil {
		return err
	}
	durable, err := side.Durable(dir, cert, side.Options{})
	if err != nil {
		return err
	}
	defer durable.Close()
	discard, err := side.Discarding(cert)
	if err != nil {
		return err
	}
	defer discard.Close()
	for _, name := range strings.Split(*only, ",") {
		switch name {
		case "rate":
			err = rates(out, durable, discard)
		case "beside":
			err = besideLarge(out, dir, cert)
		case "threshold":
			err = threshold(out, dir, cert)
		default:
			err = fmt.Errorf("no case %q", name)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func rates(out io.Writer, durable, discard *side.Side) error {
	fmt.Fprintf(out, "accepted messages a second over STARTTLS, %d octets each, median of %d measurements of %s, "+
		"loader on the same machine\n\n", *size, *rounds, *each)
	fmt.Fprintf(out, "%-6s %8s  %12s %12s  %7s  %s\n", "verb", "sessions", "durable", "discarding", "ratio",
		"durable: p50 / p99 to the 250")
	for _, verb := range []smtpload.Verb{smtpload.BDAT, smtpload.DATA} {
		for _, sessions := range []int{1, 8, 64} {
			if err := compare(out, durable, discard, verb, sessions); err != nil {
				return err
			}
		}
	}
	return nil
}

// compare measures both sides in turn and prints a row.
func compare(out io.Writer, a, b *side.Side, verb smtpload.Verb, sessions int) error {
	var ra, rb, ratios []float64
	var last smtpload.Result
	for range *rounds {
		x, err := measure(a, verb, sessions, *size)
		if err != nil {
			return fmt.Errorf("%s: %w", a.Name, err)
		}
		y, err := measure(b, verb, sessions, *size)
		if err != nil {
			return fmt.Errorf("%s: %w", b.Name, err)
		}
		ra, rb, last = append(ra, x.PerSecond()), append(rb, y.PerSecond()), x
		ratios = append(ratios, x.PerSecond()/y.PerSecond())
	}
	fmt.Fprintf(out, "%-6s %8d  %10.0f/s %10.0f/s  %6.0f%%  %s / %s   (ratios %.2f to %.2f)\n", verb, sessions,
		median(ra), median(rb), 100*median(ratios),
		last.Answer.Quantile(0.5).Round(10*time.Microsecond), last.Answer.Quantile(0.99).Round(10*time.Microsecond),
		slices.Min(ratios), slices.Max(ratios))
	return nil
}

func measure(s *side.Side, verb smtpload.Verb, sessions, octets int) (smtpload.Result, error) {
	return smtpload.Run(context.Background(), smtpload.Options{
		Address: s.Address, To: []string{side.Recipient}, Verb: verb, Sessions: sessions, Next: smtpload.Filler(octets),
		Length: *each,
	})
}

func median(list []float64) float64 {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)/2]
}
