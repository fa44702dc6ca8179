package rest

import (
	"math"
	"net"
	"net/netip"
	"sync"
	"time"

	"golang.org/x/time/rate"

	"clawback/api"
)

// What is worked on at once.
const (
	perToken = 8
	inAll    = 64
)

// limits are what one token may ask for.
type limits struct {
	rate rate.Limit

	mu     sync.Mutex
	tokens map[string]*allowance
	all    int // requests that are worked on
}

// allowance is how much of it one token has used.
type allowance struct {
	rate *rate.Limiter
	now  int // requests that are worked on
}

func newLimits(perSecond int) *limits {
	return &limits{rate: rate.Limit(perSecond), tokens: map[string]*allowance{}}
}

// tooMany is a refusal that ends by waiting.
type tooMany struct {
	refusal *api.Error
	wait    time.Duration
}

// Error says what there is too much of.
func (t *tooMany) Error() string { return t.refusal.Detail }

// Unwrap is the refusal, with its code.
func (t *tooMany) Unwrap() error { return t.refusal }

// seconds is for Retry-After.
func (t *tooMany) seconds() int { return max(1, int(math.Ceil(t.wait.Seconds()))) }

func refuse(wait time.Duration, detail string) error {
	return &tooMany{&api.Error{Code: api.RateLimited, Detail: detail}, wait}
}

// enter takes a place for a request by a token.
func (l *limits) enter(token string) (leave func(), err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	a := l.tokens[token]
	if a == nil { // there are no more than tokens that were used since the start
		a = &allowance{rate: rate.NewLimiter(l.rate, 2*int(l.rate))}
		l.tokens[token] = a
	}
	if a.now >= perToken {
		return nil, refuse(time.Second, "this token has as many requests at once as it may: wait for their answers")
	}
	if l.all >= inAll {
		return nil, &api.Error{Code: api.Unavailable, Detail: "too much is asked at once: try again in a minute"}
	}
	if r := a.rate.Reserve(); r.Delay() > 0 {
		wait := r.Delay()
		r.Cancel()
		return nil, refuse(wait, "this token asks more often than rest.rate allows")
	}
	a.now++
	l.all++
	return func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		a.now--
		l.all--
	}, nil
}

// connections bounds how many peers are connected: in all, and of one network a quarter of that, so that nobody keeps
// the others out. This machine's own, behind which a proxy may stand, has all.
type connections struct {
	net.Listener
	most int

	mu   sync.Mutex
	all  int
	from map[netip.Prefix]int
}

func limitConnections(ln net.Listener, most int) *connections {
	return &connections{Listener: ln, most: most, from: map[netip.Prefix]int{}}
}

// Accept takes the next connection that there is a place for. Others are closed at once.
func (c *connections) Accept() (net.Conn, error) {
	for {
		conn, err := c.Listener.Accept()
		if err != nil {
			return nil, err
		}
		if counted := c.count(conn); counted != nil {
			return counted, nil
		}
		conn.Close()
	}
}

func (c *connections) count(conn net.Conn) net.Conn {
	network, most := networkOf(conn.RemoteAddr()), max(1, c.most/4)
	if network.Addr().IsLoopback() {
		most = c.most
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.all >= c.most || c.from[network] >= most {
		return nil
	}
	c.all++
	c.from[network]++
	return &counted{Conn: conn, end: sync.OnceFunc(func() { c.leave(network) })}
}

func (c *connections) leave(network netip.Prefix) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all--
	if c.from[network]--; c.from[network] == 0 {
		delete(c.from, network)
	}
}

// networkOf is the /24 or /64 of a peer.
func networkOf(a net.Addr) netip.Prefix {
	at, err := netip.ParseAddrPort(a.String())
	if err != nil {
		return netip.Prefix{}
	}
	bits, addr := 64, at.Addr().Unmap().WithZone("")
	if addr.Is4() {
		bits = 24
	}
	network, _ := addr.Prefix(bits)
	return network
}

// counted is a connection that has a place.
type counted struct {
	net.Conn
	end func()
}

// Close gives the place back.
func (c *counted) Close() error {
	c.end()
	return c.Conn.Close()
}
