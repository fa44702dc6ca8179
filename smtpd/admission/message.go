package admission

import (
	"bytes"
	"slices"

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
	inspect bool   // the header decides whether there is a quota for it
	header  []byte // of a message that is inspected; what has come of it
	whole   bool   // and its end
	counted bool   // for the day, before it is accepted
	ended   bool
}

// Add counts bytes of the message that have arrived: ErrQuota when there may be no more.
func (m *Message) Add(p []byte) error {
	m.size += int64(len(p))
	m.arrive(0, len(p))
	if m.inspect {
		m.look(p)
		return nil
	}
	if !m.rule.unfinished {
		return nil
	}
	if s := m.c.standing(m.env).without(0, 1); s.Bytes >= s.MaxBytes || s.bytesShareReached() {
		m.c.o.Reached(s)
		return ErrQuota
	}
	return nil
}

// look keeps the header, and nothing behind it.
func (m *Message) look(p []byte) {
	if m.whole {
		return
	}
	seen := len(m.header)
	m.header = append(m.header, p[:min(len(p), maxHeader-seen)]...)
	from := max(0, seen-len("\r\n\r\n")) // the empty line may be split
	if head := headerOf(m.header[from:]); head != nil {
		m.header, m.whole = slices.Clone(m.header[:from+len(head)]), true
	}
}

// arrive counts what is on its way.
func (m *Message) arrive(messages, size int) {
	m.c.mu.Lock()
	defer m.c.mu.Unlock()
	src := m.c.source(m.env.Source())
	src.arriving.add(float64(messages), float64(size))
	if m.rule.unfinished {
		src.peers.of(networkOf(m.env), m.c.o.Now(), Standing{}).add(float64(messages), float64(size))
	}
}

// Check is asked when the whole message is there: nil, or ErrQuota where the quota is reached and the header does not
// attribute it to its tenant.
func (m *Message) Check() error {
	if !m.inspect || m.c.o.Attributor.Attributed(m.env, headerOf(m.header)) {
		return nil
	}
	used := m.c.o.Queue.Usage(m.env.Source())
	m.c.mu.Lock()
	s := m.c.compare(m.env, used)
	if m.counted = m.rule.daily && !s.Reached(); m.counted { // at once, so that many at a time do not pass together
		m.c.source(m.env.Source()).day.add(1, float64(m.size))
	}
	m.c.mu.Unlock()
	if !s.Reached() {
		return nil
	}
	m.c.o.Reached(s)
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
	src := m.c.source(m.env.Source())
	src.arriving.add(-1, -float64(m.size))
	switch {
	case !accepted:
		m.uncount(src)
	case m.rule.daily && !m.rule.byHeader:
		src.day.add(1, float64(m.size))
	}
}

// uncount undoes the counting of a message that was not accepted. The caller holds mu.
func (m *Message) uncount(src *source) {
	if m.counted {
		src.day.subtract(1, float64(m.size))
	}
	if m.rule.unfinished {
		src.peers.of(networkOf(m.env), m.c.o.Now(), Standing{}).subtract(1, float64(m.size))
	}
}
