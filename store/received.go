package store

import (
	"bytes"
	"context"
	"time"

	"clawback/verdict"
)

// CountReceived counts the records that were received in a span of time, since included and until not, by tenant and
// disposition: of one tenant, or of all when it is "". It reads the index by time alone, and no record.
func (s *Store) CountReceived(ctx context.Context, tenant string, since, until time.Time) (
	counts map[string]map[verdict.Disposition]int, err error) {
	counts = map[string]map[verdict.Disposition]int{}
	err = s.view(ctx, func(t *txn) error {
		for _, id := range t.tenants(tenant) {
			counts[id] = t.countReceived(tenantKey(id), stampDown(since), stampDown(until))
		}
		return ctx.Err()
	})
	return counts, err
}

// countReceived walks from the newest down.
func (t *txn) countReceived(prefix, oldest, end []byte) map[verdict.Disposition]int {
	counts := map[verdict.Disposition]int{}
	c := t.cursor(tableTime)
	for k, v := c.Seek(join(prefix, end)); k != nil && bytes.HasPrefix(k, prefix) && t.step(); k, v = c.Next() {
		at := k[len(prefix):]
		if len(at) < 8 || len(v) == 0 || bytes.Equal(at[:8], end) {
			continue
		}
		if bytes.Compare(at[:8], oldest) > 0 {
			break
		}
		counts[verdict.Disposition(v[0])]++
	}
	return counts
}
