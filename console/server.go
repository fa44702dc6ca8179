// Package console is the door for people with a browser: pages that the server makes, over HTTPS.
//
// A page asks the operations of api as the person who has signed in, and shows their answers: it has no other way to
// data, so that roles and tenants hold by themselves. Everything works without script; the one script there is keeps
// numbers live.
//
// Reads: HTTP requests, with a session's cookie; its own templates, style and script, which are embedded.
//
// Writes: HTML, and events for the script.
//
// Invariants:
//
//	I1 a page of mail is shown to nobody who has not signed in, and is kept by no cache
//	I2 foreign text is text: html/template escapes it for its place, and what steers the direction of writing is seen
//	I3 nothing is fetched from elsewhere and no script but the embedded file runs (Content-Security-Policy)
//	I4 nothing changes by GET, and what another site makes a browser send is refused
//	I5 what people can hold is bounded: connections, sessions, streams of events, the bytes of a form
//
// On failure: a page that says what is wrong and what to do, with the status of api's table.
//
// Standards: RFC 9110, RFC 6265bis (cookies), Content Security Policy 3, HTML's server-sent events, WCAG 2.2 AA.
package console

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"html/template"
	"log/slog"
	"net"
	"net/http"
	"time"

	"golang.org/x/net/netutil"
	"golang.org/x/time/rate"

	"clawback/api"
)

// Sessions tell who a browser's person is.
type Sessions interface {
	// SignIn begins a session. Its text is the browser's secret.
	SignIn(ctx context.Context, s SignIn) (text string, expires time.Time, err error)
	// Principal is who asks in a session, and notes that he did. The error has the code unauthenticated.
	Principal(text string) (api.Principal, error)
	// Live reports whether a session opens anything still. It is no use of it: what a page does by itself keeps nobody
	// signed in.
	Live(text string) bool
	// SignOut ends a session.
	SignOut(ctx context.Context, text string) error
}

// SignIn is a person who has proven himself by a link.
type SignIn struct {
	Principal api.Principal // its name is the account
	From      string        // address of the browser
	Agent     string        // its User-Agent
}

// Options of a Server.
type Options struct {
	Service        *api.Service
	Sessions       Sessions
	Links          *Links
	Provider       http.Handler                                         // below /sign-in/openid; nil: links alone
	Certificate    func(*tls.ClientHelloInfo) (*tls.Certificate, error) // nil: plain HTTP, on loopback
	MaxConnections int
	Now            func() time.Time // nil: time.Now
	Log            *slog.Logger
}

const (
	maxHeader  = 32 << 10
	maxForm    = 1 << 20 // a selection of a thousand messages fits
	maxStreams = 64      // streams of events, of all browsers
	usualTick  = 2 * time.Second
)

// Server answers browsers.
type Server struct {
	o        Options
	http     *http.Server
	pages    map[string]*template.Template
	streams  chan struct{}   // a place for each stream of events
	ending   context.Context // done when the server stops: streams end
	end      context.CancelFunc
	attempts *rate.Limiter // of signing in
	tick     time.Duration // between two looks at the numbers of a stream
}

// New makes a Server.
func New(o Options) *Server {
	if o.Now == nil {
		o.Now = time.Now
	}
	s := &Server{o: o, pages: parsePages(), streams: make(chan struct{}, maxStreams),
		attempts: rate.NewLimiter(5, 20), tick: usualTick}
	s.ending, s.end = context.WithCancel(context.Background())
	s.http = &http.Server{
		Handler: s.Handler(), ErrorLog: slog.NewLogLogger(o.Log.Handler(), slog.LevelDebug),
		ReadHeaderTimeout: 10 * time.Second, ReadTimeout: 30 * time.Second, WriteTimeout: time.Minute,
		IdleTimeout: 2 * time.Minute, MaxHeaderBytes: maxHeader,
	}
	s.http.RegisterOnShutdown(s.end)
	return s
}

// Serve answers on a listener until Shutdown.
func (s *Server) Serve(ln net.Listener) (err error) {
	ln = netutil.LimitListener(ln, s.o.MaxConnections)
	if s.o.Certificate == nil {
		err = s.http.Serve(ln)
	} else {
		s.http.TLSConfig = &tls.Config{GetCertificate: s.o.Certificate, MinVersion: tls.VersionTLS12}
		err = s.http.ServeTLS(ln, "", "")
	}
	if !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("console: %w", err)
	}
	return nil
}

// Shutdown ends the streams of events and finishes the requests in hand.
func (s *Server) Shutdown(ctx context.Context) error {
	s.end()
	err := s.http.Shutdown(ctx)
	if err != nil {
		err = errors.Join(err, s.http.Close())
	}
	return err
}
