package rejudge

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"time"

	"clawback/config"
	"clawback/store"
)

const (
	// stretch is how much of the time of arrival is judged again between two writes of the position.
	stretch = time.Minute
	// remember is how long a position need not be written that says only that there was nothing to do.
	remember = 10 * time.Minute
	// page is how many records are read at once.
	page = 200
	// tries is how often a stretch is begun that the process does not survive.
	tries = 3
)

// advance brings a tenant's schedule a stretch further. It says whether there is more to do now.
func (r *Runner) advance(ctx context.Context, t *config.Tenant) (more bool, err error) {
	c := r.o.Config()
	if !t.Rejudge || len(c.After) == 0 {
		return false, r.dropSchedule(ctx, t.ID)
	}
	s, dirty, err := r.schedule(ctx, t.ID, c.After)
	if err != nil {
		return false, err
	}
	for i := 1; i < len(s.Stages); i++ {
		due := r.now().Add(-s.Stages[i].After)
		if due.Sub(s.Stages[i].Until) < min(stretch, s.Stages[i].After/10) {
			continue // else a position would be written for every few messages
		}
		to, changed := next(s, i, due)
		if changed {
			seen, err := r.walk(ctx, t, &s, i, to)
			if err != nil {
				return false, err
			}
			dirty = dirty || seen > 0
		} else {
			epoch, _ := spanAt(s.Stages[i-1].Spans, s.Stages[i].Until)
			cover(&s, i, to, epoch)
		}
		more = more || to.Before(due)
	}
	if dirty || r.now().Sub(r.written[t.ID]) >= remember {
		return more, r.keepSchedule(ctx, s)
	}
	r.setSchedule(s)
	return more, nil
}

// next is how far a stage can go at once, and whether the version has changed since the messages up to there were
// judged last.
func next(s store.Schedule, i int, due time.Time) (to time.Time, changed bool) {
	from := s.Stages[i].Until
	epoch, end := spanAt(s.Stages[i-1].Spans, from)
	if !end.IsZero() && end.Before(due) {
		due = end
	}
	if epoch == s.Epoch {
		return due, false
	}
	if end := from.Add(stretch); end.Before(due) {
		due = end
	}
	return due, true
}

// spanAt is the epoch by which what arrived at a time was judged, and where the next one begins. 0 is an epoch of which
// nothing is known.
func spanAt(spans []store.Span, at time.Time) (epoch int, end time.Time) {
	for _, s := range spans {
		if s.From.After(at) {
			return epoch, s.From
		}
		epoch = s.Epoch
	}
	return epoch, time.Time{}
}

// cover notes that what arrived before a time was judged at a stage by the version of an epoch.
func cover(s *store.Schedule, i int, to time.Time, epoch int) {
	s.Stages[i].Cover(to, epoch)
	s.Stages[i-1].Prune(to)
	if i == len(s.Stages)-1 {
		s.Stages[i].Prune(to)
	}
}

// keepSchedule makes a schedule durable.
func (r *Runner) keepSchedule(ctx context.Context, s store.Schedule) error {
	change := store.Change{Schedules: store.Edit[store.Schedule]{Put: []store.Schedule{s}}}
	if err := r.o.Store.Update(ctx, change); err != nil {
		return fmt.Errorf("keep schedule: %w", err)
	}
	r.written[s.Tenant] = r.now()
	r.setSchedule(s)
	return nil
}

// setSchedule has others see a schedule as it is now.
func (r *Runner) setSchedule(s store.Schedule) {
	s = clone(s)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.schedules[s.Tenant] = s
}

// clone is a schedule that shares nothing with the first one.
func clone(s store.Schedule) store.Schedule {
	s.Stages = slices.Clone(s.Stages)
	for i := range s.Stages {
		s.Stages[i].Spans = slices.Clone(s.Stages[i].Spans)
	}
	s.Used, s.Held = maps.Clone(s.Used), maps.Clone(s.Held)
	return s
}

// schedule is a tenant's, with the version of now, and whether that is news.
func (r *Runner) schedule(ctx context.Context, tenant string, after []time.Duration) (s store.Schedule, news bool,
	err error) {
	r.mu.Lock()
	s, have := r.schedules[tenant]
	r.mu.Unlock()
	s = clone(s)
	rules, knowledge := r.o.Judge.Version(tenant)
	version := rules + " " + knowledge
	now := r.now()
	if !have || !sameTimes(s.Stages, after) || ahead(s.Stages, now) {
		s.Tenant, s.Stages, news = tenant, []store.Stage{{}}, true
		for _, a := range after {
			s.Stages = append(s.Stages, store.Stage{After: a, Until: now.Add(-a)})
		}
		s.Version = ""
	}
	if s.Version != version {
		err = r.recountHeld(ctx, tenant)
		s.Version, s.Epoch, s.Changed, s.Used, s.Held, news = version, s.Epoch+1, 0, nil, nil, true
		s.Stages[0].Spans = append(s.Stages[0].Spans, store.Span{From: now, Epoch: s.Epoch})
	}
	return s, news, err
}

func sameTimes(stages []store.Stage, after []time.Duration) bool {
	if len(stages) != len(after)+1 {
		return false
	}
	for i, a := range after {
		if stages[i+1].After != a {
			return false
		}
	}
	return true
}

// ahead reports whether the clock was so wrong once that a stage would stand still for long.
func ahead(stages []store.Stage, now time.Time) bool {
	return slices.ContainsFunc(stages[1:], func(s store.Stage) bool {
		return s.Until.After(now.Add(time.Hour - s.After))
	})
}

// dropSchedule forgets how far a tenant's schedule is that is switched off. Switched on again it begins anew.
func (r *Runner) dropSchedule(ctx context.Context, tenant string) error {
	r.mu.Lock()
	s, have := r.schedules[tenant]
	r.mu.Unlock()
	if !have {
		return nil
	}
	change := store.Change{Schedules: store.Edit[store.Schedule]{Remove: []store.Key{s.Key()}}}
	if err := r.o.Store.Update(ctx, change); err != nil {
		return fmt.Errorf("forget schedule: %w", err)
	}
	r.mu.Lock()
	delete(r.schedules, tenant)
	r.mu.Unlock()
	return r.dropHeld(ctx, tenant)
}

// Schedules are how far each tenant's messages have been judged again, in order of the tenants.
func (r *Runner) Schedules() []store.Schedule {
	r.mu.Lock()
	defer r.mu.Unlock()
	return slices.SortedFunc(maps.Values(r.schedules), func(a, b store.Schedule) int {
		return cmp.Compare(a.Tenant, b.Tenant)
	})
}
