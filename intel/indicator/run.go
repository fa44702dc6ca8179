package indicator

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"clawback/query"
	"clawback/store"
	"clawback/verdict"
)

// follower is the name of the desk among those that follow the store's changes.
const follower = "indicators"

// every is how often the store is asked for changes while there are indicators, and batch how many are read at once.
const (
	every = 200 * time.Millisecond
	batch = 500
)

// Run carries out what was asked for, and judges mail that comes by what is known, until ctx ends.
func (d *Desk) Run(ctx context.Context) error {
	timer := time.NewTicker(every)
	defer timer.Stop()
	var said string
	for {
		err := d.step(ctx)
		if ctx.Err() != nil {
			return nil
		}
		if err != nil && err.Error() != said {
			d.o.Log.Warn("judge by indicators", "event", "indicator.failed", "error", err)
		}
		if said = ""; err != nil {
			said = err.Error()
		}
		select {
		case <-ctx.Done():
			return nil
		case <-d.work:
		case <-timer.C:
		}
	}
}

// step does all that there is to do now.
func (d *Desk) step(ctx context.Context) error {
	var fresh []store.Indicator
	for _, i := range d.all() {
		switch i.State {
		case store.IndicatorApplying:
			fresh = append(fresh, i)
		case store.IndicatorWithdrawing:
			if err := d.withdraw(ctx, i); err != nil {
				return fmt.Errorf("indicator %s: %w", i.ID, err)
			}
		}
	}
	if err := d.applyAll(ctx, fresh); err != nil {
		return fmt.Errorf("apply %d indicators: %w", len(fresh), err)
	}
	if err := d.remind(ctx); err != nil {
		return fmt.Errorf("tell of indicators that wait: %w", err)
	}
	return d.follow(ctx)
}

// inForce are the indicators that match now, in the tenants where they do.
func (d *Desk) inForce() []store.Indicator {
	now := d.now()
	return filter(d.matching(), func(i store.Indicator) bool { return i.Until.IsZero() || i.Until.After(now) })
}

// matching are the indicators that match, in the tenants where they do, their lifetime aside.
func (d *Desk) matching() (list []store.Indicator) {
	all := d.all()
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, i := range all {
		if acting, is := d.acting[place(i)]; is && i.State == store.IndicatorApplying {
			i = acting
		}
		if acts(i) {
			list = append(list, i)
		}
	}
	return list
}

// acts reports whether an indicator acts on the messages of some tenant, its lifetime aside.
func acts(i store.Indicator) bool {
	return i.State == store.IndicatorActive || i.State == store.IndicatorWaiting && len(i.Held) > 0
}

// isOf reports whether an indicator is one of a tenant's messages, and does not wait there.
func isOf(i store.Indicator, tenant string) bool {
	if i.Tenant != "" && i.Tenant != tenant {
		return false
	}
	return i.State != store.IndicatorWaiting || len(i.Held) > 0 && !slices.Contains(i.Held, tenant)
}

// search selects the records that an indicator may be in.
func (d *Desk) search(i store.Indicator) (store.RecordFilter, error) {
	q, known := query.Of(verdict.Indicator{Kind: i.Kind, Value: i.Value})
	if !known {
		return store.RecordFilter{}, fmt.Errorf("indicators of kind %q: no message is known by them", i.Kind)
	}
	return store.RecordFilter{Query: q, Tenant: i.Tenant, Since: d.now().Add(-d.o.Window), Limit: 100}, nil
}

// apply judges stored messages by an indicator: first it counts, then it acts, unless a person must say so first.
func (d *Desk) apply(ctx context.Context, i store.Indicator) error {
	// What is committed from here on is seen by follow, which must not be ahead of it.
	if err := d.begin(ctx); err != nil {
		return err
	}
	hits, err := d.count(ctx, i)
	if err != nil {
		return err
	}
	if i, err = d.weighed(ctx, i, hits); err != nil {
		return err
	}
	if i, err = d.weighedOfFeed(ctx, i, hits); err != nil {
		return err
	}
	if !acts(i) {
		return d.hold(ctx, []store.Indicator{i})
	}
	// In force for what comes, before what is stored is searched: a message is found by one of the two.
	defer d.inForceWhile([]store.Indicator{i})()
	err = d.each(ctx, i, func(rec store.Record) error {
		n, err := d.judge(ctx, rec, []store.Indicator{i})
		i.Hits += n
		return err
	})
	if err != nil {
		return err
	}
	d.o.Log.Info("an indicator is in force", "event", "indicator.active", "indicator", i.ID, "kind", i.Kind, "messages",
		i.Hits)
	return d.settled(ctx, []store.Indicator{i})
}

// each calls fn for the records that carry an indicator.
func (d *Desk) each(ctx context.Context, i store.Indicator, fn func(store.Record) error) error {
	f, err := d.search(i)
	if err != nil {
		return err
	}
	for cursor := ""; ; {
		page, err := d.o.Store.Scan(ctx, f, cursor)
		if err != nil {
			return err
		}
		for _, rec := range page.Records {
			if err := fn(rec); err != nil {
				return err
			}
		}
		if cursor = page.Next; cursor == "" {
			return nil
		}
	}
}

// change is another verdict for one form of a record.
type change struct {
	report  string
	verdict verdict.Verdict
}

// changes are what indicators make of a record.
func (d *Desk) changes(rec store.Record, known []store.Indicator) (list []change) {
	t := d.tenant(rec.Tenant)
	if t == nil || rec.Pinned != "" {
		return nil
	}
	for _, v := range rec.Variants {
		if v.Verdict.Disposition == verdict.Unscored {
			continue // it is judged when the scorer has answered: that is a change too
		}
		hits := d.hitsOf(rec, carriedBy(rec, v), known)
		if to, changed := raised(t, rec, v.Verdict, hits); changed {
			list = append(list, change{v.Report, to})
		}
	}
	return list
}

// judge gives a record the verdicts that indicators make of it, and says whether that was another one: 0 or 1.
func (d *Desk) judge(ctx context.Context, rec store.Record, known []store.Indicator) (int, error) {
	changed := 0
	for try := 0; ; try++ {
		list := d.changes(rec, known)
		if len(list) == 0 {
			return changed, nil
		}
		t := d.tenant(rec.Tenant)
		if t == nil {
			return changed, nil
		}
		one := list[0]
		next, did, err := d.o.Store.Rejudge(ctx, store.Rejudgement{Record: rec, Report: one.report,
			Verdict: one.verdict, Cause: one.verdict.Reasons[0].Text, Plan: d.o.Plan(t)})
		switch {
		case errors.Is(err, store.ErrConflict) && try < 20:
			if next, err = d.o.Store.Record(ctx, rec.ID); err != nil {
				return changed, err
			}
		case errors.Is(err, store.ErrNotFound):
			return changed, nil // past its retention meanwhile
		case err != nil:
			return changed, err
		case did:
			changed = 1
			d.o.Wake()
			if len(list) == 1 {
				return changed, nil // nobody has written it since it was read
			}
		default:
			return changed, nil
		}
		rec = next
	}
}

// begin has the changes followed from now on, where they are not yet.
func (d *Desk) begin(ctx context.Context) error {
	cursor, err := d.o.Store.Cursor(ctx, follower)
	if err != nil || cursor > 0 {
		return err
	}
	return d.restart(ctx)
}

// restart follows the changes from their end.
func (d *Desk) restart(ctx context.Context) error {
	last, err := d.o.Store.LastChange(ctx)
	if err != nil || last == 0 {
		return err
	}
	return d.o.Store.SetCursor(ctx, follower, last)
}

// follow judges what came, by the indicators in force.
func (d *Desk) follow(ctx context.Context) error {
	if !d.any() {
		return d.unfollow(ctx)
	}
	for {
		cursor, err := d.o.Store.Cursor(ctx, follower)
		if err != nil {
			return err
		}
		events, err := d.o.Store.Changes(ctx, cursor, batch)
		if errors.Is(err, store.ErrPruned) {
			return d.missed(ctx)
		}
		if err != nil || len(events) == 0 {
			return err
		}
		known := d.inForce()
		for _, e := range events {
			if e.Kind != store.RecordAdded && e.Kind != store.VerdictChanged && e.Kind != store.RecordChanged {
				continue
			}
			rec, err := d.o.Store.Followed(ctx, e.ID)
			if errors.Is(err, store.ErrNotFound) {
				continue
			}
			if err == nil {
				_, err = d.judge(ctx, rec, known)
			}
			if err != nil {
				return err
			}
		}
		if err := d.o.Store.SetCursor(ctx, follower, events[len(events)-1].Seq); err != nil {
			return err
		}
		if len(events) < batch {
			return nil
		}
	}
}

// unfollow lets the store drop changes that nobody here waits for.
func (d *Desk) unfollow(ctx context.Context) error {
	cursor, err := d.o.Store.Cursor(ctx, follower)
	if err != nil || cursor == 0 {
		return err
	}
	return d.o.Store.DropCursor(ctx, follower)
}

// any reports whether there are indicators at all.
func (d *Desk) any() bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	return len(d.known) > 0
}

// missed searches for what the changes do not tell any more.
func (d *Desk) missed(ctx context.Context) error {
	if err := d.restart(ctx); err != nil {
		return err
	}
	for _, i := range d.inForce() {
		err := d.each(ctx, i, func(rec store.Record) error {
			_, err := d.judge(ctx, rec, []store.Indicator{i})
			return err
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// Explain says what an indicator would do, or has done, without changing anything. One that is not kept is looked at as
// if it were added.
func (d *Desk) Explain(ctx context.Context, i store.Indicator) (Match, error) {
	i, err := d.checked(i)
	if err != nil {
		return Match{}, err
	}
	m := Match{Indicator: i, Samples: []string{}}
	for _, tenant := range []string{i.Tenant, ""} {
		if kept, err := d.find(tenant, i.ID); err == nil {
			m.Indicator = kept
			break
		}
	}
	err = d.each(ctx, i, func(rec store.Record) error {
		if m.Messages++; len(m.Samples) < 5 {
			m.Samples = append(m.Samples, rec.ID)
		}
		if len(d.changes(rec, []store.Indicator{i})) > 0 {
			m.Changes++
		}
		if m.Messages >= maxExplained {
			m.More = true
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return m, err
}
