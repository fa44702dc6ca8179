package graphsim

import (
	"net/http"
	"time"
)

// load is what the service counts for one mailbox.
type load struct {
	inFlight int
	recent   []time.Time // of the requests of the last ten minutes, oldest first
}

const window = 10 * time.Minute

// enter counts a request for a mailbox. The answer is not nil when it is one too many.
func (s *Sim) enter(c *Call, mailbox string) *Fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	l := s.load[mailbox]
	if l == nil {
		l = &load{}
		s.load[mailbox] = l
	}
	now := s.o.Now()
	for len(l.recent) > 0 && now.Sub(l.recent[0]) > window {
		l.recent = l.recent[1:]
	}
	l.recent = append(l.recent, now)
	l.inFlight++
	c.InFlight = l.inFlight
	s.busy[c.Tenant]++
	if l.inFlight > s.o.Limits.MailboxConcurrency {
		s.violate("%d calls at once for mailbox %s", l.inFlight, c.Mailbox)
		return overload("concurrency", "ApplicationThrottled", "0.25")
	}
	if most := s.o.Limits.TenantConcurrency; most > 0 && s.busy[c.Tenant] > most {
		return overload("tenant concurrency", "ApplicationThrottled", "0.1") // a client has to find out: no violation
	}
	if len(l.recent) > s.o.Limits.MailboxRequests {
		return overload("quota", "TooManyRequests", "1.5")
	}
	return nil
}

func overload(name, code, retryAfter string) *Fault {
	return &Fault{
		Name: name, Status: http.StatusTooManyRequests, Code: code, RetryAfter: retryAfter,
		Message: "Application is over its MailboxConcurrency limit.",
	}
}

func (s *Sim) leave(c *Call, mailbox string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.load[mailbox].inFlight--
	s.busy[c.Tenant]--
}
