package retract

import (
	"context"
	"errors"
	"fmt"
	"time"

	"clawback/retract/addresses"
	"clawback/store"
)

// Status is how a tenant's retraction stands now.
type Status struct {
	Paused  string    // why nothing is tried, "" when it works
	Waiting int       // retractions whose message is not in the mailbox yet; statusMax at most are looked at
	Next    time.Time // when the first of those is looked for again
	Stuck   int       // retractions that have failed for some minutes, and are tried again; of the same
	Why     string    // the message, mailbox and failure of the one that has failed longest, "" for none
	Late    int       // retractions, of no bulk job, that have been due for [lateAfter] and not begun; of the same
	LateDue time.Time // since when the first of those is due
	Held    time.Time // until when Microsoft has asked the whole tenant to wait; zero: it has not
}

// lateAfter is how long an automatic retraction may be due before it counts as late: one that nothing hinders begins
// within seconds.
const lateAfter = 10 * time.Minute

// What one Status looks at: so many pending intents, a page at a time. The oldest, which are the likeliest to be late
// or stuck, come last.
const (
	statusMax  = 20_000
	statusPage = 1000
)

// Status says how a tenant's retraction stands.
func (e *Engine) Status(ctx context.Context, tenant string) (Status, error) {
	s := Status{}
	s.Paused, s.Held = e.pausedFor(tenant)
	longest := time.Time{}
	err := e.eachPending(ctx, tenant, func(in store.Intent) {
		s.countLate(in, e.now())
		if stuck(in) {
			s.Stuck++
			if longest.IsZero() || in.FaultSince.Before(longest) {
				longest = in.FaultSince
				s.Why = fmt.Sprintf("message %s in the mailbox of %s, since %s: %s", in.Record,
					addresses.Fold(in.Address), longest.Format(time.RFC3339), in.Reason)
			}
		}
		if in.Misses == 0 {
			return
		}
		s.Waiting++
		if s.Next.IsZero() || in.NotBefore.Before(s.Next) {
			s.Next = in.NotBefore
		}
	})
	return s, err
}

// eachPending calls look with a tenant's pending retractions, those of the newest record first, statusMax at most.
func (e *Engine) eachPending(ctx context.Context, tenant string, look func(store.Intent)) error {
	f := store.IntentFilter{Tenant: tenant, Kind: store.Retract, Outcomes: []store.Outcome{store.Pending},
		Limit: statusPage}
	for range statusMax / statusPage {
		list, err := e.o.Store.IntentsBy(ctx, f)
		for _, in := range list {
			look(in)
		}
		switch {
		case errors.Is(err, store.ErrBound), f.After != "" && errors.Is(err, store.ErrNotFound):
			return nil // so many others wait, as of a bulk restore, or the page's last one has just gone: no failure
		case err != nil:
			return fmt.Errorf("list pending intents: %w", err)
		case len(list) < f.Limit:
			return nil
		}
		f.After = list[len(list)-1].ID
	}
	return nil
}

// countLate counts an intent that should have begun long ago. Those of a bulk job wait for each other by design.
func (s *Status) countLate(in store.Intent, now time.Time) {
	due := in.NotBefore
	if due.Before(in.Created) {
		due = in.Created
	}
	if in.Job != "" || now.Sub(due) < lateAfter {
		return
	}
	s.Late++
	if s.LateDue.IsZero() || due.Before(s.LateDue) {
		s.LateDue = due
	}
}

// pausedFor says why a tenant's scheduler is paused, "" when it is not, and until when Microsoft has asked it to wait.
func (e *Engine) pausedFor(tenant string) (string, time.Time) {
	e.mu.Lock()
	l := e.schedulers[tenant]
	e.mu.Unlock()
	if l == nil {
		return "", time.Time{}
	}
	return l.limits.Paused(), l.limits.Throttled()
}
