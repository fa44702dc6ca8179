package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"clawback/internal/test/bench/side"
	"clawback/internal/test/smtpload"
	"clawback/smtpd/certs"
)

const (
	gigabit       = 118_000_000 // octets a second, less what Ethernet, IP and TCP take
	smallSize     = 5_000
	smallSessions = 8
	smallPause    = 20 * time.Millisecond // between two messages of a session: a steady flow, not a flood
)

// besideLarge measures how long small messages take, from MAIL to the 250, alone and while large ones arrive over some
// other sessions as fast as they can.
func besideLarge(out io.Writer, dir string, cert *certs.Static) error {
	s, err := side.Durable(dir+"/beside", cert, side.Options{Workers: 4})
	if err != nil {
		return err
	}
	defer s.Close()
	fmt.Fprintf(out, "\nsmall messages (%d octets, %d sessions, one each %s) alone, and beside %d sessions that send "+
		"%d MiB each,\nagain and again by BDAT: first as fast as a gigabit network lets them, then as fast as this "+
		"machine does\n\n",
		smallSize, smallSessions, smallPause, largeSessions, largeSize>>20)
	fmt.Fprintf(out, "%-6s  %24s  %24s  %10s  %s\n", "verb", "alone: p50 / p99", "beside: p50 / p99", "p99 ratio",
		"large, MB/s")
	for _, limit := range []int64{gigabit, 0} {
		for _, verb := range []smtpload.Verb{smtpload.BDAT, smtpload.DATA} {
			if err := besideRow(out, s, verb, limit); err != nil {
				return err
			}
		}
	}
	return nil
}

func besideRow(out io.Writer, s *side.Side, verb smtpload.Verb, limit int64) error {
	var alone, beside smtpload.Latencies
	var ratios, rates []float64
	for range *rounds {
		a, err := small(s, verb, *each)
		if err != nil {
			return err
		}
		b, rate, err := smallBesideLarge(s, verb, limit)
		if err != nil {
			return err
		}
		alone, beside = append(alone, a...), append(beside, b...)
		if !s.Idle(time.Minute) {
			return errors.New("what was accepted was not worked off in a minute")
		}
		ratios = append(ratios, float64(b.Quantile(.99))/float64(a.Quantile(.99)))
		rates = append(rates, rate)
	}
	slices.Sort(alone)
	slices.Sort(beside)
	r := func(l smtpload.Latencies) string {
		return fmt.Sprintf("%v / %v", l.Quantile(.5).Round(10*time.Microsecond),
			l.Quantile(.99).Round(10*time.Microsecond))
	}
	fmt.Fprintf(out, "%-6s  %24s  %24s  %10.2f  %.0f   (ratios %.2f to %.2f)\n", verb, r(alone), r(beside),
		median(ratios), median(rates), slices.Min(ratios), slices.Max(ratios))
	return nil
}

// small gives the time of each small message from MAIL to the 250.
func small(s *side.Side, verb smtpload.Verb, length time.Duration) (smtpload.Latencies, error) {
	next := smtpload.Filler(smallSize)
	r, err := smtpload.Run(context.Background(), smtpload.Options{
		Address: s.Address, To: []string{side.Recipient}, Verb: verb, Sessions: smallSessions, Length: length,
		Next: func(session, n int) smtpload.Message {
			m := next(session, n)
			time.Sleep(smallPause)
			return m
		},
	})
	return r.Whole, err
}

// smallBesideLarge does the same while the large ones are sent, and gives their rate.
func smallBesideLarge(s *side.Side, verb smtpload.Verb, limit int64) (smtpload.Latencies, float64, error) {
	f, err := startFlood(s.Address, limit)
	if err != nil {
		return nil, 0, err
	}
	time.Sleep(300 * time.Millisecond) // until they are under way
	took, err := small(s, verb, *each)
	rate, ended := f.stop()
	return took, rate, errors.Join(err, ended)
}
