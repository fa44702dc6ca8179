package console

import (
	"clawback/api"
	"clawback/verdict"
)

// submissionsPage is what users have reported.
type submissionsPage struct {
	All         bool
	List        api.Page[api.Submission]
	Next        string
	MaySettle   bool
	Corrections []verdict.Disposition
}

func showSubmissions(v *visit) (view, error) {
	page := submissionsPage{All: v.URL.Query().Get("all") != "", MaySettle: v.who.MaySomewhere(api.AcceptSubmission),
		Corrections: verdict.All()}
	var err error
	page.List, err = do(v, api.ListSubmissions, api.SubmissionQuery{Paging: paging(v), Open: !page.All})
	if err != nil {
		return view{}, err
	}
	page.Next = nextOf(v, page.List.Next)
	return view{Page: "submissions", Title: "Reported by users", Place: "/submissions", Data: page}, nil
}

// settleSubmission accepts or dismisses a report.
func settleSubmission(v *visit) (view, error) {
	o := api.SubmissionOrder{ID: v.PathValue("id"), Comment: v.PostFormValue("comment")}
	var err error
	switch v.PostFormValue("do") {
	case "accept":
		if o.Is, err = verdict.Parse(v.PostFormValue("is")); err != nil {
			return view{}, invalid(err.Error())
		}
		_, err = do(v, api.AcceptSubmission, o)
	case "dismiss":
		_, err = do(v, api.DismissSubmission, o)
	default:
		err = invalid("accept or dismiss")
	}
	return view{To: said("/submissions", "settled")}, err
}
