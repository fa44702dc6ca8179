package job

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"time"

	"clawback/config"
	"clawback/retract"
	"clawback/retract/policy"
	"clawback/store"
)

// Store is what bulk jobs need of the durable store; *store.Store is it.
type Store interface {
	PutJob(ctx context.Context, c store.JobChange) (store.Job, error)
	Job(ctx context.Context, id string) (store.Job, error)
	Jobs(ctx context.Context) ([]store.Job, error)
	JobRecords(ctx context.Context, id string, from, limit int) ([]string, error)
	JobTally(ctx context.Context, id string) (store.JobTally, error)
	DropJob(ctx context.Context, id string) error
	Scan(ctx context.Context, f store.RecordFilter, cursor string) (store.RecordPage, error)
	Record(ctx context.Context, id string) (store.Record, error)
	Intents(ctx context.Context, record string) ([]store.Intent, error)
}

// Engine is what carries a job's orders out; *retract.Engine is it.
type Engine interface {
	// Order makes or changes the intents of one record, and gives all that it has. Asking twice changes nothing.
	Order(ctx context.Context, o policy.Order) ([]store.Intent, error)
	// Preview says what Order would do, and writes nothing; false where the record's tenant is not configured.
	Preview(o policy.Order, rec store.Record, have []store.Intent) (retract.Forecast, bool)
	// CallOff ends an intent that waits, or has it end when it has been verified.
	CallOff(ctx context.Context, in store.Intent, why string) error
	// Suspend names the jobs of which nothing may be begun. Before it is called the first time, that is all of them.
	Suspend(jobs map[string]bool)
}

// Spec is what a bulk job is asked to do: retract to Action, or with Restore put back, the records that are listed or
// that the filter finds.
type Spec struct {
	Who     string              `json:"who"`
	Tenant  string              `json:"tenant,omitempty"` // GUID: no other tenant's records; "" for every tenant
	Comment string              `json:"comment"`
	Action  config.Action       `json:"action,omitempty"`
	Restore bool                `json:"restore,omitempty"`
	Records []string            `json:"records,omitempty"` // ids
	Filter  *store.RecordFilter `json:"filter,omitempty"`  // when Records is empty
	// Found is what FindRecords has found by Filter: these records and no others, without another search. Without it
	// the job searches by itself.
	Found []string `json:"-"`
}

// Counters say how far a job is: Records = Waiting + Ordered + Refused, and Mailboxes is the sum over Outcomes.
type Counters struct {
	Records   int                   `json:"records"`
	Waiting   int                   `json:"waiting"`
	Ordered   int                   `json:"ordered"`
	Refused   int                   `json:"refused"`
	Mailboxes int                   `json:"mailboxes"` // whose intents are this job's
	Outcomes  map[store.Outcome]int `json:"outcomes"`
	// Of those that are pending, those whose message is not in the mailbox yet.
	Absent int `json:"absent"`
	// Mailboxes whose intents stood as asked for already, by another's order.
	Unchanged int `json:"unchanged"`
}

// Status is a job and how far it is.
type Status struct {
	store.Job
	Counters Counters `json:"counters"`
}

// Options are what a Runner is made of.
type Options struct {
	Store  Store
	Engine Engine
	Log    *slog.Logger     // nil: discard
	Now    func() time.Time // nil: time.Now
}

// Runner keeps and carries out bulk jobs.
type Runner struct {
	o    Options
	wake chan struct{}

	mu        sync.Mutex
	loaded    bool            // suspended is complete
	suspended map[string]bool // jobs that are paused, or being called off
	receiving map[string]bool // jobs whose list is being written now
	ended     map[string]time.Time
}

// New makes a runner; Run starts it.
func New(o Options) *Runner {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Runner{o: o, wake: make(chan struct{}, 1), suspended: map[string]bool{}, receiving: map[string]bool{},
		ended: map[string]time.Time{}}
}

func (r *Runner) now() time.Time { return r.o.Now().UTC().Round(0) }

// listPage is how many ids are written in one transaction.
const listPage = 1000

// StartJob makes a bulk job. It is carried out by Run.
func (r *Runner) StartJob(ctx context.Context, s Spec) (store.Job, error) {
	if err := s.check(); err != nil {
		return store.Job{}, err
	}
	j := store.Job{ID: "j" + strings.ToLower(rand.Text()[:12]), Who: s.Who, Tenant: s.Tenant, Comment: s.Comment,
		Action: string(s.Action), Restore: s.Restore, State: store.JobPending, Created: r.now()}
	if len(s.Records) > 0 {
		return r.receive(ctx, j, slices.Compact(slices.Sorted(slices.Values(s.Records))))
	}
	f := *s.Filter
	j.Filter = &f
	if s.Found != nil {
		return r.receive(ctx, j, s.Found)
	}
	return r.begin(ctx, store.JobChange{Job: j})
}

// receive writes a list a page at a time. Until the last page is durable the job is not worked on. A job that has its
// records does not search any more.
func (r *Runner) receive(ctx context.Context, j store.Job, ids []string) (store.Job, error) {
	r.setReceiving(j.ID, true)
	defer r.setReceiving(j.ID, false)
	for len(ids) > listPage {
		var err error
		j.State = store.JobReceiving
		j.Found += listPage
		if j, err = r.o.Store.PutJob(ctx, store.JobChange{Job: j, Records: ids[:listPage]}); err != nil {
			return store.Job{}, err
		}
		ids = ids[listPage:]
	}
	if j.State = store.JobPending; j.Filter != nil {
		j.State = store.JobProcessing
	}
	j.Found += len(ids)
	return r.begin(ctx, store.JobChange{Job: j, Records: ids})
}

// setReceiving notes whether a job's list is being received by this process.
func (r *Runner) setReceiving(id string, on bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if on {
		r.receiving[id] = true
	} else {
		delete(r.receiving, id)
	}
}

// begin makes a job durable together with its entry of the audit.
func (r *Runner) begin(ctx context.Context, c store.JobChange) (store.Job, error) {
	c.Act = act(c.Job, "start bulk", c.Job.Who, c.Job.Comment)
	j, err := r.o.Store.PutJob(ctx, c)
	if err != nil {
		return store.Job{}, fmt.Errorf("start job: %w", err)
	}
	r.Wake()
	return j, nil
}

// act is the audit's entry for what a person does to a job.
func act(j store.Job, what, who, comment string) *store.Act {
	return &store.Act{Who: who, What: what + " " + verb(j), Tenant: j.Tenant, Object: j.ID, Comment: comment}
}

// Wake has Run look at the jobs. It never blocks.
func (r *Runner) Wake() {
	select {
	case r.wake <- struct{}{}:
	default:
	}
}

// check refuses a job that makes no sense, before anything of it is durable.
func (s Spec) check() error {
	if _, ok := policy.Target(s.Action); !ok && !s.Restore {
		return fmt.Errorf("%w: %q is no action that takes a message away: use junk, trash, soft_delete or hard_delete",
			retract.ErrInvalid, s.Action)
	}
	if len(s.Records) == 0 && s.Filter == nil {
		return fmt.Errorf("%w: a bulk job needs records or a filter", retract.ErrInvalid)
	}
	return nil
}

func verb(j store.Job) string {
	if j.Restore {
		return "restore"
	}
	return "retract " + j.Action
}

func kindOf(restore bool) store.Kind {
	if restore {
		return store.Restore
	}
	return store.Retract
}

// Job reads a job and how far it is: two rows, whatever its size.
func (r *Runner) Job(ctx context.Context, id string) (Status, error) {
	j, err := r.o.Store.Job(ctx, id)
	if err != nil {
		return Status{}, err
	}
	return r.status(ctx, j)
}

// Jobs lists all jobs, the newest first.
func (r *Runner) Jobs(ctx context.Context) ([]Status, error) {
	rows, err := r.o.Store.Jobs(ctx)
	if err != nil {
		return nil, fmt.Errorf("list jobs: %w", err)
	}
	list := make([]Status, 0, len(rows))
	for _, j := range rows {
		s, err := r.status(ctx, j)
		if err != nil {
			return nil, err
		}
		list = append(list, s)
	}
	return list, nil
}

// status is a job's row as it is shown, with how far its intents are.
func (r *Runner) status(ctx context.Context, j store.Job) (Status, error) {
	if j.Final != nil {
		return Status{j, Count(j, *j.Final)}, nil
	}
	n, err := r.o.Store.JobTally(ctx, j.ID)
	if err != nil {
		return Status{}, fmt.Errorf("read tally of job %s: %w", j.ID, err)
	}
	return Status{j, Count(j, n)}, nil
}

// Count makes a job's counters of its row and its tally.
func Count(j store.Job, n store.JobTally) Counters {
	c := Counters{Records: j.Found, Waiting: j.Found - j.Ordered, Ordered: j.Ordered - j.Refused, Refused: j.Refused,
		Outcomes: map[store.Outcome]int{}, Absent: n.Absent, Unchanged: j.Standing}
	for outcome, mailboxes := range n.Outcomes {
		c.Outcomes[outcome] = mailboxes
		c.Mailboxes += mailboxes
	}
	return c
}

// CancelJob ends a job: its intents that wait are called off, those that are done stay done. From here on nothing of it
// is begun; Run calls off what waits, after a restart too.
func (r *Runner) CancelJob(ctx context.Context, who, id, comment string) error {
	return r.change(ctx, id, func(j *store.Job) *store.Act {
		j.State, j.Paused, j.CallOff = store.JobCancelled, "", "bulk job cancelled by "+who
		return act(*j, "cancel bulk", who, comment)
	})
}

// PauseJob has nothing more of a job begun until it is resumed, after a restart too.
func (r *Runner) PauseJob(ctx context.Context, who, id, comment string) error {
	return r.change(ctx, id, func(j *store.Job) *store.Act {
		j.Paused = who
		return act(*j, "pause bulk", who, comment)
	})
}

// ResumeJob has a paused job go on from where it stood.
func (r *Runner) ResumeJob(ctx context.Context, who, id, comment string) error {
	return r.change(ctx, id, func(j *store.Job) *store.Act {
		j.Paused = ""
		return act(*j, "resume bulk", who, comment)
	})
}

// conflicts bounds how often a person's word is tried again when Run writes the same row.
const conflicts = 20

// change writes a person's word about a job that has not ended, with its entry of the audit.
func (r *Runner) change(ctx context.Context, id string, word func(*store.Job) *store.Act) error {
	for try := 0; ; try++ {
		j, err := r.o.Store.Job(ctx, id)
		if err != nil {
			return err
		}
		if j.State.Final() {
			return fmt.Errorf("%w: job %s is %s", retract.ErrEnded, id, j.State)
		}
		a := word(&j)
		j, err = r.o.Store.PutJob(ctx, store.JobChange{Job: j, Act: a})
		if errors.Is(err, store.ErrConflict) && try < conflicts {
			continue
		}
		if err != nil {
			return err
		}
		r.suspend(j)
		r.Wake()
		return nil
	}
}

// suspend tells the engine whether anything of a job may be begun.
func (r *Runner) suspend(j store.Job) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if halted(j) {
		r.suspended[j.ID] = true
	} else {
		delete(r.suspended, j.ID)
	}
	if r.loaded {
		r.suspendInEngine()
	}
}

// halted reports whether nothing of a job may be begun.
func halted(j store.Job) bool { return j.Paused != "" || j.CallOff != "" }

// suspendInEngine hands the engine a set of its own. The caller holds mu.
func (r *Runner) suspendInEngine() {
	jobs := make(map[string]bool, len(r.suspended))
	for id := range r.suspended {
		jobs[id] = true
	}
	r.o.Engine.Suspend(jobs)
}
