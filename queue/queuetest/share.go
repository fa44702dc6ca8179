package queuetest

import (
	"fmt"
	"testing"

	"clawback/queue"
)

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
