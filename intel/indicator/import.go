package indicator

import (
	"context"

	"clawback/intel"
	"clawback/store"
)

// MaxImport bounds how many indicators are imported at once: there may be no more.
const MaxImport = maxIndicators

// Imported is what became of a list of indicators.
type Imported struct {
	Added   []store.Indicator // or, without being added, what would be
	Known   int               // that were there already, as a person's
	Refused []Refused
	// What they would do to the stored mail; of a dry run alone.
	Changes int // verdicts that they would change
	Waiting int // indicators that would wait for a person
}

// Refused is an indicator that was not added.
type Refused struct {
	Value string
	Why   error
}

// Import adds many indicators in one transaction. One that a person has added before stays as it is: a list that is
// imported again approves nothing anew and withdraws no approval. A dry run adds none, and says what they would do.
func (d *Desk) Import(ctx context.Context, who string, list []store.Indicator, dryRun bool) (Imported, error) {
	if len(list) > MaxImport {
		return Imported{}, intel.Refuse(intel.ErrInvalid, "%d indicators: at most %d can be imported", len(list),
			MaxImport)
	}
	var done Imported
	fresh := d.fresh(list, &done)
	kept, refused, change := d.prepare(who, fresh)
	for n, why := range refused {
		if why != nil {
			done.Refused = append(done.Refused, Refused{fresh[n].Value, why})
		} else {
			done.Added = append(done.Added, kept[n])
		}
	}
	switch {
	case len(done.Added) == 0:
		return done, nil
	case dryRun:
		return done, d.foresee(ctx, &done)
	}
	return done, d.keepAll(ctx, change)
}

// fresh leaves out what a person has added before, and what the list has twice.
func (d *Desk) fresh(list []store.Indicator, done *Imported) (fresh []store.Indicator) {
	twice := map[string]bool{}
	for _, i := range list {
		in, err := d.checked(i)
		if err == nil {
			if twice[place(in)] {
				continue
			}
			twice[place(in)] = true
			if kept, err := d.find(in.Tenant, in.ID); err == nil && !ofFeeds(kept.By) &&
				kept.State != store.IndicatorWithdrawing {
				done.Known++
				continue
			}
		}
		fresh = append(fresh, i)
	}
	return fresh
}

// foresee counts what indicators would do, a part of them at a time, for those they carry are held in memory.
func (d *Desk) foresee(ctx context.Context, done *Imported) error {
	const part = 500
	for rest := done.Added; len(rest) > 0; rest = rest[min(part, len(rest)):] {
		b, err := d.probe(ctx, rest[:min(part, len(rest))])
		if err != nil {
			return err
		}
		counts, err := d.counted(ctx, b, func(int) bool { return true })
		if err != nil {
			return err
		}
		for n := range b.list {
			hits := counts[n]
			if b.many[n] { // more carry it than were looked at
				if hits, err = d.count(ctx, b.list[n]); err != nil {
					return err
				}
			}
			i, err := d.weighed(ctx, b.list[n], hits)
			if err != nil {
				return err
			}
			if i.State == store.IndicatorWaiting {
				done.Waiting++
			}
			for tenant, changes := range hits {
				if isOf(i, tenant) {
					done.Changes += changes
				}
			}
		}
	}
	return nil
}
