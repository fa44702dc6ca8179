package console

import "clawback/api"

// auditPage is who did what.
type auditPage struct {
	Who, What, Object, Query, Tenant string
	Tenants                          []api.Tenant
	Names                            map[string]string
	List                             api.Page[api.Act]
	Next                             string
}

func showAudit(v *visit) (view, error) {
	q := v.URL.Query()
	page := auditPage{Who: q.Get("who"), What: q.Get("what"), Object: q.Get("object"), Query: q.Get("q"),
		Tenant: q.Get("tenant"), Tenants: v.status.Tenants, Names: tenantNames(v)}
	var err error
	page.List, err = do(v, api.ListAudit, api.AuditQuery{Paging: paging(v), Who: page.Who, What: page.What,
		Object: page.Object, Query: page.Query, Tenant: page.Tenant})
	if err != nil {
		return view{}, err
	}
	page.Next = nextOf(v, page.List.Next)
	return view{Page: "audit", Title: "Audit", Place: "/audit", Data: page}, nil
}
