package certs

import (
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"clawback/config"
)

// Whoever opens connections to the challenge listeners and says nothing gets a few: the process's descriptors are for
// mail. When they are sent away, the CA's question is answered.
func TestSolver_connectionsAreBounded(t *testing.T) {
	cache, err := openCache(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	var inner []*counted
	listen := func(address string) (net.Listener, error) {
		ln, err := net.Listen("tcp", address)
		if err != nil {
			return nil, err
		}
		c := &counted{Listener: ln, accepted: make(chan struct{}, 1000)}
		inner = append(inner, c)
		return c, nil
	}
	s, err := openSolver(config.ACME{Domains: []string{"journal.example.com"}, HTTPAddress: "127.0.0.1:0", TLSALPNAddress: "127.0.0.1:0"},
		Options{Listen: listen}, cache)
	if err != nil {
		t.Fatal(err)
	}
	defer s.close()
	var open []net.Conn
	for _, ln := range inner {
		for range 3 * maxConns {
			c, err := net.Dial("tcp", ln.Addr().String())
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			open = append(open, c)
		}
		for range maxConns {
			<-ln.accepted
		}
	}
	time.Sleep(100 * time.Millisecond) // for one too many to be accepted
	for _, ln := range inner {
		if n := len(ln.accepted); n > 1 { // TLS-ALPN's next one waits for its turn
			t.Errorf("%s: %d more than %d connections are open", ln.Addr(), n, maxConns)
		}
	}
	for _, c := range open {
		c.Close()
	}
	r, err := http.Get(fmt.Sprintf("http://%s/.well-known/acme-challenge/x", inner[0].Addr()))
	if err != nil {
		t.Fatal(err)
	}
	defer r.Body.Close()
	if io.Copy(io.Discard, r.Body); r.StatusCode != http.StatusNotFound && r.StatusCode != http.StatusForbidden {
		t.Errorf("a token that is not there: %s", r.Status)
	}
}

// counted counts what is accepted.
type counted struct {
	net.Listener
	accepted chan struct{}
}

func (c *counted) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	if err == nil {
		c.accepted <- struct{}{}
	}
	return conn, err
}
