package retract

import (
	"context"
	"time"
)

// clearance asks whether one more request may be made now, and counts it.
type clearance func() *Fault

type clearanceKey struct{}

// WithClearance has the requests that a call makes under ctx ask first.
func WithClearance(ctx context.Context, ask func() *Fault) context.Context {
	return context.WithValue(ctx, clearanceKey{}, clearance(ask))
}

// Clearance asks whether a request may be made now under ctx, and counts it. An implementation of Mailboxes asks right
// before each request, however many a call needs, and returns the Fault as it is: what the server has answered to
// another call since this one began binds this one too.
func Clearance(ctx context.Context) *Fault {
	if ask, ok := ctx.Value(clearanceKey{}).(clearance); ok {
		return ask()
	}
	return nil
}

// notCleared is the Code of Clearance's Fault.
const notCleared = "not_cleared"

// clearance is for one call at a mailbox. Its first request has its tokens already.
func (m *meter) clearance(ctx context.Context, mailbox string) func() *Fault {
	first := true
	return func() *Fault {
		wait := time.Duration(0)
		if first {
			wait = m.lane.gated(mailbox)
		} else if wait = m.lane.spend(mailbox, m.share); wait <= 0 && m.lane.pace(ctx, mailbox, costOther) != nil {
			wait = time.Millisecond // a stop
		}
		first = false
		if wait <= 0 {
			return nil
		}
		return &Fault{Class: Retry, After: wait, Code: notCleared, Detail: "not sent: the server asks to wait"}
	}
}
