package certs

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net"
	"net/http"
	"sync"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
	"golang.org/x/net/netutil"

	"clawback/config"
)

// solver answers the CA's challenges, out of the cache, whichever issuance put them there.
type solver struct {
	http    *http.Server // nil: no HTTP-01
	alpn    net.Listener // nil: no TLS-ALPN-01
	running sync.WaitGroup
	once    sync.Once
}

// openSolver opens the challenge listeners and serves them.
func openSolver(c config.ACME, o Options, cache *cache) (*solver, error) {
	s := &solver{}
	m := &autocert.Manager{Prompt: autocert.AcceptTOS, Cache: cache, HostPolicy: hosts(c.Domains)}
	if c.HTTPAddress != "" {
		ln, err := o.Listen(c.HTTPAddress)
		if err != nil {
			return nil, fmt.Errorf("open HTTP-01 listener: %w", err)
		}
		s.serveHTTP(ln, m.HTTPHandler(http.NotFoundHandler()))
	}
	if c.TLSALPNAddress != "" {
		ln, err := o.Listen(c.TLSALPNAddress)
		if err != nil {
			s.close()
			return nil, fmt.Errorf("open TLS-ALPN-01 listener: %w", err)
		}
		s.serveALPN(ln, m)
	}
	if s.http == nil && s.alpn == nil {
		return nil, errors.New("open challenge listeners: no address")
	}
	return s, nil
}

// hosts lets challenges through for the configured names, with or without a port.
func hosts(domains []string) autocert.HostPolicy {
	allowed := autocert.HostWhitelist(domains...)
	return func(ctx context.Context, host string) error {
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		return allowed(ctx, host)
	}
}

// maxConns is how many connections each challenge listener has open at once. Without a bound anybody could use up the
// descriptors of the process, and so keep mail out; the CA makes a few.
const maxConns = 64

// serveHTTP answers HTTP-01: RFC 8555, section 8.3. Everything else is 404.
func (s *solver) serveHTTP(ln net.Listener, h http.Handler) {
	s.http = &http.Server{
		Handler:           h,
		ReadTimeout:       5 * time.Second,
		WriteTimeout:      5 * time.Second,
		MaxHeaderBytes:    8 << 10,
		ReadHeaderTimeout: 5 * time.Second,
	}
	s.http.SetKeepAlivesEnabled(false) // a connection is one question
	s.running.Go(func() { s.http.Serve(netutil.LimitListener(ln, maxConns)) })
}

// serveALPN answers TLS-ALPN-01: RFC 8737, section 3. A handshake is the whole answer.
func (s *solver) serveALPN(ln net.Listener, m *autocert.Manager) {
	s.alpn = tls.NewListener(ln, &tls.Config{
		NextProtos: []string{acme.ALPNProto},
		MinVersion: tls.VersionTLS12,
		GetCertificate: func(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
			if len(hello.SupportedProtos) != 1 || hello.SupportedProtos[0] != acme.ALPNProto {
				return nil, errors.New("not a challenge") // else the manager would ask the CA
			}
			return m.GetCertificate(hello)
		},
	})
	s.running.Go(func() {
		slots := make(chan struct{}, maxConns)
		for {
			conn, err := s.alpn.Accept()
			if errors.Is(err, net.ErrClosed) {
				return
			}
			if err != nil {
				time.Sleep(100 * time.Millisecond) // out of descriptors: let others close theirs
				continue
			}
			slots <- struct{}{}
			s.running.Go(func() {
				defer func() { <-slots }()
				handshake(conn)
			})
		}
	})
}

// handshake answers one TLS-ALPN-01 connection.
func handshake(conn net.Conn) {
	defer conn.Close()
	conn.SetDeadline(time.Now().Add(10 * time.Second))
	if c, ok := conn.(*tls.Conn); ok {
		c.Handshake()
	}
}

// challenges are the types that can be answered.
func (s *solver) challenges() (types []string) {
	if s.http != nil {
		types = append(types, "http-01")
	}
	if s.alpn != nil {
		types = append(types, "tls-alpn-01")
	}
	return types
}

// close closes the listeners and waits for open connections.
func (s *solver) close() {
	s.once.Do(func() {
		if s.http != nil {
			s.http.Close()
		}
		if s.alpn != nil {
			s.alpn.Close()
		}
		s.running.Wait()
	})
}
