package smtpd

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/netip"
	"os"
	"sync"
	"time"

	"github.com/emersion/go-smtp"

	"clawback/config"
)

// ErrClosed is what Serve returns after Shutdown.
var ErrClosed = errors.New("smtpd: server closed")

// Options of a Server. Those without a remark are needed.
type Options struct {
	Hostname string
	Config   config.SMTP
	Listener config.Listener
	// Certificates gives the server's certificate for each handshake; those of package certs fit.
	Certificates func(*tls.ClientHelloInfo) (*tls.Certificate, error)
	// Recipients says what an address is for. It gets the address as the client wrote it, or "postmaster" when that
	// is all the client wrote. It is called by many sessions at once.
	Recipients func(address string) Recipient
	Networks   func(netip.Addr) Network // the network of a peer; nil: none is listed
	Intake     Intake
	Log        *slog.Logger     // nil: none
	Now        func() time.Time // nil: time.Now
}

// Network is what is known of the network that a peer is in.
type Network struct {
	Name     string // of the set that the listener names, "" for none
	Exchange bool   // Exchange Online sends from it, whatever the set is called
}

// Server is one listener's worth of SMTP.
type Server struct {
	hostname string
	limits   config.SMTP
	listener config.Listener
	options  Options
	log      *slog.Logger
	now      func() time.Time

	tls   *tls.Config
	roots *x509.CertPool // for client certificates, nil for the system's
	smtp  *smtp.Server
	hand  *handover
	start sync.Once

	sessions *sessions
	refusals *refusals
	work     context.Context // ends when Shutdown cuts off what is still there
	cut      context.CancelFunc
	stop     chan struct{}  // closed by Shutdown
	logging  sync.WaitGroup // the goroutine that sums up refusals

	mu     sync.Mutex // guards the following
	lns    []net.Listener
	closed bool
}

// New checks the options and makes a server that does not listen yet.
func New(o Options) (*Server, error) {
	if err := checkOptions(o); err != nil {
		return nil, fmt.Errorf("smtpd: %w", err)
	}
	s := &Server{hostname: o.Hostname, limits: o.Config, listener: o.Listener, options: o, log: o.Log, now: o.Now,
		stop: make(chan struct{})}
	if s.log == nil {
		s.log = slog.New(slog.DiscardHandler)
	}
	if s.now == nil {
		s.now = time.Now
	}
	s.work, s.cut = context.WithCancel(context.Background())
	var err error
	if s.roots, err = loadRoots(o.Listener.ClientCAFile); err != nil {
		return nil, fmt.Errorf("smtpd: %w", err)
	}
	s.tls = s.tlsConfig()
	s.hand = newHandover()
	s.smtp = s.newSMTP()
	s.sessions, s.refusals = newSessions(o), newRefusals(s.log)
	return s, nil
}

func checkOptions(o Options) error {
	c := o.Config
	switch {
	case o.Hostname == "" || o.Certificates == nil || o.Recipients == nil || o.Intake == nil:
		return errors.New("options need Hostname, Certificates, Recipients and Intake")
	case c.MaxMessageSize <= 0 || c.MaxMessageSize >= 1<<32:
		return errors.New("option MaxMessageSize must be positive and under 4 GiB") // go-smtp reads SIZE into 32 bits
	case min(c.MaxSessions, c.MaxUnlistedSessions, c.MaxSessionsPerNetwork, c.MaxRecipients, c.MaxCommands,
		c.MaxErrors) <= 0:
		return errors.New("every limit must be positive")
	case min(c.IdleTimeout, c.DataTimeout, c.SessionAge) <= 0:
		return errors.New("every timeout must be positive")
	case o.Listener.ClientCertificate == "require" && len(o.Listener.ClientNames) == 0:
		return errors.New("a required client certificate needs ClientNames")
	}
	return nil
}

// newSMTP configures go-smtp. It advertises PIPELINING, 8BITMIME, ENHANCEDSTATUSCODES, CHUNKING by itself.
//
// BINARYMIME stays off: Exchange would then send parts with Content-Transfer-Encoding binary (BODY=BINARYMIME), which
// cannot go on to an alternate mailbox whose server lacks it without re-encoding the original, and its DKIM signature
// and its bytes would be lost. CHUNKING alone already lets bare LF, bare CR and NUL in.
func (s *Server) newSMTP() *smtp.Server {
	srv := smtp.NewServer(smtp.BackendFunc(func(c *smtp.Conn) (smtp.Session, error) {
		return &session{srv: s, guard: c.Conn().(*guard)}, nil
	}))
	srv.Domain = s.hostname
	srv.MaxMessageBytes = s.limits.MaxMessageSize // for SIZE; bodies never reach go-smtp (defect F)
	srv.MaxRecipients = s.limits.MaxRecipients
	srv.MaxLineLength = 0 // the wire bounds lines; go-smtp's bound also hits a body sent together with its BDAT
	srv.EnableSMTPUTF8 = true
	srv.ErrorLog = errorLog{s.log}
	return srv
}

// Serve accepts connections until Shutdown, and returns ErrClosed then. It may be called for several listeners.
func (s *Server) Serve(ln net.Listener) error {
	if !s.track(ln) {
		ln.Close()
		return ErrClosed
	}
	s.start.Do(func() {
		go s.smtp.Serve(s.hand)
		s.logging.Go(func() { s.refusals.run(s.stop) })
	})
	wait := time.Duration(0)
	for {
		c, err := ln.Accept()
		if err == nil {
			wait = 0
			s.begin(c)
			continue
		}
		if s.isClosed() {
			return ErrClosed
		}
		if errors.Is(err, net.ErrClosed) {
			return fmt.Errorf("accept: %w", err)
		}
		// Such as EMFILE: it passes.
		wait = min(max(2*wait, 5*time.Millisecond), time.Second)
		s.log.Warn("accept", "event", "smtp.failed", "error", err, "retry_in", wait)
		time.Sleep(wait)
	}
}

func (s *Server) track(ln net.Listener) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.lns = append(s.lns, ln)
	}
	return !s.closed
}

// begin starts the connection's goroutine, which Shutdown waits for. One that was accepted as Shutdown began is told to
// come again: without a word its sender could take the host for broken.
func (s *Server) begin(c net.Conn) {
	if !s.admit(c) {
		s.turnAway(c, "shutting down")
		c.Close()
	}
}

func (s *Server) admit(c net.Conn) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.closed {
		s.sessions.wg.Go(func() { s.serve(c) })
	}
	return !s.closed
}

func (s *Server) isClosed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

// Sessions is the number of open connections.
func (s *Server) Sessions() int { return s.sessions.count() }

// pace of a body that begins now.
func (s *Server) pace() *pace {
	return &pace{stall: s.limits.DataTimeout, rate: s.limits.MinRate, end: time.Now().Add(s.limits.SessionAge)}
}

// loadRoots reads the authorities for client certificates.
func loadRoots(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read client authorities: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("no certificate in %s", file)
	}
	return pool, nil
}
