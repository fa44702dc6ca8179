package limit

import (
	"fmt"
	"net/http"
	"time"

	"clawback/retract/fault"
)

const (
	firstProbe   = 5 * time.Second  // after an outage is recognised; doubles up to lastProbe
	lastProbe    = time.Minute      // short: what is MALICIOUS is not to wait when the service is back
	outageAlert  = 10 * time.Minute // for which it has lasted when a person is told
	outageFrom   = 3                // mailboxes (the directory counts as one) that fail with no answer in between
	outageFaults = 6                // failures of theirs, at the least
)

// outage is the absence of a whole service: of Graph, or of the login service. Its failures say nothing of the intents
// that meet them, so that they are not counted there; and while it lasts one worker looks whether it is over, for all.
// It is guarded by its limiter.
type outage struct {
	failing map[string]bool // mailboxes whose calls have failed since the last answer
	faults  int             // in all
	since   time.Time       // first of these

	open    bool
	until   time.Time // nothing is asked before
	length  time.Duration
	what    string // the last failure
	alerted bool   // a person knows, and does not know yet that it is over
}

// Absent reports whether a fault is one of the service rather than of what it was asked for: no connection, no answer,
// or a 5xx. What it answers else shows that it is there, throttling too.
func Absent(f *fault.Fault) bool {
	switch f.Code {
	case fault.CodeNotSent, fault.CodeNoAnswer, fault.CodeTimeout, fault.CodeLoginUnreachable:
		return true
	}
	if f.Login {
		return f.Class == fault.Retry
	}
	return f.Status >= http.StatusInternalServerError && f.Status != http.StatusInsufficientStorage
}

// failed counts a failure. It reports whether a person is to be told now.
func (o *outage) failed(mailbox string, f *fault.Fault, now time.Time) (alert bool) {
	if o.faults == 0 {
		o.since, o.failing = now, map[string]bool{}
	}
	o.faults++
	if len(o.failing) < outageFrom {
		o.failing[mailbox] = true
	}
	surely := f.Login || f.Code == fault.CodeNotSent
	if !o.open && !surely && (len(o.failing) < outageFrom || o.faults < outageFaults) {
		return false
	}
	o.open, o.what = true, f.Error()
	if !o.until.After(now) { // those that failed together count as one
		o.length = min(lastProbe, max(firstProbe, 2*o.length))
		o.until = now.Add(o.length)
	}
	alert = !o.alerted && now.Sub(o.since) >= outageAlert
	o.alerted = o.alerted || alert
	return alert
}

// answered ends an outage. It reports whether a person is to be told.
func (o *outage) answered() (alert bool) {
	alert = o.alerted
	*o = outage{}
	return alert
}

// text is the sentence for a person.
func (o *outage) text() string {
	return fmt.Sprintf("not available since %s: %s", o.since.Format(time.RFC3339), o.what)
}

// reportOutage says that a service has been away for long, and later that it is back.
func (l *Limiter) reportOutage(text string, back bool) {
	if back {
		l.o.Alert("resumed", "Microsoft's service answers again: retraction goes on")
		return
	}
	l.o.Alert("outage", "Microsoft's service is "+text+"; retraction goes on by itself when it answers again")
}
