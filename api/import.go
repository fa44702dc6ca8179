package api

import (
	"context"
	"time"

	"clawback/intel/indicator"
	"clawback/store"
	"clawback/verdict"
)

// MaxImport bounds how many indicators are imported at once.
const MaxImport = indicator.MaxImport

// IndicatorImport are many indicators to be added at once; all for one tenant, or for every one.
type IndicatorImport struct {
	Tenant      string              `json:"tenant,omitempty"`     // "": every tenant, for who may act in all
	Disposition verdict.Disposition `json:"disposition,omitzero"` // UNSCORED: what is usual for the kind of each
	Note        string              `json:"note,omitempty"`       // of those without one of their own
	Until       time.Time           `json:"until,omitzero"`       // of those that end later, or never
	DryRun      bool                `json:"dry_run,omitempty"`    // add none, and say what they would do
	Indicators  []ImportedIndicator `json:"indicators"`           // MaxImport at most
}

// ImportedIndicator is one of many.
type ImportedIndicator struct {
	Kind  string    `json:"kind,omitempty"` // "": found out
	Value string    `json:"value"`          // may be written so that nobody follows it
	Note  string    `json:"note,omitempty"`
	Until time.Time `json:"until,omitzero"`
}

// ImportResult is what became of them.
type ImportResult struct {
	Tenant  string             `json:"tenant,omitempty"` // GUID; "": every tenant
	DryRun  bool               `json:"dry_run,omitempty"`
	Added   []string           `json:"added"`   // ids, of a dry run those that would be
	Known   int                `json:"known"`   // were there already, and stay as they are
	Refused []RefusedIndicator `json:"refused"` // were not added
	Changes int                `json:"changes"` // of a dry run: verdicts that would change now
	Waiting int                `json:"waiting"` // of a dry run: indicators that would wait for a person
}

// RefusedIndicator is one that was not added.
type RefusedIndicator struct {
	Value string `json:"value,omitempty"`
	Why   string `json:"why"`
}

func (s *Service) importIndicators(ctx context.Context, a access, o IndicatorImport) (ImportResult, error) {
	tenant, err := s.scope(a, o.Tenant)
	if err != nil {
		return ImportResult{}, err
	}
	list := make([]store.Indicator, len(o.Indicators))
	for n, i := range o.Indicators {
		list[n] = store.Indicator{Tenant: tenant, Kind: i.Kind, Value: i.Value, Disposition: o.Disposition,
			Note: i.Note, Until: i.Until}
		if i.Note == "" {
			list[n].Note = o.Note
		}
		if u := o.Until; !u.IsZero() && (i.Until.IsZero() || u.Before(i.Until)) {
			list[n].Until = u
		}
	}
	done, err := s.o.Indicators.Import(ctx, a.Name, list, o.DryRun)
	result := ImportResult{Tenant: tenant, DryRun: o.DryRun, Added: []string{}, Known: done.Known,
		Refused: []RefusedIndicator{},
		Changes: done.Changes, Waiting: done.Waiting}
	for _, i := range done.Added {
		result.Added = append(result.Added, i.ID)
	}
	for _, r := range done.Refused {
		result.Refused = append(result.Refused, RefusedIndicator{r.Value, r.Why.Error()})
	}
	return result, err
}
