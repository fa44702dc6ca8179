package console

import (
	"errors"

	"clawback/api"
)

// feedsPage is the lists of indicators that others publish, and the indicators that act.
type feedsPage struct {
	Feeds      []api.Feed
	MaySee     bool // the feeds, which are the machine's
	MayUpdate  bool
	MayApprove bool
	Tenant     string
	Tenants    []api.Tenant
	List       api.Page[api.Indicator]
	Next       string
	MayAdd     bool
	Everywhere bool // may add for every tenant
	Names      map[string]string
}

func showFeeds(v *visit) (view, error) {
	page := feedsPage{MaySee: v.who.MaySomewhere(api.ListFeeds), MayUpdate: v.who.MaySomewhere(api.UpdateFeeds),
		MayApprove: v.who.MaySomewhere(api.ApproveFeed), MayAdd: v.who.MaySomewhere(api.AddIndicator),
		Everywhere: v.who.May(api.AddIndicator, ""), Tenants: v.status.Tenants, Names: tenantNames(v),
		Tenant: v.URL.Query().Get("tenant")}
	var err error
	if page.MaySee {
		feeds, err := do(v, api.ListFeeds, api.Paging{Limit: api.MaxLimit})
		if err != nil {
			return view{}, err
		}
		page.Feeds = feeds.Items
	}
	page.List, err = do(v, api.ListIndicators, api.IndicatorQuery{Paging: paging(v), Tenant: page.Tenant})
	if err != nil {
		return view{}, err
	}
	page.Next = nextOf(v, page.List.Next)
	return view{Page: "feeds", Title: "Feeds and indicators", Place: "/feeds", Data: page}, nil
}

func updateFeeds(v *visit) (view, error) {
	_, err := do(v, api.UpdateFeeds, api.FeedOrder{Feed: v.PostFormValue("feed")})
	return view{To: said("/feeds", "fetched")}, err
}

func approveFeed(v *visit) (view, error) {
	_, err := do(v, api.ApproveFeed, api.FeedApproval{Feed: v.PostFormValue("feed"),
		Comment: v.PostFormValue("comment")})
	return view{To: said("/feeds", "approved")}, err
}

func addIndicator(v *visit) (view, error) {
	f := v.PostForm
	tenant := f.Get("tenant")
	if tenant == "" {
		return view{}, invalid("choose a tenant, or every tenant")
	}
	if tenant == "every" {
		tenant = ""
	}
	_, err := do(v, api.AddIndicator, api.NewIndicator{Tenant: tenant, Value: f.Get("value"), Note: f.Get("note")})
	return view{To: said("/feeds", "added")}, err
}

// changeIndicator approves or removes an indicator.
func changeIndicator(v *visit) (view, error) {
	f := v.PostForm
	o := api.IndicatorOrder{ID: v.PathValue("id"), Tenant: f.Get("tenant"), Comment: f.Get("comment")}
	switch f.Get("do") {
	case "approve":
		_, err := do(v, api.ApproveIndicator, o)
		return view{To: said("/feeds", "approved")}, err
	case "remove":
		_, err := do(v, api.RemoveIndicator, o)
		return view{To: said("/feeds", "removed")}, err
	}
	return view{}, errors.Join(invalid("approve or remove"))
}
