package retract

import (
	"context"
	"time"

	"clawback/retract/fault"
)

// callGate is the Gate of one call at a mailbox. The tokens of its first request are spent already.
type callGate struct {
	meter   *meter
	ctx     context.Context
	mailbox string
	sent    int
}

func (g *callGate) Clear() *fault.Fault {
	l := g.meter.sched
	wait := time.Duration(0)
	if g.sent == 0 {
		wait = l.gated(g.mailbox)
	} else if wait = l.spend(g.mailbox, g.meter.share); wait <= 0 && l.pace(g.ctx, g.mailbox, costOther) != nil {
		wait = time.Millisecond // a stop
	}
	if wait > 0 {
		return notSent(wait)
	}
	g.sent++
	return nil
}

func (g *callGate) ClearLogin() *fault.Fault {
	if wait := g.meter.sched.gated(loginService); wait > 0 {
		return notSent(wait)
	}
	return nil
}

func (g *callGate) LoginFailed(f *fault.Fault) { g.meter.sched.learnGate(loginService, f) }

func notSent(wait time.Duration) *fault.Fault {
	return &fault.Fault{Class: fault.Retry, After: wait, Code: fault.CodeNotCleared, Detail: "not sent: the server asks to wait"}
}
