package limit

import (
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
	// Of the directory, for one app and tenant: resource units in 10 seconds by the number of its users. A tenant is as
	// small as it can be until its directory has named more users than that.
	directoryQuotas = [...]struct {
		above int // users
		quota quota
	}{{0, directoryQuota}, {50, quota{1000, 400}}, {500, quota{2000, 600}}} // 3,500; 5,000; 8,000
	directoryQuota = quota{1000, 250}
	// Of Graph, for one app and all its tenants: 130,000 requests in 10 seconds.
	appQuota = quota{30_000, 10_000}
)

// costOther is what a further request of a look-up in the directory costs, in its units: the first one, for a user with
// $select and a small $top, costs 1.
const costOther = 3

// bucket is a token bucket. The zero value is full. It is guarded by its limiter.
type bucket struct {
	used float64
	at   time.Time
}

// reserve uses one token of a mailbox, or says how long to wait for one. Above share of the bucket's size nothing is
// given, so that bulk jobs leave room for fresh verdicts.
func (b *bucket) reserve(now time.Time, share float64) time.Duration {
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

// Shared is a bucket that callers stand in line for. They are no more than there are workers, so that the wait is
// short. It is safe for concurrent use.
type Shared struct {
	quota quota

	mu     sync.Mutex
	bucket bucket
}

// NewApp is the bucket of Graph's quota for the application and all its tenants.
func NewApp() *Shared { return &Shared{quota: appQuota} }

// widen sets what is allowed from now on.
func (s *Shared) widen(q quota) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.quota = q
}

// noteUser takes note of a user that the directory has named: by how many there are its quota goes.
func (l *Limiter) noteUser(user string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if _, known := l.users[user]; known || user == "" || len(l.users) > directoryQuotas[len(directoryQuotas)-1].above {
		return
	}
	if l.users == nil {
		l.users = map[string]struct{}{}
	}
	l.users[user] = struct{}{}
	for _, q := range directoryQuotas {
		if len(l.users) == q.above+1 {
			l.units.widen(q.quota)
		}
	}
}

// spend takes n tokens, in advance where there are too few, and says after which wait they are there.
func (s *Shared) spend(now time.Time, n float64) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.bucket.fill(now, s.quota.rate)
	s.bucket.used += n
	return time.Duration(max(0, s.bucket.used-s.quota.size) / s.quota.rate * float64(time.Second))
}

// spend takes a token of the mailbox for one request, or says how long to wait: for a gate, or for a token.
func (l *Limiter) spend(mailbox string, share float64) time.Duration {
	if wait := l.Gated(mailbox); wait > 0 || mailbox == Directory {
		return max(wait, 0)
	}
	now := l.o.Now()
	l.mu.Lock()
	defer l.mu.Unlock()
	b := l.buckets[mailbox]
	if b == nil {
		l.dropFull(now)
		b = &bucket{at: now}
		l.buckets[mailbox] = b
	}
	return b.reserve(now, share)
}

// stepTokens is what a step of an intent may use.
const stepTokens = 10

// outOfTokens reports whether a mailbox has too few tokens left for another step, so that its intents rest as one until
// there are some. The caller holds mu.
func (l *Limiter) outOfTokens(mailbox string, workers int, bulk bool, now time.Time) bool {
	b := l.buckets[mailbox]
	if b == nil {
		return false
	}
	key, share := mailbox, shareOf(bulk)
	if bulk {
		key += " bulk"
	}
	if l.emptyUntil[key].After(now) {
		return true
	}
	b.fill(now, bucketRate)
	lack := b.used + stepTokens*float64(workers+1) - bucketSize*share
	if lack <= 0 {
		return false
	}
	l.emptyUntil[key] = now.Add(max(time.Second, time.Duration(lack/bucketRate*float64(time.Second))))
	return true
}

// shareOf is the part of a mailbox's tokens that a worker may use: bulk jobs leave half to fresh verdicts.
func shareOf(bulk bool) float64 {
	if bulk {
		return 0.5
	}
	return 1
}

// dropFull drops the buckets that are full again, so that memory does not grow with the mailboxes ever seen. The caller
// holds mu.
func (l *Limiter) dropFull(now time.Time) {
	if len(l.buckets) < 4096 {
		return
	}
	for mailbox, b := range l.buckets {
		if b.fill(now, bucketRate); b.used == 0 {
			delete(l.buckets, mailbox)
		}
	}
}
