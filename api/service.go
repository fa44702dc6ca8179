package api

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/google/uuid"

	"clawback/config"
	"clawback/intel"
	"clawback/intel/submission"
	"clawback/queue"
	"clawback/retract"
	"clawback/retract/job"
	"clawback/score/learn"
	"clawback/score/rules"
	"clawback/spool"
	"clawback/store"
	"clawback/verdict"
)

// Queue is what the operations show and change of the queue.
type Queue interface {
	Get(ctx context.Context, id string) (queue.Item, error)
	List(ctx context.Context, f queue.Filter) ([]queue.Item, error)
	Retry(ctx context.Context, id string) error
	Trust(ctx context.Context, id, who string) error
	Discard(ctx context.Context, id string, note []byte) error
	Groups(ctx context.Context, s queue.Selection) ([]queue.Group, error)
	Preview(ctx context.Context, s queue.Selection) (queue.Preview, error)
	DiscardSelected(ctx context.Context, d queue.Preview, note queue.Note) (queue.Discarded, error)
	Discarded(ctx context.Context) (map[string][]byte, error)
	Noted(ctx context.Context, id string) error
	Bounce(ctx context.Context, id string) (queue.Bounce, error)
	Bounces(ctx context.Context, f queue.BounceFilter) ([]queue.Bounce, error)
	RetryBounce(ctx context.Context, id string) error
}

// Store is what the operations show of the store.
type Store interface {
	Lookup(ctx context.Context, tenant, key string) ([]store.Record, error)
	Records(ctx context.Context, f store.RecordFilter) ([]store.Record, error)
	Intent(ctx context.Context, id string) (store.Intent, error)
	Intents(ctx context.Context, record string) ([]store.Intent, error)
	IntentsBy(ctx context.Context, f store.IntentFilter) ([]store.Intent, error)
	Attempts(ctx context.Context, intent string) ([]store.Attempt, error)
	Counts(ctx context.Context, tenant string) (store.Counts, error)
	CountReceived(ctx context.Context, tenant string, since, until time.Time) (
		map[string]map[verdict.Disposition]int, error)
	Audit(ctx context.Context, f store.AuditFilter) ([]store.Act, error)
	Note(ctx context.Context, act store.Act) error
	Update(ctx context.Context, c store.Change) error
	Orders(ctx context.Context) ([]store.Order, error)
}

// Engine is what a person can have done to messages.
type Engine interface {
	Retract(ctx context.Context, who, record string, action config.Action, comment string) ([]store.Intent, error)
	Restore(ctx context.Context, who, record, comment string) ([]store.Intent, error)
	Clean(ctx context.Context, who, record, comment string) ([]store.Intent, error)
	Approve(ctx context.Context, who string, intents []string, comment string) error
	Reject(ctx context.Context, who string, intents []string, comment string) error
	SettleCampaign(ctx context.Context, a retract.CampaignDecision) ([]string, error)
	HeldCampaigns(ctx context.Context, tenant string) ([]retract.HeldCampaign, error)
}

// Jobs keeps and carries out bulk jobs.
type Jobs interface {
	PreviewJob(ctx context.Context, s job.Spec) (job.Preview, error)
	FindRecords(ctx context.Context, s job.Spec) (job.Found, error)
	StartJob(ctx context.Context, s job.Spec) (store.Job, error)
	Jobs(ctx context.Context) ([]job.Status, error)
	Job(ctx context.Context, id string) (job.Status, error)
	CancelJob(ctx context.Context, who, id, comment string) error
	PauseJob(ctx context.Context, who, id, comment string) error
	ResumeJob(ctx context.Context, who, id, comment string) error
}

// Judge is how mail is judged: policies, rules of one's own, corrections. *intel.Judge is one.
type Judge interface {
	Policies(tenant string) ([]intel.Policy, error)
	AddPolicies(ctx context.Context, who, tenant string, list []intel.Policy) ([]intel.Policy, error)
	RemovePolicy(ctx context.Context, who, tenant, id, comment string) (intel.Policy, error)
	Rules() []rules.Rule
	Backtest(ctx context.Context, o intel.BacktestOrder) (intel.Backtest, error)
	Lessons(ctx context.Context, tenant string) ([]intel.Lesson, error)
	Lesson(ctx context.Context, tenant, record string) (intel.Lesson, bool, error)
	View(ctx context.Context, rec store.Record, variant int) (intel.View, error)
	Original(rec store.Record, variant int) (io.ReadCloser, error)
	Correct(ctx context.Context, who, record string, is verdict.Disposition, comment string) (intel.Lesson, error)
	Model(tenant string) (*learn.Model, error)
	Forget(ctx context.Context, who, tenant, comment string) (int, error)
	Withdraw(ctx context.Context, act store.Act, with store.Edit[store.Submission]) (intel.Lesson, error)
}

// Submissions is what users report. *submission.Desk is one.
type Submissions interface {
	List(ctx context.Context, tenant string) ([]submission.Submission, error)
	Get(ctx context.Context, id string) (submission.Submission, error)
	Accept(ctx context.Context, id string, by submission.Decision) (submission.Submission, intel.Lesson, error)
	Dismiss(ctx context.Context, id string, by submission.Decision) (submission.Submission, error)
	File(ctx context.Context, t *config.Tenant, octets io.ReaderAt, size int64,
		by submission.Decision) (intel.Lesson, string, error)
}

// Addresses are those that mail is accepted for.
type Addresses interface {
	Addresses() []Address
	Retire(ctx context.Context, address string, act store.Act) error // with its entry in the audit, or not at all
}

// Options wire a Service.
type Options struct {
	Queue       Queue
	Store       Store
	Engine      Engine
	Jobs        Jobs
	Judge       Judge
	Submissions Submissions
	Addresses   Addresses
	Upkeep      Upkeep
	Index       Index // nil: searches walk the store
	Indicators  Indicators
	Feeds       Feeds
	Alerts      Alerts
	Rescans     Rescans
	Tokens      Tokens
	SignInLinks SignInLinks // nil: there is no console
	Status      func(context.Context) (Status, error)
	Tenant      func(name string) (*config.Tenant, error) // by name or GUID; "" where there is only one
	Report      func(spool.Ref) (io.ReadCloser, error)    // the bytes of a report
	Elsewhere   func(tenant string) []string              // where else the tenant's mail is recorded; nil: nowhere
	Wake        func()                                    // something is due now that was not before
	Log         *slog.Logger
}

// Service carries out the operations. Safe for concurrent use.
type Service struct {
	o Options

	subjects busySubjects // of the acts that are under way

	discards sync.Mutex // held while what was discarded is noted in the audit
}

// New makes a Service.
func New(o Options) *Service {
	if o.Elsewhere == nil {
		o.Elsewhere = func(string) []string { return nil }
	}
	return &Service{o: o}
}

// Recover does what a crash has left undone: what was discarded stands in the audit, and what stands there is carried
// out.
func (s *Service) Recover(ctx context.Context) error {
	return errors.Join(s.noteDiscarded(ctx, ""), s.recoverOrders(ctx))
}

// note writes an act into the audit that changes nothing, or whose change is made good after a crash.
func (s *Service) note(ctx context.Context, act store.Act) error {
	act.At = time.Now().UTC()
	return s.o.Store.Note(ctx, act)
}

// tenant finds the tenant that a request names, among those where the operation is open to the principal. Without a
// name it is the only one of these.
func (s *Service) tenant(a access, name string) (*config.Tenant, error) {
	if own := a.allowedTenants(); name == "" && !a.everywhere() {
		if len(own) != 1 {
			return nil, problem(InvalidRequest, "name one of your %d tenants", len(own))
		}
		name = own[0]
	}
	t, err := s.o.Tenant(name)
	if a.everywhere() {
		return t, err
	}
	if err != nil {
		return nil, missing("tenant", name)
	}
	return t, a.check(t.ID, "tenant", name)
}

// scope is the one tenant that a list is bounded to; "" is all of them, for who may see all.
func (s *Service) scope(a access, name string) (string, error) {
	if name == "" && a.everywhere() {
		return "", nil
	}
	t, err := s.tenant(a, name)
	if err == nil {
		return t.ID, nil
	}
	if id, bad := uuid.Parse(name); bad == nil && a.everywhere() { // of a tenant that is not configured any more
		return id.String(), nil
	}
	return "", err
}
