package job

import (
	"context"
	"errors"
	"slices"
	"time"

	"clawback/retract/policy"
	"clawback/store"
	"clawback/verdict"
)

// Sample is one record of a preview.
type Sample struct {
	Record      string    `json:"record"`
	Sender      string    `json:"sender"`
	Subject     string    `json:"subject"`
	Received    time.Time `json:"received"`
	Disposition string    `json:"disposition"`
	Mailboxes   int       `json:"mailboxes"`
}

// Preview is what a job would do, without anything being written or asked of the mailbox system.
type Preview struct {
	Records   int `json:"records"`
	Unknown   int `json:"unknown"`   // ids that are no records, or of no tenant that is configured
	Mailboxes int `json:"mailboxes"` // sum of Outcomes and Unchanged
	// Of the new or changed intents: pending is what would be acted upon.
	Outcomes  map[store.Outcome]int `json:"outcomes"`
	Unchanged int                   `json:"unchanged"` // stand already as it is asked for
	Samples   []Sample              `json:"samples"`
	// Of the records. What is CLEAN may be good mail that the search did not mean.
	Dispositions map[string]int `json:"dispositions"`
	Clean        []Sample       `json:"clean,omitempty"`   // the first of those
	Bounded      bool           `json:"bounded,omitempty"` // there are more records than were looked at
}

const (
	maxSamples = 10      // of what is CLEAN, and of what is not
	maxPreview = 100_000 // records that a preview of a search looks at; the job itself has no such bound
)

// PreviewJob says what a job would do.
func (r *Runner) PreviewJob(ctx context.Context, s Spec) (Preview, error) {
	p := Preview{Outcomes: map[store.Outcome]int{}, Samples: []Sample{}, Dispositions: map[string]int{}}
	unknown, bounded, err := r.each(ctx, s, func(rec store.Record) (bool, error) { return r.preview(ctx, &p, s, rec) })
	p.Unknown, p.Bounded = unknown, bounded
	return p, err
}

// Found is what a job is about.
type Found struct {
	IDs     []string // of the records that are known, and of a tenant that is configured
	Bounded bool     // there are more than were looked at
}

// FindRecords names the records that a preview counts, without what would be done about each. A search is gone through
// once: a job that is started with what was found does not search again.
func (r *Runner) FindRecords(ctx context.Context, s Spec) (Found, error) {
	f := Found{IDs: []string{}}
	_, bounded, err := r.each(ctx, s, func(rec store.Record) (bool, error) {
		_, known := r.o.Engine.Preview(s.order(rec.ID), rec, nil)
		if known {
			f.IDs = append(f.IDs, rec.ID)
		}
		return known, nil
	})
	f.Bounded = bounded
	return f, err
}

// each hands over the records that a job is about, of a search as many as a preview looks at. It counts the ids that
// are no records, and the records that use does not know.
func (r *Runner) each(ctx context.Context, s Spec, use func(store.Record) (known bool, err error)) (unknown int,
	bounded bool, err error) {
	if err := s.check(); err != nil {
		return 0, false, err
	}
	count := func(rec store.Record) error {
		known, err := use(rec)
		if !known {
			unknown++
		}
		return err
	}
	if len(s.Records) == 0 {
		bounded, err = r.eachOfSearch(ctx, s, count)
		return unknown, bounded, err
	}
	for _, id := range slices.Compact(slices.Sorted(slices.Values(s.Records))) {
		rec, err := r.o.Store.Record(ctx, id)
		if errors.Is(err, store.ErrNotFound) {
			unknown++
			continue
		}
		if err == nil {
			err = count(rec)
		}
		if err != nil {
			return unknown, false, err
		}
	}
	return unknown, false, nil
}

// eachOfSearch hands over the records that a search finds. It says whether it ended before the search did.
func (r *Runner) eachOfSearch(ctx context.Context, s Spec, use func(store.Record) error) (bounded bool, err error) {
	found := 0
	for cursor := ""; ; {
		page, err := r.o.Store.Scan(ctx, search(s.Tenant, *s.Filter), cursor)
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return false, err
		}
		for _, rec := range page.Records {
			if err := use(rec); err != nil {
				return false, err
			}
		}
		found += len(page.Records)
		if cursor = page.Next; cursor == "" || found >= maxPreview {
			return cursor != "", nil
		}
	}
}

// order is what is asked of one record.
func (s Spec) order(record string) policy.Order {
	return policy.Order{Who: s.Who, Tenant: s.Tenant, Record: record, Comment: s.Comment, Action: s.Action,
		Restore: s.Restore}
}

// preview adds one record. It reports whether the record is of a tenant that is configured.
func (r *Runner) preview(ctx context.Context, p *Preview, s Spec, rec store.Record) (known bool, err error) {
	have, err := r.o.Store.Intents(ctx, rec.ID)
	if err != nil {
		return true, err
	}
	would, known := r.o.Engine.Preview(s.order(rec.ID), rec, have)
	if !known {
		return false, nil
	}
	p.add(would.Intents, kindOf(s.Restore), len(rec.Recipients))
	p.Records++
	disposition := rec.Verdict.Disposition
	p.Dispositions[disposition.String()]++
	one := Sample{rec.ID, rec.From, rec.Subject, rec.Received, disposition.String(), would.Mailboxes}
	switch {
	case disposition == verdict.Clean && len(p.Clean) < maxSamples:
		p.Clean = append(p.Clean, one)
	case disposition != verdict.Clean && len(p.Samples) < maxSamples:
		p.Samples = append(p.Samples, one)
	}
	return true, nil
}

func (p *Preview) add(changed []store.Intent, kind store.Kind, recipients int) {
	n := 0
	for _, in := range changed {
		if in.Kind == kind {
			p.Outcomes[in.Outcome]++
			n++
		}
	}
	p.Unchanged += max(0, recipients-n)
	p.Mailboxes += max(n, recipients)
}
