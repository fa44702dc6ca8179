package console

import (
	"errors"
	"net/url"
	"time"

	"clawback/api"
	"clawback/query"
)

// messagesPage is a search and a part of what it finds.
type messagesPage struct {
	Query   string
	Tenant  string
	Problem string
	Before  string // of the query, up to the word that is wrong
	Wrong   string // that word
	After   string
	List    api.Page[api.Record]
	Next    string // address of the next part
	First   string // of the first, on a later part
	Tenants []api.Tenant
	MayAct  bool
}

const pageLength = 50

func showMessages(v *visit) (view, error) {
	q := v.URL.Query()
	page := messagesPage{Query: q.Get("q"), Tenant: q.Get("tenant"), Tenants: v.status.Tenants,
		MayAct: v.who.MaySomewhere(api.StartJob)}
	shown := view{Page: "messages", Title: "Messages", Place: "/messages"}
	list, err := do(v, api.ListRecords, api.RecordQuery{Paging: api.Paging{Cursor: q.Get("cursor"), Limit: pageLength},
		Search: api.Search{Query: page.Query, Tenant: page.Tenant}})
	switch {
	case api.CodeOf(err) == api.InvalidRequest && page.Query != "":
		page.point(err, v.now)
		shown.Status = statusOf(err)
	case err != nil:
		return view{}, err
	}
	page.List = list
	if list.Next != "" {
		page.Next = page.address(list.Next)
	}
	if q.Get("cursor") != "" {
		page.First = page.address("")
	}
	shown.Data = page
	return shown, nil
}

// address is where a part of the search is.
func (p *messagesPage) address(cursor string) string {
	q := url.Values{}
	for name, value := range map[string]string{"q": p.Query, "tenant": p.Tenant, "cursor": cursor} {
		if value != "" {
			q.Set(name, value)
		}
	}
	return "/messages?" + q.Encode()
}

// point says what is wrong with a query, and where.
func (p *messagesPage) point(err error, now time.Time) {
	p.Problem = err.Error()
	_, bad := query.Parse(p.Query, now)
	if e := new(query.Error); errors.As(bad, &e) && e.Len > 0 {
		p.Problem = e.Text
		p.Before, p.Wrong, p.After = e.Query[:e.At], e.Query[e.At:e.At+e.Len], e.Query[e.At+e.Len:]
	}
}
