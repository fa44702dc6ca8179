package api

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"
	"time"

	"clawback/alert"
	"clawback/config"
	"clawback/intel"
	"clawback/intel/feed"
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

// The two tenants of the tests. What belongs to one has its letter in every id.
const (
	tenantA = "aaaaaaaa-0000-4000-8000-00000000000a"
	tenantB = "bbbbbbbb-0000-4000-8000-00000000000b"
)

// world has one of everything for each tenant, and notes what is done to it.
type world struct {
	done []string
	err  error // what every act answers

	preview *job.Preview // of each job; nil: of two records

	imported func([]store.Indicator) // sees what is imported; nil: nobody does
}

func (w *world) note(format string, args ...any) error {
	w.done = append(w.done, fmt.Sprintf(format, args...))
	return w.err
}

// service makes a Service over the world.
func (w *world) service() *Service {
	return New(Options{
		Queue: w, Store: worldStore{w}, Engine: worldEngine{w}, Jobs: worldJobs{w}, Judge: worldJudge{w}, Submissions: worldDesk{w}, Addresses: worldAddresses{w}, Upkeep: worldUpkeep{w}, Indicators: worldIndicators{w}, Feeds: worldFeeds{w}, Alerts: worldAlerts{w}, Rescans: worldRescans{w}, Tokens: worldTokens{w}, SignInLinks: worldLinks{w},
		Log: slog.New(slog.DiscardHandler), Wake: func() {}, Tenant: findTenant,
		Status: func(context.Context) (Status, error) {
			return Status{Hostname: "gw.example", Region: "eu",
				Notices: []Notice{{Kind: "quarantine"}, {Kind: "retractions.held", TenantID: tenantA}, {Kind: "retractions.held", TenantID: tenantB}},
				Tenants: []Tenant{{ID: tenantA, Name: "a"}, {ID: tenantB, Name: "b"}}, Quotas: []Quota{{TenantID: tenantA}, {TenantID: tenantB}, {}},
				Queue: QueueStatusOf(queue.Stats{Items: map[queue.State]queue.Count{queue.Ready: {Count: 7}}, Tenants: map[string]map[queue.State]queue.Count{
					tenantA: {queue.Ready: {Count: 3}}, tenantB: {queue.Ready: {Count: 4}}}})}, w.err
		},
		Report: func(r spool.Ref) (io.ReadCloser, error) {
			return io.NopCloser(strings.NewReader("report " + r.File)), nil
		},
	})
}

func findTenant(name string) (*config.Tenant, error) {
	switch name {
	case "a", tenantA:
		return &config.Tenant{ID: tenantA, Name: "a"}, nil
	case "b", tenantB:
		return &config.Tenant{ID: tenantB, Name: "b"}, nil
	}
	return nil, fmt.Errorf("%w: %q: name one of a, b with --tenant", config.ErrNoSuchTenant, name)
}

// both are the rows of one kind: of a tenant, or of both when it is "".
func both[T any](tenant string, a, b T) []T {
	switch tenant {
	case tenantA:
		return []T{a}
	case tenantB:
		return []T{b}
	case "":
		return []T{a, b}
	}
	return nil
}

func item(tenant, id string) queue.Item {
	return queue.Item{ID: id, State: queue.Quarantined, Cause: queue.CauseNetwork, Envelope: queue.Envelope{Tenant: tenant, Rcpts: []string{"secret@" + id}},
		Body: spool.Ref{File: "body-of-" + id, Size: 5}}
}

func (w *world) Get(_ context.Context, id string) (queue.Item, error) {
	for _, it := range both("", item(tenantA, "item-a"), item(tenantB, "item-b")) {
		if it.ID == id {
			return it, nil
		}
	}
	return queue.Item{}, fmt.Errorf("%w: item %q", queue.ErrNotFound, id)
}
func (w *world) List(_ context.Context, f queue.Filter) ([]queue.Item, error) {
	rows := both(f.Tenant, item(tenantA, "item-a"), item(tenantB, "item-b"))
	return after(rows, f.After, func(it queue.Item) string { return it.ID }), w.err
}
func (w *world) Retry(_ context.Context, id string) error { return w.note("retry %s", id) }
func (w *world) Trust(_ context.Context, id, who string) error {
	return w.note("trust %s by %s", id, who)
}
func (w *world) Discard(_ context.Context, id string, note []byte) error {
	return w.note("discard %s: %s", id, note)
}
func (w *world) Groups(_ context.Context, s queue.Selection) ([]queue.Group, error) {
	return both(s.Tenant, queue.Group{Kind: queue.Kind{Tenant: tenantA}, Last: item(tenantA, "item-a")},
		queue.Group{Kind: queue.Kind{Tenant: tenantB}, Last: item(tenantB, "item-b")}), w.err
}
func (w *world) Preview(_ context.Context, s queue.Selection) (queue.Preview, error) {
	return queue.Preview{Samples: both(s.Tenant, item(tenantA, "item-a"), item(tenantB, "item-b"))}, w.err
}
func (w *world) DiscardSelected(_ context.Context, d queue.Preview, _ queue.Note) (queue.Discarded, error) {
	return queue.Discarded{}, w.note("discard selected of tenant %q", d.Selection.Tenant)
}
func (w *world) Discarded(context.Context) (map[string][]byte, error) { return nil, nil }
func (w *world) Noted(context.Context, string) error                  { return nil }
func (w *world) RetryBounce(_ context.Context, id string) error       { return w.note("retry %s", id) }

func bounceRow(tenant, id string) queue.Bounce {
	return queue.Bounce{ID: id, Item: "item-of-" + id, Envelope: queue.Envelope{Tenant: tenant}, Body: spool.Ref{File: "body-of-" + id}}
}
func (w *world) Bounce(_ context.Context, id string) (queue.Bounce, error) {
	for _, b := range both("", bounceRow(tenantA, "bounce-a"), bounceRow(tenantB, "bounce-b")) {
		if b.ID == id {
			return b, nil
		}
	}
	return queue.Bounce{}, fmt.Errorf("%w: bounce %q", queue.ErrNotFound, id)
}
func (w *world) Bounces(_ context.Context, f queue.BounceFilter) ([]queue.Bounce, error) {
	return both(f.Tenant, bounceRow(tenantA, "bounce-a"), bounceRow(tenantB, "bounce-b")), w.err
}

// after are the rows behind a key.
func after[T any](rows []T, last string, key func(T) string) []T {
	for i, row := range rows {
		if key(row) == last {
			return rows[i+1:]
		}
	}
	return rows
}

type worldStore struct{ *world }

// record is a message of a tenant. Both tenants have one of the same Message-ID.
func record(tenant, letter string) store.Record {
	return store.Record{ID: "record-" + letter, Tenant: tenant, MessageID: "<same@x.example>", NetworkMessageID: "network-" + letter,
		Subject: "secret-" + letter, Variants: []store.Variant{{Body: spool.Ref{File: "body-of-record-" + letter}}}}
}

func (s worldStore) Lookup(_ context.Context, tenant, key string) (found []store.Record, err error) {
	for _, r := range both(tenant, record(tenantA, "a"), record(tenantB, "b")) {
		if len(key) >= 4 && strings.HasPrefix(r.ID, key) || key == r.MessageID || key == r.NetworkMessageID {
			found = append(found, r)
		}
	}
	return found, nil
}
func (s worldStore) Records(_ context.Context, f store.RecordFilter) ([]store.Record, error) {
	rows := both(f.Tenant, record(tenantA, "a"), record(tenantB, "b"))
	return after(rows, f.After, func(r store.Record) string { return r.ID }), s.err
}

func intent(tenant, letter string) store.Intent {
	return store.Intent{ID: "intent-" + letter, Record: "record-" + letter, Tenant: tenant, Address: "secret-" + letter, Kind: store.Retract, Outcome: store.Held, DryRun: true}
}
func (s worldStore) Intent(_ context.Context, id string) (store.Intent, error) {
	for _, in := range both("", intent(tenantA, "a"), intent(tenantB, "b")) {
		if in.ID == id {
			return in, nil
		}
	}
	return store.Intent{}, fmt.Errorf("intent %s: %w", id, store.ErrNotFound)
}
func (s worldStore) Intents(_ context.Context, record string) ([]store.Intent, error) {
	letter := strings.TrimPrefix(record, "record-")
	return []store.Intent{intent(map[string]string{"a": tenantA, "b": tenantB}[letter], letter)}, nil
}
func (s worldStore) IntentsBy(_ context.Context, f store.IntentFilter) ([]store.Intent, error) {
	if f.After != "" && !slices.ContainsFunc(both(f.Tenant, intent(tenantA, "a"), intent(tenantB, "b")),
		func(in store.Intent) bool { return in.ID == f.After }) {
		return nil, fmt.Errorf("intent %s: %w", f.After, store.ErrNotFound)
	}
	rows := both(f.Tenant, intent(tenantA, "a"), intent(tenantB, "b"))
	return after(rows, f.After, func(in store.Intent) string { return in.ID }), s.err
}
func (s worldStore) Counts(_ context.Context, tenant string) (store.Counts, error) {
	return store.Counts{Records: 1000}, nil
}
func (s worldStore) CountReceived(_ context.Context, tenant string, _, _ time.Time) (
	map[string]map[verdict.Disposition]int, error) {
	counts := map[string]map[verdict.Disposition]int{}
	for _, id := range both(tenant, tenantA, tenantB) {
		counts[id] = map[verdict.Disposition]int{verdict.Clean: 5}
	}
	return counts, s.err
}
func (s worldStore) Attempts(context.Context, string) ([]store.Attempt, error) {
	return []store.Attempt{{Seq: 1}}, nil
}
func (s worldStore) Audit(_ context.Context, f store.AuditFilter) ([]store.Act, error) {
	rows := both(f.Tenant, store.Act{Seq: 2, Tenant: tenantA, Object: "secret-a"}, store.Act{Seq: 1, Tenant: tenantB, Object: "secret-b"})
	return slices.DeleteFunc(rows, func(act store.Act) bool { return f.Before > 0 && act.Seq >= f.Before }), s.err
}
func (s worldStore) Note(_ context.Context, act store.Act) error {
	s.done = append(s.done, fmt.Sprintf("note %s %s %s %s", act.Who, act.What, act.Tenant, act.Object))
	return nil
}

func (s worldStore) Update(_ context.Context, c store.Change) error {
	if c.Act != nil {
		s.done = append(s.done, fmt.Sprintf("note %s %s %s %s", c.Act.Who, c.Act.What, c.Act.Tenant, c.Act.Object))
	}
	return nil
}
func (s worldStore) Orders(context.Context) ([]store.Order, error) { return nil, nil }

type worldEngine struct{ *world }

func (e worldEngine) Retract(_ context.Context, who, record string, action config.Action,
	comment string) ([]store.Intent, error) {
	return []store.Intent{{ID: "n1"}}, e.note("retract %s to %s by %s: %s", record, action, who, comment)
}
func (e worldEngine) Restore(_ context.Context, who, record, comment string) ([]store.Intent, error) {
	return nil, e.note("restore %s by %s: %s", record, who, comment)
}
func (e worldEngine) Clean(_ context.Context, who, record, comment string) ([]store.Intent, error) {
	return nil, e.note("clean %s by %s: %s", record, who, comment)
}
func (e worldEngine) Approve(_ context.Context, who string, intents []string, comment string) error {
	return e.note("approve %v by %s: %s", intents, who, comment)
}
func (e worldEngine) Reject(_ context.Context, who string, intents []string, comment string) error {
	return e.note("reject %v by %s: %s", intents, who, comment)
}
func (e worldEngine) SettleCampaign(_ context.Context, a retract.CampaignDecision) ([]string, error) {
	if err := e.note("campaign %+v", a); err != nil {
		return nil, err
	}
	return []string{"n1"}, nil
}
func (e worldEngine) HeldCampaigns(_ context.Context, tenant string) ([]retract.HeldCampaign, error) {
	return both(tenant, retract.HeldCampaign{Tenant: tenantA, Name: "secret-a"}, retract.HeldCampaign{Tenant: tenantB, Name: "secret-b"}), e.err
}

type worldJobs struct{ *world }

func (e worldJobs) PreviewJob(_ context.Context, j job.Spec) (job.Preview, error) {
	if e.preview != nil {
		return *e.preview, e.err
	}
	return job.Preview{Records: 2, Bounded: true}, e.note("preview %v %+v of tenant %q", j.Records, j.Filter, j.Tenant)
}
func (e worldJobs) FindRecords(_ context.Context, j job.Spec) (job.Found, error) {
	n, bounded := 2, true
	if e.preview != nil {
		n, bounded = e.preview.Records, e.preview.Bounded
	}
	f := job.Found{IDs: make([]string, n), Bounded: bounded}
	for i := range f.IDs {
		f.IDs[i] = fmt.Sprint("found-", i)
	}
	return f, e.err
}
func (e worldJobs) StartJob(_ context.Context, j job.Spec) (store.Job, error) {
	return store.Job{ID: "job-new", Tenant: j.Tenant}, e.note("start %v of tenant %q by %s", append(j.Records, j.Found...), j.Tenant, j.Who)
}

func jobRow(tenant, letter string) job.Status {
	return job.Status{Job: store.Job{ID: "job-" + letter, State: store.JobProcessing, Tenant: tenant, Comment: "secret-" + letter}}
}
func (e worldJobs) Jobs(context.Context) ([]job.Status, error) {
	return []job.Status{jobRow(tenantA, "a"), jobRow(tenantB, "b"), jobRow("", "all")}, e.err
}
func (e worldJobs) Job(ctx context.Context, id string) (job.Status, error) {
	rows, _ := e.Jobs(ctx)
	for _, j := range rows {
		if j.ID == id {
			return j, nil
		}
	}
	return job.Status{}, fmt.Errorf("job %s: %w", id, store.ErrNotFound)
}
func (e worldJobs) CancelJob(_ context.Context, who, id, comment string) error {
	return e.note("cancel %s by %s: %s", id, who, comment)
}
func (e worldJobs) PauseJob(_ context.Context, who, id, comment string) error {
	return e.note("pause %s by %s: %s", id, who, comment)
}
func (e worldJobs) ResumeJob(_ context.Context, who, id, comment string) error {
	return e.note("resume %s by %s: %s", id, who, comment)
}

type worldJudge struct{ *world }

func (j worldJudge) Policies(tenant string) ([]intel.Policy, error) {
	return both(tenant, intel.Policy{ID: "policy-a", Tenant: tenantA}, intel.Policy{ID: "policy-b", Tenant: tenantB}), j.err
}
func (j worldJudge) AddPolicies(_ context.Context, who, tenant string, list []intel.Policy) ([]intel.Policy, error) {
	return list, j.note("add %s to %s by %s", list[0].Pattern, tenant, who)
}
func (j worldJudge) RemovePolicy(_ context.Context, who, tenant, id, comment string) (intel.Policy, error) {
	return intel.Policy{ID: id}, j.note("remove %s of %s by %s: %s", id, tenant, who, comment)
}
func (j worldJudge) Rules() []rules.Rule { return []rules.Rule{{ID: "own", File: "a.toml", Line: 3}} }
func (j worldJudge) Backtest(_ context.Context, o intel.BacktestOrder) (intel.Backtest, error) {
	return intel.Backtest{Messages: 2, More: true}, j.note("backtest %q", o.Tenant)
}
func (j worldJudge) Lessons(_ context.Context, tenant string) ([]intel.Lesson, error) {
	return both(tenant, intel.Lesson{Record: "record-a", Tenant: tenantA}, intel.Lesson{Record: "record-b", Tenant: tenantB}), j.err
}
func (j worldJudge) Lesson(_ context.Context, _, record string) (intel.Lesson, bool, error) {
	return intel.Lesson{Record: record, Is: verdict.Clean, By: "ada"}, true, nil
}
func (j worldJudge) View(_ context.Context, rec store.Record, n int) (intel.View, error) {
	return intel.View{Subject: rec.Subject, Text: fmt.Sprintf("text-%d of %s \x1b[2J", n, rec.ID),
		Attachments: []intel.Attachment{{Part: "2", Name: "file-of-" + rec.ID, Type: "application/pdf", Size: 3}}}, j.err
}
func (j worldJudge) Original(rec store.Record, n int) (io.ReadCloser, error) {
	return io.NopCloser(strings.NewReader(fmt.Sprintf("original-%d of %s", n, rec.ID))), j.err
}
func (j worldJudge) Correct(_ context.Context, who, record string, is verdict.Disposition,
	comment string) (intel.Lesson, error) {
	return intel.Lesson{Record: record, Is: is, Tokens: []string{"secret"}}, j.note("correct %s to %s by %s: %s", record, is, who, comment)
}
func (j worldJudge) Model(tenant string) (*learn.Model, error) {
	return &learn.Model{Bad: 1, Good: 2, Tokens: map[string]learn.Counts{"word-of-" + tenant: {Bad: 1}}}, nil
}
func (j worldJudge) Forget(_ context.Context, who, tenant, comment string) (int, error) {
	return 3, j.note("forget %s by %s: %s", tenant, who, comment)
}
func (j worldJudge) Withdraw(_ context.Context, act store.Act, _ store.Edit[store.Submission]) (intel.Lesson, error) {
	return intel.Lesson{Record: act.Object}, j.note("withdraw %s of %s by %s: %s", act.Object, act.Tenant, act.Who, act.Comment)
}

type worldDesk struct{ *world }

// reported are what users say: three of one record of a, of which one is not believed, one of none, and one of b's.
func reported() []submission.Submission {
	return []submission.Submission{
		{ID: "submission-a1", Tenant: tenantA, Record: "record-a", Claim: submission.Phish, Body: spool.Ref{File: "body-of-submission-a1"}},
		{ID: "submission-a2", Tenant: tenantA, Record: "record-a", Claim: submission.NotJunk},
		{ID: "submission-a3", Tenant: tenantA, Record: "record-a", Claim: submission.Junk, Unproven: "x"},
		{ID: "submission-a4", Tenant: tenantA, Claim: submission.Junk, State: submission.Dismissed},
		{ID: "submission-b1", Tenant: tenantB, Record: "record-b", Claim: submission.Junk, Reporter: "secret-b"},
	}
}

func (d worldDesk) List(_ context.Context, tenant string) ([]submission.Submission, error) {
	foreign := func(s submission.Submission) bool { return tenant != "" && s.Tenant != tenant }
	return slices.DeleteFunc(reported(), foreign), d.err
}
func (d worldDesk) Get(_ context.Context, id string) (submission.Submission, error) {
	for _, s := range reported() {
		if s.ID == id {
			return s, nil
		}
	}
	return submission.Submission{}, fmt.Errorf("submission %q: %w", id, store.ErrNotFound)
}
func (d worldDesk) Accept(_ context.Context, id string,
	by submission.Decision) (submission.Submission, intel.Lesson, error) {
	s, _ := d.Get(context.Background(), id)
	return s, intel.Lesson{Record: s.Record, Is: by.Is, Comment: by.Comment}, d.note("accept %s as %s by %s: %s", id, by.Is, by.Who, by.Comment)
}
func (d worldDesk) Dismiss(_ context.Context, id string, by submission.Decision) (submission.Submission, error) {
	s, _ := d.Get(context.Background(), id)
	return s, d.note("dismiss %s by %s: %s", id, by.Who, by.Comment)
}
func (d worldDesk) File(_ context.Context, t *config.Tenant, message io.ReaderAt, size int64,
	by submission.Decision) (intel.Lesson, string, error) {
	body, _ := io.ReadAll(io.NewSectionReader(message, 0, size))
	return intel.Lesson{Record: "record-a", Is: by.Is}, "record-a", d.note("file %q of %s as %s by %s", body, t.ID, by.Is, by.Who)
}

type worldUpkeep struct{ *world }

func (u worldUpkeep) Backup(_ context.Context, w io.Writer) error {
	_, err := io.WriteString(w, "secret-b")
	return err
}
func (u worldUpkeep) CheckStore(context.Context) ([]string, error) { return []string{"record-b"}, nil }
func (u worldUpkeep) FindOld() (string, error)                     { return "store.db.old", nil }
func (u worldUpkeep) ForgetOld(context.Context) error              { return u.note("forget old") }

type worldAddresses struct{ *world }

func (a worldAddresses) Addresses() []Address {
	return []Address{{Address: "j-a@gw.example", TenantID: tenantA}, {Address: "j-b@gw.example", TenantID: tenantB}, {Address: "postmaster@gw.example"}}
}
func (a worldAddresses) Retire(_ context.Context, address string, act store.Act) error {
	return a.note("retire %s by %s as %s of %s: %s", address, act.Who, act.What, act.Tenant, act.Comment)
}

// worldAlerts has one route.
type worldAlerts struct{ *world }

func (w worldAlerts) Status() ([]alert.Status, error) {
	return []alert.Status{{Name: "soc", Kind: "webhook"}}, nil
}

func (w worldAlerts) Deliveries(route string) ([]alert.Delivery, error) {
	if route == "none" {
		return nil, alert.ErrNoSuchRoute
	}
	return []alert.Delivery{{Message: "msg_1"}}, nil
}

func (w worldAlerts) Test(_ context.Context, route, _ string) (alert.Delivery, error) {
	return alert.Delivery{Message: "msg_2", Test: true}, w.note("test alert %s", route)
}

// worldFeeds has one feed.
type worldFeeds struct{ *world }

func (w worldFeeds) Status() []feed.Status { return []feed.Status{{Name: "f", Format: "text"}} }

func (w worldFeeds) Update(_ context.Context, name string, accept bool) ([]feed.Result, error) {
	if name != "" && name != "f" {
		return nil, feed.ErrNoSuchFeed
	}
	return []feed.Result{{Feed: "f"}}, w.note("update feed %q %t", name, accept)
}

type worldTokens struct{ *world }

// tokens are one of each tenant, one of both, and one of every tenant.
func tokens() []store.Token {
	later := time.Date(2126, 1, 1, 0, 0, 0, 0, time.UTC)
	return []store.Token{
		{ID: "token-a", Role: "viewer", Tenants: []string{tenantA}, Expires: later}, {ID: "token-b", Role: "viewer", Tenants: []string{tenantB}, Expires: later},
		{ID: "token-ab", Role: "viewer", Tenants: []string{tenantA, tenantB}, Expires: later}, {ID: "token-all", Role: "viewer", Expires: later},
		{ID: "token-a2", Role: "viewer", Tenants: []string{tenantA}, Expires: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)},
	}
}

func (w worldTokens) List() []store.Token           { return tokens() }
func (w worldTokens) LastUse(string) store.TokenUse { return store.TokenUse{} }
func (w worldTokens) Add(_ context.Context, who string, t store.Token) (store.Token, string, error) {
	t.ID = "token-new"
	return t, "clawback_secret", w.note("token of %q in %v for %s by %s", t.Role, t.Tenants, t.Owner, who)
}
func (w worldTokens) Revoke(_ context.Context, who, id, comment string) (store.Token, error) {
	return store.Token{ID: id, Revoked: time.Now()}, w.note("revoke %s by %s: %s", id, who, comment)
}

type worldLinks struct{ *world }

func (w worldLinks) Make(p Principal) (string, time.Time, error) {
	return "https://gw.example/sign-in?link=x", time.Now(), w.note("link for %s", p.Name)
}
