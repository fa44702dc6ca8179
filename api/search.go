package api

import (
	"context"
	"errors"
	"time"

	"clawback/query"
	"clawback/store"
	"clawback/store/index"
)

// Index is what messages are searched by. *index.Index is one.
type Index interface {
	Status(ctx context.Context) (index.Status, error)
	Rebuild()
}

// RecordCount is how many records a search finds.
type RecordCount struct {
	Count int `json:"count"`
	Cut   Cut `json:"cut,omitempty"` // the count ended at its bound: there are at least so many
}

// IndexStatus is how the index stands.
type IndexStatus struct {
	Ready    bool          `json:"ready"`              // false: searches walk all messages until it is built
	Behind   uint64        `json:"behind"`             // changes that are not in it yet
	Segments int           `json:"segments"`           // files, and what is not written yet
	Days     int           `json:"days"`               // days of which it has messages
	Bytes    int64         `json:"bytes"`              // on the disk
	Built    time.Time     `json:"built,omitzero"`     // when it was last built from the records
	Building *IndexRebuild `json:"building,omitempty"` // nil: it is not being built
}

// IndexRebuild is an index being built.
type IndexRebuild struct {
	Done  int       `json:"done"`  // records
	Total int       `json:"total"` // about
	Began time.Time `json:"began"`
	Why   string    `json:"why,omitempty"`
}

// The operations on searches and their index.
var (
	CountRecords = define(Operation{Name: "message.count", Route: "GET /v1/record-count", Role: Viewer,
		Does: "count messages"}, (*Service).countRecords)
	ShowIndex = define(Operation{Name: "index.show", Route: "GET /v1/store/index", Role: Viewer, Machine: true,
		Does: "say how far the index is"}, (*Service).showIndex)
	Reindex = define(Operation{Name: reindexName, Route: "POST /v1/store/reindex", Role: Administrator,
		Machine: true,
		Does:    "build the index anew, beside all else"}, (*Service).reindex)
)

// readQuery puts a search's query into a filter, and says for which tenant it is.
func readQuery(f *store.RecordFilter, q Search) (tenant string, err error) {
	parsed, err := query.Parse(q.Query, time.Now())
	if bad := new(query.Error); errors.As(err, &bad) {
		return "", problem(InvalidRequest, "%s", bad.Error())
	}
	if err != nil {
		return "", err
	}
	tenant = q.Tenant
	switch {
	case parsed.Tenant == "":
	case tenant == "" || tenant == parsed.Tenant:
		tenant = parsed.Tenant
	default:
		return "", problem(InvalidRequest, "tenant %q, and in the query %q: name one", tenant, parsed.Tenant)
	}
	parsed.Tenant = ""
	f.Query = parsed
	return tenant, nil
}

// maxCount bounds how many records one count finds.
const maxCount = 100_000

func (s *Service) countRecords(ctx context.Context, a access, q Search) (c RecordCount, err error) {
	f, err := s.filter(a, q)
	if err != nil {
		return c, err
	}
	f.Limit = MaxLimit
	for {
		rows, err := s.o.Store.Records(ctx, f)
		c.Count += len(rows)
		switch {
		case errors.Is(err, store.ErrBound):
			c.Cut = CutBySearch
			return c, nil
		case err != nil || len(rows) < f.Limit:
			return c, err
		case c.Count >= maxCount:
			c.Cut = CutBySearch
			return c, nil
		}
		f.After = rows[len(rows)-1].ID
	}
}

func (s *Service) showIndex(ctx context.Context, _ access, _ None) (IndexStatus, error) {
	if s.o.Index == nil {
		return IndexStatus{}, nil
	}
	now, err := s.o.Index.Status(ctx)
	shown := IndexStatus{Ready: now.Ready, Behind: now.Behind, Segments: now.Segments, Days: now.Days, Bytes: now.Bytes,
		Built: now.Built}
	if b := now.Rebuild; b.Running || !now.Ready {
		shown.Building = &IndexRebuild{b.Done, b.Total, b.Began, b.Why}
	}
	return shown, err
}

// rebuildIndex begins to build the index anew.
func (s *Service) rebuildIndex() error {
	if s.o.Index == nil {
		return problem(WrongState, "there is no index")
	}
	s.o.Index.Rebuild()
	return nil
}

func (s *Service) reindex(ctx context.Context, a access, _ None) (IndexStatus, error) {
	if s.o.Index == nil {
		return IndexStatus{}, problem(InvalidRequest, "there is no index")
	}
	if err := s.order(ctx, store.Act{Who: a.Name, What: a.op.Name}); err != nil {
		return IndexStatus{}, err
	}
	return s.showIndex(ctx, a, None{})
}
