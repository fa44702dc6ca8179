package retract

import (
	"context"
	"sync"
	"time"
)

// quota is what a service allows: so much at once, and so much a second from then on.
type quota struct{ size, rate float64 }

// Exchange Online allows 10,000 requests in 10 minutes for one app and mailbox. With these two numbers no span of
// 10 minutes ever holds more: 1,000 at once and 15 a second make 10,000.
const (
	bucketSize = 1000
	bucketRate = 15.0 // a second
)

// The quotas that all mailboxes share. Reference: Graph, throttling limits.
var (
	// Of the directory, for one app and tenant: 3,500 resource units in 10 seconds where the tenant is small.
	directoryQuota = quota{1000, 250}
	// Of Graph, for one app and all its tenants: 130,000 requests in 10 seconds.
	appQuota = quota{30_000, 10_000}
)

// costOther is what a further request of a look-up in the directory costs, in its units: the first one, for a user with
// $select and a small $top, costs 1.
const costOther = 3

// bucket is a token bucket. The zero value is full. It is guarded by its scheduler.
type bucket struct {
	used float64
	at   time.Time
}

// take uses one token of a mailbox, or says how long to wait for one. Above share of the bucket's size nothing is
// given, so that bulk jobs leave room for fresh verdicts.
func (b *bucket) take(now time.Time, share float64) time.Duration {
	b.fill(now, bucketRate)
	if over := b.used + 1 - bucketSize*share; over > 0 {
		return time.Millisecond + time.Duration(over/bucketRate*float64(time.Second))
	}
	b.used++
	return 0
}

func (b *bucket) fill(now time.Time, rate float64) {
	if elapsed := now.Sub(b.at); elapsed > 0 {
		b.used = max(0, b.used-elapsed.Seconds()*rate)
	}
	b.at = now
}

// shared is a bucket that callers stand in line for. They are no more than there are workers, so that the wait is
// short.
type shared struct {
	quota quota

	mu     sync.Mutex
	bucket bucket
}

// spend takes n tokens, in advance where there are too few, and says after which wait they are there.
func (s *shared) spend(now time.Time, n float64) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bucket.fill(now, s.quota.rate)
	s.bucket.used += n
	return time.Duration(max(0, s.bucket.used-s.quota.size) / s.quota.rate * float64(time.Second))
}

// pace waits for the tokens of one request that all mailboxes share.
func (l *scheduler) pace(ctx context.Context, mailbox string, units float64) error {
	now := l.e.now()
	wait := l.e.app.spend(now, 1)
	if mailbox == theDirectory {
		wait = max(wait, l.units.spend(now, units))
	}
	if wait <= 0 {
		return nil
	}
	select {
	case <-time.After(wait):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
