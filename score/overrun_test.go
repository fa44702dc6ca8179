package score

import (
	"context"
	"errors"
	"io"
	"strings"
	"testing"

	"clawback/score/attach"
	"clawback/verdict"
	"clawback/verdict/history"
)

// late ends a context with a cause once the message is being judged.
type late struct {
	end   context.CancelCauseFunc
	cause error
}

func (l late) Inspect(_ context.Context, files []attach.File, _ *attach.Limits) []attach.Report {
	l.end(l.cause)
	return make([]attach.Report, len(files))
}

// The verdict of what was read is given where a message runs over its time, and it is never CLEAN.
func TestScore_overrunIsJudgedByWhatWasRead(t *testing.T) {
	ctx, end := context.WithCancelCause(t.Context())
	s := scorer(t, Options{Inspector: late{end, ErrOverrun}})
	r, err := s.Score(ctx, of(files("a.txt")))
	got, ok := reason(r, overrunSignal)
	if err != nil || !ok || got.Weight <= 0 || r.Disposition != verdict.Suspicious {
		t.Errorf("%v: %s", err, summary(r))
	}
	whole, err := scorer(t, Options{}).Score(t.Context(), of(files("a.txt")))
	if err != nil || has(whole, overrunSignal) || whole.Disposition != verdict.Clean {
		t.Errorf("in time: %v, %s", err, summary(whole))
	}
}

// Any other end of the context leaves the message unscored.
func TestScore_cancelledIsNoVerdict(t *testing.T) {
	ctx, end := context.WithCancelCause(t.Context())
	s := scorer(t, Options{Inspector: late{end, errors.New("the daemon stops")}})
	if r, err := s.Score(ctx, of(files("a.txt"))); err == nil {
		t.Errorf("judged as %v", r.Disposition)
	}
}

type brokenDisk struct{ err error }

func (f brokenDisk) ReadAt([]byte, int64) (int, error) { return 0, f.err }

func TestScore_overrunWhileItIsRead(t *testing.T) {
	ctx, end := context.WithCancelCause(t.Context())
	m := Message{Original: brokenDisk{io.ErrNoProgress}, Size: 100}
	s := scorer(t, Options{})
	if _, err := s.Score(ctx, m); !errors.Is(err, io.ErrNoProgress) {
		t.Errorf("a disk that fails: %v", err)
	}
	end(ErrOverrun)
	r, err := s.Score(ctx, m)
	if err != nil || r.Disposition != verdict.Suspicious || !has(r, overrunSignal) || len(r.Observations) > 0 {
		t.Errorf("%v: %s", err, summary(r))
	}
}

// unreadable is a store that cannot be read, and ends a context when it is asked.
type unreadable struct {
	end   context.CancelCauseFunc
	cause error
	err   error
}

func (u unreadable) Entries(context.Context, []string) ([]history.Entry, error) {
	if u.end != nil {
		u.end(u.cause)
	}
	return nil, u.err
}

// What the tenant's mail has taught is read or there is no verdict, but where the message had its time: that is an
// overrun as anywhere else, and no reason to try it again for ever.
func TestScore_historyThatCannotBeRead(t *testing.T) {
	s, broken := scorer(t, Options{}), errors.New("a page of the store is damaged")
	m := of(vary("Subject: hello\n\n\nhello\n"))
	m.FirstHand, m.Direction, m.History = true, "in", unreadable{err: broken}
	if r, err := s.Score(t.Context(), m); !errors.Is(err, broken) {
		t.Errorf("a store that cannot be read: %v, %s", err, summary(r))
	}
	for _, c := range []struct {
		cause error
		judge bool
	}{{ErrOverrun, true}, {errors.New("the daemon stops"), false}} {
		ctx, end := context.WithCancelCause(t.Context())
		m.History = unreadable{end, c.cause, context.Canceled}
		r, err := s.Score(ctx, m)
		if c.judge != (err == nil && has(r, overrunSignal)) || !c.judge && err == nil {
			t.Errorf("%v while it is read: %v, %s", c.cause, err, summary(r))
		}
	}
}

func TestUnread_isNeverClean(t *testing.T) {
	r := Unread("Reading it was stopped.")
	if r.Disposition != verdict.Suspicious || len(r.Reasons) != 1 || !strings.Contains(r.Reasons[0].Text, "stopped") ||
		r.Rules == "" || r.Knowledge == "" {
		t.Errorf("%+v", r)
	}
}
