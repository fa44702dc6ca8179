package fault

import "context"

// Gate is what a call has to keep to. The engine puts one into the context of each call; an implementation of Mailboxes
// asks it through Clearance, LoginClearance and LoginFailed.
type Gate interface {
	// Clear asks whether one more request may be sent to the mailbox system now, and counts it. Nil: it may.
	Clear() *Fault
	// ClearLogin asks the same of a request to the login service.
	ClearLogin() *Fault
	// LoginFailed takes note of an answer of the login service that is no token: its Retry-After binds every call.
	LoginFailed(*Fault)
}

type gateKey struct{}

// WithGate has the requests that a call makes under ctx keep to g.
func WithGate(ctx context.Context, g Gate) context.Context {
	return context.WithValue(ctx, gateKey{}, g)
}

// Clearance asks whether a request may be sent now under ctx, and counts it. An implementation of Mailboxes asks right
// before each request, however many a call needs, and returns the Fault as it is: what the server has answered to
// another call since this one began binds this one too.
func Clearance(ctx context.Context) *Fault {
	if g, ok := ctx.Value(gateKey{}).(Gate); ok {
		return g.Clear()
	}
	return nil
}

// LoginClearance asks whether the login service may be asked for a token now under ctx.
func LoginClearance(ctx context.Context) *Fault {
	if g, ok := ctx.Value(gateKey{}).(Gate); ok {
		return g.ClearLogin()
	}
	return nil
}

// LoginFailed reports what the login service answered instead of a token.
func LoginFailed(ctx context.Context, f *Fault) {
	if g, ok := ctx.Value(gateKey{}).(Gate); ok {
		g.LoginFailed(f)
	}
}
