package rdap

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"clawback/config"
	"clawback/score/engines"
)

// loaded is a network of one connection inside a synctest bubble, as of a loaded machine: between TLS saying that it
// ends (RFC 8446, section 6.1) and the connection being closed there is time for the server's last words.
type loaded struct {
	conns  chan net.Conn
	close  func()
	hungUp chan struct{} // closed when the server sees that the client ends
	said   func()        // the server's last words were read
	heard  chan struct{} // closed by said
}

func newLoaded() *loaded {
	l := &loaded{conns: make(chan net.Conn), hungUp: make(chan struct{}), heard: make(chan struct{})}
	l.close, l.said = sync.OnceFunc(func() { close(l.conns) }), sync.OnceFunc(func() { close(l.heard) })
	return l
}

func (l *loaded) Accept() (net.Conn, error) {
	if conn, ok := <-l.conns; ok {
		return conn, nil
	}
	return nil, net.ErrClosed
}
func (l *loaded) Close() error   { l.close(); return nil }
func (l *loaded) Addr() net.Addr { return &net.TCPAddr{} }

func (l *loaded) dial(context.Context, string, string) (net.Conn, error) {
	here, there := net.Pipe()
	l.conns <- servers{there, l}
	return clients{here, l}, nil
}

// servers is the server's end.
type servers struct {
	net.Conn
	*loaded
}

func (s servers) Close() error { return s.Conn.Close() }
func (s servers) Write(b []byte) (int, error) {
	n, err := s.Conn.Write(b) // returns when it was read
	select {
	case <-s.hungUp:
		s.said()
	default:
	}
	return n, err
}

// clients is the client's end.
type clients struct {
	net.Conn
	*loaded
}

func (c clients) Close() error {
	<-c.heard
	return c.Conn.Close()
}

// A server that ends its answer properly because we hang up makes one that the deadline cut look like a whole one.
func TestAsk_anAnswerThatTheDeadlineCutsIsLateAndNotMalformed(t *testing.T) {
	for _, said := range []string{"", "{", registeredOn("x.com", "2026-11-19T00:00:00Z")[:300]} {
		t.Run(fmt.Sprintf("after %d octets", len(said)), func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				network := newLoaded()
				c := over(t, network, func(w http.ResponseWriter, q *http.Request) {
					if said != "" {
						fmt.Fprint(w, said)
						w.(http.Flusher).Flush()
					}
					<-q.Context().Done()
					close(network.hungUp)
				})
				ctx, cancel := context.WithTimeout(t.Context(), time.Second)
				defer cancel()
				started := time.Now()
				_, err := c.Ask(ctx, engines.Message{Author: "x.com"})
				if took := time.Since(started); !errors.Is(err, context.DeadlineExceeded) || took != time.Second {
					t.Errorf("%v after %v", err, took)
				}
			})
		})
	}
}

// over is a client of one server for all, over a network inside a synctest bubble.
func over(t *testing.T, network *loaded, serve http.HandlerFunc) *Client {
	t.Helper()
	server := httptest.NewUnstartedServer(serve)
	server.Listener.Close()
	server.Listener = network
	server.StartTLS()
	t.Cleanup(server.Close)
	c, err := New(config.RDAP{Server: "https://example.com/"}, Options{})
	if err != nil {
		t.Fatal(err)
	}
	transport := server.Client().Transport.(*http.Transport) // with the server's root
	transport.DialContext = network.dial
	c.http.Transport = transport
	return c
}
