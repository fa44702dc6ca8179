package retract

import (
	"context"
	"errors"
	"fmt"
	"time"

	"clawback/config"
	"clawback/retract/exchange"
	"clawback/retract/fault"
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
func (w *work) expectCopies(next *store.Intent) {
	if next.Kind != store.Retract || next.Outcome != store.Done || !hasTaken(*next, moved) {
		return
	}
	if next.Severity < int(verdict.Malicious) || next.Looks >= len(copyWaits) {
		return
	}
	wait := copyWaits[next.Looks]
	next.NotBefore = w.e.now().Add(wait + spread(*next, wait/jitter))
}

// lookForCopies starts a worker for one look, as far as there is room beside what is fresh.
func (l *lane) lookForCopies(work context.Context, in store.Intent) {
	l.mu.Lock()
	most := max(1, int(l.limit)/4)
	busy := l.looking >= most
	if !busy {
		l.looking++
	}
	l.mu.Unlock()
	if busy || l.room() <= 0 || !l.admit(in) {
		l.lookLater(in.ID, 5*time.Second, !busy)
		return
	}
	l.workers.Go(func() {
		defer l.poke()
		defer l.leave(in)
		wait := l.e.copies(work, l, in)
		l.lookLater(in.ID, wait, true)
	})
}

// lookLater gives a look's place back, and has the intent looked at after a wait; 0: not by this.
func (l *lane) lookLater(id string, wait time.Duration, placed bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if placed {
		l.looking--
	}
	if wait > 0 {
		l.again[id] = l.e.now().Add(wait)
	}
}

// copies is one look for further copies of a message that was taken. It answers how long to wait after a failure, 0
// when the look was made and written.
func (e *Engine) copies(ctx context.Context, l *lane, in store.Intent) (wait time.Duration) {
	w, err := e.work(ctx, l, in, store.Done)
	if err == nil && w == nil {
		return 0
	}
	if err == nil {
		err = w.copies(ctx)
	}
	var (
		f      *fault.Fault
		notNow *notMade
	)
	switch {
	case err == nil || ctx.Err() != nil:
		return 0 // a stop: the next start reads it back
	case errors.As(err, &notNow):
		return max(notNow.wait, time.Second)
	case errors.As(err, &f) && f.Class == fault.Auth:
		l.refuse(in, f)
	case !errors.As(err, &f):
		e.o.Log.Warn("look for copies", "event", "retract.failed", "intent", in.ID, "error", err)
	}
	if w != nil && e.now().Sub(w.in.Changed) > copyFor {
		if err := w.looked(ctx, len(copyWaits), nil); err == nil {
			return 0
		}
	}
	return copyRetry
}

// copies looks, and writes what follows: another look later, none, or the intent is pending again.
func (w *work) copies(ctx context.Context) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = &panicked{fmt.Sprint(p)}
		}
	}()
	target, ok := Target(config.Action(w.in.Action))
	if !ok || w.unwanted() != "" || w.rec.Pinned != "" || w.in.Mailbox == "" {
		return w.looked(ctx, len(copyWaits), nil)
	}
	hits, err := w.find(ctx, target)
	if err != nil {
		return err
	}
	w.in.Looks++ // choose leaves out what was taken before, and is back
	found, err := w.identify(ctx, hits)
	if err != nil {
		return err
	}
	chosen, err := w.choose(ctx, found.same, target)
	if err != nil {
		return err
	}
	return w.looked(ctx, w.in.Looks, chosen.todo)
}

// looked writes a look.
func (w *work) looked(ctx context.Context, looks int, todo []match) error {
	in := w.in
	in.Looks, in.NotBefore = looks, time.Time{}
	w.expectCopies(&in)
	if len(todo) > 0 {
		in.Outcome, in.NotBefore = store.Pending, w.e.now()
		in.Reason = fmt.Sprintf("another copy is in the mailbox (%d), to be taken too; before that: %s", len(todo), in.Reason)
	}
	if err := w.e.o.Store.Update(ctx, store.Change{Intents: []store.Intent{in}}); err != nil {
		return &storeError{err}
	}
	w.lane.note(in)
	w.lane.poke()
	return nil
}

// back reports whether a hit was taken by this intent, and lies in the mailbox again: its user has brought it back, and
// that is respected. Immutable ids make it known.
func (w *work) back(c exchange.Candidate) bool {
	if w.in.Looks == 0 {
		return false
	}
	for _, t := range w.in.Taken {
		if t.Message == c.ID && t.State == moved {
			return true
		}
	}
	return false
}
