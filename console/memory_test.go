package console

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"sync"
	"time"

	"clawback/api"
)

const (
	sessionLife = 8 * time.Hour
	sessionIdle = time.Hour // without a request
	maxSessions = 1000      // the one that was used least lately gives way
)

// Memory keeps sessions in memory alone: a restart ends them. Safe for concurrent use.
type Memory struct {
	Now func() time.Time // nil: time.Now

	mu       sync.Mutex
	sessions map[[sha256.Size]byte]*memorySession
}

type memorySession struct {
	who           api.Principal
	expires, used time.Time
}

func (m *Memory) now() time.Time {
	if m.Now == nil {
		return time.Now()
	}
	return m.Now()
}

// SignIn begins a session.
func (m *Memory) SignIn(_ context.Context, in SignIn) (string, time.Time, error) {
	text := rand.Text() + rand.Text()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.sessions == nil {
		m.sessions = map[[sha256.Size]byte]*memorySession{}
	}
	m.makeRoom()
	now := m.now().UTC()
	who := in.Principal
	who.Name += " (console)"
	s := &memorySession{who, now.Add(sessionLife), now}
	m.sessions[sha256.Sum256([]byte(text))] = s
	return text, s.expires, nil
}

// makeRoom drops what has ended, and where that is not enough what was used least lately.
func (m *Memory) makeRoom() {
	var oldest [sha256.Size]byte
	for key, s := range m.sessions {
		if m.ended(s) {
			delete(m.sessions, key)
		} else if last := m.sessions[oldest]; last == nil || s.used.Before(last.used) {
			oldest = key
		}
	}
	if len(m.sessions) >= maxSessions {
		delete(m.sessions, oldest)
	}
}

func (m *Memory) ended(s *memorySession) bool {
	return !m.now().Before(s.expires) || m.now().Sub(s.used) >= sessionIdle
}

// Principal is who asks in a session.
func (m *Memory) Principal(text string) (api.Principal, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.sessions[sha256.Sum256([]byte(text))]
	if s == nil || m.ended(s) {
		return api.Principal{}, &api.Error{Code: api.Unauthorized, Detail: "sign in: your session has ended"}
	}
	s.used = m.now()
	return s.who, nil
}

// Live reports whether a session opens anything still.
func (m *Memory) Live(text string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	s := m.sessions[sha256.Sum256([]byte(text))]
	return s != nil && !m.ended(s)
}

// SignOut ends a session.
func (m *Memory) SignOut(_ context.Context, text string) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	delete(m.sessions, sha256.Sum256([]byte(text)))
	return nil
}
