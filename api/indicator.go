package api

import (
	"context"
	"time"

	"clawback/intel/indicator"
	"clawback/store"
	"clawback/verdict"
)

// Indicators are the values that bad mail is known by. *indicator.Desk is one.
type Indicators interface {
	List(tenant string) []store.Indicator
	Add(ctx context.Context, who string, i store.Indicator) (store.Indicator, error)
	Import(ctx context.Context, who string, list []store.Indicator, dryRun bool) (indicator.Imported, error)
	Remove(ctx context.Context, who, tenant, id, comment string) (store.Indicator, error)
	Approve(ctx context.Context, who, tenant, id, comment string) (store.Indicator, error)
	ApproveFeed(ctx context.Context, who, feed, comment string) (int, error)
	Explain(ctx context.Context, i store.Indicator) (indicator.Match, error)
}

// The operations on indicators.
var (
	ListIndicators = define(Operation{Name: "indicator.list", Route: "GET /v1/indicators", Role: Viewer,
		Does: "list the indicators that act"}, (*Service).listIndicators)
	ShowIndicator = define(Operation{Name: "indicator.show", Route: "GET /v1/indicators/{id}", Role: Viewer,
		Does: "show an indicator"}, (*Service).showIndicator)
	AddIndicator = define(Operation{Name: "indicator.add", Route: "POST /v1/indicators", Role: Approver,
		Does: "add an indicator, which acts at once"}, (*Service).addIndicator)
	ImportIndicators = define(Operation{Name: "indicator.import", Route: "POST /v1/indicators/import",
		Role: Approver,
		Does: "add many indicators"}, (*Service).importIndicators)
	ExplainIndicator = define(Operation{Name: "indicator.explain", Route: "POST /v1/indicators/explain",
		Role: Analyst, Asks: true,
		Does: "say what an indicator would find and change"}, (*Service).explainIndicator)
	ApproveIndicator = define(Operation{Name: "indicator.approve", Route: "POST /v1/indicators/{id}/approve",
		Role: Approver,
		Does: "let an indicator act that waits for a person"}, (*Service).approveIndicator)
	RemoveIndicator = define(Operation{Name: "indicator.remove", Route: "POST /v1/indicators/{id}/remove",
		Role: Approver,
		Does: "withdraw an indicator, and what it alone has done to verdicts"}, (*Service).removeIndicator)
)

// Indicator is a value that bad mail is known by.
type Indicator struct {
	ID          string               `json:"id"`
	Tenant      string               `json:"tenant,omitempty"` // "": of every tenant
	Kind        string               `json:"kind"`             // url, domain, ip, sha256, email
	Value       string               `json:"value"`
	Disposition verdict.Disposition  `json:"disposition"` // what a message that carries it is at least
	State       store.IndicatorState `json:"state"`
	Why         string               `json:"why,omitempty"` // it waits for a person
	Hits        int                  `json:"hits"`          // messages that were judged anew when it came
	Note        string               `json:"note,omitempty"`
	By          string               `json:"added_by,omitempty"`
	Approved    string               `json:"approved_by,omitempty"`
	Added       time.Time            `json:"added,omitzero"`
	Until       time.Time            `json:"until,omitzero"`
}

// IndicatorQuery selects indicators.
type IndicatorQuery struct {
	Paging
	Tenant string `json:"tenant,omitempty"`
}

// IndicatorRef names an indicator.
type IndicatorRef struct {
	ID     string `path:"id" json:"-"`
	Tenant string `json:"tenant,omitempty"` // "": it is of every tenant
}

// NewIndicator is an indicator to be added or explained.
type NewIndicator struct {
	Tenant      string              `json:"tenant,omitempty"`     // "": every tenant, for who may act in all
	Kind        string              `json:"kind,omitempty"`       // "": found out
	Value       string              `json:"value"`                // may be written so that nobody follows it
	Disposition verdict.Disposition `json:"disposition,omitzero"` // UNSCORED: what is usual for the kind
	Note        string              `json:"note,omitempty"`
	Until       time.Time           `json:"until,omitzero"`
}

// IndicatorOrder is an act on an indicator.
type IndicatorOrder struct {
	ID      string `path:"id" json:"-"`
	Tenant  string `json:"tenant,omitempty"` // "": it is of every tenant
	Comment string `json:"comment,omitempty"`
}

// IndicatorMatch is what an indicator says of the stored mail.
type IndicatorMatch struct {
	Indicator Indicator `json:"indicator"`
	Messages  int       `json:"messages"`      // that carry it
	Changes   int       `json:"changes"`       // whose verdict it would change now
	Cut       Cut       `json:"cut,omitempty"` // the count ended at its bound
	Samples   []string  `json:"samples"`       // records
}

func indicatorOf(i store.Indicator) Indicator {
	return Indicator{ID: i.ID, Tenant: i.Tenant, Kind: i.Kind, Value: i.Value, Disposition: i.Disposition,
		State: i.State, Why: i.Why,
		Hits: i.Hits, Note: i.Note, By: i.By, Approved: i.Approved, Added: i.Added, Until: i.Until}
}

func (s *Service) listIndicators(_ context.Context, a access, q IndicatorQuery) (page Page[Indicator], err error) {
	tenant, err := s.scope(a, q.Tenant)
	if err != nil {
		return page, err
	}
	var own []store.Indicator
	for _, i := range s.o.Indicators.List(tenant) {
		if a.everywhere() || i.Tenant == tenant { // what is of every tenant may say what another one has
			own = append(own, i)
		}
	}
	return part(own, q.Paging, func(i store.Indicator) string { return i.Tenant + "/" + i.ID }, indicatorOf)
}

func (s *Service) showIndicator(_ context.Context, a access, r IndicatorRef) (Indicator, error) {
	tenant, err := s.scope(a, r.Tenant)
	if err != nil {
		return Indicator{}, err
	}
	for _, i := range s.o.Indicators.List(tenant) {
		if i.ID == r.ID && i.Tenant == tenant {
			return indicatorOf(i), nil
		}
	}
	return Indicator{}, missing("indicator", r.ID)
}

// indicator reads one that is asked for.
func (s *Service) indicator(a access, o NewIndicator) (store.Indicator, error) {
	tenant, err := s.scope(a, o.Tenant)
	return store.Indicator{Tenant: tenant, Kind: o.Kind, Value: o.Value, Disposition: o.Disposition, Note: o.Note,
		Until: o.Until}, err
}

func (s *Service) addIndicator(ctx context.Context, a access, o NewIndicator) (Indicator, error) {
	i, err := s.indicator(a, o)
	if err != nil {
		return Indicator{}, err
	}
	i, err = s.o.Indicators.Add(ctx, a.Name, i)
	return indicatorOf(i), err
}

func (s *Service) explainIndicator(ctx context.Context, a access, o NewIndicator) (IndicatorMatch, error) {
	i, err := s.indicator(a, o)
	if err != nil {
		return IndicatorMatch{}, err
	}
	m, err := s.o.Indicators.Explain(ctx, i)
	shown := IndicatorMatch{Indicator: indicatorOf(m.Indicator), Messages: m.Messages, Changes: m.Changes,
		Samples: append([]string{}, m.Samples...)}
	if m.Indicator.Tenant != i.Tenant && !a.everywhere() {
		shown.Indicator = indicatorOf(i) // the one that is kept is of every tenant
	}
	if m.More {
		shown.Cut = CutBySearch
	}
	return shown, err
}

func (s *Service) approveIndicator(ctx context.Context, a access, o IndicatorOrder) (Indicator, error) {
	return s.changeIndicator(ctx, a, o, s.o.Indicators.Approve)
}

func (s *Service) removeIndicator(ctx context.Context, a access, o IndicatorOrder) (Indicator, error) {
	return s.changeIndicator(ctx, a, o, s.o.Indicators.Remove)
}

func (s *Service) changeIndicator(ctx context.Context, a access, o IndicatorOrder,
	change func(ctx context.Context, who, tenant, id, comment string) (store.Indicator, error)) (Indicator, error) {
	tenant, err := s.scope(a, o.Tenant)
	if err != nil {
		return Indicator{}, err
	}
	i, err := change(ctx, a.Name, tenant, o.ID, o.Comment)
	if CodeOf(err) == NotFound {
		return Indicator{}, missing("indicator", o.ID)
	}
	return indicatorOf(i), err
}
