package admission

import (
	"fmt"
	"math"
	"sync"
	"syscall"
	"time"

	"clawback/config"
	"clawback/queue"
)

// ErrQuota is why a message is refused: the listener answers 452, and the sender tries again.
var ErrQuota = fmt.Errorf("the quota of its source is reached: %w", syscall.EDQUOT)

// Queue says what is held of a source. A queue.Queue is one.
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
	day      recent // what came, less what a day lets run out
	peers    peers  // the same by the network that it came from, with what is on its way
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
	if s := c.standing(env); s.full() && !s.rule.byHeader {
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
	s := c.standing(env)
	if m.rule.unfinished && s.without(1, 0).full() {
		m.End(false)
		c.o.Reached(s)
		return nil, ErrQuota
	}
	m.inspect = m.rule.byHeader && (m.rule.daily || s.Reached())
	return m, nil
}

// source is what is remembered of one. The caller holds mu.
func (c *Control) source(of queue.Source) *source {
	s := c.sources[of]
	if s == nil {
		s = &source{day: recent{at: c.o.Now()}, peers: peers{}}
		c.sources[of] = s
	}
	return s
}

// standing compares what there is of a message's source, and of its network, with the quota.
func (c *Control) standing(env queue.Envelope) Standing {
	used := c.o.Queue.Usage(env.Source())
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.compare(env, used)
}

// compare is standing for a caller who holds mu.
func (c *Control) compare(env queue.Envelope, used queue.Usage) Standing {
	of := env.Source()
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
	now := c.o.Now()
	if s.rule.unfinished {
		s.Messages += int(src.arriving.messages)
		s.Bytes += int64(src.arriving.bytes)
		s.Peers = networkOf(env)
		r := src.peers.of(s.Peers, now, s)
		r.leak(now, s)
		s.ofPeers = r.amount
	}
	if s.rule.daily {
		src.day.leak(now, s)
		s.Messages = max(s.Messages, int(math.Ceil(src.day.messages)))
		s.Bytes = max(s.Bytes, int64(src.day.bytes))
	}
	return s
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
		if s := c.standing(queue.Envelope{Tenant: of.Tenant, Purpose: of.Purpose,
			Network: of.Network}); s.Messages > 0 && of.Purpose != "" {
			list = append(list, s)
		}
	}
	return sorted(list)
}
