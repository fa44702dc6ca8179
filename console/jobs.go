package console

import (
	"errors"
	"net/url"
	"strconv"
	"time"

	"clawback/api"
	"clawback/store"
)

// jobAction is what a bulk job can do, as a form has it.
type jobAction struct{ Value, Text string }

// jobActions are the mildest first.
var jobActions = []jobAction{{"junk", actions["junk"]}, {"trash", actions["trash"]},
	{"soft_delete", actions["soft_delete"]}, {"hard_delete", actions["hard_delete"] + " (nobody here can undo it)"},
	{"restore", actions["restore"]}}

// jobPreviewPage is what a job would do.
type jobPreviewPage struct {
	api.JobPreview
	Action  string
	Tenant  string
	Query   string
	Records []string
	Bars    []bar
}

const maxChosen = 1000

// readJob reads a job from a form: the messages that were chosen, or all that the search finds.
func readJob(v *visit) (o api.JobOrder, err error) {
	f := v.PostForm
	o = api.JobOrder{Tenant: f.Get("tenant"), Comment: f.Get("comment"), Records: f["record"]}
	if action := f.Get("action"); action == "restore" {
		o.Restore = true
	} else {
		o.Action = action
	}
	switch {
	case f.Get("scope") == "all":
		o.Records, o.Search = nil, &api.Search{Query: f.Get("q"), Tenant: o.Tenant}
	case len(o.Records) == 0:
		return o, invalid("choose at least one message")
	case len(o.Records) > maxChosen:
		return o, invalid("choose at most 1000 messages, or all that a search finds")
	}
	if text := f.Get("as_of"); text != "" {
		if o.AsOf, err = time.Parse(time.RFC3339Nano, text); err != nil {
			return o, invalid("the time of the preview is none: preview it again")
		}
	}
	if text := f.Get("confirmed"); text != "" {
		if o.Confirmed, err = strconv.Atoi(text); err != nil {
			return o, invalid("the number of messages is no number: write it as in 120")
		}
	}
	return o, nil
}

func invalid(text string) error { return &api.Error{Code: api.InvalidRequest, Detail: text} }

func previewJob(v *visit) (view, error) {
	o, err := readJob(v)
	if err != nil {
		return view{}, err
	}
	p, err := do(v, api.PreviewJob, o)
	if err != nil {
		return view{}, err
	}
	return view{Page: "jobpreview", Title: "Preview", Place: "/messages", Data: previewOf(v, o, p)}, nil
}

func previewOf(v *visit, o api.JobOrder, p api.JobPreview) jobPreviewPage {
	page := jobPreviewPage{JobPreview: p, Action: v.PostFormValue("action"), Tenant: o.Tenant,
		Query: v.PostFormValue("q"), Records: o.Records}
	for outcome, n := range p.Outcomes {
		page.Bars = append(page.Bars, bar{Label: outcomeText(outcome), Tone: "out-" + string(outcome), Count: n})
	}
	page.Bars = sortBars(page.Bars)
	return page
}

func startJob(v *visit) (view, error) {
	o, err := readJob(v)
	if err != nil {
		return view{}, err
	}
	j, err := do(v, api.StartJob, o)
	if errors.Is(err, &api.Error{Code: api.Unconfirmed}) {
		return view{}, &api.Error{Code: api.Unconfirmed,
			Detail: err.Error() + ". Go back to the preview and write it there."}
	}
	if err != nil {
		return view{}, err
	}
	return view{To: "/jobs/" + url.PathEscape(j.ID)}, nil
}

// jobsPage is the list of jobs.
type jobsPage struct {
	List api.Page[api.Job]
	Next string
}

func showJobs(v *visit) (view, error) {
	list, err := do(v, api.ListJobs, api.JobQuery{Paging: paging(v)})
	if err != nil {
		return view{}, err
	}
	return view{Page: "jobs", Title: "Jobs", Place: "/jobs", Data: jobsPage{list, nextOf(v, list.Next)}}, nil
}

// jobPage is one job, and how far it is.
type jobPage struct {
	api.Job
	Bars    []bar
	Part    int // of 1000 that are planned or refused
	Running bool
	MayAct  bool
}

func showJob(v *visit) (view, error) {
	j, err := do(v, api.ShowJob, api.ItemRef{ID: v.PathValue("id")})
	if err != nil {
		return view{}, err
	}
	page := jobPage{Job: j, MayAct: v.who.May(api.PauseJob, j.Tenant),
		Running: j.State != store.JobCompleted && j.State != store.JobFailed && j.State != store.JobCancelled}
	for outcome, n := range j.Counters.Outcomes {
		if n > 0 {
			page.Bars = append(page.Bars, bar{Label: outcomeText(outcome), Tone: "out-" + string(outcome), Count: n})
		}
	}
	page.Bars = sortBars(page.Bars)
	if c := j.Counters; c.Records > 0 {
		page.Part = (c.Ordered + c.Refused) * 1000 / c.Records
	}
	return view{Page: "job", Title: "Job", Place: "/jobs", Data: page}, nil
}

// changeJob pauses, resumes or cancels a job.
func changeJob(v *visit) (view, error) {
	order, id := api.ItemOrder{ID: v.PathValue("id"), Comment: v.PostFormValue("comment")}, v.PathValue("id")
	var err error
	switch v.PostFormValue("do") {
	case "pause":
		_, err = do(v, api.PauseJob, order)
	case "resume":
		_, err = do(v, api.ResumeJob, order)
	case "cancel":
		_, err = do(v, api.CancelJob, order)
	default:
		err = invalid("pause, resume or cancel")
	}
	return view{To: "/jobs/" + url.PathEscape(id)}, err
}
