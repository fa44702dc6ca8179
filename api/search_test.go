package api

import (
	"testing"
)

// A query is bounded to the tenants of who asks, wherever it names the tenant.
func TestQuery_tenantInTheQuery(t *testing.T) {
	viewer := Principal{Name: "vi", Tenants: map[string]Role{tenantA: Viewer}}
	for _, tt := range []struct {
		q     Search
		code  Code
		found int
	}{
		{Search{Query: "subject:secret"}, "", 1},
		{Search{Query: "tenant:a"}, "", 1},
		{Search{Query: "tenant:" + tenantA}, "", 1},
		{Search{Query: "tenant:b"}, NotFound, 0},
		{Search{Query: "tenant:" + tenantB}, NotFound, 0},
		{Search{Query: "tenant:b", Tenant: "a"}, InvalidRequest, 0},
		{Search{Query: "tenant:a", Tenant: "b"}, InvalidRequest, 0},
		{Search{Query: "sendr:x"}, InvalidRequest, 0},
		{Search{Query: `subject:"open`}, InvalidRequest, 0},
	} {
		page, err := ListRecords.Do(t.Context(), (&world{}).service(), viewer, RecordQuery{Search: tt.q})
		if CodeOf(err) != tt.code || len(page.Items) != tt.found {
			t.Errorf("%+v: %d records, %v; want %d, %q", tt.q, len(page.Items), err, tt.found, tt.code)
		}
		for _, r := range page.Items {
			if r.Tenant != tenantA {
				t.Errorf("%+v shows a record of %s", tt.q, r.Tenant)
			}
		}
		count, err := CountRecords.Do(t.Context(), (&world{}).service(), viewer, tt.q)
		if CodeOf(err) != tt.code || count.Count != tt.found {
			t.Errorf("%+v: counted %d, %v; want %d, %q", tt.q, count.Count, err, tt.found, tt.code)
		}
	}
}

// A job over a query that names nothing would take away everything.
func TestQuery_ofAJobNamesSomething(t *testing.T) {
	for query, code := range map[string]Code{"tenant:a": InvalidRequest, "  ": InvalidRequest,
		"sendr:x": InvalidRequest, "from:x": ""} {
		_, err := PreviewJob.Do(t.Context(), (&world{}).service(), Root("ada"), JobOrder{Action: "trash",
			Search: &Search{Query: query}})
		if CodeOf(err) != code {
			t.Errorf("%q: %v, want %q", query, err, code)
		}
	}
}
