package smtpd

import (
	"net/netip"
	"sync"
)

// sessions lists the open connections and bounds their number.
type sessions struct {
	all      int  // at most, from anywhere
	perBlock int  // at most, from one /24 or /64 outside the listed networks
	listed   bool // there are listed networks, and a quarter of all is kept for them

	mu       sync.Mutex
	open     map[*peer]struct{}
	blocks   map[netip.Prefix]int
	outside  int
	draining bool
	wg       sync.WaitGroup // a connection's goroutine
}

// enter admits a connection, or says why not.
func (s *sessions) enter(p *peer) (refusal string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining {
		return "shutting down"
	}
	if len(s.open) >= s.all {
		return "too many sessions"
	}
	if p.network == "" {
		if s.listed && s.outside >= s.all-s.all/4 {
			return "too many sessions from unlisted networks"
		}
		if s.blocks[p.block()] >= s.perBlock {
			return "too many sessions from your network"
		}
		s.outside++
		s.blocks[p.block()]++
	}
	s.open[p] = struct{}{}
	return ""
}

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
	if s.blocks[p.block()]--; s.blocks[p.block()] == 0 {
		delete(s.blocks, p.block())
	}
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
