package spool

import (
	"errors"
	"sync"
)

// ErrNoMemory is the answer to a small body for which there is no more memory: it goes on in a file (Small.Spill).
var ErrNoMemory = errors.New("spool: the memory for bodies on their way is used up")

// memory counts what bodies on their way hold.
//
// Invariant: never more than max in all, and never more than an eighth of it by Limited bodies.
type memory struct {
	max int64 // 0: no cap

	mu      sync.Mutex // owns what follows
	held    [classes]int64
	peak    int64
	spilled uint64
}

// Memory says what bodies on their way hold.
type Memory struct {
	Held    int64  // bytes, of all bodies
	Limited int64  // of these, by Limited bodies
	Peak    int64  // the most that was held at one time
	Max     int64  // the cap; 0: none
	Spilled uint64 // small bodies that went on in a file because there was no memory for them
}

// Memory says what bodies on their way hold now.
func (s *Spool) Memory() Memory {
	m := &s.buffers.memory
	m.mu.Lock()
	defer m.mu.Unlock()
	return Memory{Held: m.held[Regular] + m.held[Limited], Limited: m.held[Limited], Peak: m.peak, Max: m.max,
		Spilled: m.spilled}
}

// reserve counts n bytes of a class, unless they are over the cap.
func (m *memory) reserve(n int64, c Class) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := m.held[Regular] + m.held[Limited] + n
	if m.max > 0 && (all > m.cap(n) || c == Limited && m.held[Limited]+n > m.cap(n)/limitedShare) {
		return false
	}
	m.held[c] += n
	m.peak = max(m.peak, all)
	return true
}

// cap is how much may be held with a buffer of n bytes. The last quarter is for buffers of the smallest size, so that
// bodies which have come first leave one for each that comes later: without any, every few bytes are a write.
func (m *memory) cap(n int64) int64 {
	if n > minBuffer {
		return m.max / 4 * 3
	}
	return m.max
}

// release takes n bytes off again.
func (m *memory) release(n int64, c Class) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.held[c] -= n
}

// spill counts a small body that goes on in a file for want of memory.
func (m *memory) spill() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.spilled++
}
