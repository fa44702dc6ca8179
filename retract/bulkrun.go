package retract

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"clawback/store"
)

// runJobs carries unfinished jobs on, each a page at a time, until ctx is done.
func (e *Engine) runJobs(ctx, work context.Context) {
	for {
		wait := e.stepJobs(ctx, work)
		select {
		case <-ctx.Done():
			return
		case <-e.jobWake:
		case <-time.After(wait):
		}
	}
}

const (
	jobPoll = time.Second // while a job waits for its intents
	jobIdle = idle
)

// stepJobs does one page of each unfinished job, and says when to come back.
func (e *Engine) stepJobs(ctx, work context.Context) time.Duration {
	jobs, err := e.unfinished(work)
	if err != nil {
		e.o.Log.Error("read jobs", "event", "job.failed", "error", err)
		return jobIdle
	}
	wait := jobIdle
	for _, j := range jobs {
		if ctx.Err() != nil {
			break
		}
		pause, err := e.stepJob(work, j.ID)
		if err != nil {
			e.o.Log.Error("job", "event", "job.failed", "job", j.ID, "error", err)
			pause = storeWait
		}
		wait = min(wait, pause)
	}
	return wait
}

// stepJob brings one job a page further. Doing a page twice, after a crash, changes nothing.
func (e *Engine) stepJob(ctx context.Context, id string) (time.Duration, error) {
	e.jobs.Lock()
	defer e.jobs.Unlock()
	j, err := e.loadJob(ctx, id)
	if err != nil || j.ended() {
		return jobIdle, err
	}
	switch {
	case j.CallOff != "":
		return jobIdle, e.callOffJob(ctx, &j)
	case j.State == JobPending:
		j.State = JobDiscovering
	case j.State == JobDiscovering:
		err = e.discover(ctx, &j)
	case j.Ordered < j.Found:
		err = e.order(ctx, &j)
	default:
		return e.watch(ctx, &j)
	}
	if err != nil {
		return 0, err
	}
	return time.Millisecond, e.saveJob(ctx, &j)
}

// discover finds one more page of the job's records.
func (e *Engine) discover(ctx context.Context, j *Job) error {
	if len(j.Records) > 0 {
		slices.Sort(j.Records)
		j.Records = slices.Compact(j.Records)
		j.Found, j.State = len(j.Records), JobProcessing
		return nil
	}
	ids, err := e.jobRecords(ctx, *j)
	if err != nil {
		return err
	}
	after := ""
	if len(ids) > 0 {
		after = ids[len(ids)-1]
	}
	recs, err := e.o.Store.Records(ctx, j.search(after))
	if errors.Is(err, store.ErrBound) && len(recs) == 0 {
		j.State, j.Error = JobFailed, err.Error()
		return nil
	}
	if err != nil && !errors.Is(err, store.ErrBound) {
		return err
	}
	for _, rec := range recs {
		ids = append(ids, rec.ID)
	}
	if len(recs) == 0 || len(recs) < jobPage && err == nil {
		j.State = JobProcessing
	}
	j.Found = len(ids)
	raw, err := json.Marshal(ids)
	if err != nil {
		return err
	}
	return e.o.Store.PutMeta(ctx, idsPrefix+j.ID, raw)
}

// order makes the intents of one more page.
func (e *Engine) order(ctx context.Context, j *Job) error {
	ids, err := e.jobRecords(ctx, *j)
	if err != nil {
		return err
	}
	for _, id := range ids[j.Ordered:min(j.Ordered+jobPage, len(ids))] {
		o := order{who: j.Who, tenant: j.Tenant, record: id, comment: j.Comment, action: j.Action, job: j.ID}
		if j.Restore {
			_, err = e.restore(ctx, o)
		} else {
			_, err = e.retract(ctx, o)
		}
		var broken bool
		if broken, err = refusal(err); broken {
			return err
		}
		if err != nil {
			j.Refused = append(j.Refused, id+": "+err.Error())
		}
		j.Ordered++
	}
	return nil
}

// refusal tells a store that is broken, or a stop, from a record that cannot be worked on.
func refusal(err error) (broken bool, _ error) {
	for _, e := range []error{store.ErrStorage, store.ErrClosed, context.Canceled, context.DeadlineExceeded} {
		if errors.Is(err, e) {
			return true, err
		}
	}
	return false, err
}

// watch ends the job when none of its intents is open. While they all rest by their schedules, so does it: they may
// for a day.
func (e *Engine) watch(ctx context.Context, j *Job) (time.Duration, error) {
	c, err := e.progress(ctx, *j)
	if err != nil {
		return 0, err
	}
	if c.open > 0 {
		wait := max(jobPoll, time.Duration(c.Mailboxes)*time.Millisecond)
		return max(wait, min(c.due.Sub(e.now()), jobIdle)), nil
	}
	j.State = JobCompleted
	if c.Ordered == 0 && c.Refused > 0 {
		j.State, j.Error = JobFailed, fmt.Sprintf("none of %d records could be worked on, the first: %s", c.Refused, j.Refused[0])
	}
	return jobIdle, e.saveJob(ctx, j)
}

// Sample is one record of a preview.
type Sample struct {
	Record      string    `json:"record"`
	Sender      string    `json:"sender"`
	Received    time.Time `json:"received"`
	Disposition string    `json:"disposition"`
	Mailboxes   int       `json:"mailboxes"`
}

// Preview is what a job would do, without anything being written or asked of the mailbox system.
type Preview struct {
	Records   int                   `json:"records"`
	Unknown   int                   `json:"unknown"`   // ids that are no records, or of no tenant that is configured
	Mailboxes int                   `json:"mailboxes"` // sum of Outcomes and Unchanged
	Outcomes  map[store.Outcome]int `json:"outcomes"`  // of the new or changed intents: pending is what would be acted upon
	Unchanged int                   `json:"unchanged"` // stand already as it is asked for
	Samples   []Sample              `json:"samples"`
	Bounded   bool                  `json:"bounded,omitempty"` // the search reached its bound: there may be more
}

const maxSamples = 10

// PreviewJob says what a job would do.
func (e *Engine) PreviewJob(ctx context.Context, spec JobSpec) (Preview, error) {
	p := Preview{Outcomes: map[store.Outcome]int{}, Samples: []Sample{}}
	if err := spec.check(); err != nil {
		return p, err
	}
	ids := slices.Compact(slices.Sorted(slices.Values(spec.Records)))
	for len(spec.Records) > 0 && len(ids) > 0 {
		rec, err := e.o.Store.Record(ctx, ids[0])
		ids = ids[1:]
		if errors.Is(err, store.ErrNotFound) {
			p.Unknown++
			continue
		}
		if err == nil {
			err = e.preview(ctx, &p, spec, rec)
		}
		if err != nil {
			return p, err
		}
	}
	if len(spec.Records) > 0 {
		return p, nil
	}
	return p, e.previewFilter(ctx, &p, spec)
}

func (e *Engine) previewFilter(ctx context.Context, p *Preview, spec JobSpec) error {
	f := spec.search("")
	for {
		recs, err := e.o.Store.Records(ctx, f)
		p.Bounded = errors.Is(err, store.ErrBound) && len(recs) == 0
		if err != nil && !errors.Is(err, store.ErrBound) {
			return err
		}
		for _, rec := range recs {
			if err := e.preview(ctx, p, spec, rec); err != nil {
				return err
			}
		}
		if len(recs) == 0 || len(recs) < jobPage && err == nil {
			return nil
		}
		f.After = recs[len(recs)-1].ID
	}
}

// preview adds one record.
func (e *Engine) preview(ctx context.Context, p *Preview, spec JobSpec, rec store.Record) error {
	t, ok := e.o.Tenants(rec.Tenant)
	if !ok || !spec.of(rec) {
		p.Unknown++
		return nil
	}
	have, err := e.o.Store.Intents(ctx, rec.ID)
	if err != nil {
		return err
	}
	o := order{who: spec.Who, record: rec.ID, comment: spec.Comment, action: spec.Action}
	mailboxes := 0
	for _, r := range rec.Recipients {
		if internal(t.Config, r.Address) {
			mailboxes++
		}
	}
	var changed []store.Intent
	if spec.Restore {
		changed = undoAll(rec, have, o, e.now())
	} else {
		changed = demand{order: o, tenant: t.Config, rec: rec, now: e.now()}.intents(have)
	}
	p.add(changed, spec.kind(), len(rec.Recipients))
	p.Records++
	if len(p.Samples) < maxSamples {
		p.Samples = append(p.Samples, Sample{rec.ID, rec.From, rec.Received, rec.Verdict.Disposition.String(), mailboxes})
	}
	return nil
}

func (p *Preview) add(changed []store.Intent, kind store.Kind, recipients int) {
	n := 0
	for _, in := range changed {
		if in.Kind == kind {
			p.Outcomes[in.Outcome]++
			n++
		}
	}
	p.Unchanged += max(0, recipients-n)
	p.Mailboxes += max(n, recipients)
}
