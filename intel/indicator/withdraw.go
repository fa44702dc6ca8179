package indicator

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

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

// lower gives a record the verdict that it has without an indicator: by its original, and where that cannot be asked
// any more, the one that it had before. Other indicators that it carries stay in force, and those whose lifetime is
// over where the verdict rests on them too.
func (d *Desk) lower(ctx context.Context, rec store.Record, i store.Indicator) error {
	t := d.tenant(rec.Tenant)
	if t == nil || rec.Pinned != "" || i.Tenant != "" && i.Tenant != rec.Tenant {
		return nil
	}
	for _, v := range rec.Variants {
		if !restsOn(v.Verdict, i.ID) {
			continue
		}
		to := without(v.Verdict, rec)
		again, err := d.o.Judge.Again(ctx, only(rec, v), "")
		switch {
		case err != nil && store.Unavailable(err):
			return err
		case err == nil && len(again.Degraded) <= len(v.Verdict.Degraded):
			to = again
		}
		to, _ = raised(t, rec, to, d.others(rec, v, i))
		_, _, err = d.o.Store.Rejudge(ctx, store.Rejudgement{Record: rec, Report: v.Report, Verdict: to,
			Cause: fmt.Sprintf("indicator %s was withdrawn", i.ID), Plan: d.o.Plan(t)})
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

// others are the indicators beside one that a form of a record carries, and that count for it: those in force, and
// those that its verdict rests on.
func (d *Desk) others(rec store.Record, v store.Variant, one store.Indicator) (hits []hit) {
	now, c := d.now(), carriedBy(rec, v)
	for _, i := range d.matching() {
		counts := i.Until.IsZero() || i.Until.After(now) || restsOn(v.Verdict, i.ID)
		if counts && isOf(i, rec.Tenant) && place(i) != place(one) && d.carries(c, i) {
			hits = append(hits, hit{i, d.quotes(c, i)})
		}
	}
	return hits
}

// only is a record with one form of its original.
func only(rec store.Record, v store.Variant) store.Record {
	rec.Variants = []store.Variant{v}
	return rec
}

// without is a verdict as it was before all indicators: those that stay are added to it again.
func without(v verdict.Verdict, rec store.Record) verdict.Verdict {
	v.Reasons = slices.DeleteFunc(slices.Clone(v.Reasons), func(r verdict.Reason) bool { return r.ID == signal })
	if b := v.Before; b != nil {
		v.Disposition, v.Score, v.Review, v.Before = b.Disposition, b.Score, b.Review, nil
		return v
	}
	// A row from before that was noted: what it was is known from the last change alone.
	if rec.Rejudged != nil && rec.Rejudged.Was != verdict.Unscored {
		v.Disposition = min(v.Disposition, rec.Rejudged.Was)
	}
	v.Review = reviewed(v)
	return v
}

// reviewed is the review that the scorer's reasons tell of.
func reviewed(v verdict.Verdict) verdict.Review {
	for _, r := range v.Reasons {
		if why, is := strings.CutPrefix(r.ID, "review."); is && r.Family == "review" {
			return verdict.Review(why)
		}
	}
	return ""
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
