package queuetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clawback/queue"
)

// claim claims up to max items, of which there must be at least one.
func claim(t *testing.T, q queue.Queue, max int) []queue.Item {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	items, err := q.Claim(ctx, max)
	if err != nil {
		t.Fatalf("claim: %v", err)
	}
	return items
}

// claimNone checks that nothing is handed out.
func claimNone(t *testing.T, q queue.Queue) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if items, err := q.Claim(ctx, 10); err == nil {
		t.Errorf("claimed %v, want nothing", itemIDs(items))
	}
}

func claimInOrder(t *testing.T, h Harness) {
	q := h.Open(t, queue.Options{})
	var want []string
	for range 7 {
		want = append(want, put(t, q, contoso, []byte("x")))
	}
	got := append(itemIDs(claim(t, q, 3)), itemIDs(claim(t, q, 100))...)
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("claimed (-put +claimed):\n%s", diff)
	}
	check(t, q)
	claimNone(t, q)
}

// claimBothEnds: behind a backlog the newest are claimed beside the oldest, each item once, and all in the end.
func claimBothEnds(t *testing.T, h Harness) {
	q := h.Open(t, queue.Options{})
	var all []string
	for range 100 {
		all = append(all, put(t, q, contoso, []byte("x")))
	}
	first := itemIDs(claim(t, q, 20))
	want := append(slices.Clone(all[:10]), all[99], all[98], all[97], all[96], all[95], all[94], all[93], all[92],
		all[91], all[90])
	if diff := cmp.Diff(want, first); diff != "" {
		t.Errorf("claimed (-want +got):\n%s", diff)
	}
	rest := first
	for len(rest) < len(all) {
		rest = append(rest, itemIDs(claim(t, q, 16))...)
	}
	slices.Sort(rest)
	if diff := cmp.Diff(all, rest); diff != "" {
		t.Errorf("all that was claimed (-want +got):\n%s", diff)
	}
}

// byTenant counts items.
func byTenant(items []queue.Item) map[string]int {
	n := map[string]int{}
	for _, it := range items {
		n[it.Envelope.Tenant]++
	}
	return n
}

// tenantsShare: a tenant with a backlog, which sends on, keeps no mail of another tenant waiting, however old or new
// that is.
func tenantsShare(t *testing.T, h Harness) {
	q := h.Open(t, queue.Options{})
	const noisy, quiet = "noisy", "quiet"
	claimed := map[string]bool{}
	take := func(max int) map[string]int {
		items := claim(t, q, max)
		for _, it := range items {
			if claimed[it.ID] {
				t.Errorf("item %s is claimed twice", it.ID)
			}
			claimed[it.ID] = true
		}
		return byTenant(items)
	}
	puts := 0
	fill := func(tenant string, n int) {
		for range n {
			put(t, q, tenant, []byte("x"))
		}
		puts += n
	}
	fill(noisy, 300)
	fill(quiet, 1) // in the midst of the other's
	fill(noisy, 300)
	if got := take(64); got[quiet] != 1 || got[noisy] != 63 {
		t.Errorf("the first claim has %v, want 1 of the quiet one", got)
	}
	fill(quiet, 100)
	fill(noisy, 100)
	if got := take(64); got[quiet] != 32 || got[noisy] != 32 {
		t.Errorf("of two that wait a claim has %v, want 32 of each", got)
	}
	if got := take(2); got[quiet] != 1 || got[noisy] != 1 {
		t.Errorf("a small claim has %v, want 1 of each", got)
	}
	q = reopen(t, h, q, queue.Options{}) // what was in work is ready again
	clear(claimed)
	if got := take(40); got[quiet] != 20 || got[noisy] != 20 {
		t.Errorf("after a restart a claim has %v, want 20 of each", got)
	}
	for tenant := range 50 {
		fill(fmt.Sprint("other ", tenant), 3)
	}
	if got := take(64); len(got) != 52 {
		t.Errorf("a claim of 64 has mail of %d tenants, want all 52 that wait", len(got))
	}
	for len(claimed) < puts {
		take(64)
	}
	check(t, q)
	claimNone(t, q)
}

// moreTenantsThanItems: where a claim cannot have one of each tenant, they take turns.
func moreTenantsThanItems(t *testing.T, h Harness) {
	q := h.Open(t, queue.Options{})
	const tenants = 40
	for tenant := range tenants {
		for range 10 {
			put(t, q, fmt.Sprint("tenant ", tenant), []byte("x"))
		}
	}
	served := map[string]int{}
	for range tenants {
		for tenant, n := range byTenant(claim(t, q, 4)) {
			served[tenant] += n
		}
	}
	if len(served) != tenants {
		t.Errorf("%d claims of 4 served %d tenants, want %d", tenants, len(served), tenants)
	}
}

func claimWaits(t *testing.T, h Harness) {
	q := h.Open(t, queue.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(20*time.Millisecond, cancel)
	if items, err := q.Claim(ctx, 1); !errors.Is(err, context.Canceled) {
		t.Errorf("claim of a cancelled context = %v, %v", items, err)
	}
	ids := make(chan string, 1)
	time.AfterFunc(20*time.Millisecond, func() {
		id, err := tryPut(q, contoso, []byte("x"))
		if err != nil {
			t.Error(err)
		}
		ids <- id
	})
	if got := claim(t, q, 1); got[0].ID != <-ids || got[0].State != queue.Working {
		t.Errorf("claimed %+v", got[0])
	}
}

func claimOnceEach(t *testing.T, h Harness) {
	q := h.Open(t, queue.Options{})
	const n = 200
	for range n {
		put(t, q, contoso, []byte("x"))
	}
	var mu sync.Mutex
	seen := map[string]int{}
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for {
				items, err := q.Claim(ctx, 3)
				if err != nil {
					return
				}
				mu.Lock()
				for _, it := range items {
					seen[it.ID]++
				}
				if len(seen) == n {
					cancel()
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	for id, times := range seen {
		if times != 1 {
			t.Errorf("item %s was handed out %d times", id, times)
		}
	}
	if len(seen) != n {
		t.Errorf("%d items were handed out, want %d", len(seen), n)
	}
}

// Neither a flood of new mail nor a wave of retries keeps the other from being worked on.
func claimTakesTurns(t *testing.T, h Harness) {
	q := h.Open(t, queue.Options{})
	for range 10 {
		put(t, q, contoso, []byte("x"))
	}
	for _, it := range claim(t, q, 10) {
		must(t, q.Defer(t.Context(), it.ID, time.Now().Add(-time.Minute), "again"))
	}
	for range 10 {
		put(t, q, contoso, []byte("x"))
	}
	tries := 0
	for _, it := range claim(t, q, 10) {
		tries += it.Tries
	}
	if tries != 5 {
		t.Errorf("%d of 10 claimed items were retries, want 5", tries)
	}
}

// claimable are the items that are handed out now.
func claimable(t *testing.T, q queue.Queue) []queue.Item {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
	defer cancel()
	items, err := q.Claim(ctx, 1000)
	if err != nil && !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	return items
}
