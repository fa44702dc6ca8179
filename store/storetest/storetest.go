// Package storetest is the contract of the store as tests: whatever keeps records and intents must pass them.
//
// Reads: nothing but what the store under test answers.
//
// Writes: only into directories that the test gives.
//
// Invariants: no test here knows how rows are kept; a directory that is opened again shows what was answered without an
// error; after every test the counters equal a recount, and every pending intent comes to be due.
//
// On failure: the test fails and names what differs.
//
// Standards: none; the commit points C2 to C4 are named at Apply, Begin and Complete.
package storetest

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"clawback/journal"
	"clawback/spool"
	"clawback/store"
	"clawback/verdict"
	"clawback/verdict/history"
)

// Store is what every implementation offers.
type Store interface {
	Apply(ctx context.Context, a store.Application,
		plan func(store.Record, []store.Intent) []store.Intent) (store.Record, bool, error)
	Applied(ctx context.Context, key string) (store.Applied, bool, error)
	Record(ctx context.Context, id string) (store.Record, error)
	Lookup(ctx context.Context, tenant, key string) ([]store.Record, error)
	Records(ctx context.Context, f store.RecordFilter) ([]store.Record, error)
	Intents(ctx context.Context, record string) ([]store.Intent, error)
	Intent(ctx context.Context, id string) (store.Intent, error)
	IntentsBy(ctx context.Context, f store.IntentFilter) ([]store.Intent, error)
	Due(ctx context.Context, now time.Time, f store.DueFilter) (store.DuePage, error)
	NextDue(ctx context.Context) (time.Time, error)
	Begin(ctx context.Context, in store.Intent, a store.Attempt) (store.Intent, store.Attempt, error)
	Complete(ctx context.Context, in store.Intent, a store.Attempt) (store.Intent, error)
	Update(ctx context.Context, c store.Change) error
	Attempts(ctx context.Context, intent string) ([]store.Attempt, error)
	Unfinished(ctx context.Context) ([]store.Attempt, error)
	History(ctx context.Context, tenant string, keys []string) ([]history.Entry, error)
	Read(ctx context.Context, record, report string) ([]history.Entry, error)
	Counts(ctx context.Context, tenant string) (store.Counts, error)
	Tenants(ctx context.Context) ([]string, error)
	Validated(ctx context.Context, tenant string, at time.Time) error
	Acted(ctx context.Context, tenant string, since time.Time) (int, error)
	Seen(ctx context.Context, tenant string, since time.Time) (int, error)
	RecordActed(ctx context.Context, record string) (int, error)
	CampaignActed(ctx context.Context, tenant, campaign string, since time.Time) (int, error)
	Campaigns(ctx context.Context, tenant string, since time.Time, limit int) ([]store.Campaign, error)
	Audit(ctx context.Context, f store.AuditFilter) ([]store.Act, error)
	VerifyAudit(ctx context.Context) error
	Note(ctx context.Context, act store.Act) error
	InUse(ctx context.Context, file string) (bool, error)
	Bodies(ctx context.Context, file string) ([]spool.Ref, error)
	Expire(ctx context.Context, r store.Retention) (store.Expired, error)
	Policies(ctx context.Context, tenant string) ([]store.Policy, error)
	Indicators(ctx context.Context, tenant string) ([]store.Indicator, error)
	Schedules(ctx context.Context) ([]store.Schedule, error)
	Rescans(ctx context.Context) ([]store.Rescan, error)
	Correction(ctx context.Context, tenant, record string) (store.Correction, error)
	Corrections(ctx context.Context, tenant string) ([]store.Correction, error)
	CorrectedTenants(ctx context.Context) ([]string, error)
	Submission(ctx context.Context, tenant, id string) (store.Submission, error)
	Submissions(ctx context.Context, tenant string) ([]store.Submission, error)
	Addresses(ctx context.Context) ([]store.Address, error)
	Gates(ctx context.Context, tenant string) ([]store.Gate, error)
	Orders(ctx context.Context) ([]store.Order, error)
	Tokens(ctx context.Context) ([]store.Token, error)
	TokenUses(ctx context.Context) ([]store.TokenUse, error)
	Sessions(ctx context.Context) ([]store.Session, error)
	KeyUses(ctx context.Context) ([]store.KeyUse, error)
	KeyAnswer(ctx context.Context, id string) (store.KeyAnswer, error)
	PutJob(ctx context.Context, c store.JobChange) (store.Job, error)
	Job(ctx context.Context, id string) (store.Job, error)
	Jobs(ctx context.Context) ([]store.Job, error)
	JobRecords(ctx context.Context, id string, from, limit int) ([]string, error)
	JobTally(ctx context.Context, id string) (store.JobTally, error)
	DropJob(ctx context.Context, id string) error
	Scan(ctx context.Context, f store.RecordFilter, cursor string) (store.RecordPage, error)
	Changes(ctx context.Context, after uint64, limit int) ([]store.Event, error)
	LastChange(ctx context.Context) (uint64, error)
	Cursor(ctx context.Context, follower string) (uint64, error)
	SetCursor(ctx context.Context, follower string, seq uint64) error
	DropCursor(ctx context.Context, follower string) error
	Rejudge(ctx context.Context, j store.Rejudgement) (store.Record, bool, error)
	Raise(ctx context.Context, n store.Notice) (kept store.Notice, isNew bool, err error)
	Clear(ctx context.Context, kind, tenant, subject string) (bool, error)
	Notice(ctx context.Context, id string) (store.Notice, error)
	Notices(ctx context.Context, tenant string) ([]store.Notice, error)
	Broken() <-chan struct{}
	Close() error
}

// Opener opens the implementation under test on a directory, which may hold what an earlier one wrote.
type Opener func(dir string, o store.Options) (*store.Store, error)

// Run runs the whole contract.
func Run(t *testing.T, open Opener) {
	for name, test := range map[string]func(*testing.T, *bench){
		"Apply":       testApply,
		"Identity":    testIdentity,
		"Plan":        testPlan,
		"Due":         testDue,
		"Suspended":   testSuspended,
		"Attempts":    testAttempts,
		"Update":      testUpdate,
		"Jobs":        testJobs,
		"Search":      testSearch,
		"Counts":      testCounts,
		"Brake":       testBrake,
		"Campaigns":   testCampaigns,
		"Audit":       testAudit,
		"History":     testHistory,
		"Unteach":     testUnteach,
		"Expire":      testExpire,
		"Crash":       testCrash,
		"Policies":    testPolicies,
		"Indicators":  testIndicators,
		"Rescans":     testRescans,
		"Corrections": testCorrections,
		"Submissions": testSubmissions,
		"Addresses":   testAddresses,
		"Gates":       testGates,
		"Orders":      testOrders,
		"Tokens":      testTokens,
		"Sessions":    testSessions,
		"KeyUses":     testKeyUses,
		"Edits":       testEdits,
		"Forward":     testForward,
		"Changes":     testChanges,
		"Pruned":      testPruned,
		"Rejudge":     testRejudge,
		"Notices":     testNotices,
	} {
		t.Run(name, func(t *testing.T) { test(t, &bench{open: open}) })
	}
}

// Start is when the clock of every test begins.
var Start = time.Date(2026, 3, 2, 9, 0, 0, 0, time.UTC)

// The tenants of the tests.
const (
	Contoso  = "11111111-1111-4111-8111-111111111111"
	Fabrikam = "22222222-2222-4222-8222-222222222222"
)

// bench is what one test works with: stores on one directory, one after the other, and a clock.
type bench struct {
	open  Opener
	dir   string
	clock atomic.Int64 // nanoseconds since Start
	fail  atomic.Pointer[failure]
}

// failure makes one failpoint fail.
type failure struct {
	point string
	err   error
}

func (b *bench) now() time.Time { return Start.Add(time.Duration(b.clock.Load())) }

func (b *bench) advance(d time.Duration) { b.clock.Add(int64(d)) }

// failAt makes a failpoint fail until it is called with "".
func (b *bench) failAt(point string, err error) { b.fail.Store(&failure{point, err}) }

func (b *bench) failing(point string) error {
	if f := b.fail.Load(); f != nil && f.point == point {
		return f.err
	}
	return nil
}

// start opens a store on the test's directory; it is closed when the test ends.
func (b *bench) start(t *testing.T) Store {
	t.Helper()
	if b.dir == "" {
		b.dir = t.TempDir()
	}
	s, err := b.open(b.dir, store.Options{Now: b.now, Fail: b.failing, HistoryLimit: 5})
	if err != nil {
		t.Fatal(err)
	}
	v := verified{s, t, &sync.Once{}}
	t.Cleanup(func() { must(t, v.Close()) })
	return v
}

// verified is a store whose rows are verified before it is closed.
type verified struct {
	*store.Store
	t    *testing.T
	once *sync.Once
}

// Close implements Store.
func (v verified) Close() error {
	select {
	case <-v.Broken(): // the next one looks at what it left
	default:
		v.once.Do(func() {
			if findings, err := v.Verify(context.Background()); err != nil || len(findings) > 0 {
				v.t.Errorf("the rows do not fit together: %q, %v", findings, err)
			}
		})
	}
	return v.Store.Close()
}

// restart closes s and opens what it left.
func (b *bench) restart(t *testing.T, s Store) Store {
	t.Helper()
	must(t, s.Close())
	return b.start(t)
}

// Report is a first-hand report number n of a tenant, with one recipient.
func Report(tenant string, n int) store.Application {
	return store.Application{
		Key: fmt.Sprintf("%s <report-%d@example.com> %064d", tenant, n, n), Item: fmt.Sprint("item-", n),
		Tenant: tenant, Network: fmt.Sprintf("00000000-0000-4000-8000-%012d", n),
		Record: store.Record{
			MessageID: fmt.Sprintf("<message-%d@example.com>", n), Content: fmt.Sprintf("%064x", n),
			Sender: "sender@example.com", From: "sender@example.com", Subject: fmt.Sprint("Invoice ", n),
			Received: Start, FirstHand: true,
			Recipients: []journal.Recipient{{Address: "anna@contoso.example", Type: journal.To}},
			Verdict:    verdict.Verdict{Disposition: verdict.Malicious, Score: 90},
			Variants: []store.Variant{{
				SHA256: fmt.Sprintf("%064x", n), At: Start, Body: spool.Ref{File: "segment-1", Size: 100},
				Verdict: verdict.Verdict{Disposition: verdict.Malicious, Score: 90},
			}},
		},
		History: []history.Observation{{Key: "from:sender@example.com", At: Start}},
		Read:    []history.Entry{{Key: "from:sender@example.com", FirstSeen: Start, LastSeen: Start, Received: n}},
	}
}

// PlanAll makes one pending intent for every recipient that has none.
func PlanAll(rec store.Record, have []store.Intent) []store.Intent {
	planned := make(map[string]bool)
	for _, in := range have {
		planned[in.ID] = true
	}
	var list []store.Intent
	for _, r := range rec.Recipients {
		id := store.IntentID(rec.ID, r.Address, store.Retract)
		if !planned[id] {
			list = append(list, store.Intent{
				ID: id, Record: rec.ID, Tenant: rec.Tenant, Address: r.Address, Kind: store.Retract,
				Outcome: store.Pending,
				Action:  "soft_delete", Severity: int(rec.Verdict.Disposition),
			})
		}
	}
	return list
}

// apply applies a report and requires that it succeeds.
func apply(t *testing.T, s Store, a store.Application) store.Record {
	t.Helper()
	rec, _, err := s.Apply(t.Context(), a, PlanAll)
	if err != nil {
		t.Fatal(err)
	}
	return rec
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// ok is v. An error of a read ends the test as a panic, which names the line.
func ok[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}
