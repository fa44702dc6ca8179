package limit

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync"
	"time"

	"clawback/retract/fault"
)

const (
	startWorkers = 16.0  // intents at once for a tenant, to begin with
	mostWorkers  = 128.0 // and at most
)

// Options are what a Limiter is made of; all of them are needed.
type Options struct {
	Tenant     string // id
	Gates      GateStore
	App        *Shared    // the requests of all tenants
	PerMailbox func() int // requests at once for one mailbox, as configured now
	Log        *slog.Logger
	Now        func() time.Time
	Alert      func(kind, text string) // tells a person: "auth", "outage", "resumed". Must not block
}

// Limiter keeps one tenant's requests within the limits, and learns from their answers. What it remembers in memory
// only makes it polite; the gates, which must survive a restart, are in the store. It is safe for concurrent use.
type Limiter struct {
	o      Options
	units  Shared // of the directory, by the users known of it
	places Places

	mu         sync.Mutex
	users      map[string]struct{}  // object ids that the directory has named, as many as its largest quota asks for
	workers    float64              // adaptive: additive increase, multiplicative decrease
	cut        time.Time            // when workers was last halved; zero: never
	gates      map[string]time.Time // mailbox id -> not before, by the server's word; "" for the whole tenant
	buckets    map[string]*bucket   // by mailbox id
	emptyUntil map[string]time.Time // mailbox -> not before: its tokens are used up
	pause      pause                // authentication trouble
	outage     outage               // a service that is away
}

// New makes the limiter of a tenant.
func New(o Options) *Limiter {
	return &Limiter{o: o, units: Shared{quota: directoryQuota}, workers: startWorkers, gates: map[string]time.Time{},
		buckets: map[string]*bucket{}, emptyUntil: map[string]time.Time{}}
}

// Workers is how many workers the tenant may have by what its servers have answered so far.
func (l *Limiter) Workers() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return int(l.workers)
}

// Room says how many more workers may start beside those that run.
func (l *Limiter) Room(running int) int {
	now := l.o.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.pause.until.After(now) || l.gates[""].After(now) || l.outage.until.After(now) {
		return 0
	}
	limit := int(l.workers)
	if l.pause.open || l.outage.open {
		limit = 1 // one goes ahead to see whether the trouble is over
	}
	return limit - running
}

// Open reports whether another worker may start at a mailbox that has so many: its gate is open, and it has the tokens
// of one more step.
func (l *Limiter) Open(mailbox string, workers int, bulk bool) bool {
	now := l.o.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	return !l.gates[mailbox].After(now) && !l.outOfTokens(mailbox, workers, bulk, now)
}

// Next is the earliest time after now at which something may go on that waits here; zero for none. What is over by now
// is forgotten.
func (l *Limiter) Next(now time.Time) (next time.Time) {
	sooner := func(at time.Time) {
		if at.After(now) && (next.IsZero() || at.Before(next)) {
			next = at
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	sooner(l.pause.until)
	sooner(l.pause.next())
	sooner(l.outage.until)
	for _, waits := range []map[string]time.Time{l.gates, l.emptyUntil} {
		for key, at := range waits {
			sooner(at)
			if !at.After(now) {
				delete(waits, key)
			}
		}
	}
	return next
}

// learn learns from the answer of a call: gates, the tenant's workers, whether its credentials hold and the services
// are there.
func (l *Limiter) learn(mailbox string, err error) {
	var f *fault.Fault
	if err != nil && !errors.As(err, &f) {
		return
	}
	now := l.o.Now()
	l.mu.Lock()
	if f == nil || f.Class != fault.Auth && f.Status != 0 && !f.Login {
		l.pause.answered(now)
	}
	switch {
	case f == nil:
		l.workers = min(mostWorkers, l.workers+l.step())
	case throttled(f):
		if now.Sub(l.cut) >= time.Second {
			l.workers, l.cut = max(1, l.workers/2), now
		}
	}
	back, away := false, false
	switch {
	case f != nil && Absent(f):
		away = l.outage.failed(mailbox, f, now)
	case f == nil || f.Code != fault.CodeCancelled:
		back = l.outage.answered()
	}
	text := l.outage.text()
	l.mu.Unlock()
	if back || away {
		l.reportOutage(text, back)
	}
	if f != nil {
		l.learnGate(gateOf(f, mailbox), f)
	}
}

// step is what one answer adds to the workers: a quarter of them in each round of answers as long as no server has
// asked to go slower, so that a message to thousands of mailboxes has them all within seconds; then one in each round.
// The caller holds mu.
func (l *Limiter) step() float64 {
	if l.cut.IsZero() {
		return 0.25
	}
	return 1 / l.workers
}

// learnGate shuts a gate for as long as an answer asks to wait, whatever else it means.
func (l *Limiter) learnGate(gate string, f *fault.Fault) {
	if f.After <= 0 {
		return
	}
	until := l.o.Now().Add(f.After)
	l.mu.Lock()
	shut := l.shut(gate, until)
	l.mu.Unlock()
	if shut {
		l.save(gate, until)
	}
}

func throttled(f *fault.Fault) bool {
	return f.Status == http.StatusTooManyRequests || f.Tenant && f.After > 0
}

// gateOf says what a Retry-After binds: the mailbox, or with "" the whole tenant.
func gateOf(f *fault.Fault, mailbox string) string {
	if f.Tenant {
		return ""
	}
	return mailbox
}

// Away reports whether a whole service is away now: what failed meanwhile says nothing of an intent.
func (l *Limiter) Away() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.outage.open
}

// Paused says why nothing of the tenant's is tried now, as a sentence for a person; "" when it is.
func (l *Limiter) Paused() string {
	now := l.o.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	tenant, login := l.gates[""], l.gates[LoginService]
	switch {
	case l.outage.open:
		return fmt.Sprintf("tried again %s: %s", l.outage.until.Format(time.RFC3339), l.outage.text())
	case login.After(now) && tenant.After(now):
		return "Microsoft's login service asks to wait until " + later(login, tenant).Format(time.RFC3339)
	case l.pause.open:
		return fmt.Sprintf("tried again %s: %s", l.pause.until.Format(time.RFC3339), l.pause.what)
	case tenant.After(now):
		return "Microsoft Graph asks the whole tenant to wait until " + tenant.Format(time.RFC3339)
	}
	return ""
}

// Throttled is until when Microsoft has asked the whole tenant to wait; zero where it has not.
func (l *Limiter) Throttled() time.Time {
	now := l.o.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	if until := later(l.gates[""], l.gates[LoginService]); until.After(now) {
		return until
	}
	return time.Time{}
}
