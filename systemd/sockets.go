package systemd

import (
	"fmt"
	"maps"
	"net"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/coreos/go-systemd/v22/activation"
)

// Sockets are the listening sockets that systemd has opened for the daemon, by their FileDescriptorName.
type Sockets struct {
	mu     sync.Mutex
	byName map[string][]net.Listener // guarded by mu; taken ones are removed
}

// ListenSockets takes over the sockets that systemd passed to this process; none is no error.
func ListenSockets() (*Sockets, error) {
	byName, err := activation.ListenersWithNames()
	if err != nil {
		return nil, fmt.Errorf("take over sockets: %w", err)
	}
	return &Sockets{byName: byName}, nil
}

// Listen opens an address as config.Listener has it: "systemd:NAME" for a passed socket of that name, "systemd" for the
// next of any name, or host:port. Where systemd has bound just that host and port its socket is used, so that a
// configuration need not say who binds. Each passed socket is handed out once.
func (s *Sockets) Listen(address string) (net.Listener, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	name, passed := strings.CutPrefix(address, "systemd")
	if !passed {
		if ln := s.bound(address); ln != nil {
			return ln, nil
		}
		ln, err := net.Listen("tcp", address)
		if err != nil {
			return nil, fmt.Errorf("listen on %s: %w", address, err)
		}
		return ln, nil
	}
	if name = strings.TrimPrefix(name, ":"); name == "" {
		name = s.first()
	}
	if len(s.byName[name]) == 0 {
		return nil, fmt.Errorf("systemd passed no socket for %q; it has %s left", address, s.unusedNames())
	}
	return s.pop(name, 0), nil
}

// pop hands out a passed socket. The caller holds mu.
func (s *Sockets) pop(name string, i int) net.Listener {
	ln := s.byName[name][i]
	s.byName[name] = slices.Delete(s.byName[name], i, i+1)
	return ln
}

// bound hands out the passed socket that is bound to an address, or nil. The caller holds mu.
func (s *Sockets) bound(address string) net.Listener {
	host, port, err := net.SplitHostPort(address)
	if err != nil || port == "0" {
		return nil
	}
	for name, listeners := range s.byName {
		for i, ln := range listeners {
			at, ok := ln.Addr().(*net.TCPAddr)
			if ok && strconv.Itoa(at.Port) == port &&
				(host == "" && at.IP.IsUnspecified() || at.IP.Equal(net.ParseIP(host))) {
				return s.pop(name, i)
			}
		}
	}
	return nil
}

// Close closes the sockets that nobody took.
func (s *Sockets) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, listeners := range s.byName {
		for _, ln := range listeners {
			ln.Close()
		}
	}
	s.byName = nil
	return nil
}

// first is the first name that has a socket left, or "". The caller holds mu.
func (s *Sockets) first() string {
	if names := s.unused(); len(names) > 0 {
		return names[0]
	}
	return ""
}

// Unused are the names that have a socket left, in alphabetical order. Who connects to one waits for nobody: systemd
// holds it open, so that closing it here does not help, and the operator must be told.
func (s *Sockets) Unused() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.unused()
}

// unused is Unused. The caller holds mu.
func (s *Sockets) unused() (names []string) {
	for _, name := range slices.Sorted(maps.Keys(s.byName)) {
		if len(s.byName[name]) > 0 {
			names = append(names, name)
		}
	}
	return names
}

// unusedNames names what is left, for an error.
func (s *Sockets) unusedNames() string {
	if names := s.unused(); len(names) > 0 {
		return strings.Join(names, ", ")
	}
	return "none"
}
