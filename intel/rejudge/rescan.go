package rejudge

import (
	"context"
	"fmt"
	"maps"
	"slices"

	"clawback/store"
)

const (
	maxSamples = 20 // of the messages whose verdict would change
	alike      = 3  // of these, of each change
)

// stepRescan judges one page of a rescan's messages. That it is begun is noted before, and undone with the page: where
// the process does not survive what is read, it must not begin for ever.
func (r *Runner) stepRescan(ctx context.Context, one store.Rescan) error {
	begun := one
	if begun.Tries++; begun.Tries <= tries {
		if err := r.progress(ctx, begun); err != nil {
			return err
		}
	}
	next, err := r.rescanPage(ctx, one)
	if err == nil {
		err = r.progress(ctx, next)
	}
	begun.Replaced = next.Replaced
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil: // the process ends as it should
		begun.Tries = 0
		return r.progress(context.WithoutCancel(ctx), begun)
	}
	begun.Tries = one.Tries // the store failed, which is no end of the process
	r.showProgress(begun)
	return err
}

// rescanPage judges the next page of a rescan's messages, or passes it over, and answers how far the rescan is then.
func (r *Runner) rescanPage(ctx context.Context, one store.Rescan) (store.Rescan, error) {
	found, err := r.o.Store.Scan(ctx, search(one), one.Cursor)
	if err != nil {
		return one, err
	}
	one.Changes, one.Samples = maps.Clone(one.Changes), slices.Clone(one.Samples)
	if one.Tries >= tries {
		one.Seen += len(found.Records)
		one.Failed += len(found.Records)
		r.o.Log.Error("the daemon ended while it judged messages again: they are passed over", "event",
			"rejudge.passed", "rescan", one.ID, "messages", len(found.Records))
	} else if err := r.judgePage(ctx, &one, found.Records); err != nil {
		return one, err
	}
	one.Tries, one.Cursor = 0, found.Next
	switch {
	case one.Why != "":
		err = r.wait(ctx, &one)
	case found.Next == "":
		err = r.ended(ctx, &one)
	}
	return one, err
}

// search selects one page of a rescan's messages: few at once, so that a pause is seen.
func search(one store.Rescan) store.RecordFilter {
	f := one.Filter
	f.Limit, f.Scan = page, 25*page
	return f
}

// progress writes how far a rescan is. What a person said meanwhile stands.
func (r *Runner) progress(ctx context.Context, one store.Rescan) error {
	r.words.Lock()
	defer r.words.Unlock()
	now, err := r.Rescan(one.ID)
	if err != nil || now.State == store.RescanCancelled {
		return err
	}
	one.Paused = now.Paused
	return r.keepRescan(ctx, one, nil)
}

// showProgress has others see how far a rescan is, which is not durable. What a person said meanwhile stands.
func (r *Runner) showProgress(one store.Rescan) {
	r.words.Lock()
	defer r.words.Unlock()
	if now, err := r.Rescan(one.ID); err == nil && now.State != store.RescanCancelled {
		one.Paused = now.Paused
		r.setRescan(one)
	}
}

// judgePage judges some messages again, and counts or replaces what changes.
func (r *Runner) judgePage(ctx context.Context, one *store.Rescan, list []store.Record) error {
	results, err := r.judgeAll(ctx, list)
	if err != nil {
		return err
	}
	for i, f := range results {
		one.Seen++
		one.Read += f.read
		if one.State == store.RescanCounting {
			count(one, list[i], f)
			continue
		}
		if len(f.changes) == 0 {
			continue
		}
		if most := counted(*one); one.Replaced >= most+max(r.o.Brake.From, most/10) {
			one.Why = fmt.Sprintf("has replaced %d verdicts, and would replace more than the %d that were counted",
				one.Replaced, most)
			return nil
		}
		did, err := r.replace(ctx, list[i], f, "rescan "+one.ID)
		if err != nil {
			return err
		}
		if did {
			one.Replaced++
		}
	}
	return nil
}

// count notes what would become of one message.
func count(one *store.Rescan, rec store.Record, f found) {
	switch {
	case f.decided:
		one.Decided++
	case f.current:
		one.Same++
	case f.failed:
		one.Failed++
	case f.gone:
		one.Gone++
	}
	if len(f.changes) == 0 {
		return
	}
	c := f.changes[0]
	if one.Changes == nil {
		one.Changes = map[string]int{}
	}
	one.Changes[c.String()]++
	if one.Changes[c.String()] <= alike && len(one.Samples) < maxSamples {
		one.Samples = append(one.Samples, store.RescanSample{Record: rec.ID, Received: rec.Received, From: rec.From,
			Subject: rec.Subject, Change: c.String(), Why: c.why()})
	}
}

// verdicts says how many.
func verdicts(n int) string {
	if n == 1 {
		return "1 verdict"
	}
	return fmt.Sprintf("%d verdicts", n)
}

// counted is how many verdicts a rescan would replace.
func counted(one store.Rescan) (n int) {
	for _, some := range one.Changes {
		n += some
	}
	return n
}

// ended takes a rescan further that has come to the end of its search.
func (r *Runner) ended(ctx context.Context, one *store.Rescan) error {
	if one.State == store.RescanReplacing {
		one.State = store.RescanCompleted
		return nil
	}
	one.Total = one.Seen
	n := counted(*one)
	if n == 0 || one.DryRun {
		one.State = store.RescanCompleted
		return r.clearRescan(ctx, *one)
	}
	most, err := r.bound(ctx, one.Tenant)
	switch {
	case err != nil:
		return err
	case one.Holds != "":
		one.Why = "would change " + verdicts(n)
	case !r.approvedBefore(*one):
		one.Why = "would change " + verdicts(n) + ", and is the first by these rules and this knowledge"
	case n > most:
		one.Why = fmt.Sprintf("would change %s, which is more than the %d that need no person", verdicts(n), most)
	default:
		begin(one)
		return nil
	}
	return r.wait(ctx, one)
}

// wait has a rescan wait for a person, and tells.
func (r *Runner) wait(ctx context.Context, one *store.Rescan) error {
	one.State = store.RescanWaiting
	r.o.Log.Warn("a rescan waits for a person", "event", "rescan.waiting", "rescan", one.ID, "why", one.Why)
	return r.raiseRescan(ctx, *one)
}

// approvedBefore reports whether a person has approved what this version does to this tenant's mail.
func (r *Runner) approvedBefore(one store.Rescan) bool {
	return slices.ContainsFunc(r.Rescans(), func(other store.Rescan) bool {
		return other.Approved != "" && other.Version == one.Version && other.Tenant == one.Tenant
	})
}
