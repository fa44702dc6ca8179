package daemon

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"os"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clawback/alert"
	"clawback/api"
	"clawback/api/token"
	"clawback/bounce"
	"clawback/config"
	"clawback/intel"
	"clawback/intel/feed"
	"clawback/intel/rejudge"
	"clawback/intel/submission"
	"clawback/internal/test/testbed"
	"clawback/pipeline"
	"clawback/queue"
	queuememory "clawback/queue/memory"
	"clawback/retract"
	"clawback/retract/job"
	"clawback/store"
	"clawback/store/index"
	"clawback/store/memory"
	"clawback/store/rows"
	"clawback/verdict"
)

// fullAudit keeps rows in memory, and has no space for the audit when it is told so.
type fullAudit struct {
	*memory.Engine
	audit rows.Table
	full  atomic.Bool
}

func newFullAudit() *fullAudit {
	e := &fullAudit{Engine: &memory.Engine{}}
	for table, name := range store.Tables() {
		if name == "audit" {
			e.audit = table
		}
	}
	return e
}

func (e *fullAudit) Begin(ctx context.Context, write bool) (rows.Tx, error) {
	tx, err := e.Engine.Begin(ctx, write)
	return fullAuditTx{tx, e}, err
}

type fullAuditTx struct {
	rows.Tx
	e *fullAudit
}

func (t fullAuditTx) Put(table rows.Table, key, value []byte) error {
	if table == t.e.audit && t.e.full.Load() {
		return &os.PathError{Op: "write", Path: "audit", Err: syscall.ENOSPC}
	}
	return t.Tx.Put(table, key, value)
}

// rowsBut are all rows but the audit's.
func (e *fullAudit) rowsBut(t *testing.T) map[string]string {
	t.Helper()
	tx, err := e.Engine.Begin(t.Context(), false)
	must(t, err)
	defer tx.Rollback()
	all := map[string]string{}
	for table, name := range store.Tables() {
		if table == e.audit {
			continue
		}
		c := tx.Cursor(table)
		for k, v := c.First(); k != nil; k, v = c.Next() {
			all[fmt.Sprintf("%s %q", name, k)] = string(v)
		}
		must(t, c.Err())
	}
	return all
}

// asked counts what was asked of parts whose acts are outside of the store and the queue.
type asked struct{ n int }

func (a *asked) Status(context.Context) (index.Status, error) { return index.Status{}, nil }
func (a *asked) Rebuild()                                     { a.n++ }
func (a *asked) Backup(context.Context, io.Writer) error      { return nil }
func (a *asked) CheckStore(context.Context) ([]string, error) { return nil, nil }
func (a *asked) FindOld() (string, error)                     { return "store.db.old", nil }
func (a *asked) ForgetOld(context.Context) error              { a.n++; return nil }

type askedFeeds struct{ *asked }

func (askedFeeds) Status() []feed.Status { return []feed.Status{{Name: "f"}} }
func (a askedFeeds) Update(context.Context, string, bool) ([]feed.Result, error) {
	a.n++
	return []feed.Result{{Feed: "f"}}, nil
}

type askedLinks struct{ *asked }

func (a askedLinks) Make(api.Principal) (string, time.Time, error) {
	a.n++
	return "https://journal.example.com/sign-in", time.Now().Add(time.Minute), nil
}

type askedAlerts struct{ *asked }

func (askedAlerts) Status() ([]alert.Status, error)             { return []alert.Status{{Name: "soc"}}, nil }
func (askedAlerts) Deliveries(string) ([]alert.Delivery, error) { return nil, nil }
func (a askedAlerts) Test(context.Context, string, string) (alert.Delivery, error) {
	a.n++
	return alert.Delivery{OK: true}, nil
}

// acts are the operations over parts that are wired as the daemon does it, none of which works by itself.
type acts struct {
	*daemon
	rows  *fullAudit
	asked asked
}

func newActs(t *testing.T, cfg *config.Config) *acts {
	t.Helper()
	ctx, a := t.Context(), &acts{rows: newFullAudit()}
	st, err := store.New(a.rows, store.Options{})
	must(t, err)
	t.Cleanup(func() { must(t, st.Close()) })
	server := queuememory.New(nil)
	d := &daemon{started: time.Now(), cfg: cfg, log: slog.New(slog.DiscardHandler), store: st, trend: &trend{},
		bodies: queuememory.Bodies{Server: server}, queue: server.Open(queue.Options{Owner: "test"})}
	a.daemon = d
	d.board, err = newBoard(ctx, st, d.log)
	must(t, err)
	must(t, d.openIndex(ctx))
	d.live, err = newLive(ctx, cfg, st, liveOptions{graph: noGraph})
	must(t, err)
	judging := d.judgeOptions()
	judging.Scorer = intel.ScoreOptions
	d.judge, err = intel.New(ctx, cfg, judging)
	must(t, err)
	d.desk = submission.NewDesk(d.deskOptions())
	d.key, err = bounce.LoadKey(cfg.StateDir)
	must(t, err)
	d.bounces = bounce.New(d.bounceOptions())
	d.pipeline = pipeline.New(d.pipelineOptions())
	d.engine = retract.New(d.retractOptions())
	must(t, d.openIndicators(ctx))
	d.rejudge, err = rejudge.New(ctx, d.rejudgeOptions())
	must(t, err)
	d.jobs = job.New(job.Options{Store: d.found(), Engine: d.engine, Log: d.log})
	d.tokens, err = token.Open(ctx, token.Options{Store: st, Log: d.log})
	must(t, err)
	a.renew()
	return a
}

// process has the pipeline work on a report.
func (a *acts) process(t *testing.T, report []byte, network string) (item string) {
	t.Helper()
	draft, err := a.queue.Begin(t.Context(), queue.Envelope{Tenant: testbed.Contoso.ID, Purpose: queue.ForJournal,
		MailFrom: testbed.Alternate, Rcpts: []string{testbed.Contoso.Journal()}, Received: time.Now().UTC(),
		Remote: "127.0.0.1:25", Network: network}, 0)
	must(t, err)
	_, err = draft.Write(report)
	must(t, err)
	item, err = draft.Commit(t.Context())
	must(t, err)
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.pipeline.Run(ctx) }()
	for {
		it, err := a.queue.Get(t.Context(), item)
		if errors.Is(err, queue.ErrNotFound) || err == nil && it.State == queue.Quarantined {
			break
		}
		must(t, err)
		time.Sleep(time.Millisecond)
	}
	stop()
	if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	return item
}

// record is a message that was judged, and what is planned for it.
func (a *acts) record(t *testing.T, bad bool) (store.Record, []store.Intent) {
	t.Helper()
	l, err := testbed.Write(bad, 1, "busy@contoso.example")
	must(t, err)
	a.process(t, l.Report, "listed")
	found, err := a.store.Lookup(t.Context(), testbed.Contoso.ID, l.MessageID)
	must(t, err)
	if len(found) != 1 {
		t.Fatalf("%d records", len(found))
	}
	intents, err := a.store.Intents(t.Context(), found[0].ID)
	must(t, err)
	return found[0], intents
}

func (a *acts) good(t *testing.T) string { rec, _ := a.record(t, false); return rec.ID }
func (a *acts) bad(t *testing.T) string  { rec, _ := a.record(t, true); return rec.ID }

// heldIntent is held for a person.
func (a *acts) heldIntent(t *testing.T) string {
	t.Helper()
	_, intents := a.record(t, true)
	in := intents[0]
	in.Outcome, in.Hold, in.Reason = store.Held, "brake", "too many at once"
	must(t, a.store.Update(t.Context(), store.Change{Intents: []store.Intent{in}}))
	return in.ID
}

// quarantined is an item whose network is none of the listener's.
func (a *acts) quarantined(t *testing.T) string {
	t.Helper()
	l, err := testbed.Write(true, 1, "busy@contoso.example")
	must(t, err)
	return a.process(t, l.Report, "")
}

// do carries an operation out that prepares another one.
func do[Req, Ans any](t *testing.T, a *acts, op api.Op[Req, Ans], r Req) Ans {
	t.Helper()
	answer, err := op.Do(t.Context(), a.service, api.Root("ada"), r)
	must(t, err)
	return answer
}

func (a *acts) job(t *testing.T) string {
	return do(t, a, api.StartJob, api.JobOrder{Action: "trash", Records: []string{a.bad(t)}, Comment: "c"}).ID
}

func (a *acts) rescan(t *testing.T, state store.RescanState) string {
	t.Helper()
	id := do(t, a, api.StartRescan, api.RescanOrder{Search: api.Search{Query: "from:evil.example"}, Comment: "c"}).ID
	one, err := a.store.Rescans(t.Context())
	must(t, err)
	one[0].State = state
	must(t, a.store.Update(t.Context(), store.Change{Rescans: store.Edit[store.Rescan]{Put: one}}))
	a.daemon.rejudge, err = rejudge.New(t.Context(), a.rejudgeOptions())
	must(t, err)
	a.renew()
	return id
}

func (a *acts) indicator(t *testing.T) api.Indicator {
	return do(t, a, api.AddIndicator, api.NewIndicator{Kind: "domain", Value: "evil.example", Note: "n",
		Tenant: testbed.Contoso.ID})
}

// waitingIndicator waits for a person, whoever has added it.
func (a *acts) waitingIndicator(t *testing.T, by string) string {
	t.Helper()
	id := a.indicator(t).ID
	list, err := a.store.Indicators(t.Context(), testbed.Contoso.ID)
	must(t, err)
	list[0].State, list[0].By = store.IndicatorWaiting, by
	must(t, a.store.Update(t.Context(), store.Change{Indicators: store.Edit[store.Indicator]{Put: list}}))
	must(t, a.openIndicators(t.Context()))
	a.renew()
	return id
}

// bounce is of a report that cannot be unwrapped.
func (a *acts) bounce(t *testing.T) string {
	t.Helper()
	a.process(t, []byte("X-OriginatorOrg: contoso.onmicrosoft.com\r\nX-MS-Journal-Report:\r\n\r\nnothing\r\n"), "listed")
	list, err := a.queue.Bounces(t.Context(), queue.BounceFilter{})
	must(t, err)
	if len(list) != 1 {
		t.Fatalf("%d bounces", len(list))
	}
	return list[0].ID
}

// used is an address that took mail and is not configured any more.
func (a *acts) used(t *testing.T) string {
	t.Helper()
	const address = "j-old@journal.clawback.example"
	must(t, a.live.noteUse(t.Context(), queue.Envelope{Rcpts: []string{address}, Tenant: testbed.Contoso.ID}))
	return address
}

func (a *acts) policy(t *testing.T) api.Policy {
	return do(t, a, api.AddPolicies, onePolicy)[0]
}

// renew has the operations ask the parts of now.
func (a *acts) renew() {
	o := a.serviceOptions()
	o.Index, o.Upkeep, o.Feeds = &a.asked, &a.asked, askedFeeds{&a.asked}
	o.Alerts, o.SignInLinks = askedAlerts{&a.asked}, askedLinks{&a.asked}
	a.service = api.New(o)
}

func (a *acts) submission(t *testing.T) string {
	t.Helper()
	row := store.Submission{ID: "submission-1", Tenant: testbed.Contoso.ID, Claim: submission.Phish, Record: a.bad(t),
		Reporter: "busy@contoso.example", Recipient: true, State: store.SubmissionOpen, At: time.Now().UTC()}
	must(t, a.store.Update(t.Context(), store.Change{
		Submissions: store.Edit[store.Submission]{Put: []store.Submission{row}}}))
	return row.ID
}

var onePolicy = api.PolicyOrder{Policies: []api.NewPolicy{{Kind: "block_sender", Pattern: "@evil.example"}}}

var oneToken = api.NewToken{Name: "soar", Role: api.Analyst, Every: true}

// changing prepares, for each operation that changes something, a request that is valid.
var changing = map[string]func(*testing.T, *acts) any{
	"queue.retry": func(t *testing.T, a *acts) any { return api.ItemOrder{ID: a.quarantined(t)} },
	"queue.trust": func(t *testing.T, a *acts) any { return api.ItemOrder{ID: a.quarantined(t)} },
	"queue.discard": func(t *testing.T, a *acts) any {
		return api.ItemOrder{ID: a.quarantined(t), Comment: "c"}
	},
	"queue.discard_selected": func(t *testing.T, a *acts) any {
		a.quarantined(t)
		sel := api.Selection{Cause: "network"}
		p := do(t, a, api.PreviewDiscard, sel)
		return api.DiscardOrder{Selection: sel, Count: p.Count, AsOf: p.AsOf, Through: p.Through, Comment: "c"}
	},
	"bounce.retry":    func(t *testing.T, a *acts) any { return api.ItemOrder{ID: a.bounce(t)} },
	"address.retire":  func(t *testing.T, a *acts) any { return api.AddressOrder{Address: a.used(t)} },
	"message.retract": func(t *testing.T, a *acts) any { return api.MessageOrder{Key: a.good(t), Action: "trash"} },
	"message.restore": func(t *testing.T, a *acts) any { return api.MessageOrder{Key: a.bad(t)} },
	"held.approve":    func(t *testing.T, a *acts) any { return api.HeldOrder{Intents: []string{a.heldIntent(t)}} },
	"held.reject":     func(t *testing.T, a *acts) any { return api.HeldOrder{Intents: []string{a.heldIntent(t)}} },
	"job.start": func(t *testing.T, a *acts) any {
		return api.JobOrder{Action: "trash", Records: []string{a.good(t)}}
	},
	"job.pause":  func(t *testing.T, a *acts) any { return api.ItemOrder{ID: a.job(t)} },
	"job.cancel": func(t *testing.T, a *acts) any { return api.ItemOrder{ID: a.job(t)} },
	"job.resume": func(t *testing.T, a *acts) any {
		id := a.job(t)
		do(t, a, api.PauseJob, api.ItemOrder{ID: id})
		return api.ItemOrder{ID: id}
	},
	"rescan.start": func(t *testing.T, a *acts) any {
		return api.RescanOrder{Search: api.Search{Query: "from:evil.example"}}
	},
	"rescan.pause":  func(t *testing.T, a *acts) any { return api.ItemOrder{ID: a.rescan(t, store.RescanCounting)} },
	"rescan.cancel": func(t *testing.T, a *acts) any { return api.ItemOrder{ID: a.rescan(t, store.RescanCounting)} },
	"rescan.resume": func(t *testing.T, a *acts) any {
		id := a.rescan(t, store.RescanCounting)
		do(t, a, api.PauseRescan, api.ItemOrder{ID: id})
		return api.ItemOrder{ID: id}
	},
	"rescan.approve": func(t *testing.T, a *acts) any { return api.ItemOrder{ID: a.rescan(t, store.RescanWaiting)} },
	"indicator.add": func(t *testing.T, a *acts) any {
		return api.NewIndicator{Kind: "domain", Value: "evil.example", Note: "n"}
	},
	"indicator.import": func(t *testing.T, a *acts) any {
		return api.IndicatorImport{Note: "n", Indicators: []api.ImportedIndicator{{Kind: "domain", Value: "evil.example"}}}
	},
	"indicator.approve": func(t *testing.T, a *acts) any {
		return api.IndicatorOrder{ID: a.waitingIndicator(t, "ada"), Tenant: testbed.Contoso.ID}
	},
	"feed.approve": func(t *testing.T, a *acts) any {
		a.waitingIndicator(t, "feed f")
		return api.FeedApproval{Feed: "f"}
	},
	"indicator.remove": func(t *testing.T, a *acts) any {
		return api.IndicatorOrder{ID: a.indicator(t).ID, Tenant: testbed.Contoso.ID}
	},
	"policy.add":    func(*testing.T, *acts) any { return onePolicy },
	"policy.remove": func(t *testing.T, a *acts) any { return api.PolicyRemoval{ID: a.policy(t).ID} },
	"feedback.give": func(t *testing.T, a *acts) any { return api.CorrectionOrder{Key: a.good(t), Is: verdict.Spam} },
	"feedback.withdraw": func(t *testing.T, a *acts) any {
		id := a.good(t)
		do(t, a, api.GiveCorrection, api.CorrectionOrder{Key: id, Is: verdict.Spam})
		return api.CorrectionWithdrawal{Record: id}
	},
	"feedback.reset": func(t *testing.T, a *acts) any {
		do(t, a, api.GiveCorrection, api.CorrectionOrder{Key: a.good(t), Is: verdict.Spam})
		return api.CorrectionReset{}
	},
	"submission.accept": func(t *testing.T, a *acts) any {
		return api.SubmissionOrder{ID: a.submission(t), Is: verdict.Spam}
	},
	"submission.dismiss": func(t *testing.T, a *acts) any { return api.SubmissionOrder{ID: a.submission(t)} },
	"submission.file": func(*testing.T, *acts) any {
		return api.Upload{Is: verdict.Spam, Body: strings.NewReader("From: a@x.example\r\nSubject: s\r\n\r\nbuy now\r\n")}
	},
	"token.create": func(*testing.T, *acts) any { return oneToken },
	"token.revoke": func(t *testing.T, a *acts) any {
		return api.ItemOrder{ID: do(t, a, api.CreateToken, oneToken).Token.ID}
	},
	"console.link":     func(*testing.T, *acts) any { return api.NewSignInLink{Role: api.Viewer} },
	"index.rebuild":    func(*testing.T, *acts) any { return api.None{} },
	"store.forget_old": func(*testing.T, *acts) any { return api.None{} },
	"alert.test":       func(*testing.T, *acts) any { return api.AlertRef{Alert: "soc"} },
	"feed.update":      func(*testing.T, *acts) any { return api.FeedOrder{Feed: "f"} },
}

// unchanging are operations that take a body, and change nothing.
var unchanging = []string{"queue.discard_preview", "job.preview", "indicator.explain", "rules.backtest"}

// notedLater are acts of the queue, whose note lies there until the audit has it.
var notedLater = []string{"queue.discard", "queue.discard_selected"}

// state is all that operations change, the audit apart: rows, the queue, what is shown of what is kept in memory, and
// how often the parts outside of these were asked.
func (a *acts) state(t *testing.T) map[string]string {
	t.Helper()
	all := a.rows.rowsBut(t)
	for _, op := range api.Operations() {
		row := op.Row()
		if !row.Reads() || !strings.HasSuffix(row.Name, ".list") || row.Name == "audit.list" {
			continue
		}
		answer, err := op.DoAny(t.Context(), a.service, api.Root("ada"), op.NewRequest())
		must(t, err)
		text, err := json.Marshal(answer)
		must(t, err)
		all["list "+row.Name] = string(text)
	}
	notes, err := a.queue.Discarded(t.Context())
	must(t, err)
	all["discarded"] = fmt.Sprint(notes)
	all["asked"] = fmt.Sprint(a.asked.n)
	return all
}

func (a *acts) audited(t *testing.T) []store.Act {
	t.Helper()
	list, err := a.store.Audit(t.Context(), store.AuditFilter{})
	must(t, err)
	return list
}

// What cannot be noted in the audit is not done; and the same request is done and noted once it can be.
func TestActs_areNotDoneWhenTheAuditIsFull(t *testing.T) {
	cfg, err := config.Load(newBed(t).File("clawback.toml"))
	must(t, err)
	operations := map[string]api.Any{}
	for _, op := range api.Operations() {
		name := op.Row().Name
		if asks := slices.Contains(unchanging, name); asks != op.Row().Asks {
			t.Errorf("operation %s: Asks is %v, and the test says %v", name, op.Row().Asks, asks)
		}
		if operations[name] = op; !op.Row().Reads() && changing[name] == nil && !slices.Contains(unchanging, name) {
			t.Errorf("operation %s has no case here: add a valid request", name)
		}
	}
	for _, name := range slices.Sorted(maps.Keys(changing)) {
		op := operations[name]
		if op == nil {
			t.Errorf("the case %s is of no operation", name)
			continue
		}
		t.Run(name, func(t *testing.T) {
			cfg.StateDir = t.TempDir()
			a := newActs(t, cfg)
			request := changing[name](t, a)
			before, noted := a.state(t), a.audited(t)
			a.rows.full.Store(true)
			_, err := op.DoAny(t.Context(), a.service, api.Root("eve"), pointer(request))
			a.rows.full.Store(false)
			if !errors.Is(err, syscall.ENOSPC) {
				t.Fatalf("with a full audit: %v", err)
			}
			if slices.Contains(notedLater, name) {
				must(t, a.service.Recover(t.Context()))
			} else {
				if diff := cmp.Diff(before, a.state(t)); diff != "" {
					t.Errorf("it was done and is not in the audit:\n%s", diff)
				}
				if diff := cmp.Diff(noted, a.audited(t)); diff != "" {
					t.Errorf("the audit:\n%s", diff)
				}
				if upload, ok := request.(api.Upload); ok {
					upload.Body.(io.Seeker).Seek(0, io.SeekStart)
				}
				_, err := op.DoAny(t.Context(), a.service, api.Root("eve"), pointer(request))
				must(t, err)
			}
			if cmp.Equal(before, a.state(t)) {
				t.Error("nothing was done")
			}
			fresh := a.audited(t)
			if len(fresh) <= len(noted) || fresh[0].Who != "eve" {
				t.Errorf("the audit: %+v", fresh)
			}
		})
	}
}

// pointer is what DoAny takes.
func pointer(request any) any {
	p := reflect.New(reflect.TypeOf(request))
	p.Elem().Set(reflect.ValueOf(request))
	return p.Interface()
}
