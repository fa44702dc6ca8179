package console

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"strings"
	"sync/atomic"
	"time"

	"clawback/api"
	"clawback/config"
	"clawback/intel"
	"clawback/intel/feed"
	"clawback/intel/indicator"
	"clawback/intel/submission"
	"clawback/journal"
	"clawback/queue"
	"clawback/retract"
	"clawback/retract/job"
	"clawback/score/rules"
	"clawback/store"
	"clawback/store/index"
	"clawback/verdict"
)

const (
	tenantA = "aaaaaaaa-0000-4000-8000-000000000001"
	tenantB = "bbbbbbbb-0000-4000-8000-000000000002"
)

var morning = time.Date(2026, 11, 30, 8, 0, 0, 0, time.UTC)

// world is a gateway in which every foreign text is what text says.
type world struct {
	text func(n int) string
	n    int // of records
	more atomic.Int64
}

// service makes a Service over the world.
func (w *world) service() *api.Service {
	return api.New(api.Options{Queue: worldQueue{w: w}, Store: worldStore{w: w}, Engine: worldEngine{}, Jobs: worldJobs{w: w},
		Judge: worldJudge{w: w}, Submissions: worldDesk{w: w}, Addresses: worldAddresses{}, Index: worldIndex{},
		Indicators: worldIndicators{w: w}, Feeds: worldFeeds{w: w}, Log: slog.New(slog.DiscardHandler), Wake: func() {},
		Tenant: findTenant, Status: w.status})
}

func findTenant(name string) (*config.Tenant, error) {
	switch name {
	case "", "contoso", tenantA:
		return &config.Tenant{ID: tenantA, Name: "contoso"}, nil
	case "fabrikam", tenantB:
		return &config.Tenant{ID: tenantB, Name: "fabrikam"}, nil
	}
	return nil, fmt.Errorf("%w: %q", config.ErrNoSuchTenant, name)
}

func (w *world) status(context.Context) (api.Status, error) {
	counts := api.Counts{Processed: 1234, Records: 1200, Held: 3,
		Dispositions: map[verdict.Disposition]int{verdict.Clean: 1000, verdict.Malicious: 80, verdict.Spam: 90, verdict.Bulk: 30},
		Outcomes:     map[store.Outcome]int{store.Done: 70, store.Held: 3, store.Failed: 2, store.Pending: 5}}
	first := counts
	first.Records += int(w.more.Load())
	return api.Status{Version: "devel", Hostname: "gw.example", Region: "eu", Started: morning,
		Disk: api.Disk{Free: 1 << 34, Total: 1 << 35, MinFree: 1 << 30},
		Certificate: &api.Certificate{Names: []string{"gw.example"}, NotAfter: morning.AddDate(0, 2, 0),
			Problem: w.text(1)},
		Queue: api.QueueStatusOf(queue.Stats{Items: map[queue.State]queue.Count{queue.Ready: {Count: 4, Bytes: 4096, Oldest: morning},
			queue.Quarantined: {Count: 2}}, Bounces: map[queue.BounceState]queue.Count{queue.BounceWaiting: {Count: 1}},
			Tenants: map[string]map[queue.State]queue.Count{tenantA: {queue.Ready: {Count: 3}}}}),
		Notices: []api.Notice{
			{ID: "n1", Kind: "retract.brake", TenantID: tenantA, Tenant: "contoso", Subject: w.text(2), Text: w.text(3), Do: w.text(4),
				Severity: api.Critical, Since: morning},
			{ID: "n2", Kind: "disk.low", Text: "little space is left", Do: "make room", Severity: api.Warning, Since: morning}},
		Tenants: []api.Tenant{{ID: tenantA, Name: "contoso", Mode: "live", Counts: first, Paused: w.text(5), Stuck: 1,
			StuckWhy: w.text(6), CredentialEnds: morning, ThrottledUntil: morning, Submissions: map[string]int{"open": 2}},
			{ID: tenantB, Name: "fabrikam", Mode: "dry-run", Counts: counts}},
	}, nil
}

// id is the id of the nth record.
func id(n int) string { return fmt.Sprintf("%032x", n+1) }

func (w *world) record(n int) store.Record {
	t := func(k int) string { return w.text(n + k) }
	return store.Record{ID: id(n), Tenant: tenantA, MessageID: t(0), NetworkMessageID: "net", Sender: t(1), From: t(2),
		FromName: t(3), Subject: t(4), Date: morning, Received: morning.Add(-time.Duration(n) * time.Minute), Direction: "inbound",
		Recipients: []journal.Recipient{{Address: t(5)}, {Address: t(6)}, {Address: t(7)}, {Address: "left@contoso.example"}},
		Related:    []string{id(1)}, Forwards: []store.Forward{{Record: id(2)}}, Region: "eu", FirstHand: true, Pinned: "restored",
		Rejudged: &store.Rejudged{At: morning},
		Verdict: verdict.Verdict{Disposition: verdict.All()[n%len(verdict.All())], Score: 88, Degraded: []string{t(8)},
			Indicators: []verdict.Indicator{{Kind: "url", Value: t(9)}, {Kind: "url", Value: "https://evil.example/a"}},
			Reasons: []verdict.Reason{{ID: "policy.block", Family: "policy", Weight: 90, Text: t(10), Where: t(11)},
				{ID: "link.mismatch", Family: "link", Weight: 31.5, Text: t(12), Where: t(13)},
				{ID: "auth.dkim", Family: "auth", Weight: -4, Text: t(14)}, {ID: "note", Family: "words", Text: t(15)}}}}
}

type worldStore struct {
	api.Store
	w *world
}

func (s worldStore) Lookup(_ context.Context, tenant, key string) (found []store.Record, err error) {
	for n := range s.w.n {
		if key == id(n) && tenant != tenantB {
			found = append(found, s.w.record(n))
		}
	}
	return found, nil
}

func (s worldStore) Records(_ context.Context, f store.RecordFilter) (list []store.Record, err error) {
	for n := range s.w.n {
		if r := s.w.record(n); f.Tenant != tenantB && r.ID > f.After && len(list) < f.Limit {
			list = append(list, r)
		}
	}
	return list, nil
}

func (s worldStore) intent(n, k int, o store.Outcome) store.Intent {
	read := true
	return store.Intent{ID: fmt.Sprintf("%s%04d", id(n), k), Record: id(n), Tenant: tenantA, Address: s.w.text(n + 5 + k),
		Kind: store.Retract, Action: "trash", Cause: s.w.text(n + 20), Reason: s.w.text(n + 21), Outcome: o, FolderName: s.w.text(n + 22),
		By: s.w.text(n + 23), Created: morning, Changed: morning, Received: morning, WasRead: &read, Hold: "brake",
		Taken: []store.Taken{{Message: "m", Folder: "f", FolderName: s.w.text(n + 22), Received: morning, State: store.TakenMoved, At: morning.Add(4 * time.Second)}}}
}

func (s worldStore) Intents(_ context.Context, record string) ([]store.Intent, error) {
	for n := range s.w.n {
		if id(n) == record {
			return []store.Intent{s.intent(n, 0, store.Done), s.intent(n, 1, store.Failed)}, nil
		}
	}
	return nil, nil
}

func (s worldStore) IntentsBy(_ context.Context, f store.IntentFilter) ([]store.Intent, error) {
	return []store.Intent{s.intent(0, 0, store.Held), s.intent(1, 1, store.Held)}, nil
}

func (s worldStore) Intent(_ context.Context, id string) (store.Intent, error) {
	return s.intent(0, 0, store.Held), nil
}

func (s worldStore) Attempts(context.Context, string) ([]store.Attempt, error) {
	return []store.Attempt{{Seq: 1, Operation: "move", Started: morning, Outcome: "done", Detail: s.w.text(30)}}, nil
}

func (s worldStore) Counts(context.Context, string) (store.Counts, error) {
	return store.Counts{Records: 1200}, nil
}

func (s worldStore) Audit(_ context.Context, f store.AuditFilter) ([]store.Act, error) {
	return []store.Act{{Seq: 1, At: morning, Who: s.w.text(31), What: "verdict.changed", Tenant: tenantA, Object: s.w.text(32),
		Comment: s.w.text(33)}}, nil
}
func (s worldStore) Note(context.Context, store.Act) error { return nil }

type worldQueue struct {
	api.Queue
	w *world
}

func (q worldQueue) item() queue.Item {
	return queue.Item{ID: "item-1", State: queue.Quarantined, Reason: q.w.text(34),
		Envelope: queue.Envelope{Tenant: tenantA, MailFrom: q.w.text(35), Remote: "192.0.2.1:25", Received: morning}}
}
func (q worldQueue) List(context.Context, queue.Filter) ([]queue.Item, error) {
	return []queue.Item{q.item()}, nil
}
func (q worldQueue) Get(context.Context, string) (queue.Item, error) { return q.item(), nil }
func (q worldQueue) Retry(context.Context, string) error             { return nil }
func (q worldQueue) RetryBounce(context.Context, string) error       { return nil }
func (q worldQueue) Groups(context.Context, queue.Selection) ([]queue.Group, error) {
	return []queue.Group{{Kind: queue.Kind{Tenant: tenantA, Purpose: "journal", Reason: q.w.text(36)}, Count: 2, Newest: morning, Last: q.item()}}, nil
}
func (q worldQueue) Bounces(context.Context, queue.BounceFilter) ([]queue.Bounce, error) {
	return []queue.Bounce{{ID: "bounce-1", Item: "item-2", Envelope: q.item().Envelope, Reason: q.w.text(37), State: queue.BounceWaiting,
		LastError: q.w.text(38), NotBefore: morning}}, nil
}
func (q worldQueue) Bounce(ctx context.Context, id string) (queue.Bounce, error) {
	all, err := q.Bounces(ctx, queue.BounceFilter{})
	return all[0], err
}

type worldEngine struct{ api.Engine }

func (worldEngine) Retract(context.Context, string, string, config.Action, string) ([]store.Intent, error) {
	return nil, nil
}
func (worldEngine) Restore(context.Context, string, string, string) ([]store.Intent, error) {
	return nil, nil
}
func (worldEngine) Clean(context.Context, string, string, string) ([]store.Intent, error) {
	return nil, nil
}
func (worldEngine) Approve(context.Context, string, []string, string) error { return nil }
func (worldEngine) Reject(context.Context, string, []string, string) error  { return nil }
func (worldEngine) SettleCampaign(_ context.Context, a retract.CampaignDecision) ([]string, error) {
	return []string{a.Campaign}, nil
}
func (worldEngine) HeldCampaigns(context.Context, string) ([]retract.HeldCampaign, error) {
	return []retract.HeldCampaign{{Tenant: tenantA, Name: "sender:\u202e<b>evil</b>.example", Mailboxes: 3, Messages: 2, Records: []string{id(0), id(1)}}}, nil
}

type anyJobs = api.Jobs

type worldJobs struct {
	anyJobs
	w *world
}

func (j worldJobs) sample() job.Sample {
	return job.Sample{Record: id(0), Sender: j.w.text(40), Subject: j.w.text(41), Received: morning, Disposition: "SPAM", Mailboxes: 2}
}
func (j worldJobs) PreviewJob(context.Context, job.Spec) (job.Preview, error) {
	return job.Preview{Records: 120, Mailboxes: 130, Unknown: 1, Unchanged: 2, Outcomes: map[store.Outcome]int{store.Pending: 120},
		Samples: []job.Sample{j.sample()}, Clean: []job.Sample{j.sample()}, Dispositions: map[string]int{"SPAM": 120}}, nil
}
func (j worldJobs) FindRecords(context.Context, job.Spec) (job.Found, error) {
	return job.Found{IDs: make([]string, 2)}, nil
}
func (j worldJobs) StartJob(_ context.Context, s job.Spec) (store.Job, error) {
	return store.Job{ID: "job-1", Tenant: s.Tenant, State: store.JobPending}, nil
}
func (j worldJobs) Jobs(context.Context) ([]job.Status, error) {
	return []job.Status{{Job: store.Job{ID: "job-1", Tenant: tenantA, State: store.JobProcessing, Who: j.w.text(42), Comment: j.w.text(43),
		Action: "trash", Error: j.w.text(44), Created: morning, Refusals: []string{j.w.text(45)}},
		Counters: job.Counters{Records: 10, Ordered: 4, Mailboxes: 6, Outcomes: map[store.Outcome]int{store.Done: 6}}}}, nil
}
func (j worldJobs) Job(ctx context.Context, id string) (job.Status, error) {
	all, err := j.Jobs(ctx)
	if id != "job-1" {
		return job.Status{}, store.ErrNotFound
	}
	return all[0], err
}
func (j worldJobs) PauseJob(context.Context, string, string, string) error { return nil }

type worldJudge struct {
	api.Judge
	w *world
}

func (j worldJudge) Policies(string) ([]intel.Policy, error) {
	return []intel.Policy{{Kind: "block_sender", Pattern: j.w.text(46), Note: j.w.text(47), ID: "policy-1", Tenant: tenantA, By: j.w.text(48)}}, nil
}
func (j worldJudge) Rules() []rules.Rule {
	return []rules.Rule{{ID: j.w.text(49), Mode: "act", When: j.w.text(50), Text: j.w.text(51), File: "own.toml", Line: 3}}
}
func (j worldJudge) Backtest(context.Context, intel.BacktestOrder) (intel.Backtest, error) {
	return intel.Backtest{Since: morning, Messages: 20, Unreadable: 1, Rules: []intel.Effect{{ID: j.w.text(52), Mode: "act", Matched: 2,
		Changed: map[string]int{"CLEAN to SPAM": 2}}}}, nil
}
func (j worldJudge) Lesson(_ context.Context, tenant, record string) (intel.Lesson, bool, error) {
	return intel.Lesson{Record: record, Tenant: tenant, Is: verdict.Clean, By: j.w.text(53), Comment: j.w.text(54), At: morning}, true, nil
}
func (j worldJudge) View(context.Context, store.Record, int) (intel.View, error) {
	return intel.View{From: j.w.text(55), ReplyTo: j.w.text(56), To: j.w.text(57), Cc: j.w.text(58), Date: j.w.text(59),
		Subject: j.w.text(60), Text: j.w.text(61) + "\n" + j.w.text(62), Hidden: 7, NotRead: []string{j.w.text(63)},
		Attachments: []intel.Attachment{{Part: "2", Name: j.w.text(64), Type: j.w.text(65), Size: 3, SHA256: "00"}}}, nil
}
func (j worldJudge) Original(store.Record, int) (io.ReadCloser, error) {
	return io.NopCloser(strings.NewReader("Subject: x\r\n\r\nx")), nil
}
func (j worldJudge) AddPolicies(_ context.Context, _, _ string, list []intel.Policy) ([]intel.Policy, error) {
	return list, nil
}

type worldDesk struct {
	api.Submissions
	w *world
}

func (d worldDesk) List(context.Context, string) ([]submission.Submission, error) {
	return []submission.Submission{{ID: "submission-1", Tenant: tenantA, Claim: submission.Phish, Reporter: d.w.text(66), Unproven: d.w.text(67),
		At: morning, Record: id(0), From: d.w.text(68), Subject: d.w.text(69), State: submission.Open, Comment: d.w.text(70)}}, nil
}

type anyAddresses = api.Addresses

type worldAddresses struct{ anyAddresses }

func (worldAddresses) Addresses() []api.Address {
	return []api.Address{{Address: "j-a@gw.example", TenantID: tenantA, Purpose: "journal", Configured: true}}
}

type worldIndex struct{}

func (worldIndex) Status(context.Context) (index.Status, error) {
	return index.Status{Ready: true, Days: 3}, nil
}
func (worldIndex) Rebuild() {}

type worldIndicators struct {
	api.Indicators
	w *world
}

func (i worldIndicators) List(string) []store.Indicator {
	return []store.Indicator{{ID: "indicator-1", Tenant: tenantA, Kind: "url", Value: i.w.text(71), State: store.IndicatorWaiting, Why: i.w.text(72),
		Note: i.w.text(73), By: i.w.text(74), Added: morning}}
}
func (i worldIndicators) Explain(context.Context, store.Indicator) (indicator.Match, error) {
	return indicator.Match{}, nil
}

type worldFeeds struct {
	api.Feeds
	w *world
}

func (f worldFeeds) Status() []feed.Status {
	return []feed.Status{{Name: "list", Source: f.w.text(75), Format: "text", Fetched: morning, Problem: f.w.text(76)}}
}

// kind are texts of ordinary mail.
var kind = []string{"invoice@micros0ft-accounts.example", "Your mailbox is almost full: confirm your account", "ada@contoso.example",
	"https://login.micros0ft-accounts.example/session/verify?id=8842", "The link shows one address and leads to another",
	"busy@contoso.example", "warehouse@contoso.example", "Payment advice 2026-1182.pdf", "Northwind Traders Billing",
	"moved to Deleted Items, 4 s after its report", "The domain was registered three days ago"}

func kindWorld() *world {
	return &world{n: 60, text: func(n int) string { return kind[n%len(kind)] }}
}
