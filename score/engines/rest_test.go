package engines

import (
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"
)

// flaky counts how often it is asked.
type flaky struct {
	asked int
	err   error
}

func (*flaky) Name() string { return "flaky" }
func (f *flaky) Ask(context.Context, Message) ([]Finding, error) {
	f.asked++
	return nil, f.err
}

func TestResting_oneThatFailsIsLeftAloneAndTriedAgain(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	engine := &flaky{err: &net.OpError{Op: "dial", Err: errors.New("refused")}}
	r := NewResting(engine, func() time.Time { return now })
	ask := func() error { _, err := r.Ask(t.Context(), message()); return err }
	for range 10 {
		if err := ask(); err == nil || !strings.Contains(err.Error(), "refused") {
			t.Fatalf("error %v does not say why", err)
		}
	}
	if engine.asked != restAfter {
		t.Errorf("asked %d times, want %d and then a rest", engine.asked, restAfter)
	}
	now = now.Add(restFor)
	ask()
	ask()
	if engine.asked != restAfter+1 {
		t.Errorf("asked %d times after the rest, want one more", engine.asked-restAfter)
	}
	now, engine.err = now.Add(restFor), nil
	if err := ask(); err != nil {
		t.Errorf("it is well again, and the answer is %v", err)
	}
	engine.err = &net.OpError{Op: "dial", Err: errors.New("refused")}
	ask()
	ask()
	before := engine.asked
	ask()
	if engine.asked != before+1 {
		t.Error("its earlier failures still count after a good answer")
	}
}

func TestResting_aMessageThatWasGivenUpDoesNotCount(t *testing.T) {
	engine := &flaky{err: context.Canceled}
	r := NewResting(engine, nil)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for range 10 {
		r.Ask(ctx, message())
	}
	if engine.asked != 10 {
		t.Errorf("asked %d times, want 10", engine.asked)
	}
}

func TestResting_aComplaintAboutAMessageDoesNotCount(t *testing.T) {
	engine := &flaky{err: errors.New("size limit exceeded")}
	r := NewResting(engine, nil)
	for range 10 {
		r.Ask(t.Context(), message())
	}
	if engine.asked != 10 {
		t.Errorf("asked %d times, want 10", engine.asked)
	}
}
