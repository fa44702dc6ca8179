package limit

import (
	"context"
	"time"

	"clawback/store"
)

// These stand for a mailbox where gates are named; "" stands for the whole tenant.
const (
	Directory    = "directory" // calls that ask the directory: it has gates and units, but no places
	LoginService = "login"     // requests for a token
)

// GateStore keeps gates, so that the next process keeps to them too.
type GateStore interface {
	// Gates lists the gates of a tenant, those that have opened meanwhile too.
	Gates(ctx context.Context, tenant string) ([]store.Gate, error)
	// Update writes a change, which is durable when it returns nil.
	Update(ctx context.Context, c store.Change) error
}

// Reload reads back, after a start, the gates that servers have shut, and removes those that are open again.
func (l *Limiter) Reload(ctx context.Context) error {
	gates, err := l.savedGates(ctx)
	l.mu.Lock()
	defer l.mu.Unlock()
	for mailbox, until := range gates {
		l.shut(mailbox, until)
	}
	return err
}

// savedGates reads the gates that are still shut, and removes the others.
func (l *Limiter) savedGates(ctx context.Context) (map[string]time.Time, error) {
	rows, err := l.o.Gates.Gates(ctx, l.o.Tenant)
	if err != nil {
		return nil, err
	}
	gates := map[string]time.Time{}
	var open store.Edit[store.Gate]
	for _, g := range rows {
		if g.Until.After(l.o.Now()) {
			gates[g.Mailbox] = g.Until
		} else {
			open.Remove = append(open.Remove, g.Key())
		}
	}
	if len(open.Remove) == 0 {
		return gates, nil
	}
	return gates, l.o.Gates.Update(ctx, store.Change{Gates: open})
}

// save makes a gate durable. It is done before the answer's intent is written.
func (l *Limiter) save(mailbox string, until time.Time) {
	gates := store.Edit[store.Gate]{Put: []store.Gate{{Tenant: l.o.Tenant, Mailbox: mailbox, Until: until}}}
	if err := l.o.Gates.Update(context.Background(), store.Change{Gates: gates}); err != nil {
		l.o.Log.Warn("write gate", "event", "retract.failed", "tenant", l.o.Tenant, "mailbox", mailbox, "error", err)
	}
}

// shut closes a mailbox's gate, or with "" the tenant's, at the server's word. It reports whether that is new. The
// caller holds mu.
func (l *Limiter) shut(mailbox string, until time.Time) bool {
	if !until.After(l.gates[mailbox]) {
		return false
	}
	l.gates[mailbox] = until
	return true
}

// Gated says how long a mailbox's gate, or with "" the tenant's, is still shut; or the next look at a service that is
// away still due. Zero or less: it is open.
func (l *Limiter) Gated(mailbox string) time.Duration {
	now := l.o.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	until := later(l.gates[""], l.gates[mailbox])
	if mailbox != LoginService {
		until = later(until, l.outage.until)
	}
	return until.Sub(now)
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
