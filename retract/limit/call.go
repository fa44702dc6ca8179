package limit

import (
	"context"
	"errors"
	"time"

	"clawback/retract/fault"
)

// NotMade is the error of a call that was not made: a gate is shut, or the mailbox's tokens are used up. It says
// nothing of what the call was for, so that it counts as no failure.
type NotMade struct{ Wait time.Duration }

// Error names the wait.
func (n *NotMade) Error() string { return "not asked: wait " + n.Wait.String() }

// call makes one call at a mailbox, or at the Directory, and learns from its answer. Its error is a *NotMade, or what
// fn gave.
func (l *Limiter) call(ctx context.Context, mailbox string, share float64, fn func(context.Context) error) error {
	leave, err := l.enter(ctx, mailbox, share)
	if err != nil {
		return err
	}
	defer leave()
	err = fn(fault.WithGate(ctx, &callGate{limiter: l, ctx: ctx, mailbox: mailbox, share: share}))
	var f *fault.Fault
	if errors.As(err, &f) && f.Code == fault.CodeNotCleared {
		return &NotMade{f.After}
	}
	l.learn(mailbox, err)
	return err
}

// enter asks to make one call at a mailbox: gates, tokens, then a place at the mailbox, which leave gives back, then
// the tokens that all share. Nothing is waited for but the place and these.
func (l *Limiter) enter(ctx context.Context, mailbox string, share float64) (leave func(), err error) {
	if wait := l.spend(mailbox, share); wait > 0 {
		return nil, &NotMade{wait}
	}
	if mailbox == Directory {
		return func() {}, l.pace(ctx, mailbox, 1)
	}
	leave, err = l.places.Enter(ctx, mailbox, l.o.PerMailbox())
	if err != nil {
		return nil, err
	}
	if err := l.pace(ctx, mailbox, 0); err != nil {
		leave()
		return nil, err
	}
	if wait := l.Gated(mailbox); wait > 0 { // shut while this call waited
		leave()
		return nil, &NotMade{wait}
	}
	return leave, nil
}

// pace waits for the tokens of one request that all mailboxes share.
func (l *Limiter) pace(ctx context.Context, mailbox string, units float64) error {
	now := l.o.Now()
	wait := l.o.App.spend(now, 1)
	if mailbox == Directory {
		wait = max(wait, l.units.spend(now, units))
	}
	if wait <= 0 {
		return nil
	}
	select {
	case <-time.After(wait):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// callGate is the fault.Gate of one call at a mailbox. The tokens of its first request are spent already.
type callGate struct {
	limiter *Limiter
	ctx     context.Context
	mailbox string
	share   float64
	sent    int
}

// Clear asks whether one more request of the call may be sent.
func (g *callGate) Clear() *fault.Fault {
	l := g.limiter
	wait := time.Duration(0)
	if g.sent == 0 {
		wait = l.Gated(g.mailbox)
	} else if wait = l.spend(g.mailbox, g.share); wait <= 0 && l.pace(g.ctx, g.mailbox, costOther) != nil {
		wait = time.Millisecond // a stop
	}
	if wait > 0 {
		return notSent(wait)
	}
	g.sent++
	return nil
}

// ClearLogin asks whether the login service may be asked for a token.
func (g *callGate) ClearLogin() *fault.Fault {
	if wait := g.limiter.Gated(LoginService); wait > 0 {
		return notSent(wait)
	}
	return nil
}

// LoginFailed takes note of an answer of the login service that is no token.
func (g *callGate) LoginFailed(f *fault.Fault) { g.limiter.learnGate(LoginService, f) }

func notSent(wait time.Duration) *fault.Fault {
	return &fault.Fault{Class: fault.Retry, After: wait, Code: fault.CodeNotCleared,
		Detail: "not sent: the server asks to wait"}
}
