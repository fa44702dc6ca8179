package graphsim

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log"
	"net"
	"net/http"
	"os"
	"sync"
	"time"
)

// Sim is a running simulator. All its methods are safe for concurrent use.
type Sim struct {
	o      Options
	ca     *authority
	server *http.Server
	base   string // https://host:port, or inProcess before Start
	served chan struct{}

	mu         sync.Mutex // owns all below
	tenants    map[string]*tenant
	first      string           // id of the tenant that was added first: the default
	owners     map[string]*user // by UPN in lower case
	tokens     map[string]token
	made       uint64 // counter of everything that needs an id
	delivered  uint64 // messages; a counter of its own, so that their keys do not depend on what was asked (I3)
	calls      []Call
	violations []string
	injected   []*Injection
	drawn      map[string]uint64 // calls by fault key
	load       map[string]*load  // by mailbox id
	busy       map[string]int    // mail requests under way, by tenant
	waits      map[string]retryAfter
	lost       map[string]bool // mailbox and message whose last change had no answer
	spared     map[string]bool // tenants without faults that come by themselves
}

// New makes a Sim that does not listen yet. It has one tenant, DefaultTenant.
func New(o Options) *Sim {
	s := &Sim{
		o: o.withDefaults(), base: inProcess, served: make(chan struct{}),
		tenants: map[string]*tenant{}, owners: map[string]*user{}, tokens: map[string]token{},
		drawn: map[string]uint64{}, load: map[string]*load{}, busy: map[string]int{}, waits: map[string]retryAfter{},
		lost:   map[string]bool{},
		spared: map[string]bool{},
	}
	s.AddTenant(DefaultTenant())
	return s
}

// Start listens and serves until Close.
func (s *Sim) Start() error {
	ln, err := net.Listen("tcp", s.o.Address)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", s.o.Address, err)
	}
	if err := s.prepare(ln.Addr()); err != nil {
		ln.Close()
		return err
	}
	go func() {
		defer close(s.served)
		s.server.ServeTLS(ln, "", "") // ends with ErrServerClosed
	}()
	return nil
}

// StartOn serves without TLS on a listener of the caller's, such as one in memory, as if it were at base, an https URL.
// The caller's client must not speak TLS on its connections.
func (s *Sim) StartOn(ln net.Listener, base string) {
	s.base = base
	s.server = s.newServer()
	go func() {
		defer close(s.served)
		s.server.Serve(ln) // ends with ErrServerClosed
	}()
}

func (s *Sim) newServer() *http.Server {
	return &http.Server{
		Handler:           http.HandlerFunc(s.handle),
		ErrorLog:          log.New(io.Discard, "", 0), // aborted connections are part of the game
		ReadHeaderTimeout: 10 * time.Second,
	}
}

func (s *Sim) prepare(addr net.Addr) error {
	host, port, err := net.SplitHostPort(addr.String())
	if err != nil {
		return fmt.Errorf("read own address: %w", err)
	}
	if ip := net.ParseIP(host); ip != nil && ip.IsUnspecified() {
		host = "localhost"
	}
	if s.ca, err = newAuthority(); err != nil {
		return err
	}
	cert, err := s.ca.issue(host)
	if err != nil {
		return err
	}
	if s.o.CAFile != "" {
		if err := os.WriteFile(s.o.CAFile, s.ca.pem, 0o644); err != nil {
			return fmt.Errorf("write the authority's certificate: %w", err)
		}
	}
	s.base = "https://" + net.JoinHostPort(host, port)
	s.server = s.newServer()
	s.server.TLSConfig = &tls.Config{Certificates: []tls.Certificate{cert}, MinVersion: tls.VersionTLS12}
	return nil
}

// URL is the base of both endpoints: login_url and graph_url of a tenant with cloud = "custom".
func (s *Sim) URL() string { return s.base }

// CA is the authority's certificate (PEM). It is nil before Start.
func (s *Sim) CA() []byte {
	if s.ca == nil {
		return nil
	}
	return s.ca.pem
}

// Close stops serving at once: a call in work loses its answer.
func (s *Sim) Close() error {
	if s.server == nil {
		return nil
	}
	err := s.server.Close()
	<-s.served
	return err
}

// Serve runs a Sim until the context ends. Ready is called when it listens.
func Serve(ctx context.Context, o Options, ready func(*Sim)) error {
	s := New(o)
	if err := s.Start(); err != nil {
		return err
	}
	ready(s)
	<-ctx.Done()
	return s.Close()
}
