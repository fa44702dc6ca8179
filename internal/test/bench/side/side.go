// Package side makes the listeners that the benches compare.
//
// Reads, Writes: the directory that it is given, and its sockets on 127.0.0.1.
//
// Invariants:
//   - I1: every side runs the listener as the daemon does, with limits that a bench does not run into.
//
// On failure: an error from the start; a listener that fails later says so in the log.
package side

import (
	"context"
	"errors"
	"log"
	"log/slog"
	"net"
	"os"
	"sync"
	"time"

	"clawback/config"
	"clawback/queue"
	"clawback/queue/bolt"
	"clawback/smtpd"
	"clawback/smtpd/certs"
	"clawback/spool"
)

// Recipient is the address for which every side takes mail.
const Recipient = "j@archive.example"

// Side is a listener that runs.
type Side struct {
	Name    string
	Address string
	queue   *bolt.Queue // nil when nothing is worked off
	spool   *spool.Spool
	log     *slog.Logger
	closers []func()
}

// Close stops it and what is behind it.
func (s *Side) Close() {
	for i := len(s.closers) - 1; i >= 0; i-- {
		s.closers[i]()
	}
}

// Idle waits until what was accepted has been worked off, gives its space on the disk back, and says whether it was in
// time.
func (s *Side) Idle(wait time.Duration) bool {
	if s.queue == nil {
		return true
	}
	for end := time.Now().Add(wait); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if st, err := s.queue.Stats(context.Background()); err != nil || len(st.Items) > 0 {
			continue
		}
		later := time.Now().Add(2 * time.Hour) // the daemon keeps the octets, as its archive
		_, err := s.spool.Expire(context.Background(), later, later, s.queue.InUse)
		return err == nil
	}
	return false
}

// Discarding reads messages and forgets them: what the listener could do without anything behind it.
func Discarding(cert *certs.Static) (*Side, error) {
	s := &Side{Name: "discarding"}
	return s, s.listen(nothing{}, cert)
}

// Options of a durable side.
type Options struct {
	Workers int           // so many finish what was accepted, as a pipeline with nothing to do would; 0: it stays
	Spool   spool.Options // zero: as the daemon's
	Log     *slog.Logger  // nil: none
}

// Durable keeps messages in a queue and a spool below dir.
func Durable(dir string, cert *certs.Static, o Options) (*Side, error) {
	s := &Side{Name: "durable", log: o.Log}
	if err := s.open(dir, cert, o); err != nil {
		s.Close()
		return nil, err
	}
	return s, nil
}

func (s *Side) open(dir string, cert *certs.Static, o Options) error {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	sp, err := spool.Open(dir+"/spool", o.Spool)
	if err != nil {
		return err
	}
	s.closers = append(s.closers, func() { sp.Close() })
	q, err := bolt.Open(dir, sp, bolt.Options{})
	if err != nil {
		return err
	}
	s.closers = append(s.closers, func() { q.Close() })
	if o.Workers > 0 {
		s.queue, s.spool = q, sp
		s.drain(o.Workers)
	}
	return s.listen(q, cert)
}

// drain claims as the pipeline does, and finishes at once.
func (s *Side) drain(workers int) {
	ctx, stop := context.WithCancel(context.Background())
	items := make(chan queue.Item)
	var group sync.WaitGroup
	for range workers {
		group.Go(func() {
			for it := range items {
				s.queue.Finish(context.Background(), it.ID)
			}
		})
	}
	group.Go(func() {
		defer close(items)
		for {
			batch, err := s.queue.Claim(ctx, 4*workers)
			if err != nil {
				return
			}
			for _, it := range batch {
				items <- it
			}
		}
	})
	s.closers = append(s.closers, func() { stop(); group.Wait() })
}

func (s *Side) listen(in smtpd.Intake, cert *certs.Static) error {
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	server, err := smtpd.New(smtpd.Options{
		Hostname: "bench.example", Config: limits(), Listener: config.Listener{ClientCertificate: "request"},
		Certificates: cert.GetCertificate,
		Recipients: func(a string) smtpd.Recipient {
			return smtpd.Recipient{Known: a == Recipient, Tenant: "bench", Purpose: queue.ForJournal}
		},
		Intake: in, Log: s.log,
	})
	if err != nil {
		return errors.Join(err, ln.Close())
	}
	go func() {
		if err := server.Serve(ln); !errors.Is(err, smtpd.ErrClosed) {
			log.Printf("%s: %v", s.Name, err)
		}
	}()
	s.Address = ln.Addr().String()
	s.closers = append(s.closers, func() {
		ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
		defer cancel()
		server.Shutdown(ctx)
	})
	return nil
}

// limits are the defaults of the configuration, without the bounds that a bench would run into.
func limits() config.SMTP {
	return config.SMTP{
		MaxMessageSize: 400 << 20, MaxSessions: 1000, MaxUnlistedSessions: 1000, MaxSessionsPerNetwork: 1000,
		MaxRecipients: 100, MaxCommands: 1 << 30, MaxErrors: 10,
		IdleTimeout: time.Minute, DataTimeout: time.Minute, MinRate: 500, SessionAge: time.Hour,
		DrainTimeout: time.Second,
	}
}

// nothing keeps nothing.
type nothing struct{}

func (nothing) Admit(context.Context, queue.Envelope, int64) error { return nil }

func (nothing) Begin(context.Context, queue.Envelope, int64) (queue.Draft, error) {
	return nothing{}, nil
}
func (nothing) Write(p []byte) (int, error)            { return len(p), nil }
func (nothing) Commit(context.Context) (string, error) { return "none", nil }
func (nothing) Abort()                                 {}
