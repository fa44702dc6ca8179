package api

import (
	"context"
	"fmt"
	"time"

	"clawback/config"
	"clawback/retract/job"
	"clawback/store"
)

// The operations on bulk jobs.
var (
	PreviewJob = define(Operation{Name: "job.preview", Route: "POST /v1/jobs/preview", Role: Analyst,
		Asks: true,
		Does: "say what a bulk job would do"}, (*Service).previewJob)
	StartJob = define(Operation{Name: "job.start", Route: "POST /v1/jobs", Role: Analyst,
		Does: "retract or restore many messages"}, (*Service).startJob)
	ListJobs = define(Operation{Name: "job.list", Route: "GET /v1/jobs", Role: Viewer,
		Does: "list bulk jobs, the newest first"}, (*Service).listJobs)
	ShowJob = define(Operation{Name: "job.show", Route: "GET /v1/jobs/{id}", Role: Viewer,
		Does: "show a bulk job, and how far it is"}, (*Service).showJob)
	PauseJob = define(Operation{Name: "job.pause", Route: "POST /v1/jobs/{id}/pause", Role: Analyst,
		Does: "pause a bulk job"}, (*Service).pauseJob)
	ResumeJob = define(Operation{Name: "job.resume", Route: "POST /v1/jobs/{id}/resume", Role: Analyst,
		Does: "go on with a bulk job"}, (*Service).resumeJob)
	CancelJob = define(Operation{Name: "job.cancel", Route: "POST /v1/jobs/{id}/cancel", Role: Analyst,
		Does: "end a bulk job; what it has done stays done"}, (*Service).cancelJob)
)

// JobOrder is what a bulk job is to do: retract to Action, or with Restore put back, the records that are named or
// found.
type JobOrder struct {
	Tenant  string   `json:"tenant,omitempty"` // name or GUID; it works on no other tenant's records
	Action  string   `json:"action,omitempty"`
	Restore bool     `json:"restore,omitempty"`
	Records []string `json:"records,omitempty"` // keys as for one message
	Search  *Search  `json:"search,omitempty"`  // where no records are named
	Comment string   `json:"comment,omitempty"`
	// Messages that were received later are left alone, as what a preview did not show; zero: than now.
	AsOf time.Time `json:"as_of,omitzero"`
	// How many messages it may be about, at most, where the preview asks for a confirmation.
	Confirmed int `json:"confirmed,omitempty"`
}

// Job is a bulk job and how far it is.
type Job struct {
	ID       string         `json:"id"`
	Tenant   string         `json:"tenant,omitempty"` // "": of every tenant
	State    store.JobState `json:"state"`
	Paused   string         `json:"paused_by,omitempty"`
	Error    string         `json:"error,omitempty"`
	Who      string         `json:"who"`
	Comment  string         `json:"comment,omitempty"`
	Action   string         `json:"action"` // or "restore"
	Search   *Search        `json:"search,omitempty"`
	Created  time.Time      `json:"created"`
	Changed  time.Time      `json:"changed"`
	Found    int            `json:"found"` // records so far
	Counters JobCounters    `json:"counters"`
	// Of the records that could not be worked on, the first: id and reason.
	Refused []string `json:"refused,omitempty"`
}

// JobCounters say how far a job is: Records = Waiting + Ordered + Refused, and Mailboxes is the sum over Outcomes.
type JobCounters struct {
	Records   int                   `json:"records"`
	Waiting   int                   `json:"waiting"`
	Ordered   int                   `json:"planned"` // records whose intents are made
	Refused   int                   `json:"refused"`
	Mailboxes int                   `json:"mailboxes"` // of the planned records
	Outcomes  map[store.Outcome]int `json:"outcomes"`
	Absent    int                   `json:"not_in_mailbox_yet"` // of those that are pending
	Unchanged int                   `json:"unchanged"`          // mailboxes whose intents stood as asked for already
}

// JobPreview is what a job would do, without anything being written or asked of the mailbox system.
type JobPreview struct {
	Records int `json:"records"`
	// Keys that are no records here, or of no tenant that is configured.
	Unknown   int `json:"unknown"`
	Mailboxes int `json:"mailboxes"`
	// Of the new or changed intents: pending is what would be acted upon.
	Outcomes  map[store.Outcome]int `json:"outcomes"`
	Unchanged int                   `json:"unchanged"` // stand already as it is asked for
	Samples   []JobSample           `json:"samples"`
	// Of the messages. What is CLEAN may be good mail that the search did not mean.
	Dispositions map[string]int `json:"dispositions"`
	Clean        []JobSample    `json:"clean,omitempty"` // the first of those; they are not among the samples
	AsOf         time.Time      `json:"as_of"`
	// Why the job is started with the number of messages alone; "": it needs no number.
	Confirm string `json:"confirm,omitempty"`
	Cut     Cut    `json:"cut,omitempty"` // the search ended at its bound: there may be more
}

// JobSample is one record of a preview.
type JobSample struct {
	Record      string    `json:"record"`
	Sender      string    `json:"sender"`
	Subject     string    `json:"subject"`
	Received    time.Time `json:"received"`
	Disposition string    `json:"disposition"`
	Mailboxes   int       `json:"mailboxes"`
}

// JobQuery selects jobs.
type JobQuery struct {
	Paging
	Tenant string `json:"tenant,omitempty"`
}

func jobOf(j job.Status) Job {
	shown := Job{ID: j.ID, Tenant: j.Tenant, State: j.State, Paused: j.Paused, Error: j.Error, Who: j.Who,
		Comment: j.Comment, Action: j.Action,
		Created: j.Created, Changed: j.Changed, Found: j.Found, Counters: JobCounters(j.Counters), Refused: j.Refusals}
	if j.Restore {
		shown.Action = "restore"
	}
	if j.Filter != nil {
		shown.Search = searchOf(*j.Filter)
	}
	if shown.Counters.Outcomes == nil {
		shown.Counters.Outcomes = map[store.Outcome]int{}
	}
	return shown
}

// searchOf shows a filter as it was asked for.
func searchOf(f store.RecordFilter) *Search {
	return &Search{Tenant: f.Tenant, Sender: f.Sender, Recipient: f.Recipient, Subject: f.Subject,
		Dispositions: f.Dispositions, Proof: f.Proof, Since: f.Since, Until: f.Until, Query: f.Query.String()}
}

// spec reads what a job is to do. Who asks, and for which tenant, is what the door proved. A key that means no single
// record stays as it is, and is counted as unknown.
func (s *Service) spec(ctx context.Context, a access, o JobOrder) (j job.Spec, asOf time.Time, err error) {
	j = job.Spec{Who: a.Name, Comment: o.Comment, Restore: o.Restore}
	if asOf = o.AsOf; asOf.IsZero() {
		asOf = time.Now().UTC()
	}
	if o.Restore == (o.Action != "") {
		return j, asOf, problem(InvalidRequest, "a job retracts to an action, or restores")
	}
	if !o.Restore {
		if j.Action, err = actionOf(o.Action); err != nil {
			return j, asOf, err
		}
	}
	if len(o.Records) > 0 == (o.Search != nil) {
		return j, asOf, problem(InvalidRequest, "name records, or search for them; not both")
	}
	if o.Search == nil {
		if j.Tenant, err = s.scope(a, o.Tenant); err != nil {
			return j, asOf, err
		}
		j.Records, err = s.keys(ctx, a, j.Tenant, o.Records)
		return j, asOf, err
	}
	j, err = s.searching(o, a, j)
	if err == nil && (j.Filter.Until.IsZero() || j.Filter.Until.After(asOf)) {
		j.Filter.Until = asOf
	}
	return j, asOf, err
}

// searching reads a job that searches for its records. One that names nothing would take away everything.
func (s *Service) searching(o JobOrder, a access, j job.Spec) (job.Spec, error) {
	q := *o.Search
	if q.Empty() {
		return j, problem(InvalidRequest, "the search names nothing in particular: name a sender, recipient, "+
			"subject, disposition, proof or time")
	}
	if o.Tenant != "" && q.Tenant != "" && o.Tenant != q.Tenant {
		return j, problem(InvalidRequest, "tenant %q, and in the search %q: name one", o.Tenant, q.Tenant)
	}
	if q.Tenant == "" {
		q.Tenant = o.Tenant
	}
	f, err := s.filter(a, q)
	j.Tenant, j.Filter = f.Tenant, &f
	return j, err
}

// keys puts the ids of records in the places of their keys.
func (s *Service) keys(ctx context.Context, a access, tenant string, keys []string) ([]string, error) {
	ids := make([]string, len(keys))
	for i, key := range keys {
		found, err := s.lookup(ctx, a, tenant, key)
		if err != nil {
			return nil, err
		}
		ids[i] = key
		if len(found) == 1 {
			ids[i] = found[0].ID
		}
	}
	return ids, nil
}

// What makes a job so large that it is started with the number of its messages alone: more than a person looks through,
// or a part of a tenant's mail that no campaign has.
const (
	manyMessages = 100
	manyPercent  = 2
	fewMessages  = 20 // of fewer the part says nothing
)

// mustConfirm says why a job needs the number of its messages; "" where it does not.
func (s *Service) mustConfirm(ctx context.Context, j job.Spec, records int) (string, error) {
	if j.Action == config.HardDelete {
		return "what is hard-deleted an administrator of Exchange alone can bring back, for some days", nil
	}
	if records > manyMessages {
		return fmt.Sprintf("it is about more than %d messages", manyMessages), nil
	}
	if records < fewMessages {
		return "", nil
	}
	kept, err := s.o.Store.Counts(ctx, j.Tenant)
	if err == nil && records*100 > manyPercent*kept.Records {
		return fmt.Sprintf("it is about more than %d %% of the %d messages that are kept", manyPercent,
			kept.Records), nil
	}
	return "", err
}

func (s *Service) previewJob(ctx context.Context, a access, o JobOrder) (JobPreview, error) {
	j, asOf, err := s.spec(ctx, a, o)
	if err != nil {
		return JobPreview{}, err
	}
	p, err := s.o.Jobs.PreviewJob(ctx, j)
	if err != nil {
		return JobPreview{}, err
	}
	shown := JobPreview{Records: p.Records, Unknown: p.Unknown, Mailboxes: p.Mailboxes, Outcomes: p.Outcomes,
		Unchanged: p.Unchanged, Samples: samplesOf(p.Samples), Clean: samplesOf(p.Clean), Dispositions: p.Dispositions,
		AsOf: asOf}
	if p.Bounded {
		shown.Cut = CutBySearch
	}
	shown.Confirm, err = s.mustConfirm(ctx, j, p.Records)
	return shown, err
}

func samplesOf(list []job.Sample) []JobSample {
	shown := []JobSample{}
	for _, one := range list {
		shown = append(shown, JobSample(one))
	}
	return shown
}

// startJob starts a job, a large one and one that cannot be undone only with the number of its messages: the caller has
// seen what it is about.
func (s *Service) startJob(ctx context.Context, a access, o JobOrder) (Job, error) {
	j, _, err := s.spec(ctx, a, o)
	if err != nil {
		return Job{}, err
	}
	found, err := s.o.Jobs.FindRecords(ctx, j)
	if err != nil {
		return Job{}, err
	}
	n := len(found.IDs)
	why, err := s.mustConfirm(ctx, j, n)
	switch {
	case err != nil:
		return Job{}, err
	case why != "" && found.Bounded:
		return Job{}, problem(Unconfirmed, "it is about %d messages or more, which nobody can count: narrow the search",
			n)
	case why != "" && o.Confirmed < n:
		return Job{}, problem(Unconfirmed, "%s: start it with the number of messages, %d", why, n)
	}
	if j.Filter != nil && !found.Bounded {
		j.Found = found.IDs // what was counted is what is worked on
	}
	started, err := s.o.Jobs.StartJob(ctx, j)
	return jobOf(job.Status{Job: started}), err
}

// jobOf reads a job where the operation is open. One of every tenant is for who may see every tenant.
func (s *Service) jobOf(ctx context.Context, a access, id string) (Job, error) {
	j, err := s.o.Jobs.Job(ctx, id)
	if CodeOf(err) == NotFound {
		return Job{}, missing("job", id)
	}
	if err != nil {
		return Job{}, err
	}
	return jobOf(j), a.check(j.Tenant, "job", id)
}

func (s *Service) showJob(ctx context.Context, a access, r ItemRef) (Job, error) {
	return s.jobOf(ctx, a, r.ID)
}

func (s *Service) listJobs(ctx context.Context, a access, q JobQuery) (page Page[Job], err error) {
	tenant, err := s.scope(a, q.Tenant)
	if err != nil {
		return page, err
	}
	rows, err := s.o.Jobs.Jobs(ctx)
	if err != nil {
		return page, err
	}
	seen := ofTenant(rows, tenant, func(j job.Status) string { return j.Tenant })
	return part(seen, q.Paging, func(j job.Status) string { return j.ID }, jobOf)
}

func (s *Service) cancelJob(ctx context.Context, a access, o ItemOrder) (Job, error) {
	return s.changeJob(ctx, a, o, s.o.Jobs.CancelJob)
}

func (s *Service) pauseJob(ctx context.Context, a access, o ItemOrder) (Job, error) {
	return s.changeJob(ctx, a, o, s.o.Jobs.PauseJob)
}

func (s *Service) resumeJob(ctx context.Context, a access, o ItemOrder) (Job, error) {
	return s.changeJob(ctx, a, o, s.o.Jobs.ResumeJob)
}

func (s *Service) changeJob(ctx context.Context, a access, o ItemOrder,
	change func(ctx context.Context, who, id, comment string) error) (Job, error) {
	if _, err := s.jobOf(ctx, a, o.ID); err != nil {
		return Job{}, err
	}
	if err := change(ctx, a.Name, o.ID, o.Comment); err != nil {
		return Job{}, err
	}
	return s.jobOf(ctx, a, o.ID)
}
