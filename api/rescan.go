package api

import (
	"context"
	"maps"
	"time"

	"clawback/intel/rejudge"
	"clawback/store"
)

// Rescans judge delivered messages again that a search finds. *rejudge.Runner is one.
type Rescans interface {
	Start(ctx context.Context, o rejudge.Order) (store.Rescan, error)
	Rescans() []store.Rescan
	Rescan(id string) (store.Rescan, error)
	Pause(ctx context.Context, who, id, comment string) (store.Rescan, error)
	Resume(ctx context.Context, who, id, comment string) (store.Rescan, error)
	Cancel(ctx context.Context, who, id, comment string) (store.Rescan, error)
	Approve(ctx context.Context, who, id, comment string) (store.Rescan, error)
}

// The operations on rescans.
var (
	StartRescan = define(Operation{Name: "rescan.start", Route: "POST /v1/rescans", Role: Analyst,
		Does: "judge delivered messages again"}, (*Service).startRescan)
	ListRescans = define(Operation{Name: "rescan.list", Route: "GET /v1/rescans", Role: Viewer,
		Does: "list rescans, the newest first"}, (*Service).listRescans)
	ShowRescan = define(Operation{Name: "rescan.show", Route: "GET /v1/rescans/{id}", Role: Viewer,
		Does: "show a rescan, and how far it is"}, (*Service).showRescan)
	PauseRescan = define(Operation{Name: "rescan.pause", Route: "POST /v1/rescans/{id}/pause", Role: Analyst,
		Does: "pause a rescan"}, (*Service).pauseRescan)
	ResumeRescan = define(Operation{Name: "rescan.resume", Route: "POST /v1/rescans/{id}/resume", Role: Analyst,
		Does: "go on with a rescan"}, (*Service).resumeRescan)
	CancelRescan = define(Operation{Name: "rescan.cancel", Route: "POST /v1/rescans/{id}/cancel", Role: Analyst,
		Does: "end a rescan; verdicts that it has changed stay changed"}, (*Service).cancelRescan)
	ApproveRescan = define(Operation{Name: "rescan.approve", Route: "POST /v1/rescans/{id}/approve",
		Role: Approver,
		Does: "let a rescan change verdicts"}, (*Service).approveRescan)
)

// RescanOrder says which delivered messages are to be judged again.
type RescanOrder struct {
	Search  Search `json:"search"`
	DryRun  bool   `json:"dry_run,omitempty"` // count what would change, and end
	Comment string `json:"comment,omitempty"`
}

// Rescan is a search whose messages are judged again, and how far it is.
type Rescan struct {
	ID      string            `json:"id"`
	Tenant  string            `json:"tenant,omitempty"` // "": of every tenant
	State   store.RescanState `json:"state"`
	Paused  string            `json:"paused_by,omitempty"`
	Why     string            `json:"why,omitempty"` // it waits for a person
	Who     string            `json:"who"`
	Comment string            `json:"comment,omitempty"`
	DryRun  bool              `json:"dry_run,omitempty"`
	// Who let it replace verdicts.
	Approved string    `json:"approved_by,omitempty"`
	Search   *Search   `json:"search"`
	Created  time.Time `json:"created"`
	Changed  time.Time `json:"changed"`

	Total    int            `json:"total,omitempty"` // messages, once they are counted
	Seen     int            `json:"seen"`            // messages so far, of this pass
	Read     int            `json:"read"`            // originals that were read
	Same     int            `json:"current"`         // judged by these rules and this knowledge before
	Gone     int            `json:"without_original"`
	Failed   int            `json:"failed"`   // could not be judged
	Decided  int            `json:"decided"`  // left alone: a person has decided
	Changes  map[string]int `json:"changes"`  // verdicts that would change, as "CLEAN to MALICIOUS"
	Replaced int            `json:"replaced"` // of these
	Samples  []RescanSample `json:"samples"`  // messages whose verdict would change
}

// RescanSample is a message whose verdict would change.
type RescanSample struct {
	Record   string    `json:"record"`
	Received time.Time `json:"received"`
	From     string    `json:"from"`
	Subject  string    `json:"subject"`
	Change   string    `json:"change"`
	Why      string    `json:"why"`
}

// RescanQuery selects rescans.
type RescanQuery struct {
	Paging
	Tenant string `json:"tenant,omitempty"`
}

func rescanOf(one store.Rescan) Rescan {
	shown := Rescan{ID: one.ID, Tenant: one.Tenant, State: one.State, Paused: one.Paused, Why: one.Why, Who: one.Who,
		Comment: one.Comment, DryRun: one.DryRun, Approved: one.Approved, Search: searchOf(one.Filter),
		Created: one.Created, Changed: one.Changed, Total: one.Total, Seen: one.Seen, Read: one.Read, Same: one.Same,
		Gone: one.Gone, Failed: one.Failed, Decided: one.Decided, Changes: map[string]int{}, Replaced: one.Replaced,
		Samples: []RescanSample{}}
	maps.Copy(shown.Changes, one.Changes)
	for _, s := range one.Samples {
		shown.Samples = append(shown.Samples, RescanSample(s))
	}
	return shown
}

// startRescan begins one. A search that names nothing would judge all mail there is: it names a time at least.
func (s *Service) startRescan(ctx context.Context, a access, o RescanOrder) (Rescan, error) {
	if o.Search.Empty() {
		return Rescan{}, problem(InvalidRequest, "the search names nothing in particular: name a time at least, as in "+
			"since:2d")
	}
	f, err := s.filter(a, o.Search)
	if err != nil {
		return Rescan{}, err
	}
	one, err := s.o.Rescans.Start(ctx, rejudge.Order{Who: a.Name, Tenant: f.Tenant, Comment: o.Comment, Filter: f,
		DryRun: o.DryRun})
	return rescanOf(one), err
}

func (s *Service) listRescans(_ context.Context, a access, q RescanQuery) (page Page[Rescan], err error) {
	tenant, err := s.scope(a, q.Tenant)
	if err != nil {
		return page, err
	}
	seen := ofTenant(s.o.Rescans.Rescans(), tenant, func(one store.Rescan) string { return one.Tenant })
	return part(seen, q.Paging, func(one store.Rescan) string { return one.ID }, rescanOf)
}

// rescanOf reads one where the operation is open. One of every tenant is for who may see every tenant.
func (s *Service) rescanOf(a access, id string) (Rescan, error) {
	one, err := s.o.Rescans.Rescan(id)
	if CodeOf(err) == NotFound {
		return Rescan{}, missing("rescan", id)
	}
	if err != nil {
		return Rescan{}, err
	}
	if err := a.check(one.Tenant, "rescan", id); err != nil {
		return Rescan{}, err
	}
	return rescanOf(one), nil
}

func (s *Service) showRescan(_ context.Context, a access, r ItemRef) (Rescan, error) {
	return s.rescanOf(a, r.ID)
}

func (s *Service) pauseRescan(ctx context.Context, a access, o ItemOrder) (Rescan, error) {
	return s.changeRescan(ctx, a, o, s.o.Rescans.Pause)
}

func (s *Service) resumeRescan(ctx context.Context, a access, o ItemOrder) (Rescan, error) {
	return s.changeRescan(ctx, a, o, s.o.Rescans.Resume)
}

func (s *Service) cancelRescan(ctx context.Context, a access, o ItemOrder) (Rescan, error) {
	return s.changeRescan(ctx, a, o, s.o.Rescans.Cancel)
}

func (s *Service) approveRescan(ctx context.Context, a access, o ItemOrder) (Rescan, error) {
	return s.changeRescan(ctx, a, o, s.o.Rescans.Approve)
}

func (s *Service) changeRescan(ctx context.Context, a access, o ItemOrder,
	change func(ctx context.Context, who, id, comment string) (store.Rescan, error)) (Rescan, error) {
	if _, err := s.rescanOf(a, o.ID); err != nil {
		return Rescan{}, err
	}
	one, err := change(ctx, a.Name, o.ID, o.Comment)
	if err != nil {
		return Rescan{}, err
	}
	return rescanOf(one), nil
}
