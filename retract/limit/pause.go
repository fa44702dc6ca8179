package limit

import (
	"fmt"
	"time"

	"clawback/retract/fault"
)

const (
	firstPause = 30 * time.Second // of a tenant with authentication trouble; doubles up to maxPause
	maxPause   = 15 * time.Minute
	steady     = 5 * time.Minute // without a refusal, after which the trouble counts as over
)

// pause is a tenant's authentication trouble. Some calls can be refused while others are answered, when a permission is
// missing: it is one trouble until none was refused for a while, with one alert at each end. It is guarded by its
// limiter.
type pause struct {
	open    bool          // refused, and not answered since: one worker goes ahead to see whether it is over
	until   time.Time     // nothing is asked before
	length  time.Duration // of the present pause
	what    string        // the refusal
	alerted bool          // the alert was given, and its end was not
	mended  time.Time     // since when calls are answered again
}

// refused begins a pause, or makes it longer. It reports whether a person is to be told.
func (p *pause) refused(f *fault.Fault, now time.Time) (alert bool) {
	alert = !p.alerted
	p.open, p.alerted, p.mended, p.what = true, true, time.Time{}, f.Error()
	if !p.until.After(now) { // those that failed together count as one
		p.length = min(maxPause, max(firstPause, 2*p.length))
		p.until = now.Add(max(p.length, f.After))
	}
	return alert
}

// answered ends a pause. An answer that comes during it is one of a call that was on its way.
func (p *pause) answered(now time.Time) {
	if !p.open || p.until.After(now) {
		return
	}
	p.open, p.length, p.mended = false, 0, now
}

// ended reports, once, that the trouble is over.
func (p *pause) ended(now time.Time) bool {
	if p.mended.IsZero() || now.Sub(p.mended) < steady {
		return false
	}
	*p = pause{}
	return true
}

// next is when over has to be asked; zero for never.
func (p *pause) next() time.Time {
	if p.mended.IsZero() {
		return time.Time{}
	}
	return p.mended.Add(steady)
}

// Refused pauses the tenant after authentication trouble, and says until when.
func (l *Limiter) Refused(f *fault.Fault) (until time.Time) {
	l.mu.Lock()
	alert := l.pause.refused(f, l.o.Now())
	until = l.pause.until
	l.mu.Unlock()
	if alert {
		l.o.Alert("auth", "retraction is paused for this tenant, and tried again by itself: "+f.Error())
	}
	return until
}

// ReportResumed tells a person, once, that authentication trouble is over.
func (l *Limiter) ReportResumed() {
	l.mu.Lock()
	over := l.pause.ended(l.o.Now())
	l.mu.Unlock()
	if over {
		l.o.Alert("resumed", fmt.Sprintf(
			"the mailbox system has refused nothing of this tenant's for %s: retraction goes on", steady))
	}
}
