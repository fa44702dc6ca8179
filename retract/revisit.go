package retract

import (
	"context"
	"time"

	"clawback/retract/intent"
	"clawback/store"
)

// reload reads back, after a start, the gates that the server has shut and the times to look again.
func (l *scheduler) reload(ctx context.Context) {
	gates, err := l.e.openGates(ctx, l.id)
	if err != nil {
		l.e.o.Log.Warn("read gates", "event", "retract.failed", "tenant", l.id, "error", err)
	}
	ended, err := l.e.o.Store.IntentsBy(ctx, store.IntentFilter{Tenant: l.id, Outcomes: []store.Outcome{store.NotFound, store.Mismatch, store.Held}, Limit: recallMax})
	if err != nil {
		l.e.o.Log.Warn("read intents to look at again", "event", "retract.failed", "tenant", l.id, "error", err)
	}
	done, err := l.e.o.Store.IntentsBy(ctx, store.IntentFilter{Tenant: l.id, Outcomes: []store.Outcome{store.Done}, Limit: recallDone})
	if err != nil {
		l.e.o.Log.Warn("read intents to look for copies of", "event", "retract.failed", "tenant", l.id, "error", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for mailbox, until := range gates {
		l.shut(mailbox, until)
	}
	for _, in := range append(ended, done...) {
		l.lookAgain(in)
	}
}

const recallMax = 100_000

// lookAgain notes an ended intent that is to be opened once more. The caller holds mu.
func (l *scheduler) lookAgain(in store.Intent) {
	if (in.Outcome == store.Done || mayAppear(in)) && !in.NotBefore.IsZero() {
		l.revisits[in.ID] = in.NotBefore
	}
}

// mayAppear reports whether an intent rests because its message was not there, and may come yet.
func mayAppear(in store.Intent) bool {
	return in.Outcome == store.NotFound || in.Outcome == store.Mismatch || in.Outcome == store.Held && in.Hold == intent.HoldIdentity
}

// reopenDue opens the ended intents whose time to look again has come.
func (l *scheduler) reopenDue(ctx context.Context) {
	now := l.e.now()
	var ids []string
	l.mu.Lock()
	for id, at := range l.revisits {
		if !at.After(now) {
			ids = append(ids, id)
			delete(l.revisits, id)
		}
	}
	l.mu.Unlock()
	for _, id := range ids {
		if err := l.reopenOne(ctx, id); err != nil {
			l.e.o.Log.Warn("look again", "event", "retract.failed", "intent", id, "error", err)
			l.mu.Lock()
			l.revisits[id] = now.Add(time.Minute)
			l.mu.Unlock()
		}
	}
}

func (l *scheduler) reopenOne(ctx context.Context, id string) error {
	in, err := l.e.o.Store.Intent(ctx, id)
	if err != nil {
		return err
	}
	if in.Outcome == store.Done && !in.NotBefore.IsZero() {
		l.lookForCopies(ctx, in)
		return nil
	}
	if in.NotBefore.IsZero() || !mayAppear(in) {
		return nil
	}
	in.Outcome, in.Reason = store.Pending, "looked at again: "+in.Reason
	return l.e.o.Store.Update(ctx, store.Change{Intents: []store.Intent{in}})
}
