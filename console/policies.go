package console

import (
	"net/url"

	"clawback/api"
	"clawback/config"
)

// policiesPage is what is allowed and blocked in one tenant.
type policiesPage struct {
	Tenant  string
	Tenants []api.Tenant
	List    api.Page[api.Policy]
	Next    string
	Kinds   []string
	MayEdit bool
}

func showPolicies(v *visit) (view, error) {
	page := policiesPage{Tenant: tenantOf(v), Tenants: v.status.Tenants, Kinds: config.PolicyKinds()}
	page.MayEdit = v.who.May(api.AddPolicies, page.Tenant)
	var err error
	page.List, err = do(v, api.ListPolicies, api.PolicyQuery{Paging: paging(v), Tenant: page.Tenant})
	if err != nil {
		return view{}, err
	}
	page.Next = nextOf(v, page.List.Next)
	return view{Page: "policies", Title: "Policies", Place: "/policies", Data: page}, nil
}

// ofTenant is a page's address for one tenant.
func ofTenant(path, tenant string) string {
	if tenant == "" {
		return path
	}
	return path + "?" + url.Values{"tenant": {tenant}}.Encode()
}

func addPolicy(v *visit) (view, error) {
	f := v.PostForm
	_, err := do(v, api.AddPolicies, api.PolicyOrder{Tenant: f.Get("tenant"), Policies: []api.NewPolicy{{
		Kind: f.Get("kind"), Pattern: f.Get("pattern"), Verify: f.Get("verify") == "yes", Note: f.Get("note")}}})
	return view{To: said(ofTenant("/policies", f.Get("tenant")), "added")}, err
}

func removePolicy(v *visit) (view, error) {
	f := v.PostForm
	_, err := do(v, api.RemovePolicy, api.PolicyRemoval{ID: v.PathValue("id"), Tenant: f.Get("tenant"),
		Comment: f.Get("comment")})
	return view{To: said(ofTenant("/policies", f.Get("tenant")), "removed")}, err
}
