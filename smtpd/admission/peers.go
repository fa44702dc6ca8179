package admission

import (
	"net/netip"
	"time"

	"clawback/queue"
)

// maxPeers is how many networks of a source are counted one by one.
const maxPeers = 4096

// peers is what came from each network of a source, less what a day lets run out. It is remembered while the daemon
// runs.
type peers map[netip.Prefix]*recent

// recent is an amount that runs out at a quota's rate.
type recent struct {
	amount
	at time.Time
}

// leak lets run out what a day's quota allows for the time since.
func (r *recent) leak(now time.Time, limit Standing) {
	days := now.Sub(r.at).Hours() / 24
	r.at = now
	r.messages = max(0, r.messages-days*float64(limit.MaxMessages))
	r.bytes = max(0, r.bytes-days*float64(limit.MaxBytes))
}

// subtract undoes an add. Some of it may have run out since.
func (r *recent) subtract(messages, bytes float64) {
	r.messages = max(0, r.messages-messages)
	r.bytes = max(0, r.bytes-bytes)
}

// of is what came from a network. Beyond maxPeers the new ones are one.
func (p peers) of(network netip.Prefix, now time.Time, limit Standing) *recent {
	if r := p[network]; r != nil {
		return r
	}
	if len(p) >= maxPeers {
		p.forget(now, limit)
	}
	if len(p) >= maxPeers {
		network = netip.Prefix{}
	}
	if p[network] == nil {
		p[network] = &recent{at: now}
	}
	return p[network]
}

// forget drops the networks of which nothing counts any more.
func (p peers) forget(now time.Time, limit Standing) {
	for network, r := range p {
		if r.leak(now, limit); r.amount == (amount{}) {
			delete(p, network)
		}
	}
}

// networkOf is the network of the peer of a message: a /24, or a /48.
func networkOf(env queue.Envelope) netip.Prefix {
	peer, err := netip.ParseAddrPort(env.Remote)
	if err != nil {
		return netip.Prefix{}
	}
	a := peer.Addr().Unmap().WithZone("")
	bits := 24
	if a.Is6() {
		bits = 48
	}
	return netip.PrefixFrom(a, bits).Masked()
}
