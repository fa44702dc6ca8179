package main

import (
	"context"
	"fmt"
	"io"
	"slices"
	"time"
)

// contestant judges messages.
type contestant interface {
	name() string
	judge(ctx context.Context, m message) (caught bool, err error)
	cpu() (time.Duration, error) // user and system time that judging has taken so far
}

// series is what a contestant reached.
type series struct {
	rate   []float64 // messages by seconds of CPU time, of each round
	caught int       // messages of the sample that it did not let pass: evidence that it was at work
}

// compare lets all take turns, and prints what they reached. The first turn of each is not counted: it warms them up.
func compare(ctx context.Context, out io.Writer, sample []message, all ...contestant) error {
	results := make([]series, len(all))
	for i, c := range all {
		var err error
		if results[i].caught, err = judgeAll(ctx, c, sample); err != nil {
			return fmt.Errorf("%s: %w", c.name(), err)
		}
	}
	for range *rounds {
		for i, c := range all {
			rate, err := measure(ctx, c, sample)
			if err != nil {
				return fmt.Errorf("%s: %w", c.name(), err)
			}
			results[i].rate = append(results[i].rate, rate)
		}
	}
	for i, c := range all {
		printRate(out, c.name(), results[i], len(sample))
	}
	if len(all) == 2 {
		r := ratios(results[0].rate, results[1].rate)
		fmt.Fprintf(out, "  %s judges %.1f times as many as %s (%.1f to %.1f)\n", all[0].name(), median(r),
			all[1].name(), slices.Min(r), slices.Max(r))
	}
	return nil
}

func printRate(out io.Writer, name string, s series, n int) {
	fmt.Fprintf(out, "  %-10s %7.0f/s  (%.0f to %.0f)   catches %d of the %d\n", name, median(s.rate),
		slices.Min(s.rate), slices.Max(s.rate), s.caught, n)
}

func judgeAll(ctx context.Context, c contestant, sample []message) (caught int, err error) {
	for i, m := range sample {
		hit, err := c.judge(ctx, m)
		if err != nil {
			return 0, fmt.Errorf("message %d of the sample: %w", i+1, err)
		}
		if hit {
			caught++
		}
	}
	return caught, nil
}

// measure judges the sample, whole, as often as it takes to be measured.
func measure(ctx context.Context, c contestant, sample []message) (float64, error) {
	from, err := c.cpu()
	if err != nil {
		return 0, err
	}
	for n := len(sample); ; n += len(sample) {
		if _, err := judgeAll(ctx, c, sample); err != nil {
			return 0, err
		}
		now, err := c.cpu()
		if err != nil {
			return 0, err
		}
		if took := now - from; took >= max(*least, time.Millisecond) {
			return float64(n) / took.Seconds(), nil
		}
	}
}

// ratios compares the rounds of two, one by one.
func ratios(a, b []float64) []float64 {
	out := make([]float64, len(a))
	for i := range a {
		out[i] = a[i] / b[i]
	}
	return out
}

func median(list []float64) float64 {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)/2]
}
