// Package rest is the door for programs elsewhere: HTTP/1.1 over TLS, for who shows a token.
//
// It offers every operation of api, as package routes reads and answers them. Nothing is answered to who shows no
// token but that he needs one, and nothing that he says of himself counts.
//
// Reads: requests, with a token in the Authorization field.
//
// Writes: answers, as package routes writes them.
//
// Invariants:
//
//	I1 no handler of an operation runs before its token is proven
//	I2 what a peer can hold without a token is bounded in number, bytes and time: connections for each network and in
//	   all, a header, and the seconds that each step may take; so is what one token can hold
//	I3 no answer is kept by a cache, and no page of another origin can read one
//
// On failure: a problem (RFC 9457). Where an answer ends too early the connection is cut, so that nobody takes a part
// for the whole.
//
// Standards: RFC 9110, RFC 6750 section 2.1, RFC 6585 section 4, RFC 9457.
package rest

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"golang.org/x/time/rate"

	"clawback/api"
	"clawback/api/idempotency"
	"clawback/api/routes"
)

// Tokens tell who shows one. *token.Desk does.
type Tokens interface {
	Principal(text, from string) (api.Principal, error)
}

// Options of a Server.
type Options struct {
	Service        *api.Service
	Tokens         Tokens
	Keys           *idempotency.Desk
	Certificate    func(*tls.ClientHelloInfo) (*tls.Certificate, error)
	Rate           int // requests a second by one token, and twice that at once
	MaxConnections int
	Log            *slog.Logger
}

// times are what each step may take.
type times struct{ header, body, upload, write, idle time.Duration }

// usual are the times of a real door.
func usual() times {
	return times{
		header: 10 * time.Second,
		body:   30 * time.Second,
		upload: 5 * time.Minute,
		write:  30 * time.Second, // each 64 KiB of an answer
		idle:   time.Minute,
	}
}

// What a request's header may have, in bytes. A query of the longest kind fits.
const maxHeader = 32 << 10

// Server answers over HTTPS.
type Server struct {
	o        Options
	times    times
	http     *http.Server
	limits   *limits
	stopping atomic.Bool
	refused  rate.Sometimes // how often it is logged that somebody was not let in
}

// New makes a Server.
func New(o Options) *Server { return newServer(o, usual()) }

func newServer(o Options, t times) *Server {
	s := &Server{o: o, times: t, limits: newLimits(o.Rate), refused: rate.Sometimes{Interval: time.Minute}}
	door := routes.Door{Service: o.Service, Who: principalOf, Log: o.Log, Keys: o.Keys, Around: s.around}
	protocols := new(http.Protocols)
	protocols.SetHTTP1(true)
	s.http = &http.Server{
		Handler: s.guard(door.Handler()), Protocols: protocols,
		ErrorLog:          slog.NewLogLogger(o.Log.Handler(), slog.LevelDebug), // strangers fill it at will
		ReadHeaderTimeout: t.header, ReadTimeout: t.body, WriteTimeout: t.write, IdleTimeout: t.idle,
		MaxHeaderBytes: maxHeader,
	}
	return s
}

// Serve answers on a listener until Shutdown.
func (s *Server) Serve(ln net.Listener) error {
	config := &tls.Config{GetCertificate: s.o.Certificate, MinVersion: tls.VersionTLS12,
		NextProtos: []string{"http/1.1"}}
	err := s.http.Serve(tls.NewListener(limitConnections(ln, s.o.MaxConnections), config))
	if !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("REST: %w", err)
	}
	return nil
}

// Shutdown finishes the requests in hand. What comes meanwhile is refused.
func (s *Server) Shutdown(ctx context.Context) error {
	s.stopping.Store(true)
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, s.http.Close())
	}
	return err
}
