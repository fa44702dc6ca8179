package rejudge

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"clawback/intel/brake"
	retraction "clawback/retract/brake"
	"clawback/retract/campaign"
	"clawback/store"
)

// What a limit of the brake holds of the schedule's work, a rescan counts: of one campaign, or of everything. Most of
// one tenant's are of campaigns, and what further ones hold is left to the one of everything.
const (
	everything = "all"
	maxHolds   = 8
	itself     = "clawback" // who starts them
)

// weighed says what a message's new verdict counts to.
func (w *walk) weighed(rec store.Record, f found) brake.Change {
	after := rec
	for _, c := range f.changes {
		after = after.Judged(c.report, c.to)
	}
	return brake.Change{Effect: brake.EffectOf(w.o.Plan(w.tenant), rec, after), Campaigns: campaign.Of(w.tenant, rec)}
}

// count notes a verdict that was replaced.
func (w *walk) count(c brake.Change) {
	w.schedule.Changed++
	if w.schedule.Used == nil {
		w.schedule.Used = map[string]int{}
	}
	brake.Tally(w.schedule.Used).Add(c)
}

// bound is how many verdicts of a tenant's may be replaced without a person.
func (r *Runner) bound(ctx context.Context, tenant string) (int, error) {
	if tenant == "" {
		return r.o.Brake.Messages, nil
	}
	seen, err := r.o.Store.Seen(ctx, tenant, r.now().Add(-24*time.Hour))
	return min(r.o.Brake.Messages, r.o.Brake.ByShare(seen)), err
}

// passes says whether a verdict may be replaced without a person, and leaves it to one where not. What a person has
// approved by the same version passes.
func (w *walk) passes(ctx context.Context, rec store.Record, c brake.Change) (bool, error) {
	for _, p := range c.Parts() {
		if w.approved(w.schedule.Held[p.Key()]) {
			return true, nil
		}
	}
	if w.most == 0 {
		var err error
		if w.most, err = w.bound(ctx, w.tenant.ID); err != nil {
			return false, err
		}
	}
	full, is := brake.Tally(w.schedule.Used).Full(c, w.most,
		retraction.ForCampaign(w.most, w.tenant.Brake.CampaignPercent))
	if !is {
		return true, nil
	}
	if _, told := w.schedule.Held[full.Key()]; told {
		return false, nil
	}
	return false, w.hold(ctx, full, rec)
}

// approved reports whether a person has approved what a rescan holds, by the version of now.
func (r *Runner) approved(id string) bool {
	one, err := r.Rescan(id)
	return err == nil && one.Approved != "" && one.State != store.RescanCancelled &&
		one.Version == r.version(one.Tenant)
}

// holding reports whether a rescan holds something that a person has not decided on.
func holding(one store.Rescan) bool {
	return one.Holds != "" && (one.State == store.RescanCounting || one.State == store.RescanWaiting)
}

// held are the rescans that hold something of a tenant's.
func (r *Runner) held(tenant string) []store.Rescan {
	return slices.DeleteFunc(r.Rescans(), func(one store.Rescan) bool { return one.Tenant != tenant || !holding(one) })
}

// Waiting says why not all that new rules and knowledge would make of a tenant's messages is done; "" where it is.
func (r *Runner) Waiting(tenant string) string {
	list := r.held(tenant)
	if len(list) == 0 {
		return ""
	}
	return fmt.Sprintf("%s: clawback rescan show %s", list[0].Comment, list[0].ID)
}

// hold leaves what a limit holds to a person. A rescan counts it, so that he sees what he approves and one word is
// enough; he is told at once. It is written together with the schedule, so that a crash begins no second one.
func (w *walk) hold(ctx context.Context, p brake.Part, rec store.Record) error {
	w.words.Lock()
	defer w.words.Unlock()
	one := w.holder(p, rec)
	one.Comment = w.why(p)
	for _, stage := range w.schedule.Stages[1:] {
		if one.Filter.Since.IsZero() || stage.Until.Before(one.Filter.Since) {
			one.Filter.Since = stage.Until
		}
	}
	one.Filter.Until = w.now()
	w.recount(&one)
	if w.schedule.Held == nil {
		w.schedule.Held = map[string]string{}
	}
	w.schedule.Held[p.Key()] = one.ID
	change := store.Change{Schedules: store.Edit[store.Schedule]{Put: []store.Schedule{*w.schedule}},
		Rescans: store.Edit[store.Rescan]{Put: []store.Rescan{one}}, Act: w.act(one, "start", itself, one.Comment)}
	if err := w.o.Store.Update(ctx, change); err != nil {
		return fmt.Errorf("keep rescan of what the brake holds: %w", err)
	}
	w.setRescan(one)
	w.o.Log.Warn("judging delivered messages again waits for a person", "event", "rejudge.waiting", "tenant",
		w.tenant.ID, "rescan", one.ID, "why", one.Comment)
	return w.raiseRescan(ctx, one)
}

// holder is the rescan of what a limit holds: the one that is under way, or a new one. A campaign that cannot be
// searched for waits with everything.
func (w *walk) holder(p brake.Part, rec store.Record) store.Rescan {
	holds, list := cmp.Or(p.Campaign, everything), w.held(w.tenant.ID)
	q, named := campaign.Query(p.Campaign)
	find := func() int {
		return slices.IndexFunc(list, func(one store.Rescan) bool { return one.Holds == holds })
	}
	n := find()
	if n < 0 && holds != everything && (!named || !q.Match(rec.Searchable(nil)) || len(list) >= maxHolds) {
		holds = everything
		n = find()
	}
	if n >= 0 {
		return list[n]
	}
	one := w.newRescan(Order{Who: itself, Tenant: w.tenant.ID})
	one.Holds = holds
	if holds != everything {
		one.Filter.Query = q
	}
	return one
}

// why says what a limit holds.
func (w *walk) why(p brake.Part) string {
	n := w.schedule.Used[p.Key()]
	what := map[brake.Effect]string{brake.Takes: "which takes them away", brake.CallsOff: "which leaves them in place",
		brake.Nothing: "without an effect in any mailbox"}[p.Effect]
	if p.Campaign == "" {
		return fmt.Sprintf("new rules or knowledge have changed the verdict of %d delivered messages, %s, and would "+
			"change more", n, what)
	}
	return fmt.Sprintf("new rules or knowledge have changed the verdict of %d delivered messages of campaign %s, %s, "+
		"and would change more: the rest of what they may change is kept for others", n, campaign.Defang(p.Campaign),
		what)
}

// recount has a rescan count from the beginning, by the version of now.
func (r *Runner) recount(one *store.Rescan) {
	one.State, one.Version, one.Why, one.Cursor, one.Tries = store.RescanCounting, r.version(one.Tenant), "", "", 0
	one.Total, one.Seen, one.Read, one.Same, one.Gone, one.Failed, one.Decided = 0, 0, 0, 0, 0, 0, 0
	one.Changes, one.Samples = nil, nil
}

// recountHeld has what the brake held by another version counted by that of now, which alone can be approved.
func (r *Runner) recountHeld(ctx context.Context, tenant string) error {
	r.words.Lock()
	defer r.words.Unlock()
	for _, one := range r.held(tenant) {
		r.recount(&one)
		if err := r.keepRescan(ctx, one, nil); err != nil {
			return err
		}
	}
	return nil
}

// dropHeld ends what the brake held of a tenant whose schedule is switched off.
func (r *Runner) dropHeld(ctx context.Context, tenant string) error {
	r.words.Lock()
	defer r.words.Unlock()
	for _, one := range r.held(tenant) {
		one.State = store.RescanCancelled
		if err := r.keepRescan(ctx, one, r.act(one, "cancel", itself, "the schedule is switched off")); err != nil {
			return err
		}
		if err := r.clearRescan(ctx, one); err != nil {
			return err
		}
	}
	return nil
}
