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

const (
	// firstLooks are made for each message that counts as MALICIOUS; the others for those whose retraction stands.
	firstLooks = 2
	copyRetry  = 15 * time.Minute // after a look that failed
	copyFor    = day              // after which a look that fails is left to the next one
)

// standing reports whether a retraction stands: copies that appear later are taken too. That is so of what is
// MALICIOUS, and of what a person had taken; never of a message that only carries a bad one.
func (s *step) standing(in store.Intent) bool {
	return in.Forwarded == "" && (in.By != "" || s.rec.Verdict.Disposition >= verdict.Malicious)
}

// copyWait is how long to wait for the next look at an intent's mailbox; false for no other look. What a bulk job has
// taken is looked at from the third wait on: there may be a hundred thousand of them.
func (s *step) copyWait(in store.Intent) (time.Duration, bool) {
	waits := s.e.o.LookForCopies()
	n := in.Looks
	if in.Job != "" {
		n += firstLooks
	}
	switch {
	case len(waits) == 0 || s.rec.Pinned != "" || in.By == "" && in.Severity < int(verdict.Malicious):
		return 0, false
	case n >= firstLooks && !s.standing(in):
		return 0, false
	}
	return waits[min(n, len(waits)-1)], true
}

// expectCopies notes on an intent that has just been done when to look for further copies.
func (s committer) expectCopies(next *store.Intent) {
	if next.Kind != store.Retract || next.Outcome != store.Done || !intent.HasTaken(*next, intent.Moved) {
		return
	}
	if wait, more := s.copyWait(*next); more {
		next.NotBefore = s.e.now().Add(wait + spread(*next, wait/jitter))
	}
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
	if s != nil && e.now().Sub(s.in.NotBefore) > copyFor {
		if err := (recheck{s}).record(ctx, nil); err == nil {
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
	s.in.Looks++
	target, ok := policy.Target(config.Action(s.in.Action))
	if !ok || (retraction(s)).skipReason() != "" || s.rec.Pinned != "" || s.in.Mailbox == "" {
		return s.record(ctx, nil)
	}
	hits, err := finder(s).find(ctx, target)
	if err != nil {
		return err
	}
	found, err := finder(s).verifyIdentity(ctx, hits)
	if err != nil {
		return err
	}
	chosen, err := retraction(s).selectMessages(ctx, found.same, target)
	if err != nil {
		return err
	}
	return s.record(ctx, append(chosen.todo, chosen.doubtful...))
}

// record writes a look.
func (s recheck) record(ctx context.Context, todo []match.Finding) error {
	in := s.in
	in.NotBefore = time.Time{}
	committer(s).expectCopies(&in)
	if len(todo) > 0 {
		in.Outcome, in.NotBefore = store.Pending, s.e.now()
		in.Reason = fmt.Sprintf("another copy is in the mailbox (%d), to be taken too; before that: %s", len(todo),
			in.Reason)
	}
	if err := s.e.o.Store.Update(ctx, store.Change{Intents: []store.Intent{in}}); err != nil {
		return &storeError{err}
	}
	s.sched.revisits.note(in, s.e.now())
	s.sched.notify()
	return nil
}

// broughtBack reports whether a hit was taken by this intent, and lies in sight again: a person has brought it back,
// and that is never undone. Immutable ids make it known. What a person asked for after that is another round.
func (s recheck) broughtBack(ctx context.Context, c exchange.Candidate) (bool, error) {
	for _, t := range s.in.Taken {
		if t.Message != c.ID || t.State != intent.Moved && (t.State != intent.Earlier || s.in.By != "") {
			continue
		}
		for _, f := range []exchange.Folder{exchange.Folder(t.Target), exchange.Deleted} {
			at, err := s.folderID(ctx, f)
			if err != nil {
				return false, err
			}
			if at == c.Folder { // it lies where it was taken to, or its owner has deleted it
				return false, nil
			}
		}
		return true, nil
	}
	return false, nil
}

// soonAfter is how long after a message was taken another one is no message that was brought back.
const soonAfter = 10 * time.Minute

// mayBeBroughtBack reports whether a hit cannot be told from a message that was taken and brought back in a way that
// gives it another id, as a move through an archive does: that one is where it was taken to no more, and both came at
// the same time. Whom a person has approved is no such hit.
func (s recheck) mayBeBroughtBack(ctx context.Context, c exchange.Candidate) (bool, error) {
	if s.hasEntry(c.ID) || s.in.Approved != "" && s.in.Message == c.ID {
		return false, nil
	}
	for _, t := range s.in.Taken {
		if t.State != intent.Moved && t.State != intent.Earlier || s.e.now().Sub(t.At) < soonAfter ||
			!t.Received.IsZero() && !t.Received.Equal(c.Received) {
			continue
		}
		_, err := s.box.Locate(ctx, s.in.Mailbox, t.Message)
		var f *fault.Fault
		if errors.As(err, &f) && f.Class == fault.Gone {
			return true, nil
		}
		if err != nil {
			return false, err
		}
	}
	return false, nil
}

// alertBroughtBack tells a person of a message that somebody has brought back.
func (s recheck) alertBroughtBack() {
	s.e.alertLasting(Alert{Kind: "brought_back", Tenant: s.in.Tenant,
		Text: "a retracted message lies in the mailbox of " + s.in.Address + " again, where a person has brought it " +
			"back; it is left there: record " + s.in.Record}, s.in.ID)
}
