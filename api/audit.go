package api

import (
	"cmp"
	"context"
	"errors"
	"time"

	"clawback/store"
)

// Act is one entry of the audit.
type Act struct {
	Seq     uint64    `json:"number"`
	At      time.Time `json:"time"`
	Who     string    `json:"who"` // "clawback" for automatisms, else the operator
	What    string    `json:"what"`
	Tenant  string    `json:"tenant,omitempty"`
	Object  string    `json:"object,omitempty"`
	Comment string    `json:"comment,omitempty"`
	Chain   string    `json:"chain,omitempty"` // hex SHA-256 over the previous entry's chain and this entry
	Leaf    uint64    `json:"leaf,omitempty"`  // its number in the transparency log; none: it is older
}

func actOf(act store.Act) Act { return Act(act) }

// ListAudit shows who did what, the newest first.
var ListAudit = define(Operation{Name: "audit.list", Route: "GET /v1/audit", Role: Analyst,
	Does: "list what was done by whom, the newest first"}, (*Service).listAudit)

// AuditQuery selects entries of the audit.
type AuditQuery struct {
	Paging
	Tenant string    `json:"tenant,omitempty"`
	Query  string    `json:"query,omitempty"` // on the messages that this finds, as a search does; "": on all
	Who    string    `json:"who,omitempty"`
	What   string    `json:"what,omitempty"`
	Object string    `json:"object,omitempty"`
	Since  time.Time `json:"since,omitzero"`
	Until  time.Time `json:"until,omitzero"`
}

func (s *Service) listAudit(ctx context.Context, a access, q AuditQuery) (page Page[Act], err error) {
	limit, err := q.limit()
	if err != nil {
		return page, err
	}
	f := store.AuditFilter{Who: q.Who, What: q.What, Object: q.Object, Since: q.Since, Until: q.Until, Limit: limit + 1}
	if f.Before, err = q.afterNumber(); err != nil {
		return page, err
	}
	if f.Tenant, err = s.scope(a, q.Tenant); err != nil {
		return page, err
	}
	var rows []store.Act
	if q.Query == "" {
		rows, err = s.o.Store.Audit(ctx, f)
	} else {
		rows, err = s.auditFound(ctx, a, q, f)
	}
	page = read(rows, limit, func(act store.Act) string { return number(act.Seq) }, actOf)
	if bound, is := errors.AsType[store.AuditBound](err); is && page.Cut == "" { // what lies behind it follows
		page.Next = cursorOf(number(bound.Before))
	}
	return searched(page, err)
}

// What a list of acts on the messages of a search looks at: so many messages, and so many entries.
const (
	maxAuditRecords = 10_000
	maxAuditActs    = 100_000
)

// auditFound lists acts on the messages that a query finds, and on their mailboxes.
func (s *Service) auditFound(ctx context.Context, a access, q AuditQuery, f store.AuditFilter) ([]store.Act, error) {
	objects, bound, err := s.objectsOf(ctx, a, q)
	if err != nil || len(objects) == 0 {
		return nil, errors.Join(err, bound)
	}
	wanted := f.Limit
	f.Limit = MaxLimit
	var found []store.Act
	for looked := 0; looked < maxAuditActs; looked += f.Limit {
		rows, err := s.o.Store.Audit(ctx, f)
		for _, act := range rows {
			if objects[act.Object] && len(found) < wanted {
				found = append(found, act)
			}
		}
		if err != nil || len(rows) < f.Limit || len(found) == wanted {
			return found, cmp.Or(err, bound)
		}
		f.Before = rows[len(rows)-1].Seq
	}
	return found, cmp.Or[error](bound, store.AuditBound{Before: f.Before})
}

// objectsOf are the messages that a query finds, and their intents, as the audit names them. Bound says that there may
// be more.
func (s *Service) objectsOf(ctx context.Context, a access, q AuditQuery) (ids map[string]bool, bound, err error) {
	f, err := s.filter(a, Search{Tenant: q.Tenant, Query: q.Query})
	if err != nil {
		return nil, nil, err
	}
	f.Limit = maxAuditRecords
	records, err := s.o.Store.Records(ctx, f)
	if errors.Is(err, store.ErrBound) || err == nil && len(records) == f.Limit {
		bound, err = store.ErrBound, nil
	}
	ids = map[string]bool{}
	for _, rec := range records {
		if err != nil {
			break
		}
		ids[rec.ID] = true
		var intents []store.Intent
		intents, err = s.o.Store.Intents(ctx, rec.ID)
		for _, in := range intents {
			ids[in.ID] = true
		}
	}
	return ids, bound, err
}
