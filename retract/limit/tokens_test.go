package limit

import (
	"math/rand/v2"
	"testing"
	"time"
)

// In no span of 10 minutes does a mailbox get more than 10,000 requests, however they come.
func TestBucket_tenThousandInTenMinutes(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	b := &bucket{at: now}
	var granted []time.Time
	for len(granted) < 40_000 {
		wait := b.take(now, 1)
		if wait == 0 {
			granted = append(granted, now)
		}
		if wait > 0 && random.IntN(2) == 0 {
			now = now.Add(wait)
		}
		if random.IntN(2000) == 0 {
			now = now.Add(time.Duration(random.IntN(300)) * time.Second) // a pause, so that it fills up
		}
		now = now.Add(time.Duration(random.IntN(3)) * time.Millisecond)
	}
	for i, first := 0, 0; i < len(granted); i++ {
		for granted[i].Sub(granted[first]) >= 10*time.Minute {
			first++
		}
		if n := i - first + 1; n > 10_000 {
			t.Fatalf("%d requests in 10 minutes", n)
		}
	}
}

func TestBucket_bulkLeavesHalf(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	b := &bucket{at: now}
	bulk := 0
	for b.take(now, 0.5) == 0 {
		bulk++
	}
	fresh := 0
	for b.take(now, 1) == 0 {
		fresh++
	}
	if bulk != bucketSize/2 || fresh != bucketSize/2 {
		t.Errorf("bulk got %d and fresh %d of %d", bulk, fresh, bucketSize)
	}
}

// In no span of 10 seconds does the directory of a small tenant give more than its 3,500 units, nor Graph an
// application more than its 130,000 requests.
func TestBucket_sharedQuotas(t *testing.T) {
	for name, c := range map[string]struct {
		quota quota
		most  int
	}{"directory": {directoryQuota, 3500}, "application": {appQuota, 130_000}} {
		began := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		s := &Shared{quota: c.quota}
		s.bucket.at = began
		n := 0
		for s.spend(began, 1) < 10*time.Second {
			n++
		}
		if n > c.most || n < c.most*9/10 {
			t.Errorf("%s: %d calls in 10 seconds, want nearly %d", name, n, c.most)
		}
	}
}
