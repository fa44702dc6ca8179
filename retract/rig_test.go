package retract_test

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"clawback/config"
	"clawback/journal"
	"clawback/journal/identity"
	"clawback/retract"
	"clawback/retract/exchange"
	"clawback/retract/job"
	"clawback/retract/policy"
	"clawback/retract/retracttest"
	"clawback/store"
	"clawback/store/memory"
	"clawback/verdict"
)

const (
	tenantID = "11111111-2222-3333-4444-555555555555"
	nid      = "aaaaaaaa-0000-0000-0000-000000000001"
	nid2     = "aaaaaaaa-0000-0000-0000-000000000002"
	mid      = "<m1@sender.example>"
	anna     = "anna@contoso.example"
	bert     = "bert@contoso.example"
)

// original is the bytes of the record's message.
const original = "Received: from sender.example by contoso.example; Sat, 01 Jan 2000 00:00:01 +0000\r\nFrom: Eve <eve@sender.example>\r\nTo: anna@contoso.example\r\nSubject: Invoice\r\n" +
	"Date: Sat, 01 Jan 2000 00:00:00 +0000\r\nMessage-ID: <m1@sender.example>\r\n\r\nPay here.\r\n"

// rig is a store, a world and an engine over them, inside a synctest bubble.
type rig struct {
	t         *testing.T
	dir       string
	disk      memory.Disk
	st        *store.Store
	world     *retracttest.World
	e         engine
	cfg       *config.Tenant
	others    map[string]retract.Tenant
	alerts    []retract.Alert
	originals map[string]string // by SHA-256
	fail      atomic.Pointer[func(point string) error]
	alerting  sync.Mutex
	stop      func()
	reports   int
	own       *retracttest.Message // the record's message, where a test has another one beside it
	restored  time.Time            // when the state was put back from a backup
}

func live() *config.Tenant {
	return &config.Tenant{
		Name: "contoso", ID: tenantID, Mode: "live", Domains: []string{"contoso.example"},
		Actions: config.Actions{
			verdict.Malicious: {Action: config.SoftDelete},
			verdict.Spoof:     {Action: config.Trash},
			verdict.Spam:      {Action: config.Junk},
		},
		Graph: config.Graph{MailboxConcurrent: 3},
	}
}

// bubble runs a test with fake time.
func bubble(t *testing.T, test func(r *rig)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		r := newRig(t, scratch(t), 1)
		defer r.close()
		test(r)
		for _, v := range r.world.Violations() {
			t.Errorf("violation: %s", v)
		}
	})
}

// scratch is a directory in memory where there is one: the store's fsync is not what is tested here.
func scratch(t testing.TB) string {
	if _, err := os.Stat("/dev/shm"); err != nil {
		return t.TempDir()
	}
	dir, err := os.MkdirTemp("/dev/shm", "retract")
	if err != nil {
		return t.TempDir()
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

func newRig(t *testing.T, dir string, seed uint64) *rig {
	r := &rig{t: t, dir: dir, cfg: live(), originals: map[string]string{}, others: map[string]retract.Tenant{}}
	r.world = retracttest.New(seed)
	r.world.Mailbox("A", anna, "a.alias@contoso.example")
	r.world.Mailbox("B", bert)
	r.open()
	return r
}

func (r *rig) open() {
	r.t.Helper()
	st, err := store.New(r.disk.Engine(r.dir), store.Options{Fail: func(p string) error {
		if fail := r.fail.Load(); fail != nil {
			return (*fail)(p)
		}
		return nil
	}})
	if err != nil {
		r.t.Fatal(err)
	}
	r.st = st
	r.engine(st)
}

// engine is the engine with its bulk jobs, as the daemon runs them.
type engine struct {
	*retract.Engine
	*job.Runner
}

// Run runs both until ctx is done.
func (e engine) Run(ctx context.Context) {
	var both sync.WaitGroup
	both.Go(func() { e.Runner.Run(ctx) })
	both.Go(func() { e.Engine.Run(ctx) })
	both.Wait()
}

// Wake wakes both.
func (e engine) Wake() {
	e.Runner.Wake()
	e.Engine.Wake()
}

// bothStores is what the engine and its bulk jobs need of the store.
type bothStores interface {
	retract.Store
	job.Store
}

func (r *rig) engine(s bothStores) {
	e := retract.New(retract.Options{
		Store: s, Restored: r.restored,
		Tenants: func(id string) (retract.Tenant, bool) {
			if id == tenantID {
				return retract.Tenant{Config: r.cfg, Mailboxes: r.world}, true
			}
			t, ok := r.others[id]
			return t, ok
		},
		TenantIDs: func() []string {
			ids := []string{tenantID}
			for id := range r.others {
				ids = append(ids, id)
			}
			return ids
		},
		Originals: func(v store.Variant) (io.ReadCloser, error) {
			if o, ok := r.originals[v.SHA256]; ok {
				return io.NopCloser(strings.NewReader(o)), nil
			}
			return nil, os.ErrNotExist
		},
		Alert: func(a retract.Alert) {
			r.alerting.Lock()
			defer r.alerting.Unlock()
			r.alerts = append(r.alerts, a)
		},
	})
	r.e = engine{e, job.New(job.Options{Store: s, Engine: e})}
}

// reopen closes the store and opens it again, as a new process would.
func (r *rig) reopen() {
	r.t.Helper()
	r.close()
	r.open()
}

func (r *rig) close() {
	r.halt()
	r.st.Close()
}

// sabotage has the store's failpoints answer what fail says.
func (r *rig) sabotage(fail func(point string) error) { r.fail.Store(&fail) }

// start runs the engine until halt.
func (r *rig) start() {
	ctx, cancel := context.WithCancel(context.Background())
	done := make(chan struct{})
	e := r.e
	go func() { defer close(done); e.Run(ctx) }()
	r.stop = func() { cancel(); <-done }
}

func (r *rig) halt() {
	if r.stop != nil {
		r.stop()
		r.stop = nil
	}
}

// run lets the engine work for a time.
func (r *rig) run(d time.Duration) {
	if r.stop == nil {
		r.start()
	}
	r.e.Wake()
	time.Sleep(d)
	synctest.Wait()
}

// mail is what a report tells.
type mail struct {
	nid, mid    string
	disposition verdict.Disposition
	to          []string
	from        string
	hearsay     bool
	original    string
	direction   string
	tenant      string
	carries     store.Carries
	links       []string
	doubts      []store.Doubt
	content     string // "": follows from original
	contents    string
	also        []string // further Message-IDs
	date        time.Time
}

func bad(to ...string) mail {
	return mail{nid: nid, mid: mid, disposition: verdict.Malicious, to: to, from: "eve@sender.example", original: original}
}

// report applies a report, with the policy.
func (r *rig) report(m mail) store.Record {
	r.t.Helper()
	r.reports++
	sum := sha256.Sum256([]byte(m.original))
	sha := hex.EncodeToString(sum[:])
	r.originals[sha] = m.original
	v := verdict.Verdict{Disposition: m.disposition, Score: 90}
	for _, l := range m.links {
		v.Indicators = append(v.Indicators, verdict.Indicator{Kind: "url", Value: l})
	}
	rec := store.Record{
		MessageID: m.mid, AlternateIDs: m.also, Sender: m.from, From: m.from, Subject: "Invoice", Received: time.Now(), FirstHand: !m.hearsay,
		Direction: m.direction, Verdict: v, Content: sha,
		Variants: []store.Variant{{SHA256: sha, Verdict: v, FirstHand: !m.hearsay, At: time.Now()}},
	}
	rec.Date = m.date
	rec.Carries, rec.Doubts, rec.Contents = m.carries, m.doubts, m.contents
	rec.Content = cmp.Or(m.content, sha)
	for _, to := range m.to {
		rec.Recipients = append(rec.Recipients, journal.Recipient{Address: to, Type: journal.Unlabeled})
	}
	cfg, tenant := r.cfg, tenantID
	if m.tenant != "" {
		tenant, cfg = m.tenant, r.others[m.tenant].Config
	}
	got, _, err := r.st.Apply(context.Background(), store.Application{
		Key: fmt.Sprintf("report-%d", r.reports), Tenant: tenant, Network: m.nid, Record: rec,
	}, policy.Plan(cfg, time.Now()))
	if err != nil {
		r.t.Fatal(err)
	}
	r.e.Wake()
	return got
}

// rejudge changes a record's verdict, as a person's or an indicator's word does, and plans again.
func (r *rig) rejudge(id string, d verdict.Disposition) {
	r.t.Helper()
	rec, err := r.st.Record(r.t.Context(), id)
	if err != nil {
		r.t.Fatal(err)
	}
	for _, v := range rec.Variants {
		v.Verdict.Disposition = d
		r.rejudgeOne(store.Rejudgement{Record: rec, Report: v.Report, Verdict: v.Verdict,
			Cause: "the test knows better"})
	}
	r.e.Wake()
}

// rejudgeOne replaces the verdict of one form, and reads again when somebody was faster.
func (r *rig) rejudgeOne(j store.Rejudgement) {
	r.t.Helper()
	for {
		rec, err := r.st.Record(r.t.Context(), j.Record.ID)
		if err != nil {
			r.t.Fatal(err)
		}
		j.Record, j.Plan = rec, policy.Plan(r.cfg, time.Now())
		if _, _, err = r.st.Rejudge(r.t.Context(), j); err == nil {
			return
		}
		if !errors.Is(err, store.ErrConflict) {
			r.t.Fatal(err)
		}
	}
}

// intent reads the intent of an address.
func (r *rig) intent(rec store.Record, address string, kind store.Kind) store.Intent {
	r.t.Helper()
	in, err := r.st.Intent(r.t.Context(), store.IntentID(rec.ID, address, kind))
	if err != nil {
		r.t.Fatalf("intent of %s: %v", address, err)
	}
	return in
}

// want checks the outcome of an address, and that the reason holds a text.
func (r *rig) want(rec store.Record, address string, outcome store.Outcome, reason string) store.Intent {
	r.t.Helper()
	return r.wantKind(rec, address, store.Retract, expectation{outcome, reason})
}

type expectation struct {
	outcome store.Outcome
	reason  string
}

func (r *rig) wantKind(rec store.Record, address string, kind store.Kind, x expectation) store.Intent {
	r.t.Helper()
	in := r.intent(rec, address, kind)
	if in.Outcome != x.outcome || !strings.Contains(in.Reason, x.reason) {
		r.t.Errorf("%s of %s is %s (%s), want %s (%s)", kind, address, in.Outcome, in.Reason, x.outcome, x.reason)
	}
	return in
}

// lies checks where a message is.
func (r *rig) lies(m *retracttest.Message, folder exchange.Folder) {
	r.t.Helper()
	if got := r.world.Peek(m).Folder; got != string(folder) {
		r.t.Errorf("message %s lies in %s, want %s", m.ID, got, folder)
	}
}

// hit is the record's message as it lies in a mailbox.
func hit() retracttest.Message {
	return retracttest.Message{MessageID: mid, NetworkIDs: []string{nid}, Subject: "Invoice", MIME: original}
}

type answer = retracttest.Answer

// script gives an operation an error, after acting or instead of it.
func script(op string, err error, act bool) func(string, string, string) *answer {
	return func(o, _, _ string) *answer {
		if o == op {
			return &answer{Act: act, Err: err}
		}
		return nil
	}
}

// once gives only the first call of an operation the error.
func once(op string, err error, act bool) func(string, string, string) *answer {
	done := false
	return func(o, _, _ string) *answer {
		if o == op && !done {
			done = true
			return &answer{Act: act, Err: err}
		}
		return nil
	}
}

func contentsOf(t *testing.T, message string) string {
	t.Helper()
	m, err := identity.Of(strings.NewReader(message))
	if err != nil {
		t.Fatal(err)
	}
	return m.Contents()
}
