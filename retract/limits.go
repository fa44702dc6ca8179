package retract

import (
	"context"
	"errors"
	"net/http"
	"time"

	"clawback/retract/fault"
	"clawback/store"
)

// notMade is the error of a call that was not made: a gate is shut, or the mailbox's tokens are used up. It says
// nothing of what the call was for, so that it counts as no failure.
type notMade struct{ wait time.Duration }

// Error names the wait.
func (n *notMade) Error() string { return "not asked: wait " + n.wait.String() }

// shut closes a mailbox's gate, or with "" the tenant's, at the server's word. The caller holds mu.
func (l *scheduler) shut(mailbox string, until time.Time) bool {
	if !until.After(l.gates[mailbox]) {
		return false
	}
	l.gates[mailbox] = until
	return true
}

// remember makes a gate durable, so that the next process keeps to it too. It is done before the answer's intent is written.
func (l *scheduler) remember(mailbox string, until time.Time) {
	gates := store.Edit[store.Gate]{Put: []store.Gate{{Tenant: l.id, Mailbox: mailbox, Until: until}}}
	if err := l.e.o.Store.Update(context.Background(), store.Change{Gates: gates}); err != nil {
		l.e.o.Log.Warn("write gate", "event", "retract.failed", "tenant", l.id, "mailbox", mailbox, "error", err)
	}
}

// openGates reads a tenant's gates, and removes those that are open again.
func (e *Engine) openGates(ctx context.Context, tenant string) (map[string]time.Time, error) {
	rows, err := e.o.Store.Gates(ctx, tenant)
	if err != nil {
		return nil, err
	}
	gates := map[string]time.Time{}
	var open store.Edit[store.Gate]
	for _, g := range rows {
		if g.Until.After(e.now()) {
			gates[g.Mailbox] = g.Until
		} else {
			open.Remove = append(open.Remove, g.Key())
		}
	}
	if len(open.Remove) == 0 {
		return gates, nil
	}
	return gates, e.o.Store.Update(ctx, store.Change{Gates: open})
}

// These stand for a mailbox in gates.
const (
	theDirectory = "directory" // calls that ask the directory: it has gates and units, but no slots
	loginService = "login"     // requests for a token
)

// enter asks to make one call at a mailbox: gates, tokens, then a slot of the mailbox, which leave gives back, then the
// tokens that all share. Nothing is waited for but the slot and these.
func (l *scheduler) enter(ctx context.Context, mailbox string, share float64) (leave func(), err error) {
	if wait := l.spend(mailbox, share); wait > 0 {
		return nil, &notMade{wait}
	}
	if mailbox == theDirectory {
		return func() {}, l.pace(ctx, mailbox, 1)
	}
	slot := l.slot(mailbox)
	select {
	case slot <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if err := l.pace(ctx, mailbox, 0); err != nil {
		<-slot
		return nil, err
	}
	if wait := l.gated(mailbox); wait > 0 { // shut while this call waited
		<-slot
		return nil, &notMade{wait}
	}
	return func() { <-slot }, nil
}

// spend takes a token of the mailbox for one request, or says how long to wait: for a gate, or for a token.
func (l *scheduler) spend(mailbox string, share float64) time.Duration {
	if wait := l.gated(mailbox); wait > 0 || mailbox == theDirectory {
		return max(wait, 0)
	}
	now := l.e.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.buckets[mailbox]
	if b == nil {
		l.tidy(now)
		b = &bucket{at: now}
		l.buckets[mailbox] = b
	}
	return b.take(now, share)
}

// slot gives the mailbox's slots.
func (l *scheduler) slot(mailbox string) chan struct{} {
	slots := l.perMailbox()
	l.mu.Lock()
	defer l.mu.Unlock()
	slot := l.slots[mailbox]
	if slot == nil {
		slot = make(chan struct{}, slots)
		l.slots[mailbox] = slot
	}
	return slot
}

// stepTokens is what a step of an intent may use.
const stepTokens = 10

// outOfTokens reports whether a mailbox has too few tokens left for another step, so that its intents rest as one until
// there are some. The caller holds mu.
func (l *scheduler) outOfTokens(in store.Intent, key string, now time.Time) bool {
	b := l.buckets[key]
	if b == nil {
		return false
	}
	share := shareOf(in)
	if share < 1 {
		key += " bulk"
	}
	if l.emptyUntil[key].After(now) {
		return true
	}
	b.fill(now, bucketRate)
	lack := b.used + stepTokens*float64(l.busy[in.Mailbox]+1) - bucketSize*share
	if lack <= 0 {
		return false
	}
	l.emptyUntil[key] = now.Add(max(time.Second, time.Duration(lack/bucketRate*float64(time.Second))))
	return true
}

// shareOf is the part of a mailbox's tokens that an intent may use: bulk jobs leave half to fresh verdicts.
func shareOf(in store.Intent) float64 {
	if in.Job != "" {
		return 0.5
	}
	return 1
}

// tidy drops the buckets that are full again, so that memory does not grow with the mailboxes ever seen. The caller
// holds mu.
func (l *scheduler) tidy(now time.Time) {
	if len(l.buckets) < 4096 {
		return
	}
	for id, b := range l.buckets {
		if b.fill(now, bucketRate); b.used == 0 && len(l.slots[id]) == 0 && l.busy[id] == 0 {
			delete(l.buckets, id)
			delete(l.slots, id)
		}
	}
}

// gated says how long a mailbox's gate, or the tenant's, is still shut; or the next look at a service that is away
// still due.
func (l *scheduler) gated(mailbox string) time.Duration {
	now := l.e.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	until := later(l.gates[""], l.gates[mailbox])
	if mailbox != loginService {
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

// learn learns from the answer of a call: gates, the tenant's limit, whether its credentials hold and the services are
// there.
func (l *scheduler) learn(mailbox string, err error) {
	var f *fault.Fault
	if err != nil && !errors.As(err, &f) {
		return
	}
	now := l.e.now()
	l.mu.Lock()
	if f == nil || f.Class != fault.Auth && f.Status != 0 && !f.Login {
		l.pause.answered(now)
	}
	switch {
	case f == nil:
		l.limit = min(maxLimit, l.limit+1/l.limit)
	case throttled(f):
		if now.Sub(l.cut) >= time.Second {
			l.limit, l.cut = max(1, l.limit/2), now
		}
	}
	back, away := false, false
	switch {
	case f != nil && absent(f):
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

// learnGate shuts a gate for as long as an answer asks to wait, whatever else it means.
func (l *scheduler) learnGate(gate string, f *fault.Fault) {
	if f.After <= 0 {
		return
	}
	until := l.e.now().Add(f.After)
	l.mu.Lock()
	shut := l.shut(gate, until)
	l.mu.Unlock()
	if shut {
		l.remember(gate, until)
	}
}

func throttled(f *fault.Fault) bool {
	return f.Status == http.StatusTooManyRequests || f.Tenant && f.After > 0
}

// away reports whether a whole service is away now: what failed meanwhile says nothing of an intent.
func (l *scheduler) away() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.outage.open
}

// gateOf says what a Retry-After binds: the mailbox, or with "" the whole tenant.
func gateOf(f *fault.Fault, mailbox string) string {
	if f.Tenant {
		return ""
	}
	return mailbox
}
