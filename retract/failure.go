package retract

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"clawback/retract/addresses"
	"clawback/retract/fault"
	"clawback/retract/intent"
	"clawback/retract/limit"
	"clawback/store"
)

// handle settles a step that ended with an error before it began to change anything, or whose outcome could not be
// written.
func (s failure) handle(ctx context.Context, err error) {
	err = s.settle(ctx, err)
	switch {
	case err == nil || errors.Is(err, errEnded):
	case errors.Is(err, store.ErrConflict):
		s.sched.postpone(s.in, 100*time.Millisecond) // somebody else wrote it: read it again
	default:
		s.e.o.Log.Error("intent", "event", "intent.failed", "intent", s.in.ID, "error", err)
		s.sched.postpone(s.in, storeWait)
	}
}

// settle writes what follows from a failure of the mailbox system. Failures of the store are returned.
func (s failure) settle(ctx context.Context, err error) error {
	var (
		skipped *limit.NotMade
		broken  *storeError
		crash   *panicked
		f       *fault.Fault
	)
	switch {
	case err == nil || errors.Is(err, errEnded) || errors.As(err, &broken):
		return err
	case errors.As(err, &crash):
		return s.crashed(ctx, crash)
	case errors.As(err, &skipped):
		s.sched.postpone(s.in, skipped.Wait)
		return nil
	case ctx.Err() != nil:
		return nil // a stop: nothing was changed, and the intent is due as before
	case !errors.As(err, &f):
		f = &fault.Fault{Class: fault.Retry, Detail: err.Error()}
	}
	if limit.Absent(f) && s.attempt == nil && s.sched.limits.Away() {
		// A little longer, so that another one looks whether it is back.
		s.sched.postpone(s.in, s.sched.limits.Gated("")+time.Second)
		return nil
	}
	return s.faulted(ctx, "find", f)
}

// crashed holds an intent on which this program panicked.
func (s failure) crashed(ctx context.Context, p *panicked) error {
	s.e.alert(Alert{Kind: "internal", Tenant: s.in.Tenant, Text: "intent " + s.in.ID + " is held: " + p.Error()},
		s.in.ID)
	if s.attempt != nil {
		return s.unknown(ctx, s.attempt.Operation, &fault.Fault{Class: fault.Unknown, Detail: p.Error()})
	}
	return s.hold(ctx, intent.HoldInternal, "internal error: "+p.what)
}

// faulted writes a fault that changed nothing.
func (s failure) faulted(ctx context.Context, operation string, f *fault.Fault) error {
	switch f.Class {
	case fault.Auth:
		s.sched.refuse(s.in, f)
		if s.attempt == nil {
			return errEnded // nothing to write: the whole tenant waits
		}
		return s.retry(ctx, operation, &fault.Fault{Class: fault.Retry, After: time.Second, Status: f.Status,
			Code: f.Code, Detail: f.Detail})
	case fault.GiveUp:
		if s.reresolve(f) {
			return s.retry(ctx, operation, &fault.Fault{Class: fault.Retry, Status: f.Status, Code: f.Code,
				Detail: f.Detail})
		}
		return s.giveUp(ctx, operation, f)
	case fault.Gone:
		return s.retry(ctx, operation, &fault.Fault{Class: fault.Retry, Status: f.Status, Code: f.Code,
			Detail: "the message was moved while it was looked at: " + f.Detail})
	}
	s.alertFull(f)
	return s.retry(ctx, operation, f)
}

// alertFull tells a person of a mailbox that has no room.
func (s failure) alertFull(f *fault.Fault) {
	if f.Full() {
		s.e.alertLasting(Alert{Kind: "full", Tenant: s.in.Tenant,
			Text: fmt.Sprintf("%s: %s; tried again by itself for a day or more, then failed",
				s.in.Address, f.Error())}, s.sched.workers.key(s.in))
	}
}

// reresolve forgets, once, a mailbox that the directory does not know any more: the address may have moved.
func (s failure) reresolve(f *fault.Fault) bool {
	if f.Code != "Request_ResourceNotFound" || s.in.Mailbox == "" || s.in.Faults > 0 || len(s.in.Taken) > 0 {
		return false
	}
	s.sched.dir.unlearn(s.in.Address)
	s.sched.dir.unlearn(s.in.Mailbox)
	s.in.Mailbox = ""
	return true
}

// retry has the intent tried again, by the schedule or the server's word; after long enough it has failed.
func (s failure) retry(ctx context.Context, operation string, f *fault.Fault) error {
	now := s.e.now()
	err := committer(s).commit(ctx, ending{operation, "retry", f.Error()}, func(in *store.Intent) {
		in.Unknown = s.inDoubt(*in)
		countFault(in, f, now)
		s.scheduleRetry(in, f)
	})
	return cmp.Or(err, errEnded)
}

// scheduleRetry gives an intent that has failed its next time, by the schedule; after long enough it has failed.
func (s failure) scheduleRetry(in *store.Intent, f *fault.Fault) {
	now := s.e.now()
	s.failure = f
	wait, again := faulted(*in, f, now)
	if !again {
		s.fail(in, fmt.Sprintf("given up after %d failures since %s: %s", in.Faults, in.FaultSince.Format(time.RFC3339),
			f.Error()))
		return
	}
	in.NotBefore = now.Add(wait)
	in.Reason = "to be tried again: " + f.Error()
}

// stuckFaults is how many failures in a row a person is told of: they take some minutes.
const stuckFaults = 5

// stuck reports whether an intent has failed for some minutes already.
func stuck(in store.Intent) bool {
	return in.Outcome == store.Pending && in.Faults >= stuckFaults
}

// alertStuck tells a person, once an hour for a tenant, of an intent that goes on failing. One that was given up is
// told by its outcome, and so is a mailbox that is not to be had (moved, on premises, not licensed).
func (s failure) alertStuck(in store.Intent) {
	if s.failure == nil || s.failure.Slow || !stuck(in) {
		return
	}
	s.e.alert(Alert{Kind: "stuck", Tenant: in.Tenant,
		Text: fmt.Sprintf("message %s in the mailbox of %s: %s (%d failures since %s)", in.Record,
			addresses.Fold(in.Address), in.Reason, in.Faults, in.FaultSince.Format(time.RFC3339))}, "")
}

// countFault counts a failure in a row. An answer that names its own wait is none, nor is a call that was not made:
// only that the row lasts is noted, for even throttling must end.
func countFault(in *store.Intent, f *fault.Fault, now time.Time) {
	faultSince(in, now)
	if f.After <= 0 {
		in.Faults++
	}
}

// faultSince notes when a row of failures began.
func faultSince(in *store.Intent, now time.Time) {
	if in.FaultSince.IsZero() {
		in.FaultSince = now
	}
}

// giveUp writes that it is not tried any more.
func (s failure) giveUp(ctx context.Context, operation string, f *fault.Fault) error {
	err := committer(s).commit(ctx, ending{operation, string(store.Failed), f.Error()}, func(in *store.Intent) {
		s.fail(in, f.Error())
		in.Faults, in.FaultSince, in.NotBefore = 0, time.Time{}, time.Time{}
	})
	return cmp.Or(err, errEnded)
}

// fail gives an intent up. What is in doubt stays so.
func (s failure) fail(in *store.Intent, reason string) {
	in.Outcome, in.Reason, in.Unknown = store.Failed, reason, s.inDoubt(*in)
	if in.Unknown {
		in.Reason += "; " + notKnown
	}
}

// notKnown says what an intent that was given up while its last attempt was in doubt leaves open.
const notKnown = "whether the message was taken is not known"

// inDoubt reports whether some message of the intent is still in doubt.
func (s *step) inDoubt(in store.Intent) bool {
	for _, t := range in.Taken {
		if t.State == intent.Trying || t.State == intent.Missing {
			return true
		}
	}
	return false
}

// unknown writes that a call may have worked: it is verified, and never repeated before that. It counts as a failure
// when it is seen to be one.
func (s failure) unknown(ctx context.Context, operation string, f *fault.Fault) error {
	s.alertFull(f)
	now := s.e.now()
	err := committer(s).commit(ctx, ending{operation, "unknown", f.Error()}, func(in *store.Intent) {
		in.Unknown = true
		faultSince(in, now)
		in.NotBefore = now.Add(doubtWait)
		in.Reason = "the answer was lost, to be verified: " + strings.TrimSpace(f.Error())
	})
	return cmp.Or(err, errEnded)
}
