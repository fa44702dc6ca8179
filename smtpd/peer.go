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
	online  bool   // Exchange Online's, by its address or its certificate
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
	received, sent    int64 // bytes inside TLS
	end               error // why it ended, nil for QUIT
}

func newPeer(c net.Conn, networks func(netip.Addr) Network) *peer {
	p := &peer{id: rand.Text()[:12], raw: c, remote: c.RemoteAddr().String(), started: time.Now()}
	if a, err := netip.ParseAddrPort(p.remote); err == nil {
		p.addr = a.Addr().Unmap()
	}
	if networks != nil {
		n := networks(p.addr)
		p.network, p.online = n.Name, n.Exchange
	}
	return p
}

// attach makes the wire that drain speaks to.
func (p *peer) attach(c net.Conn, s *Server) *wire {
	w := newWire(c, s.hostname, s.limits.IdleTimeout)
	if p.network == "" {
		w.crowded = s.sessions.crowded
	}
	w.strange = s.sessions.isUnlisted(p)
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

// block is the network that sessions are counted for: what one customer of a provider has.
func (p *peer) block() netip.Prefix { return p.prefix(24, 64) }

// wideBlock is the network around it, where one customer has several.
func (p *peer) wideBlock() netip.Prefix { return p.prefix(16, 48) }

func (p *peer) prefix(bits4, bits6 int) netip.Prefix {
	bits := bits4
	if p.addr.Is6() {
		bits = bits6
	}
	b, _ := p.addr.Prefix(bits)
	return b
}
