package transport

import (
	"context"

	"clawback/retract/fault"
)

// Call says what a request is for: it decides what its failure means.
type Call struct {
	Name      string // verb phrase for a person, such as "move message"
	Changes   bool   // a lost answer leaves its effect unknown
	Directory bool   // about users and groups rather than a mailbox
	Streams   bool   // the body is handed on unread: a message's MIME
}

type callKey struct{}

// With tells the transport what the requests under ctx are for.
func With(ctx context.Context, c Call) context.Context { return context.WithValue(ctx, callKey{}, c) }

func callOf(ctx context.Context) Call {
	if c, ok := ctx.Value(callKey{}).(Call); ok {
		return c
	}
	return Call{Name: "ask Graph", Changes: true} // unknown: assume the worst
}

// lost is the class of a call that was sent and had no usable answer.
func (c Call) lost() fault.Class {
	if c.Changes {
		return fault.Unknown
	}
	return fault.Retry
}
