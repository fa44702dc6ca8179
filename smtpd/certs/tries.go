package certs

import (
	"crypto/tls"
	"errors"
	"math/rand/v2"
	"time"

	"golang.org/x/crypto/acme"
)

// tries is how the last attempts for one domain went.
type tries struct {
	failures int
	problem  string
	since    time.Time
	next     time.Time // not before this, after a failure
}

// steps are the waits after one, two, ... failures; the last repeats. Let's Encrypt allows five failed validations for
// a name in an hour, and these make four.
var steps = [...]time.Duration{time.Minute, 10 * time.Minute, 30 * time.Minute, time.Hour, 2 * time.Hour, 4 * time.Hour}

// stepped is how long after a number of failures the next attempt is due, before jitter.
func stepped(failures int) time.Duration {
	return steps[min(max(failures, 1), len(steps))-1]
}

// jittered is a wait made up to a tenth longer, so that many hosts do not ask at once.
func jittered(d time.Duration) time.Duration {
	return d + rand.N(d/10+1)
}

// renewAt is when a certificate is renewed: RenewBefore its end, but never before two thirds of its life are over.
// Let's Encrypt asks for two thirds; with its short-lived certificates 30 days would mean at once and always.
func renewAt(c *tls.Certificate, before time.Duration) time.Time {
	leaf := leafOf(c)
	if leaf == nil {
		return time.Time{}
	}
	return leaf.NotAfter.Add(-min(before, leaf.NotAfter.Sub(leaf.NotBefore)/3))
}

// due is the domain that must be tried next, and when.
func (a *ACME) due() (domain string, at time.Time) {
	held := *a.held.Load()
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, d := range a.c.Domains {
		when := renewAt(held[d], a.c.RenewBefore)
		if t := a.tries[d]; t.failures > 0 {
			when = t.next
		}
		if domain == "" || when.Before(at) {
			domain, at = d, when
		}
	}
	return domain, at
}

// failed notes a failure and answers when the next attempt is due. The CA's own Retry-After counts when it is later.
func (a *ACME) failed(domain string, err error) time.Time {
	a.mu.Lock()
	defer a.mu.Unlock()
	t, now := a.tries[domain], a.o.Now()
	if t.failures == 0 {
		t.since = now
	}
	t.failures++
	t.problem = domain + ": " + err.Error()
	pause := jittered(a.wait(t.failures))
	pause = max(pause, retryAfter(err))
	t.next = now.Add(pause)
	return t.next
}

// retryAfter is how long the CA asks to be left alone, at most a week: RFC 8555, section 6.6.
func retryAfter(err error) time.Duration {
	problem, ok := errors.AsType[*acme.Error](err)
	if !ok {
		return 0
	}
	d, _ := acme.RateLimit(problem)
	return min(d, 7*24*time.Hour)
}

// succeeded forgets earlier failures.
func (a *ACME) succeeded(domain string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	*a.tries[domain] = tries{}
}
