// Command bench measures how many messages a second the listener accepts durably, against the same listener with an intake
// that discards, in one run, the two taking turns.
//
// The machine's speed drifts and its disk is shared: read the ratios. `make bench` runs it.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"log/slog"
	"net"
	"os"
	"slices"
	"time"

	"clawback/certs"
	"clawback/config"
	"clawback/internal/smtpload"
	"clawback/queue"
	"clawback/smtpd"
	"clawback/spool"
)

var (
	size   = flag.Int("size", 50<<10, "octets of a message")
	each   = flag.Duration("each", 2*time.Second, "length of one measurement")
	rounds = flag.Int("rounds", 3, "measurements of each case")
)

// side is one of the two listeners that are compared.
type side struct {
	name    string
	address string
	close   func()
}

func main() {
	flag.Parse()
	log.SetFlags(0)
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
	durable, err := durableSide(dir)
	if err != nil {
		return err
	}
	defer durable.close()
	discard, err := listen("discard", discarding{})
	if err != nil {
		return err
	}
	defer discard.close()
	fmt.Fprintf(out, "accepted messages a second over STARTTLS, %d octets each, median of %d measurements of %s, loader on the same machine\n\n", *size, *rounds, *each)
	fmt.Fprintf(out, "%-6s %8s  %12s %12s  %7s  %s\n", "verb", "sessions", "durable", "discarding", "ratio", "durable: p50 / p99 to the 250")
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
func compare(out io.Writer, a, b *side, verb smtpload.Verb, sessions int) error {
	var ra, rb, ratios []float64
	var last smtpload.Result
	for range *rounds {
		x, err := measure(a, verb, sessions)
		if err != nil {
			return fmt.Errorf("%s: %w", a.name, err)
		}
		y, err := measure(b, verb, sessions)
		if err != nil {
			return fmt.Errorf("%s: %w", b.name, err)
		}
		ra, rb, last = append(ra, rate(x)), append(rb, rate(y)), x
		ratios = append(ratios, rate(x)/rate(y))
	}
	fmt.Fprintf(out, "%-6s %8d  %10.0f/s %10.0f/s  %6.0f%%  %s / %s   (ratios %.2f to %.2f)\n", verb, sessions, median(ra), median(rb), 100*median(ratios),
		last.Answer.Quantile(0.5).Round(10*time.Microsecond), last.Answer.Quantile(0.99).Round(10*time.Microsecond), slices.Min(ratios), slices.Max(ratios))
	return nil
}

func measure(s *side, verb smtpload.Verb, sessions int) (smtpload.Result, error) {
	ctx, cancel := context.WithTimeout(context.Background(), *each)
	defer cancel()
	return smtpload.Run(ctx, smtpload.Options{Address: s.address, To: []string{address}, Verb: verb, Sessions: sessions, Next: smtpload.Filler(*size)})
}

func rate(r smtpload.Result) float64 { return r.PerSecond() }

func median(list []float64) float64 {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)/2]
}

// address is the journal address that both listeners know.
const address = "j@bench.example"

func durableSide(dir string) (*side, error) {
	sp, err := spool.Open(dir+"/spool", spool.Options{})
	if err != nil {
		return nil, err
	}
	q, err := queue.Open(dir, sp, queue.Options{})
	if err != nil {
		return nil, err
	}
	s, err := listen("durable", intake{q})
	if err != nil {
		return nil, err
	}
	stop := s.close
	s.close = func() { stop(); q.Close(); sp.Close() }
	return s, nil
}

func listen(name string, in smtpd.Intake) (*side, error) {
	cert, err := certs.SelfSigned("bench.example")
	if err != nil {
		return nil, err
	}
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	server, err := smtpd.New(smtpd.Options{
		Hostname: "bench.example", Config: limits(), Listener: config.Listener{ClientCertificate: "request"}, Certificates: cert.GetCertificate,
		Recipients: func(a string) smtpd.Recipient {
			return smtpd.Recipient{Known: a == address, Tenant: "bench", Purpose: queue.ForJournal}
		},
		Intake: in, Log: slog.New(slog.DiscardHandler),
	})
	if err != nil {
		return nil, err
	}
	go func() {
		if err := server.Serve(ln); !errors.Is(err, smtpd.ErrClosed) {
			log.Print("bench: ", err)
		}
	}()
	return &side{name, ln.Addr().String(), func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		server.Shutdown(ctx)
	}}, nil
}

// limits are the defaults of the configuration, without the bounds that a bench would run into.
func limits() config.SMTP {
	return config.SMTP{
		MaxMessageSize: 400 << 20, MaxSessions: 1000, MaxSessionsPerNetwork: 1000, MaxRecipients: 100, MaxCommands: 1 << 30, MaxErrors: 10,
		IdleTimeout: time.Minute, DataTimeout: time.Minute, MinRate: 500, SessionAge: time.Hour, DrainTimeout: time.Second,
	}
}

// intake hands messages to the queue, as the daemon does.
type intake struct{ q *queue.Queue }

func (i intake) Begin(e queue.Envelope, size int64) (smtpd.Transaction, error) { return i.q.Begin(e, size) }

// discarding reads messages and forgets them.
type discarding struct{}

func (discarding) Begin(queue.Envelope, int64) (smtpd.Transaction, error) { return discarding{}, nil }
func (discarding) Write(p []byte) (int, error)                            { return len(p), nil }
func (discarding) Commit() (string, error)                                { return "none", nil }
func (discarding) Abort()                                                 {}
