package retract

import (
	"context"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"clawback/config"
	"clawback/store"
)

// JobState is where a bulk job stands.
type JobState string

// The states of a bulk job, in their order.
const (
	JobPending     JobState = "pending"
	JobDiscovering JobState = "discovering" // the records are being searched for
	JobProcessing  JobState = "processing"  // intents are made and carried out
	JobCompleted   JobState = "completed"   // no intent of it is pending or comes back by itself; some may be held
	JobFailed      JobState = "failed"
	JobCancelled   JobState = "cancelled"
)

// Final reports whether the job has ended.
func (s JobState) Final() bool { return s == JobCompleted || s == JobFailed || s == JobCancelled }

// JobSpec is what a bulk job is asked to do: retract to Action, or with Restore put back, the records that are listed
// or that the filter finds.
type JobSpec struct {
	Who     string              `json:"who"`
	Tenant  string              `json:"tenant,omitempty"` // GUID: no other tenant's records; "" for every tenant
	Comment string              `json:"comment"`
	Action  config.Action       `json:"action,omitempty"`
	Restore bool                `json:"restore,omitempty"`
	Records []string            `json:"records,omitempty"` // ids
	Filter  *store.RecordFilter `json:"filter,omitempty"`  // when Records is empty
}

// Job is a bulk job as it is stored. It goes on after a restart from where it stood.
type Job struct {
	JobSpec
	ID      string    `json:"id"`
	State   JobState  `json:"state"`
	Error   string    `json:"error,omitempty"`
	Found   int       `json:"found"`   // records
	Ordered int       `json:"ordered"` // of them, those whose intents were made, from the first one on
	Refused []string  `json:"refused,omitempty"`
	CallOff string    `json:"call_off,omitempty"` // why, while the intents of a cancelled job are still being called off
	Created time.Time `json:"created"`
	Changed time.Time `json:"changed"`
	Final   *Counters `json:"final,omitempty"` // as they were when it ended; nil while some were still pending
}

// ended reports whether nothing is left to do for a job.
func (j Job) ended() bool { return j.State.Final() && j.CallOff == "" }

// Counters say how far a job is. They are counted from the intents each time, so that they always add up:
// Records = Waiting + Ordered + Refused, and Mailboxes is the sum over Outcomes.
type Counters struct {
	Records   int                   `json:"records"`
	Waiting   int                   `json:"waiting"`
	Ordered   int                   `json:"ordered"`
	Refused   int                   `json:"refused"`
	Mailboxes int                   `json:"mailboxes"` // of the ordered records
	Outcomes  map[store.Outcome]int `json:"outcomes"`
	Absent    int                   `json:"absent"` // of those that are pending, those whose message is not in the mailbox yet
}

const (
	jobPrefix = "retract/job/"  // -> Job
	idsPrefix = "retract/list/" // -> the ids that were found
	jobPage   = 200             // records in one step
)

// StartJob makes a bulk job. It is carried out by Run.
func (e *Engine) StartJob(ctx context.Context, spec JobSpec) (Job, error) {
	if err := spec.check(); err != nil {
		return Job{}, err
	}
	now := e.now()
	j := Job{JobSpec: spec, ID: "j" + strings.ToLower(rand.Text()[:12]), State: JobPending, Created: now, Changed: now}
	act := store.Act{At: now, Who: spec.Who, What: "start bulk " + spec.verb(), Tenant: spec.Tenant, Object: j.ID, Comment: spec.Comment}
	if err := e.o.Store.Update(ctx, store.Change{Act: &act}); err != nil {
		return Job{}, fmt.Errorf("start job: %w", err)
	}
	if err := e.saveJob(ctx, &j); err != nil {
		return Job{}, err
	}
	e.wakeJobs()
	return j, nil
}

// wakeJobs has Run look at the jobs.
func (e *Engine) wakeJobs() {
	select {
	case e.jobWake <- struct{}{}:
	default:
	}
}

func (s JobSpec) check() error {
	if _, ok := Target(s.Action); !ok && !s.Restore {
		return fmt.Errorf("%w: %q is no action that takes a message away: use junk, trash, soft_delete or hard_delete", ErrInvalid, s.Action)
	}
	if len(s.Records) == 0 && s.Filter == nil {
		return fmt.Errorf("%w: a bulk job needs records or a filter", ErrInvalid)
	}
	return nil
}

// of reports whether a record is one that the job may work on.
func (s JobSpec) of(rec store.Record) bool { return s.Tenant == "" || s.Tenant == rec.Tenant }

// search is the job's filter, bounded to its tenant, for the page after a record.
func (s JobSpec) search(after string) store.RecordFilter {
	f := *s.Filter
	f.Limit, f.After = jobPage, after
	if s.Tenant != "" {
		f.Tenant = s.Tenant
	}
	return f
}

func (s JobSpec) verb() string {
	if s.Restore {
		return "restore"
	}
	return "retract " + string(s.Action)
}

func (s JobSpec) kind() store.Kind {
	if s.Restore {
		return store.Restore
	}
	return store.Retract
}

// Job reads a job and counts how far it is.
func (e *Engine) Job(ctx context.Context, id string) (Job, Counters, error) {
	j, err := e.loadJob(ctx, id)
	if err != nil {
		return Job{}, Counters{}, err
	}
	c, err := e.count(ctx, j)
	return j, c, err
}

// Jobs lists all jobs, the newest first.
func (e *Engine) Jobs(ctx context.Context) ([]Job, error) {
	keys, err := e.o.Store.MetaKeys(ctx, jobPrefix)
	if err != nil {
		return nil, fmt.Errorf("list jobs: %w", err)
	}
	var list []Job
	for _, k := range keys {
		j, err := e.loadJob(ctx, strings.TrimPrefix(k, jobPrefix))
		if err != nil {
			return nil, err
		}
		list = append(list, j)
	}
	slices.SortFunc(list, func(a, b Job) int { return b.Created.Compare(a.Created) })
	return list, nil
}

// CancelJob ends a job: its intents that wait are called off, those that are done stay done.
func (e *Engine) CancelJob(ctx context.Context, who, id, comment string) error {
	e.jobs.Lock()
	defer e.jobs.Unlock()
	j, err := e.loadJob(ctx, id)
	if err != nil {
		return err
	}
	if j.State.Final() {
		return fmt.Errorf("%w: job %s is %s", ErrEnded, id, j.State)
	}
	act := store.Act{At: e.now(), Who: who, What: "cancel bulk " + j.verb(), Tenant: j.Tenant, Object: id, Comment: comment}
	if err := e.o.Store.Update(ctx, store.Change{Act: &act}); err != nil {
		return fmt.Errorf("cancel job %s: %w", id, err)
	}
	j.State, j.CallOff = JobCancelled, "bulk job cancelled by "+who
	if err := e.saveJob(ctx, &j); err != nil {
		return err
	}
	defer e.wakeJobs() // where something is left to do
	return e.callOffJob(ctx, &j)
}

// callOffJob calls off what waits. After a crash in the middle, or in the middle of a page of orders, the next start
// does it again.
func (e *Engine) callOffJob(ctx context.Context, j *Job) error {
	err := e.eachIntent(ctx, *j, j.Ordered+jobPage, func(in store.Intent) error {
		for in.Job == j.ID && (!in.Outcome.Final() || comesBack(in)) && in.Cancelled != j.CallOff {
			next := callOff(in, j.CallOff)
			if in.Outcome.Final() {
				next = lookNoMore(in, j.CallOff)
			}
			err := e.o.Store.Update(ctx, store.Change{Intents: []store.Intent{next}})
			if !errors.Is(err, store.ErrConflict) {
				return err
			}
			if in, err = e.o.Store.Intent(ctx, in.ID); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("call off job %s: %w", j.ID, err)
	}
	j.CallOff = ""
	return e.saveJob(ctx, j)
}

// eachIntent calls fn for the intents of the first records of a job.
func (e *Engine) eachIntent(ctx context.Context, j Job, records int, fn func(store.Intent) error) error {
	ids, err := e.jobRecords(ctx, j)
	if err != nil {
		return err
	}
	for _, id := range ids[:min(records, len(ids))] {
		list, err := e.o.Store.Intents(ctx, id)
		if err != nil {
			return fmt.Errorf("read intents of record %s: %w", id, err)
		}
		for _, in := range list {
			if in.Kind != j.kind() {
				continue
			}
			if err := fn(in); err != nil {
				return err
			}
		}
	}
	return nil
}

func (e *Engine) count(ctx context.Context, j Job) (Counters, error) {
	t, err := e.progress(ctx, j)
	return t.Counters, err
}

// progress is how far a job is, and what keeps it open.
type progress struct {
	Counters
	open int       // intents that are pending, or come back
	due  time.Time // when the first of these is
}

func (e *Engine) progress(ctx context.Context, j Job) (t progress, err error) {
	t.Counters = Counters{Records: j.Found, Refused: len(j.Refused), Outcomes: map[store.Outcome]int{}}
	t.Ordered = j.Ordered - len(j.Refused)
	t.Waiting = j.Found - j.Ordered
	err = e.eachIntent(ctx, j, j.Ordered, func(in store.Intent) error {
		t.Mailboxes++
		t.Outcomes[in.Outcome]++
		if in.Outcome == store.Pending && in.Misses > 0 {
			t.Absent++
		}
		if in.Outcome == store.Pending || in.Job == j.ID && comesBack(in) {
			if t.open++; t.open == 1 || in.NotBefore.Before(t.due) {
				t.due = in.NotBefore
			}
		}
		return nil
	})
	return t, err
}

// comesBack reports whether an intent that has ended, or is held, will be looked at again by itself.
func comesBack(in store.Intent) bool {
	return (in.Outcome == store.Done || mayAppear(in)) && !in.NotBefore.IsZero()
}

func (e *Engine) loadJob(ctx context.Context, id string) (j Job, err error) {
	raw, err := e.o.Store.Meta(ctx, jobPrefix+id)
	if errors.Is(err, store.ErrNotFound) {
		return Job{}, fmt.Errorf("job %s: %w", id, store.ErrNotFound)
	}
	if err != nil {
		return Job{}, fmt.Errorf("read job %s: %w", id, err)
	}
	if err := json.Unmarshal(raw, &j); err != nil {
		return Job{}, fmt.Errorf("read job %s: %w", id, err)
	}
	return j, nil
}

func (e *Engine) saveJob(ctx context.Context, j *Job) error {
	j.Changed = e.now()
	if j.ended() { // a list of jobs need not go through all their intents
		c, err := e.count(ctx, *j)
		if err != nil {
			return fmt.Errorf("count job %s: %w", j.ID, err)
		}
		if c.Outcomes[store.Pending] == 0 { // else a call is under way that was too late to call off
			j.Final = &c
		}
	}
	raw, err := json.Marshal(j)
	if err == nil {
		err = e.o.Store.PutMeta(ctx, jobPrefix+j.ID, raw)
	}
	if err != nil {
		return fmt.Errorf("write job %s: %w", j.ID, err)
	}
	return nil
}

// jobRecords are the ids that a job works on, in its order.
func (e *Engine) jobRecords(ctx context.Context, j Job) (ids []string, err error) {
	if len(j.Records) > 0 {
		return j.Records, nil
	}
	raw, err := e.o.Store.Meta(ctx, idsPrefix+j.ID)
	if errors.Is(err, store.ErrNotFound) {
		return nil, nil
	}
	if err == nil {
		err = json.Unmarshal(raw, &ids)
	}
	if err != nil {
		return nil, fmt.Errorf("read records of job %s: %w", j.ID, err)
	}
	return ids, nil
}
