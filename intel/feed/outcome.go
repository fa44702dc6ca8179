package feed

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"runtime/debug"
)

func (s *Scheduler) reading(f *scheduled, accept bool) *reading {
	return &reading{feed: &f.feed, source: f.source, kept: f.kept, caution: s.caution, limits: s.limits,
		to: s.o.Consumer, now: s.o.Now().UTC(), accept: accept}
}

// poll reads one list. What is over by time is over all the same where that brings nothing.
func (s *Scheduler) poll(ctx context.Context, r *reading, l *polled) {
	l.result, l.more, l.err = s.guarded(ctx, r)
	l.result.Feed = r.feed.Name
	if l.err == nil || ctx.Err() != nil {
		return
	}
	if stale := r.stale(); stale || r.overdue() {
		if err := r.age(ctx, stale, &l.result); err != nil {
			s.o.Log.Warn("lifetimes that are over are not ended", "event", "feed.expire",
				"feed", r.feed.Name, "error", err)
		}
	}
}

// note takes in what a poll brought, and says when the list is due again.
func (s *Scheduler) note(ctx context.Context, l polled) {
	f := l.feed
	f.busy = false
	s.polling--
	if ctx.Err() == nil {
		s.settle(ctx, f, &l)
	}
	for _, w := range l.waiters {
		w.resolve(l.result)
	}
}

// settle says how a feed stands after a poll.
func (s *Scheduler) settle(ctx context.Context, f *scheduled, l *polled) {
	f.status.Checked = l.at
	if l.err != nil {
		s.failed(f, &l.result, l.err)
	} else {
		s.succeeded(ctx, f, l)
	}
	f.status.Fetched, f.status.Due, f.status.Counts = f.kept.about.Fetched, f.due, f.kept.about.Counts
	s.publish()
}

// succeeded notes a poll that brought the list.
func (s *Scheduler) succeeded(ctx context.Context, f *scheduled, l *polled) {
	f.status.Code, f.status.Problem, f.status.Failures = "", "", 0
	f.due = s.o.Now().Add(f.feed.Interval)
	if l.more {
		f.due = s.o.Now().Add(min(moreSoon, f.feed.Interval))
	}
	if s.o.Read != nil {
		s.o.Read(f.feed.Name)
	}
	level, r := slog.LevelInfo, l.result
	if r.Added+r.Withdrawn+r.Expired == 0 {
		level = slog.LevelDebug
	}
	s.o.Log.Log(ctx, level, "feed read", "event", "feed.read", "feed", f.feed.Name, "unchanged", r.Unchanged,
		"added", r.Added, "withdrawn", r.Withdrawn, "expired", r.Expired, "living", r.Counts.Living)
}

// guarded is poll for lists that no reader was written for.
func (s *Scheduler) guarded(ctx context.Context, r *reading) (result Result, more bool, err error) {
	defer func() {
		if why := recover(); why != nil {
			s.o.Log.Error("panic while a feed was read", "event", "feed.panic", "feed", r.feed.Name,
				"stack", string(debug.Stack()))
			err = refuse(Format, "made its reader fail: %v", why)
		}
	}()
	return r.poll(ctx)
}

// failed notes a poll that brought nothing.
func (s *Scheduler) failed(f *scheduled, result *Result, err error) {
	refusal := &Refusal{Code: Away, Text: err.Error()}
	errors.As(err, &refusal)
	result.Code, result.Problem, result.Counts = refusal.Code, refusal.Text, f.kept.about.Counts
	f.status.Code, f.status.Problem = refusal.Code, refusal.Text
	wait := min(firstRetry<<min(f.status.Failures, 10), maxRetry)
	wait -= rand.N(wait / 4) // so that not all come back at once when a server does
	f.due = s.o.Now().Add(max(min(wait, f.feed.Interval), refusal.wait))
	f.status.Failures++
	s.o.Log.Warn("feed not read", "event", "feed.refused", "feed", f.feed.Name, "code", refusal.Code,
		"error", refusal.Text, "failures", f.status.Failures)
	if s.o.Failed != nil {
		s.o.Failed(Failure{f.feed.Name, refusal.Code, refusal.Text, f.status.Failures})
	}
}
