package rejudge

import (
	"context"
	"errors"
	"runtime/debug"
	"slices"
	"sync"
	"time"

	"clawback/config"
	"clawback/intel/indicator"
	"clawback/score"
	"clawback/store"
	"clawback/verdict"
)

// found is what judging one message again came to.
type found struct {
	changes []change
	read    int  // originals that were read
	decided bool // a person has decided on it
	current bool // it was judged by the version in force, or nothing that has changed since concerns it
	gone    bool // an original is not kept any more
	failed  bool // an original could not be judged
}

// change is another verdict for one form of a record.
type change struct {
	report string
	from   verdict.Verdict
	to     verdict.Verdict
}

// String names the change, such as "CLEAN to MALICIOUS".
func (c change) String() string {
	return c.from.Disposition.String() + " to " + c.to.Disposition.String()
}

// why is the reason that says most of the change: one that is new, or of a milder verdict one that is gone.
func (c change) why() string {
	milder := c.to.Disposition < c.from.Disposition
	if !milder {
		if r, found := only(c.to, c.from); found {
			return r.Text
		}
	}
	if r, found := only(c.from, c.to); found {
		return "not any more: " + r.Text
	}
	return "its reasons count otherwise"
}

// only is the first reason of one verdict that another one has not.
func only(of, not verdict.Verdict) (verdict.Reason, bool) {
	for _, r := range of.Reasons {
		if !slices.ContainsFunc(not.Reasons, func(other verdict.Reason) bool { return other.ID == r.ID }) {
			return r, true
		}
	}
	return verdict.Reason{}, false
}

// maxTime is what one message may take by the clock. The scorer has bounds of its own, which end long before.
const maxTime = 30 * time.Second

// judge judges the forms of a record again that what has changed since concerns. It changes nothing. The error is one
// of the store, or that ctx has ended.
func (r *Runner) judge(ctx context.Context, t *config.Tenant, rec store.Record) (f found, err error) {
	if rec.Pinned != "" || rec.RetractedBy != "" {
		return found{decided: true}, nil
	}
	f.current = true
	for _, v := range rec.Variants {
		old := v.Verdict
		if old.Disposition == verdict.Unscored || !r.o.Judge.Touched(rec, v) {
			continue
		}
		f.current = false
		to := old
		switch again, err := r.again(ctx, rec, v); {
		case ctx.Err() != nil:
			return f, ctx.Err()
		case store.Unavailable(err):
			return f, err
		case errors.Is(err, errFailed):
			f.failed = true
		case err != nil:
			f.gone = true
		default:
			f.read++
			to = tempered(old, again)
		}
		to = r.o.Indicators.Raised(rec, v, to)
		if to.Disposition != old.Disposition || to.Review != old.Review {
			f.changes = append(f.changes, change{v.Report, old, to})
		}
	}
	return f, nil
}

// errFailed is of an original that is there, and could not be judged.
var errFailed = errors.New("it could not be judged")

// again judges one form of a record. What ran over its time once is not read again: it would again.
func (r *Runner) again(ctx context.Context, rec store.Record, v store.Variant) (to verdict.Verdict, err error) {
	if overran(v.Verdict) {
		return to, errFailed
	}
	defer func() {
		if p := recover(); p != nil {
			r.o.Log.Error("judging a message again panicked", "event", "rejudge.panic", "record", rec.ID, "panic", p,
				"stack", string(debug.Stack()))
			err = errFailed
		}
	}()
	if err := r.pace(ctx); err != nil {
		return to, err
	}
	within, cancel := context.WithTimeoutCause(ctx, maxTime, score.ErrOverrun)
	defer cancel()
	rec.Variants = []store.Variant{v}
	to, err = r.o.Judge.Again(within, rec, "")
	if err == nil && (overran(to) || to.Disposition == verdict.Unscored) {
		err = errFailed
	}
	return to, err
}

// overran reports whether a verdict is that of a message that ran over its time.
func overran(v verdict.Verdict) bool {
	return slices.ContainsFunc(v.Reasons, func(r verdict.Reason) bool { return r.Family == "overrun" })
}

// tempered is the new verdict, or the old one where the new one is milder for no good reason (I3).
func tempered(old, to verdict.Verdict) verdict.Verdict {
	milder := to.Disposition < old.Disposition ||
		to.Disposition == old.Disposition && old.Review != "" && to.Review == ""
	if milder && (indicator.RestsOnAny(old) || len(to.Degraded) > len(old.Degraded)) {
		return old
	}
	return to
}

// judgeAll judges some records again, several at once, in their order.
func (r *Runner) judgeAll(ctx context.Context, list []store.Record) ([]found, error) {
	out, errs := make([]found, len(list)), make([]error, len(list))
	places := make(chan struct{}, workers())
	var all sync.WaitGroup
	for i, rec := range list {
		t := r.tenant(rec.Tenant)
		if t == nil {
			out[i].failed = true // its tenant is not configured any more
			continue
		}
		places <- struct{}{}
		all.Go(func() {
			defer func() { <-places }()
			out[i], errs[i] = r.judge(ctx, t, rec)
		})
	}
	all.Wait()
	return out, errors.Join(errs...)
}

// pace waits until the next original may be read.
func (r *Runner) pace(ctx context.Context) error {
	rate := r.o.Config().Rate
	if rate <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(time.Duration(workers()) * time.Second / time.Duration(rate))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
		return nil
	}
}

// attempts bounds how often a message is judged that is written by others meanwhile.
const attempts = 5

// replace gives a record another verdict for some of its forms, and says whether any was replaced. What was written
// meanwhile is judged anew.
func (r *Runner) replace(ctx context.Context, rec store.Record, f found, when string) (did bool, err error) {
	t := r.tenant(rec.Tenant)
	for try := 0; t != nil && len(f.changes) > 0; {
		c := f.changes[0]
		next, changed, err := r.o.Store.Rejudge(ctx, store.Rejudgement{Record: rec, Report: c.report,
			Verdict: c.to, Cause: when + ": " + c.why(), Plan: r.o.Plan(t)})
		switch {
		case errors.Is(err, store.ErrNotFound):
			return did, nil // past its retention meanwhile
		case errors.Is(err, store.ErrConflict) && try < attempts:
			try++
			if rec, err = r.o.Store.Record(ctx, rec.ID); err == nil {
				f, err = r.judge(ctx, t, rec)
			}
			if err != nil && !errors.Is(err, store.ErrNotFound) {
				return did, err
			}
			continue
		case err != nil:
			return did, err
		case changed:
			did = true
			r.o.Wake()
		}
		rec, f.changes = next, f.changes[1:]
	}
	return did, nil
}
