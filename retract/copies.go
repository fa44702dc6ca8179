package retract

import (
	"context"
	"errors"
	"fmt"
	"time"

	"clawback/config"
	"clawback/retract/exchange"
	"clawback/retract/fault"
	"clawback/retract/intent"
	"clawback/retract/limit"
	"clawback/retract/match"
	"clawback/retract/policy"
	"clawback/store"
	"clawback/verdict"
)

// copyWaits are the waits after a MALICIOUS message was taken before its mailbox is looked into once more: rules copy,
// and a message may be delivered twice. The intent stays done meanwhile.
var copyWaits = [...]time.Duration{10 * time.Minute, 2 * time.Hour}

const (
	copyRetry  = 15 * time.Minute // after a look that failed
	copyFor    = day              // after which looks that fail are given up
	recallDone = 20_000           // done intents, those of the newest records, that a start looks through
)

// expectCopies notes on an intent that has just been done when to look for further copies.
func (s committer) expectCopies(next *store.Intent) {
	if next.Kind != store.Retract || next.Outcome != store.Done || !intent.HasTaken(*next, intent.Moved) {
		return
	}
	if next.Severity < int(verdict.Malicious) || next.Looks >= len(copyWaits) {
		return
	}
	wait := copyWaits[next.Looks]
	next.NotBefore = s.e.now().Add(wait + spread(*next, wait/jitter))
}

// lookForCopies starts a worker for one look, as far as there is room beside what is fresh.
func (l *scheduler) lookForCopies(work context.Context, in store.Intent) {
	later := func(wait time.Duration) { l.revisits.set(in.ID, l.e.now().Add(wait)) }
	if !l.revisits.begin(max(1, l.limits.Workers()/4)) {
		later(5 * time.Second)
		return
	}
	if l.workers.room() <= 0 || !l.workers.admit(in) {
		l.revisits.end()
		later(5 * time.Second)
		return
	}
	l.workers.group.Go(func() {
		defer l.notify()
		defer l.workers.leave(in)
		wait := l.e.copies(work, l, in)
		l.revisits.end()
		if wait > 0 {
			later(wait)
		}
	})
}

// copies is one look for further copies of a message that was taken. It answers how long to wait after a failure, 0
// when the look was made and written.
func (e *Engine) copies(ctx context.Context, l *scheduler, in store.Intent) (wait time.Duration) {
	s, err := e.newStep(ctx, l, in, store.Done)
	if err == nil && s == nil {
		return 0
	}
	if err == nil {
		err = recheck{s}.run(ctx)
	}
	var (
		f      *fault.Fault
		notNow *limit.NotMade
	)
	switch {
	case err == nil || ctx.Err() != nil:
		return 0 // a stop: the next start reads it back
	case errors.As(err, &notNow):
		return max(notNow.Wait, time.Second)
	case errors.As(err, &f) && f.Class == fault.Auth:
		l.refuse(in, f)
	case !errors.As(err, &f):
		e.o.Log.Warn("look for copies", "event", "retract.failed", "intent", in.ID, "error", err)
	}
	if s != nil && e.now().Sub(s.in.Changed) > copyFor {
		if err := (recheck{s}).record(ctx, len(copyWaits), nil); err == nil {
			return 0
		}
	}
	return copyRetry
}

// run looks, and writes what follows: another look later, none, or the intent is pending again.
func (s recheck) run(ctx context.Context) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &panicked{fmt.Sprint(p)}
		}
	}()
	target, ok := policy.Target(config.Action(s.in.Action))
	if !ok || (retraction(s)).skipReason() != "" || s.rec.Pinned != "" || s.in.Mailbox == "" {
		return s.record(ctx, len(copyWaits), nil)
	}
	hits, err := finder(s).find(ctx, target)
	if err != nil {
		return err
	}
	s.in.Looks++ // choose leaves out what was taken before, and is back
	found, err := finder(s).verifyIdentity(ctx, hits)
	if err != nil {
		return err
	}
	chosen, err := retraction(s).selectMessages(ctx, found.same, target)
	if err != nil {
		return err
	}
	return s.record(ctx, s.in.Looks, chosen.todo)
}

// record writes a look.
func (s recheck) record(ctx context.Context, looks int, todo []match.Finding) error {
	in := s.in
	in.Looks, in.NotBefore = looks, time.Time{}
	committer(s).expectCopies(&in)
	if len(todo) > 0 {
		in.Outcome, in.NotBefore = store.Pending, s.e.now()
		in.Reason = fmt.Sprintf("another copy is in the mailbox (%d), to be taken too; before that: %s", len(todo),
			in.Reason)
	}
	if err := s.e.o.Store.Update(ctx, store.Change{Intents: []store.Intent{in}}); err != nil {
		return &storeError{err}
	}
	s.sched.revisits.note(in)
	s.sched.notify()
	return nil
}

// restoredByUser reports whether a hit was taken by this intent, and lies in the mailbox again: its user has brought it
// back, and that is respected. Immutable ids make it known.
func (s recheck) restoredByUser(c exchange.Candidate) bool {
	if s.in.Looks == 0 {
		return false
	}
	for _, t := range s.in.Taken {
		if t.Message == c.ID && t.State == intent.Moved {
			return true
		}
	}
	return false
}
