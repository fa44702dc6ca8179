package smtpload

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"sync"
	"time"
)

// ErrRefused is a reply of the server that is not the one that was wanted.
var ErrRefused = errors.New("refused")

func orRefused(err error) error {
	if err == nil {
		return ErrRefused
	}
	return err
}

// Options of a run.
type Options struct {
	Address  string
	TLS      *tls.Config // nil verifies nothing
	Hello    string      // "" for load.example
	From     string      // "" for the null sender
	To       []string
	Verb     Verb
	Chunk    int                          // BDAT: octets of a chunk; 0 for one chunk
	Stepwise bool                         // waits for each reply to MAIL and RCPT instead of pipelining them
	Sessions int                          // at once; 0 for 1
	Messages int                          // for each session; 0 until ctx is done
	Length   time.Duration                // from when all sessions are open; 0 until ctx is done
	Next     func(session, n int) Message // nil for Filler(50 KB)
	Timeout  time.Duration                // of one reply; 0 for a minute
}

// Accepted is a message that got 250.
type Accepted struct {
	Key   string
	Reply string // such as "2.0.0 queued as ID"
	At    time.Time
}

// Refused is a message that got another reply.
type Refused struct {
	Key   string
	Reply string
}

// Result of a run. Connecting is not in Elapsed.
type Result struct {
	Accepted   []Accepted
	Refused    []Refused
	Unanswered []string // keys of messages that were sent, wholly or in part, and not answered
	Errors     []error  // why sessions ended early
	Octets     int64    // of accepted bodies
	Elapsed    time.Duration
	Answer     Latencies // of accepted messages, from the last octet sent to the 250
	Whole      Latencies // of accepted messages, from MAIL to the 250
}

// PerSecond is the rate of accepted messages.
func (r Result) PerSecond() float64 { return float64(len(r.Accepted)) / r.Elapsed.Seconds() }

// String sums the result up in one line.
func (r Result) String() string {
	return fmt.Sprintf("%d accepted, %d refused, %d unanswered, %d errors in %v: %.0f/s, %.1f MB/s; end of data to 250: %v",
		len(r.Accepted), len(r.Refused), len(r.Unanswered), len(r.Errors), r.Elapsed.Round(time.Millisecond),
		r.PerSecond(), float64(r.Octets)/1e6/r.Elapsed.Seconds(), r.Answer)
}

// Run opens the sessions, then sends on all of them at once, and returns when all have ended. The error is for options
// that make no sense and for a ctx that was done before all sessions were open; what a server does is in the result.
func Run(ctx context.Context, o Options) (Result, error) {
	if err := o.fill(); err != nil {
		return Result{}, fmt.Errorf("smtpload: %w", err)
	}
	runs, err := o.connect(ctx)
	if err != nil {
		return Result{}, fmt.Errorf("smtpload: %w", err)
	}
	if o.Length > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, o.Length)
		defer cancel()
	}
	began := time.Now()
	var wg sync.WaitGroup
	for _, s := range runs {
		wg.Go(func() { s.run(ctx) })
	}
	wg.Wait()
	return gather(runs, time.Since(began)), nil
}

func (o *Options) fill() error {
	if o.Address == "" || len(o.To) == 0 {
		return errors.New("options need Address and To")
	}
	if o.Verb != BDAT && o.Verb != DATA {
		return fmt.Errorf("unknown verb %q", o.Verb)
	}
	o.Sessions = max(o.Sessions, 1)
	if o.Hello == "" {
		o.Hello = "load.example"
	}
	if o.Next == nil {
		o.Next = Filler(50_000)
	}
	if o.Timeout == 0 {
		o.Timeout = time.Minute
	}
	return nil
}

// connect opens all sessions. One that cannot be opened is in the result with its error.
func (o *Options) connect(ctx context.Context) ([]*session, error) {
	runs := make([]*session, o.Sessions)
	var wg sync.WaitGroup
	for i := range runs {
		runs[i] = &session{o: o, number: i}
		wg.Go(func() { runs[i].conn, runs[i].err = DialTLS(ctx, o.Address, o.Hello, o.TLS) })
	}
	wg.Wait()
	if ctx.Err() == nil {
		return runs, nil
	}
	for _, s := range runs {
		if s.conn != nil {
			s.conn.Close()
		}
	}
	return nil, ctx.Err()
}

func gather(runs []*session, elapsed time.Duration) Result {
	r := Result{Elapsed: elapsed}
	var answer, whole []time.Duration
	for _, s := range runs {
		r.Accepted = append(r.Accepted, s.accepted...)
		r.Refused = append(r.Refused, s.refused...)
		r.Octets += s.octets
		answer, whole = append(answer, s.answer...), append(whole, s.whole...)
		if s.unanswered != "" {
			r.Unanswered = append(r.Unanswered, s.unanswered)
		}
		if s.err != nil {
			r.Errors = append(r.Errors, fmt.Errorf("session %d: %w", s.number, s.err))
		}
	}
	r.Answer, r.Whole = sorted(answer), sorted(whole)
	return r
}
