package admission

import (
	"bytes"

	"clawback/queue"
)

// maxHeader is how much of a message is looked at for the end of its header. A report's own is a few kilobytes.
const maxHeader = 256 << 10

// Message is one that arrives. It is used by one goroutine.
type Message struct {
	c       *Control
	env     queue.Envelope
	rule    rule
	size    int64
	inspect bool   // the quota is reached: the header decides
	header  []byte // of a message that is inspected
	ended   bool
}

// Add counts bytes of the message that have arrived: ErrQuota when there may be no more.
func (m *Message) Add(p []byte) error {
	m.size += int64(len(p))
	m.arrive(0, len(p))
	if m.inspect {
		m.header = append(m.header, p[:min(len(p), maxHeader-len(m.header))]...)
		return nil
	}
	if !m.rule.unfinished {
		return nil
	}
	if s := m.c.standing(m.env.Source()); s.Bytes > s.MaxBytes {
		m.c.o.Reached(s)
		return ErrQuota
	}
	return nil
}

// arrive counts what is on its way.
func (m *Message) arrive(messages, size int) {
	m.c.mu.Lock()
	defer m.c.mu.Unlock()
	m.c.source(m.env.Source()).arriving.add(float64(messages), float64(size))
}

// Check is asked when the whole message is there: nil, or ErrQuota where the quota is reached and the header does not
// attribute it to its tenant.
func (m *Message) Check() error {
	if !m.inspect || m.c.o.Attributor.Attributed(m.env, headerOf(m.header)) {
		return nil
	}
	m.c.o.Reached(m.c.standing(m.env.Source()))
	return ErrQuota
}

// headerOf is a message's header with the empty line behind it; nil when its end was not seen.
func headerOf(head []byte) []byte {
	end := -1
	for _, line := range []string{"\r\n\r\n", "\n\n"} {
		if i := bytes.Index(head, []byte(line)); i >= 0 && (end < 0 || i+len(line) < end) {
			end = i + len(line)
		}
	}
	if end < 0 {
		return nil
	}
	return head[:end]
}

// End ends the counting. What was accepted is counted by the queue from now on, and for a day besides. It may be called
// again.
func (m *Message) End(accepted bool) {
	if m.ended {
		return
	}
	m.ended = true
	m.c.mu.Lock()
	defer m.c.mu.Unlock()
	s := m.c.source(m.env.Source())
	s.arriving.add(-1, -float64(m.size))
	if accepted && m.rule.daily {
		s.day.add(1, float64(m.size))
	}
}
