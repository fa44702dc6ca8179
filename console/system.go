package console

import (
	"slices"
	"strings"

	"clawback/api"
)

// systemPage is how the gateway is.
type systemPage struct {
	Status   api.Status
	Machine  bool // the person may see what belongs to no tenant
	Items    []stateCount
	Bounces  []stateCount
	Groups   api.Page[api.Group]
	Waiting  api.Page[api.Item]
	Next     string
	Unsent   api.Page[api.Bounce]
	Index    *api.IndexStatus
	MayRetry bool
}

// stateCount is how much is in one state.
type stateCount struct {
	State string
	api.Count
}

func showSystem(v *visit) (view, error) {
	page := systemPage{Status: v.status, Machine: v.who.May(api.ShowIndex, ""),
		MayRetry: v.who.MaySomewhere(api.RetryItem)}
	for state, n := range v.status.Queue.Items {
		page.Items = append(page.Items, stateCount{string(state), n})
	}
	for state, n := range v.status.Queue.Bounces {
		page.Bounces = append(page.Bounces, stateCount{string(state), n})
	}
	byState := func(a, b stateCount) int { return strings.Compare(a.State, b.State) }
	slices.SortFunc(page.Items, byState)
	slices.SortFunc(page.Bounces, byState)
	var err error
	if page.Groups, err = do(v, api.ListGroups, api.GroupQuery{Paging: api.Paging{Limit: pageLength}}); err != nil {
		return view{}, err
	}
	page.Waiting, err = do(v, api.ListItems, api.ItemQuery{Paging: paging(v), State: "quarantined"})
	if err != nil {
		return view{}, err
	}
	page.Next = nextOf(v, page.Waiting.Next)
	if page.Unsent, err = do(v, api.ListBounces, api.BounceQuery{Paging: api.Paging{Limit: pageLength}}); err != nil {
		return view{}, err
	}
	if page.Machine {
		index, err := do(v, api.ShowIndex, api.None{})
		if err != nil {
			return view{}, err
		}
		page.Index = &index
	}
	return view{Page: "system", Title: "System", Place: "/system", Data: page}, nil
}

func retryItem(v *visit) (view, error) {
	_, err := do(v, api.RetryItem, api.ItemOrder{ID: v.PathValue("id"), Comment: v.PostFormValue("comment")})
	return view{To: said("/system", "retried")}, err
}

func retryBounce(v *visit) (view, error) {
	_, err := do(v, api.RetryBounce, api.ItemOrder{ID: v.PathValue("id"), Comment: v.PostFormValue("comment")})
	return view{To: said("/system", "retried")}, err
}

// tenantsPage is the organisations, and how each is connected.
type tenantsPage struct {
	Tenants   []api.Tenant
	Addresses map[string][]api.Address // by tenant
	MaySee    bool                     // addresses, which are secret
}

func showTenants(v *visit) (view, error) {
	page := tenantsPage{Tenants: v.status.Tenants, MaySee: v.who.MaySomewhere(api.ListAddresses),
		Addresses: map[string][]api.Address{}}
	if page.MaySee {
		list, err := do(v, api.ListAddresses, api.AddressQuery{Paging: api.Paging{Limit: api.MaxLimit}})
		if err != nil {
			return view{}, err
		}
		for _, a := range list.Items {
			page.Addresses[a.TenantID] = append(page.Addresses[a.TenantID], a)
		}
	}
	return view{Page: "tenants", Title: "Tenants", Place: "/tenants", Data: page}, nil
}
