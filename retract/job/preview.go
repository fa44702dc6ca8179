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
	if err := s.check(); err != nil {
		return p, err
	}
	if len(s.Records) == 0 {
		return p, r.previewSearch(ctx, &p, s)
	}
	for _, id := range slices.Compact(slices.Sorted(slices.Values(s.Records))) {
		rec, err := r.o.Store.Record(ctx, id)
		if errors.Is(err, store.ErrNotFound) {
			p.Unknown++
			continue
		}
		if err == nil {
			err = r.preview(ctx, &p, s, rec)
		}
		if err != nil {
			return p, err
		}
	}
	return p, nil
}

// previewSearch previews a job that searches for its records, as many as a preview looks at.
func (r *Runner) previewSearch(ctx context.Context, p *Preview, s Spec) error {
	for cursor := ""; ; {
		page, err := r.o.Store.Scan(ctx, search(s.Tenant, *s.Filter), cursor)
		if err == nil {
			err = ctx.Err()
		}
		if err != nil {
			return err
		}
		for _, rec := range page.Records {
			if err := r.preview(ctx, p, s, rec); err != nil {
				return err
			}
		}
		if cursor = page.Next; cursor == "" {
			return nil
		}
		if p.Records >= maxPreview {
			p.Bounded = true
			return nil
		}
	}
}

// preview adds one record.
func (r *Runner) preview(ctx context.Context, p *Preview, s Spec, rec store.Record) error {
	have, err := r.o.Store.Intents(ctx, rec.ID)
	if err != nil {
		return err
	}
	o := policy.Order{Who: s.Who, Tenant: s.Tenant, Record: rec.ID, Comment: s.Comment, Action: s.Action,
		Restore: s.Restore}
	would, ok := r.o.Engine.Preview(o, rec, have)
	if !ok {
		p.Unknown++
		return nil
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
	return nil
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
