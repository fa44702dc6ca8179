package indicator

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"clawback/config"
	"clawback/store"
)

// errEnough ends a count that has come to its bound.
var errEnough = errors.New("enough")

// count is how many messages of each tenant an indicator would change, of each up to a little more than the brake lets
// through. One that a person has approved is not counted.
func (d *Desk) count(ctx context.Context, i store.Indicator) (map[string]int, error) {
	hits := map[string]int{}
	if i.Approved != "" {
		return hits, nil
	}
	all, err := d.countUpTo(ctx, i, hits)
	if all || err != nil {
		return hits, err
	}
	for _, t := range d.tenants(i.Tenant) { // one tenant's messages must not hide the others'
		i.Tenant = t.ID
		delete(hits, t.ID)
		if _, err := d.countUpTo(ctx, i, hits); err != nil {
			return nil, err
		}
	}
	return hits, nil
}

// countUpTo adds the messages that an indicator would change, up to a bound, and says whether these are all.
func (d *Desk) countUpTo(ctx context.Context, i store.Indicator, hits map[string]int) (all bool, err error) {
	total := 0
	err = d.each(ctx, i, func(rec store.Record) error {
		if len(d.changes(rec, []store.Indicator{i})) > 0 {
			hits[rec.Tenant]++
			total++
		}
		if total > d.o.Brake.Messages {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		return false, nil
	}
	return err == nil, err
}

// weighed is an indicator as it is when it has been counted: active, or waiting in the tenants where it would change
// too much. Hits are the messages of each tenant that it would change.
func (d *Desk) weighed(ctx context.Context, i store.Indicator, hits map[string]int) (store.Indicator, error) {
	i.State, i.Why, i.Held = store.IndicatorActive, "", nil
	if i.Approved != "" {
		return i, nil
	}
	held, err := d.heldIn(ctx, hits)
	if err != nil || len(held) == 0 {
		return i, err
	}
	i.State = store.IndicatorWaiting
	why := slices.Compact(slices.Sorted(maps.Values(held)))
	i.Why = strings.Join(why[:min(len(why), mostReasons)], "; ")
	everywhere := i.Tenant != "" || !slices.ContainsFunc(d.o.Tenants(), func(t config.Tenant) bool {
		return held[t.ID] == ""
	})
	if !everywhere {
		i.Held = slices.Sorted(maps.Keys(held))
		i.Why += fmt.Sprintf("; it waits in %d tenants, and acts in the others", len(held))
	}
	return i, nil
}

// mostReasons bounds why an indicator waits, which may be another sentence for each tenant.
const mostReasons = 3

// heldIn says in which tenants an indicator must wait for a person, and why, by the messages of each that would change.
// Tenants with few go before those with many: what one tenant is sent must not hold what others have.
func (d *Desk) heldIn(ctx context.Context, hits map[string]int) (map[string]string, error) {
	held, total := map[string]string{}, 0
	byHits := slices.SortedFunc(maps.Keys(hits), func(a, b string) int {
		return cmp.Or(cmp.Compare(hits[a], hits[b]), cmp.Compare(a, b))
	})
	for _, tenant := range byHits {
		n := hits[tenant]
		if n > d.o.Brake.From {
			seen, err := d.o.Store.Seen(ctx, tenant, d.now().Add(-24*time.Hour))
			if err != nil {
				return nil, err
			}
			if n > d.o.Brake.ByShare(seen) {
				held[tenant] = fmt.Sprintf("would change the verdict of %d messages of a tenant, more than %g %% of "+
					"its mail of a day (%d)", n, d.o.Brake.Share, seen)
				continue
			}
		}
		if total += n; total > d.o.Brake.Messages {
			held[tenant] = fmt.Sprintf("would change the verdict of more than %d messages", d.o.Brake.Messages)
		}
	}
	return held, nil
}
