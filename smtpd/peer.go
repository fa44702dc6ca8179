package smtpd

import (
	"crypto/rand"
	"net"
	"net/netip"
	"sync"
	"time"

	"clawback/queue"
)

// peer is one connection, from accept to close. The tally is written by the goroutine that runs the dialogue.
type peer struct {
	id      string
	addr    netip.Addr
	remote  string
	network string // name of the set it belongs to, "" for none
	started time.Time
	raw     net.Conn

	tls    queue.TLS
	refuse bool // a required client certificate was not shown
	tally

	mu       sync.Mutex // guards the following
	wire     *wire
	draining bool
}

// tally is what a session's summary says.
type tally struct {
	hello             string
	commands, errors  int
	accepted, refused int
	received, sent    int64 // octets inside TLS
	end               error // why it ended, nil for QUIT
}

func newPeer(c net.Conn, networks func(netip.Addr) string) *peer {
	p := &peer{id: rand.Text()[:12], raw: c, remote: c.RemoteAddr().String(), started: time.Now()}
	if a, err := netip.ParseAddrPort(p.remote); err == nil {
		p.addr = a.Addr().Unmap()
	}
	if networks != nil {
		p.network = networks(p.addr)
	}
	return p
}

// attach makes the wire that drain speaks to.
func (p *peer) attach(c net.Conn, s *Server) *wire {
	w := newWire(c, s.hostname, s.limits.IdleTimeout)
	p.mu.Lock()
	defer p.mu.Unlock()
	p.wire = w
	if p.draining {
		w.drain()
	}
	return w
}

func (p *peer) drain() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.draining = true
	if p.wire != nil {
		p.wire.drain()
	}
}

// block is the network that the number of sessions is counted for.
func (p *peer) block() netip.Prefix {
	bits := 24
	if p.addr.Is6() {
		bits = 64
	}
	b, _ := p.addr.Prefix(bits)
	return b
}
