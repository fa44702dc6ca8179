package engines

import (
	"context"
	"errors"
	"fmt"
	"net"
	"sync"
	"time"
)

// An engine that fails restAfter times in a row is left alone for restFor, so that one that hangs does not hold up
// every message.
const (
	restAfter = 3
	restFor   = 30 * time.Second
)

// Resting leaves an engine alone for a while after it has failed several times. It may be used by several goroutines.
type Resting struct {
	Engine
	now func() time.Time

	mu       sync.Mutex
	failures int       // in a row; owned by mu
	until    time.Time // owned by mu
	why      error     // owned by mu
}

// NewResting wraps an engine; now is time.Now when it is nil.
func NewResting(e Engine, now func() time.Time) *Resting {
	if now == nil {
		now = time.Now
	}
	return &Resting{Engine: e, now: now}
}

// Ask asks the engine, or says why it is not asked now.
func (r *Resting) Ask(ctx context.Context, m Message) ([]Finding, error) {
	if err := r.resting(); err != nil {
		return nil, err
	}
	found, err := r.Engine.Ask(ctx, m)
	var absent net.Error // refused, or too late; an engine that answers with a complaint about the message is well
	if failed := errors.As(err, &absent); !errors.Is(ctx.Err(), context.Canceled) && (failed || err == nil) {
		r.asked(err)
	}
	return found, err
}

func (r *Resting) resting() error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.now().Before(r.until) {
		return fmt.Errorf("not asked after %d failures in a row, the last one: %w", r.failures, r.why)
	}
	return nil
}

// asked counts. After a rest a single failure is enough for the next one.
func (r *Resting) asked(err error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if err == nil {
		r.failures, r.why = 0, nil
		return
	}
	r.failures++
	r.why = err
	if r.failures >= restAfter {
		r.until = r.now().Add(restFor)
	}
}
