// Package queuetest is the contract of a queue, as tests: what any implementation must do, embedded or in a database.
//
// Reads and writes: what the implementation's Harness opens.
//
// Invariants: after every step that a test takes, lists and counts agree, and each accepted item is in exactly one
// place.
//
// On failure: the test fails.
package queuetest

import (
	"bytes"
	"context"
	"io"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clawback/queue"
)

// Harness opens one storage, new for each test, as often as the test wants, one at a time; that of an engine whose
// queues are shared is a Shared. Of the options it must heed Now, Fail, MaxDefer and KeepSent.
type Harness interface {
	Open(t *testing.T, o queue.Options) queue.Queue
}

// Run runs the contract. fresh makes a Harness with an empty storage.
func Run(t *testing.T, fresh func(t *testing.T) Harness) {
	for _, test := range contract {
		t.Run(test.name, func(t *testing.T) { test.run(t, fresh(t)) })
	}
}

// contract is what an engine must do, a test for each promise.
var contract = []struct {
	name string
	run  func(t *testing.T, h Harness)
}{
	{"Commit_isDurable", commitIsDurable},
	{"Commit_fails", commitFails},
	{"Abort_leavesNothing", abortLeavesNothing},
	{"Claim_inOrder", claimInOrder},
	{"Claim_bothEnds", claimBothEnds},
	{"Claim_tenantsShare", tenantsShare},
	{"Claim_moreTenantsThanItems", moreTenantsThanItems},
	{"Claim_waits", claimWaits},
	{"Claim_onceEach", claimOnceEach},
	{"Claim_takesTurns", claimTakesTurns},
	{"StartScoring_killMakesSuspects", killMakesSuspects},
	{"StartScoring_noteOfWhatHasEnded", noteOfWhatHasEnded},
	{"Claim_suspectsOneAtATime", suspectsOneAtATime},
	{"Claim_suspectReleased", suspectReleased},
	{"Claim_suspectNotScored", suspectNotScored},
	{"Crash_aloneCounts", crashAloneCounts},
	{"Crash_inCompany", crashInCompany},
	{"Crash_threeKillsConvictNobody", threeKillsConvictNobody},
	{"Lease_ends", leaseEnds},
	{"Lease_endsUnclaimed", leaseEndsUnclaimed},
	{"Lease_renewed", leaseRenewed},
	{"Lease_openFreesOwn", openFreesOwn},
	{"Lease_endsWhileScored", leaseEndsWhileScored},
	{"Lease_clockJumps", leaseClockJumps},
	{"Lease_personNeedsNoClaim", personNeedsNoClaim},
	{"Renew_isFree", renewIsFree},
	{"Defer", deferred},
	{"Defer_clockWasWrong", deferClockWasWrong},
	{"Release", release},
	{"Quarantine", quarantine},
	{"Trust", trust},
	{"Finish_twice", finishTwice},
	{"List_pages", listPages},
	{"GiveUp", giveUp},
	{"GiveUp_fails", giveUpFails},
	{"GiveUp_afterRetry", giveUpAfterRetry},
	{"GiveUp_sameReportTwice", giveUpSameReportTwice},
	{"Bounce_life", bounceLife},
	{"Bounce_sentIsDropped", bounceSentIsDropped},
	{"InUse", bodiesInUse},
	{"Groups", groups},
	{"Selection", selections},
	{"DiscardSelected", discardSelected},
	{"DiscardSelected_refuses", discardSelectedRefuses},
	{"DiscardSelected_endsInTheMiddle", discardSelectedEndsInTheMiddle},
	{"DiscardSelected_keepsBounces", discardSelectedKeepsBounces},
	{"Usage", usage},
	{"ExpirePostmaster", expirePostmaster},
	{"ExpirePostmaster_many", expireMany},
	{"Probe", probe},
	{"Close", closed},
	{"Concurrent", concurrent},
	{"Model", model},
}

// Tenants of the tests.
const (
	contoso  = "0c0ffee0-0000-4000-8000-000000000001"
	fabrikam = "0c0ffee0-0000-4000-8000-000000000002"
)

func envelope(tenant string) queue.Envelope {
	return queue.Envelope{
		Session: "s1", Tenant: tenant, Purpose: queue.ForJournal, Rcpts: []string{"journal@example.com"},
		Received: time.Date(2026, 11, 21, 19, 6, 12, 0, time.UTC), Remote: "192.0.2.1:25",
		TLS: queue.TLS{Version: "TLS 1.3", ClientNames: []string{"mail.protection.example"}}, Binary: true,
	}
}

// put commits a message.
func put(t *testing.T, q queue.Queue, tenant string, body []byte) string {
	t.Helper()
	id, err := tryPut(q, tenant, body)
	if err != nil {
		t.Fatalf("commit: %v", err)
	}
	return id
}

func tryPut(q queue.Queue, tenant string, body []byte) (string, error) {
	d, err := q.Begin(context.Background(), envelope(tenant), 0)
	if err != nil {
		return "", err
	}
	defer d.Abort()
	if _, err := io.Copy(d, bytes.NewReader(body)); err != nil {
		return "", err
	}
	return d.Commit(context.Background())
}

func get(t *testing.T, q queue.Queue, id string) queue.Item {
	t.Helper()
	it, err := q.Get(t.Context(), id)
	if err != nil {
		t.Fatalf("get: %v", err)
	}
	return it
}

// must fails the test on an error.
func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// reopen closes and opens again, which is what a crash looks like to items in work.
func reopen(t *testing.T, h Harness, q queue.Queue, o queue.Options) queue.Queue {
	t.Helper()
	must(t, q.Close())
	q = h.Open(t, o)
	check(t, q)
	return q
}

func itemIDs(items []queue.Item) []string {
	var ids []string
	for _, it := range items {
		ids = append(ids, it.ID)
	}
	return ids
}

func bodyOf(t *testing.T, q queue.Queue, it queue.Item) []byte {
	t.Helper()
	b, err := q.Body(t.Context(), it)
	if err != nil {
		t.Fatalf("body of %s: %v", it.ID, err)
	}
	defer b.Close()
	content, err := io.ReadAll(io.NewSectionReader(b, 0, b.Size()))
	must(t, err)
	return content
}

// check checks the invariants: what is counted is what is listed, and what is listed is held in the spool.
func check(t *testing.T, q queue.Queue) {
	t.Helper()
	items, err := q.List(t.Context(), queue.Filter{})
	must(t, err)
	bounces, err := q.Bounces(t.Context(), queue.BounceFilter{})
	must(t, err)
	got, err := q.Stats(t.Context())
	must(t, err)
	want := queue.Stats{
		Items: map[queue.State]queue.Count{}, Tenants: map[string]map[queue.State]queue.Count{},
		Bounces: map[queue.BounceState]queue.Count{}, NextDue: got.NextDue, Size: got.Size,
	}
	for _, it := range items {
		countItem(want, it)
		if !inUse(t, q, it.Body.File) {
			t.Errorf("item %s: %s is not in use", it.ID, it.Body.File)
		}
	}
	for _, b := range bounces {
		add(want.Bounces, b.State, b.Body.Size)
		if b.State != queue.BounceSent && !inUse(t, q, b.Body.File) {
			t.Errorf("bounce %s: %s is not in use", b.ID, b.Body.File)
		}
	}
	if diff := cmp.Diff(want, got, cmp.Transformer("Count",
		func(c queue.Count) [2]int64 { return [2]int64{int64(c.Count), c.Bytes} })); diff != "" {
		t.Errorf("counts (-listed +counted):\n%s", diff)
	}
}

func countItem(s queue.Stats, it queue.Item) {
	add(s.Items, it.State, it.Body.Size)
	if s.Tenants[it.Envelope.Tenant] == nil {
		s.Tenants[it.Envelope.Tenant] = map[queue.State]queue.Count{}
	}
	add(s.Tenants[it.Envelope.Tenant], it.State, it.Body.Size)
}

func add[K comparable](m map[K]queue.Count, key K, size int64) {
	c := m[key]
	c.Count++
	c.Bytes += size
	m[key] = c
}
