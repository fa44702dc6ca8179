package admission

import (
	"fmt"
	"sync"
	"syscall"
	"time"

	"clawback/config"
	"clawback/queue"
)

// ErrQuota is why a message is refused: the listener answers 452, and the sender tries again.
var ErrQuota = fmt.Errorf("the quota of its source is reached: %w", syscall.EDQUOT)

// Queue says what is held of a source. *queue.Queue is one.
type Queue interface {
	Usage(of queue.Source) queue.Usage
}

// Attributor says whether a message is believed to come from its tenant, by its header.
type Attributor interface {
	Attributed(env queue.Envelope, header []byte) bool
}

// Options of a Control. All but Now are needed.
type Options struct {
	Limits     config.Quarantine
	Queue      Queue
	Attributor Attributor
	Reached    func(Standing)   // called whenever a message is refused
	Now        func() time.Time // nil: time.Now
}

// Control admits mail. Its methods may be called by many goroutines.
type Control struct {
	o Options

	mu      sync.Mutex // guards the following
	limits  config.Quarantine
	sources map[queue.Source]*source
}

// source is what a Control remembers of one.
type source struct {
	arriving amount // messages on their way
	day      amount // what came, less what a day lets run out
	at       time.Time
}

// amount is a number of messages and their bytes.
type amount struct{ messages, bytes float64 }

func (a *amount) add(messages, bytes float64) {
	a.messages += messages
	a.bytes += bytes
}

// New makes a Control.
func New(o Options) *Control {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Control{o: o, limits: o.Limits, sources: map[queue.Source]*source{}}
}

// SetLimits puts other limits in force.
func (c *Control) SetLimits(l config.Quarantine) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.limits = l
}

// Admit says whether a message of this envelope would be accepted now: nil or ErrQuota. Before there is a recipient it
// always would.
func (c *Control) Admit(env queue.Envelope) error {
	if env.Purpose == "" {
		return nil
	}
	if s := c.standing(env.Source()); s.Reached() && !s.rule.byHeader {
		c.o.Reached(s)
		return ErrQuota
	}
	return nil
}

// Begin begins to count a message. End must follow.
func (c *Control) Begin(env queue.Envelope) (*Message, error) {
	if err := c.Admit(env); err != nil {
		return nil, err
	}
	m := &Message{c: c, env: env, rule: ruleOf(env.Source())}
	m.arrive(1, 0)
	s := c.standing(env.Source())
	if m.inspect = m.rule.byHeader && s.Reached(); m.rule.unfinished && s.Messages > s.MaxMessages {
		m.End(false)
		c.o.Reached(s)
		return nil, ErrQuota
	}
	return m, nil
}

// source is what is remembered of one. The caller holds mu.
func (c *Control) source(of queue.Source) *source {
	s := c.sources[of]
	if s == nil {
		s = &source{at: c.o.Now()}
		c.sources[of] = s
	}
	return s
}

// standing compares what there is of a source with its quota.
func (c *Control) standing(of queue.Source) Standing {
	used := c.o.Queue.Usage(of)
	c.mu.Lock()
	defer c.mu.Unlock()
	s := Standing{Source: of, rule: ruleOf(of)}
	s.MaxMessages, s.MaxBytes = s.rule.limit(c.limits)
	held := used.Quarantined
	if s.rule.unfinished {
		held = used.Unfinished
	}
	s.Messages, s.Bytes = held.Count, held.Bytes
	src := c.sources[of]
	if src == nil {
		return s
	}
	if s.rule.unfinished {
		s.Messages += int(src.arriving.messages)
		s.Bytes += int64(src.arriving.bytes)
	}
	if s.rule.daily {
		src.leak(c.o.Now(), s)
		s.Messages = max(s.Messages, int(src.day.messages))
		s.Bytes = max(s.Bytes, int64(src.day.bytes))
	}
	return s
}

// leak lets run out what a day's quota allows for the time since.
func (s *source) leak(now time.Time, limit Standing) {
	days := now.Sub(s.at).Hours() / 24
	s.at = now
	s.day.messages = max(0, s.day.messages-days*float64(limit.MaxMessages))
	s.day.bytes = max(0, s.day.bytes-days*float64(limit.MaxBytes))
}

// Standings are those of all sources that there is anything of.
func (c *Control) Standings(sources map[queue.Source]queue.Usage) []Standing {
	c.mu.Lock()
	all := map[queue.Source]bool{}
	for of := range sources {
		all[of] = true
	}
	for of := range c.sources {
		all[of] = true
	}
	c.mu.Unlock()
	var list []Standing
	for of := range all {
		if s := c.standing(of); s.Messages > 0 && of.Purpose != "" {
			list = append(list, s)
		}
	}
	return sorted(list)
}
