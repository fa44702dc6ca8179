package indicator

import (
	"context"
	"errors"
	"fmt"

	"clawback/store"
	"clawback/verdict"
)

// withdraw judges anew what rested on an indicator, and removes it.
func (d *Desk) withdraw(ctx context.Context, i store.Indicator) error {
	err := d.each(ctx, i, func(rec store.Record) error { return d.lower(ctx, rec, i) })
	if err != nil {
		return err
	}
	if _, err := d.o.Store.Clear(ctx, kindWaiting, i.Tenant, i.ID); err != nil {
		return err
	}
	return d.drop(ctx, i)
}

// lower gives a record the verdict that it has without an indicator: by its original, and where that is not kept any
// more,
// the one that it had before. Other indicators that it carries stay in force.
func (d *Desk) lower(ctx context.Context, rec store.Record, i store.Indicator) error {
	t := d.tenant(rec.Tenant)
	if t == nil || rec.Pinned != "" || i.Tenant != "" && i.Tenant != rec.Tenant {
		return nil
	}
	for _, v := range rec.Variants {
		if !restsOn(v.Verdict, i.ID) {
			continue
		}
		to := without(v.Verdict, rec, i)
		if again, err := d.o.Judge.Again(ctx, only(rec, v), ""); err == nil {
			to = again
		} else if store.Unavailable(err) {
			return err
		}
		var hits []store.Indicator
		c := carriedBy(rec, v)
		for _, other := range d.inForce() {
			if isOf(other, rec.Tenant) && place(other) != place(i) && d.carries(c, other) {
				hits = append(hits, other)
			}
		}
		to, _ = raised(t, rec, to, hits)
		_, _, err := d.o.Store.Rejudge(ctx, store.Rejudgement{Record: rec, Report: v.Report,
			Verdict: to,
			Cause:   fmt.Sprintf("indicator %s was withdrawn", i.ID), Plan: d.o.Plan(t)})
		if errors.Is(err, store.ErrNotFound) {
			return nil
		}
		if err != nil {
			return err
		}
		d.o.Wake()
		if rec, err = d.o.Store.Record(ctx, rec.ID); err != nil {
			return err
		}
	}
	return nil
}

// only is a record with one form of its original.
func only(rec store.Record, v store.Variant) store.Record {
	rec.Variants = []store.Variant{v}
	return rec
}

// without is a verdict as it was before an indicator, as far as that is known.
func without(v verdict.Verdict, rec store.Record, i store.Indicator) verdict.Verdict {
	var reasons []verdict.Reason
	for _, r := range v.Reasons {
		if r.ID != signal || r.Where != i.ID {
			reasons = append(reasons, r)
		}
	}
	v.Reasons, v.Review = reasons, ""
	if rec.Rejudged != nil && rec.Rejudged.Was != verdict.Unscored {
		v.Disposition = min(v.Disposition, rec.Rejudged.Was)
	}
	return v
}

// Match is what an indicator says of the stored mail.
type Match struct {
	Indicator store.Indicator
	Messages  int  // that carry it
	Changes   int  // whose verdict it would change now
	More      bool // the count ended at its bound
	Samples   []string
}

// maxExplained bounds how many messages one explanation looks at.
const maxExplained = 1000
