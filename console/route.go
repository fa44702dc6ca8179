package console

import (
	"context"
	"net/http"
	"time"

	"clawback/api"
)

type principalKey struct{}

func withPrincipal(ctx context.Context, p api.Principal) context.Context {
	return context.WithValue(ctx, principalKey{}, p)
}

// visit is one request of somebody who has signed in.
type visit struct {
	*http.Request
	who     api.Principal
	service *api.Service
	now     time.Time
	status  api.Status // how the gateway is, as far as he may see it
}

// do asks an operation as the person who has signed in. There is no other way to data.
func do[Q, A any](v *visit, op api.Op[Q, A], q Q) (A, error) {
	return op.Do(v.Context(), v.service, v.who, q)
}

// view is what a page shows.
type view struct {
	Page   string // its template
	Title  string
	Place  string // its entry in the navigation, by path
	Status int    // 0: 200
	Said   string // about what was done before it
	To     string // instead of a page: where the browser goes
	Data   any
}

// route is a page, or what a form of it does.
type route struct {
	pattern string
	show    func(*visit) (view, error)
}

// routes are all pages, in the order of the navigation.
var routes = []route{
	{"GET /{$}", showOverview},
	{"GET /messages", showMessages},
	{"GET /messages/{key}", showMessage},
	{"GET /messages/{key}/text", showText},
	{"POST /messages/{key}/retract", retractMessage},
	{"POST /messages/{key}/restore", restoreMessage},
	{"POST /messages/{key}/correct", correctMessage},
	{"GET /held", showHeld},
	{"POST /held", settleHeld},
	{"GET /jobs", showJobs},
	{"POST /jobs", startJob},
	{"POST /jobs/preview", previewJob},
	{"GET /jobs/{id}", showJob},
	{"POST /jobs/{id}", changeJob},
	{"GET /submissions", showSubmissions},
	{"POST /submissions/{id}", settleSubmission},
	{"GET /policies", showPolicies},
	{"POST /policies", addPolicy},
	{"POST /policies/{id}/remove", removePolicy},
	{"GET /rules", showRules},
	{"POST /rules/backtest", backtestRules},
	{"GET /feeds", showFeeds},
	{"POST /feeds/update", updateFeeds},
	{"POST /feeds/approve", approveFeed},
	{"POST /indicators", addIndicator},
	{"POST /indicators/{id}", changeIndicator},
	{"GET /tenants", showTenants},
	{"GET /system", showSystem},
	{"POST /items/{id}/retry", retryItem},
	{"POST /bounces/{id}/retry", retryBounce},
	{"GET /notices", showNotices},
	{"GET /audit", showAudit},
}

// place is an entry of the navigation.
type place struct {
	Path, Name string
	op         api.Any // that its page asks
}

// group is a part of the navigation.
type group struct {
	Name   string
	Places []place
}

// navigation is what there is to see.
var navigation = []group{
	{"", []place{{"/", "Overview", api.ShowStatus}}},
	{"Mail", []place{{"/messages", "Messages", api.ListRecords}, {"/held", "Held", api.ListHeld},
		{"/jobs", "Jobs", api.ListJobs}, {"/submissions", "Reported by users", api.ListSubmissions}}},
	{"Judgement", []place{{"/policies", "Policies", api.ListPolicies}, {"/rules", "Rules", api.ListRules},
		{"/feeds", "Feeds", api.ListIndicators}}},
	{"Gateway", []place{{"/tenants", "Tenants", api.ShowStatus}, {"/system", "System", api.ListItems},
		{"/notices", "Notices", api.ShowStatus}, {"/audit", "Audit", api.ListAudit}}},
}

// page answers with a page, or with what went wrong.
func (s *Server) page(r route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		v := &visit{Request: req, service: s.o.Service, now: s.o.Now()}
		v.who, _ = req.Context().Value(principalKey{}).(api.Principal)
		var shown view
		err := req.ParseForm()
		// All of the request is read: the time for that must not end what a page waits for, such as a backtest.
		_ = http.NewResponseController(w).SetReadDeadline(time.Time{})
		if err == nil {
			v.status, err = do(v, api.ShowStatus, api.None{})
		}
		if err == nil {
			shown, err = r.show(v)
		}
		if err != nil {
			shown = s.failure(req, err)
		}
		shown.Said = sentences[req.URL.Query().Get("said")]
		if shown.To != "" {
			http.Redirect(w, req, shown.To, http.StatusSeeOther)
			return
		}
		s.writeFor(w, v, shown)
	})
}

// failure is the page of an error.
func (s *Server) failure(r *http.Request, err error) view {
	status := statusOf(err)
	if status == http.StatusInternalServerError {
		s.o.Log.Error("a page failed", "event", "console.failed", "path", r.URL.Path, "error", err)
	}
	title := "Something went wrong"
	if row, known := api.Statuses[api.CodeOf(err)]; known {
		title = row.Title
	}
	return view{Page: "error", Title: title, Status: status,
		Data: errorPage{Title: title, Detail: err.Error(), Back: back(r, "/")}}
}

type errorPage struct{ Title, Detail, Back string }

func notFound(*visit) (view, error) {
	return view{}, &api.Error{Code: api.NotFound, Detail: "there is no such page"}
}
