package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"slices"
	"time"

	"clawback/internal/test/bench/side"
	"clawback/internal/test/smtpload"
)

// bench is one size and one number of sessions.
type bench struct {
	out            io.Writer
	claw           *clawback
	post           *postfix
	size, sessions int
}

// series is what one contestant reached by one verb.
type series struct {
	rate []float64       // messages a second, of each round
	late []time.Duration // p99 from the end of data to the 250, of each round
}

func (b bench) run() error {
	claw, post := map[smtpload.Verb]*series{}, map[smtpload.Verb]*series{}
	for _, verb := range verbs {
		claw[verb], post[verb] = &series{}, &series{}
	}
	for range *rounds {
		for _, verb := range verbs {
			if err := b.turn(verb, claw[verb], post[verb]); err != nil {
				return err
			}
		}
	}
	b.print(claw, post)
	return nil
}

// turn measures both by one verb, each when neither has anything left to do.
func (b bench) turn(verb smtpload.Verb, claw, post *series) error {
	if err := b.measure(b.claw.address, verb, claw); err != nil {
		return fmt.Errorf("clawback: %w", err)
	}
	if err := b.claw.idle(); err != nil {
		return fmt.Errorf("clawback: %w", err)
	}
	if err := b.measure(b.post.server.Address(), verb, post); err != nil {
		return fmt.Errorf("postfix: %w", err)
	}
	return b.post.idle(5 * time.Minute)
}

func (b bench) measure(address string, verb smtpload.Verb, s *series) error {
	r, err := smtpload.Run(context.Background(), smtpload.Options{
		Address: address, To: []string{side.Recipient}, Verb: verb, Sessions: b.sessions, Next: smtpload.Filler(b.size),
		Length: *each,
	})
	if err != nil {
		return err
	}
	if len(r.Errors) > 0 || len(r.Refused) > 0 {
		return fmt.Errorf("%d refused, errors: %v", len(r.Refused), r.Errors)
	}
	s.rate = append(s.rate, r.PerSecond())
	s.late = append(s.late, r.Answer.Quantile(.99))
	return nil
}

// print compares both of clawback's verbs with the better of Postfix's two.
func (b bench) print(claw, post map[smtpload.Verb]*series) {
	better := verbs[0]
	for _, verb := range verbs {
		if median(post[verb].rate) > median(post[better].rate) {
			better = verb
		}
	}
	fmt.Fprintf(b.out, "\n%d KB, %d sessions\n", b.size/1000, b.sessions)
	for _, verb := range verbs {
		fmt.Fprintf(b.out, "  postfix  %s  %7.0f/s  (%.0f to %.0f)  p99 end of data to 250: %v\n", verb,
			median(post[verb].rate), slices.Min(post[verb].rate), slices.Max(post[verb].rate),
			round(median(post[verb].late)))
	}
	for _, verb := range verbs {
		c, p := claw[verb], post[better]
		ratios := make([]float64, len(c.rate))
		for i := range ratios {
			ratios[i] = c.rate[i] / p.rate[i]
		}
		fmt.Fprintf(b.out, "  clawback %s  %7.0f/s  (%.0f to %.0f)  p99 end of data to 250: %v   %.2f times "+
			"Postfix's %s (%.2f to %.2f), p99 %.2f times\n", verb,
			median(c.rate), slices.Min(c.rate), slices.Max(c.rate), round(median(c.late)),
			median(ratios), better, slices.Min(ratios), slices.Max(ratios),
			float64(median(c.late))/float64(median(p.late)))
	}
}

func round(d time.Duration) time.Duration { return d.Round(10 * time.Microsecond) }

func median[T cmp.Ordered](list []T) T {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)/2]
}
