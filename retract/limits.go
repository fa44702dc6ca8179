package retract

import (
	"context"
	"errors"
	"net/http"
	"time"

	"clawback/store"
)

// closed is the answer of a call that was not made: a gate is shut, or the mailbox's tokens are used up.
type closed struct{ wait time.Duration }

func (c *closed) Error() string { return "not now: wait " + c.wait.String() }

// shut closes a gate at the server's word. The caller holds mu.
func (l *lane) shut(gate, mailbox string, until time.Time) {
	switch gate {
	case gateTenant:
		mailbox = ""
	case gateMailbox:
		if mailbox == "" {
			return // not resolved yet: no mailbox was asked
		}
	default:
		return
	}
	if until.After(l.gates[mailbox]) {
		l.gates[mailbox] = until
	}
}

// What a Retry-After binds.
const (
	gateMailbox = "mailbox"
	gateTenant  = "tenant"
)

// theDirectory stands for a mailbox in calls that ask the directory: it has gates, but neither tokens nor slots.
const theDirectory = "directory"

// enter asks to make one call at a mailbox: gates, tokens, then a slot of the mailbox, which
// leave gives back. Nothing is waited for but the slot.
func (l *lane) enter(ctx context.Context, mailbox string, share float64) (leave func(), err error) {
	slot, err := l.ask(mailbox, share)
	if err != nil {
		return nil, err
	}
	if slot == nil {
		return func() {}, nil
	}
	select {
	case slot <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	if wait := l.gated(mailbox); wait > 0 { // shut while this call waited
		<-slot
		return nil, &closed{wait}
	}
	return func() { <-slot }, nil
}

// ask takes a token and gives the mailbox's slots.
func (l *lane) ask(mailbox string, share float64) (chan struct{}, error) {
	if wait := l.gated(mailbox); wait > 0 {
		return nil, &closed{wait}
	}
	if mailbox == theDirectory {
		return nil, nil
	}
	now, slots := l.e.now(), l.perMailbox()
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.buckets[mailbox]
	if b == nil {
		l.tidy(now)
		b = &bucket{at: now}
		l.buckets[mailbox] = b
	}
	if wait := b.take(now, share); wait > 0 {
		return nil, &closed{wait}
	}
	slot := l.slots[mailbox]
	if slot == nil {
		slot = make(chan struct{}, slots)
		l.slots[mailbox] = slot
	}
	return slot, nil
}

// stepTokens is what a step of an intent may use.
const stepTokens = 10

// parched reports whether a mailbox has too few tokens left for another step, so that its intents rest as one until
// there are some. The caller holds mu.
func (l *lane) parched(in store.Intent, key string, now time.Time) bool {
	b := l.buckets[key]
	if b == nil {
		return false
	}
	share := shareOf(in)
	if share < 1 {
		key += " bulk"
	}
	if l.dry[key].After(now) {
		return true
	}
	b.fill(now)
	lack := b.used + stepTokens*float64(l.busy[in.Mailbox]+1) - bucketSize*share
	if lack <= 0 {
		return false
	}
	l.dry[key] = now.Add(max(time.Second, time.Duration(lack/bucketRate*float64(time.Second))))
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
func (l *lane) tidy(now time.Time) {
	if len(l.buckets) < 4096 {
		return
	}
	for id, b := range l.buckets {
		if b.fill(now); b.used == 0 && len(l.slots[id]) == 0 && l.busy[id] == 0 {
			delete(l.buckets, id)
			delete(l.slots, id)
		}
	}
}

// gated says how long a mailbox's gate, or the tenant's, is still shut.
func (l *lane) gated(mailbox string) time.Duration {
	now := l.e.now()
	l.mu.Lock()
	defer l.mu.Unlock()
	until := l.gates[""]
	if at := l.gates[mailbox]; at.After(until) {
		until = at
	}
	return until.Sub(now)
}

// heard learns from the answer of a call: gates, the tenant's limit, and whether its credentials hold.
func (l *lane) heard(mailbox string, err error) {
	var f *Fault
	if err != nil && !errors.As(err, &f) {
		return
	}
	now := l.e.now()
	resumed := false
	l.mu.Lock()
	switch {
	case f != nil && f.Class == Auth:
	case f == nil || f.Status != 0:
		resumed, l.pause, l.paused = l.pause > 0, 0, time.Time{}
	}
	switch {
	case f == nil:
		l.limit = min(maxLimit, l.limit+1/l.limit)
	case throttled(f):
		if now.Sub(l.cut) >= time.Second {
			l.limit, l.cut = max(1, l.limit/2), now
		}
	}
	if f != nil && f.Class == Retry && f.After > 0 {
		l.shut(gateOf(f), mailbox, now.Add(f.After))
	}
	l.mu.Unlock()
	if resumed {
		l.e.say(Alert{Kind: "resumed", Tenant: l.id, Text: "the mailbox system accepts this tenant's credentials again: retraction goes on"})
	}
}

func throttled(f *Fault) bool {
	return f.Class == Retry && (f.Status == http.StatusTooManyRequests || f.Tenant && f.After > 0)
}

func gateOf(f *Fault) string {
	if f.Tenant {
		return gateTenant
	}
	return gateMailbox
}

// refuse pauses the tenant after authentication trouble, and alerts once until it is over.
func (l *lane) refuse(f *Fault) {
	l.mu.Lock()
	first := l.pause == 0
	now := l.e.now()
	if !l.paused.After(now) { // those that failed together count as one
		l.pause = min(maxPause, max(firstPause, 2*l.pause))
		l.paused = now.Add(max(l.pause, f.After))
	}
	l.mu.Unlock()
	if first {
		l.e.say(Alert{Kind: "auth", Tenant: l.id, Text: "retraction is paused for this tenant, and tried again by itself: " + f.Error()})
	}
}
