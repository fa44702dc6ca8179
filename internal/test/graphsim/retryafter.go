package graphsim

import (
	"maps"
	"net/http"
	"strings"
	"time"
)

// retryAfter is what an answer has told: when, and until when to wait.
type retryAfter struct{ told, until time.Time }

// What a Retry-After binds, as keys of Sim.waits: the same call in any case, and every call of its scope.
func sameCall(r *http.Request) string { return r.Method + " " + r.URL.RequestURI() }

// scopes are the services, tenants and mailboxes whose Retry-After a call has to keep.
func (r *request) scopes() []string {
	tenant := "tenant " + r.call.Tenant
	if r.mail() {
		return []string{tenant, "mailbox " + r.call.Mailbox}
	}
	return []string{tenant, "directory " + r.call.Tenant}
}

// bound is the scope of a fault's Retry-After.
func (r *request) bound(f Fault) string {
	scopes := r.scopes()
	if strings.HasPrefix(f.Header.Get("X-Ms-Throttle-Scope"), "Tenant") {
		return scopes[0]
	}
	return scopes[1]
}

func loginScope(tenant string) string { return "login " + tenant }

// wait notes the Retry-After of an answer.
func (s *Sim) wait(header string, scopes ...string) {
	now := s.o.Now()
	until := now
	if d, err := time.ParseDuration(header + "s"); err == nil {
		until = now.Add(d)
	} else if at, err := http.ParseTime(header); err == nil {
		until = at
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, scope := range scopes {
		if until.After(now) && until.After(s.waits[scope].until) {
			s.waits[scope] = retryAfter{now, until}
		}
	}
}

// early notes a call that does not keep a Retry-After. A repetition of the same call certainly does not, when it began
// after that answer. Another call of the same scope may have been on its way already, for as long as Options.Slack
// says.
func (s *Sim) early(what, same string, began time.Time, scopes ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.breaks(same, began, 0) {
		s.violate("%s repeated %v before its Retry-After", what, s.waits[same].until.Sub(began))
		delete(s.waits, same)
		return
	}
	for _, scope := range scopes {
		if !s.o.Bare && s.breaks(scope, began, s.o.Slack) {
			s.violate("%s %v before the Retry-After of %s", what, s.waits[scope].until.Sub(began), scope)
			delete(s.waits, scope) // one violation for each Retry-After
		}
	}
}

// breaks reports whether a call that began then does not keep a Retry-After. The caller holds the lock.
func (s *Sim) breaks(key string, began time.Time, slack time.Duration) bool {
	w, told := s.waits[key]
	return told && began.After(w.told.Add(slack)) && began.Before(w.until)
}

// Unheard forgets the Retry-After of answers given since a time: the client died before it could take note of them.
func (s *Sim) Unheard(since time.Time) {
	s.mu.Lock()
	defer s.mu.Unlock()
	maps.DeleteFunc(s.waits, func(_ string, w retryAfter) bool { return !w.told.Before(since) })
}
