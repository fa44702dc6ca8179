package smtpd

import (
	"net/netip"
	"sync"
	"time"
)

// sessions lists the open connections and bounds their number. Peers of networks that the listener does not name share
// a small part, so that they cannot keep out those that it names.
type sessions struct {
	all      int // at most, from anywhere
	unlisted int // at most, from unlisted networks
	perBlock int // at most, from one block of an unlisted network; twice that from the block around it

	mu       sync.Mutex // guards the following
	open     map[*peer]struct{}
	blocks   map[netip.Prefix]int // of unlisted networks, with the blocks around them
	outside  int                  // of unlisted networks
	arrivals *arrivals            // nil: they are not bounded
	draining bool
	wg       sync.WaitGroup // a connection's goroutine
}

func newSessions(o Options) *sessions {
	s := &sessions{
		all: o.Config.MaxSessions, unlisted: o.Config.MaxUnlistedSessions, perBlock: o.Config.MaxSessionsPerNetwork,
		open: map[*peer]struct{}{}, blocks: map[netip.Prefix]int{}, arrivals: newArrivals(),
	}
	if len(o.Listener.Networks) == 0 { // nobody to keep room for
		s.unlisted, s.arrivals = s.all, nil
	}
	return s
}

// enter admits a connection, or says why not.
func (s *sessions) enter(p *peer) (refusal string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.draining:
		return "shutting down"
	case len(s.open) >= s.all:
		return "too many sessions"
	case p.network == "":
		if refusal := s.enterUnlisted(p, time.Now()); refusal != "" {
			return refusal
		}
	}
	s.open[p] = struct{}{}
	return ""
}

// enterUnlisted is called with mu held.
func (s *sessions) enterUnlisted(p *peer, now time.Time) (refusal string) {
	block, around := p.block(), p.wideBlock()
	switch {
	case s.arrivals != nil && !s.arrivals.admit(block, now):
		return "too many connections from your network"
	case s.outside >= s.unlisted:
		return "too many sessions from unlisted networks"
	case s.blocks[block] >= s.perBlock, s.blocks[around] >= 2*s.perBlock:
		return "too many sessions from your network"
	}
	s.outside++
	s.blocks[block]++
	s.blocks[around]++
	return ""
}

// leave gives back a session's places: of all, and of its network. Twice does nothing.
func (s *sessions) leave(p *peer) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if _, ok := s.open[p]; !ok {
		return
	}
	delete(s.open, p)
	if p.network != "" {
		return
	}
	s.outside--
	for _, block := range []netip.Prefix{p.block(), p.wideBlock()} {
		if s.blocks[block]--; s.blocks[block] == 0 {
			delete(s.blocks, block)
		}
	}
}

// isUnlisted reports whether a peer's network is one of those that share a part.
func (s *sessions) isUnlisted(p *peer) bool { return p.network == "" && s.arrivals != nil }

// crowded reports whether most sessions that unlisted networks may have are taken: those that say nothing then make
// room for others soon.
func (s *sessions) crowded() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.outside > s.unlisted/2
}

func (s *sessions) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.open)
}

// drain tells every session to end at its next command, and admits no more.
func (s *sessions) drain() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.draining = true
	for p := range s.open {
		p.drain()
	}
}

// force closes every socket.
func (s *sessions) force() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for p := range s.open {
		p.raw.Close()
	}
}
