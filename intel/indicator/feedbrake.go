package indicator

import (
	"context"
	"fmt"
	"strings"
	"time"

	"clawback/intel"
	"clawback/store"
)

// A feed that goes wrong is wrong in many entries, each of which passes the brake for one indicator. So what all of a
// feed's change within a day is bounded too; those beyond it wait for a person.

// ofFeed is the name of the feed that an indicator was added for; "" where it was not.
func ofFeed(i store.Indicator) string {
	name, is := strings.CutPrefix(i.By, "feed ")
	if !is {
		return ""
	}
	return name
}

// feedBudget is how many messages each feed's indicators may still change today.
type feedBudget struct {
	most int
	used map[string]int // by feed
}

// feedBudget reckons it by what was applied within a day. What a person has approved does not count.
func (d *Desk) feedBudget(ctx context.Context) (*feedBudget, error) {
	b := &feedBudget{most: d.o.Feed, used: map[string]int{}}
	since, seen := d.now().Add(-24*time.Hour), 0
	for _, t := range d.o.Tenants() {
		n, err := d.o.Store.Seen(ctx, t.ID, since)
		if err != nil {
			return nil, err
		}
		seen += n
	}
	b.most = max(b.most, int(d.o.Brake.Share/100*float64(seen)))
	for _, i := range d.all() {
		if feed := ofFeed(i); feed != "" && i.Approved == "" && acts(i) && i.Added.After(since) {
			b.used[feed] += i.Hits
		}
	}
	return b, nil
}

// spend counts what an indicator would change, or says why it must wait.
func (b *feedBudget) spend(i store.Indicator, changes int) (why string) {
	feed := ofFeed(i)
	if feed == "" || i.Approved != "" {
		return ""
	}
	if b.used[feed]+changes > b.most {
		return fmt.Sprintf("would have feed %s change the verdicts of more than %d messages within a day", feed, b.most)
	}
	b.used[feed] += changes
	return ""
}

// changesOf is how many messages an indicator changes where it acts.
func changesOf(i store.Indicator, hits map[string]int) (n int) {
	for tenant, of := range hits {
		if isOf(i, tenant) {
			n += of
		}
	}
	return n
}

// weighedOfFeed is an indicator that was weighed, as it is when its feed's budget does not reach for it.
func (d *Desk) weighedOfFeed(ctx context.Context, i store.Indicator, hits map[string]int) (store.Indicator, error) {
	if ofFeed(i) == "" || i.Approved != "" || !acts(i) {
		return i, nil
	}
	budget, err := d.feedBudget(ctx)
	if err == nil {
		i = budget.weighed(i, changesOf(i, hits))
	}
	return i, err
}

// weighed has an indicator wait everywhere where the budget does not reach for it.
func (b *feedBudget) weighed(i store.Indicator, changes int) store.Indicator {
	if why := b.spend(i, changes); why != "" {
		i.State, i.Why, i.Held = store.IndicatorWaiting, why, nil
	}
	return i
}

// weighFeeds lets those of a bulk wait that their feed's budget does not reach for. What may carry an indicator is more
// than what it changes: only a feed that has too much of it is counted.
func (d *Desk) weighFeeds(ctx context.Context, b *bulk) error {
	carried := map[string]int{}
	for n, i := range b.list {
		if feed := ofFeed(i); feed != "" && b.counts(n) {
			carried[feed] += b.carried[n]
		}
	}
	if len(carried) == 0 {
		return nil
	}
	budget, err := d.feedBudget(ctx)
	if err != nil {
		return err
	}
	tight := func(n int) bool {
		feed := ofFeed(b.list[n])
		return b.counts(n) && feed != "" && budget.used[feed]+carried[feed] > budget.most
	}
	var which []bool
	for n := range b.list {
		which = append(which, tight(n))
	}
	counts, err := d.counted(ctx, b, func(n int) bool { return which[n] })
	if err != nil {
		return err
	}
	for n := range b.list {
		if which[n] {
			b.list[n] = budget.weighed(b.list[n], changesOf(b.list[n], counts[n]))
		}
	}
	return nil
}

// counts reports whether an indicator counts for its feed's budget: it would act, without a person's word.
func (b *bulk) counts(n int) bool {
	return b.list[n].Approved == "" && acts(b.list[n]) && !b.many[n]
}

// ApproveFeed lets all indicators of a feed that wait for a person pass the brakes, and says how many those are.
func (d *Desk) ApproveFeed(ctx context.Context, who, feed, comment string) (int, error) {
	var change store.Change
	for _, i := range d.all() {
		if ofFeed(i) == feed && i.State == store.IndicatorWaiting {
			i.State, i.Approved = store.IndicatorApplying, who
			change.Indicators.Put = append(change.Indicators.Put, i)
		}
	}
	n := len(change.Indicators.Put)
	if n == 0 {
		return 0, intel.Refuse(intel.ErrInvalid, "no indicator of feed %q waits for anybody", feed)
	}
	change.Act = &store.Act{At: d.now(), Who: who, What: "feed.approve", Object: feed,
		Comment: strings.TrimSpace(fmt.Sprintf("%d indicators; %s", n, comment))}
	return n, d.keepAll(ctx, change)
}
