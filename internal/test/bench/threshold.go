package main

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"time"

	"clawback/internal/test/bench/side"
	"clawback/internal/test/smtpload"
	"clawback/smtpd/certs"
	"clawback/spool"
)

// threshold compares bodies in the segment with bodies in files of their own, by size: spool.DefaultInlineLimit is
// where the segment ceases to be faster.
func threshold(out io.Writer, dir string, cert *certs.Static) error {
	const sessions = 64
	segment, err := side.Durable(dir+"/segment", cert,
		side.Options{Workers: 4, Spool: spool.Options{InlineLimit: 8 << 20}})
	if err != nil {
		return err
	}
	defer segment.Close()
	file, err := side.Durable(dir+"/file", cert, side.Options{Workers: 4, Spool: spool.Options{InlineLimit: 1}})
	if err != nil {
		return err
	}
	defer file.Close()
	fmt.Fprintf(out, "\nwhere a body lies: accepted messages a second by BDAT over %d sessions, median of %d "+
		"measurements of %s\n\n", sessions, *rounds, *each)
	fmt.Fprintf(out, "%8s  %12s %12s  %s\n", "octets", "in segment", "in files", "segment / file")
	for _, size := range []int{16 << 10, 64 << 10, 128 << 10, 256 << 10, 512 << 10, 1 << 20, 2 << 20} {
		var rates [2][]float64
		var ratios []float64
		for range *rounds {
			for i, s := range []*side.Side{segment, file} {
				r, err := sized(s, size, sessions)
				if err != nil {
					return fmt.Errorf("%d octets: %w", size, err)
				}
				rates[i] = append(rates[i], r.PerSecond())
			}
			ratios = append(ratios, rates[0][len(ratios)]/rates[1][len(ratios)])
		}
		fmt.Fprintf(out, "%8d  %10.0f/s %10.0f/s  %.2f   (%.2f to %.2f)\n", size, median(rates[0]), median(rates[1]),
			median(ratios), slices.Min(ratios), slices.Max(ratios))
	}
	return nil
}

// sized measures one side, and gives its space on the disk back.
func sized(s *side.Side, size, sessions int) (smtpload.Result, error) {
	r, err := measure(s, smtpload.BDAT, sessions, size)
	if err == nil && !s.Idle(time.Minute) {
		err = errors.New("what was accepted was not worked off in a minute")
	}
	return r, err
}
