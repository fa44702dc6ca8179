package limit

import (
	"math/rand/v2"
	"strconv"
	"testing"
	"time"

	"clawback/retract/fault"
)

// In no span of 10 minutes does a mailbox get more than 10,000 requests, however they come.
func TestBucket_tenThousandInTenMinutes(t *testing.T) {
	random := rand.New(rand.NewPCG(1, 2))
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	b := &bucket{at: now}
	var granted []time.Time
	for len(granted) < 40_000 {
		wait := b.reserve(now, 1)
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
	for b.reserve(now, 0.5) == 0 {
		bulk++
	}
	fresh := 0
	for b.reserve(now, 1) == 0 {
		fresh++
	}
	if bulk != bucketSize/2 || fresh != bucketSize/2 {
		t.Errorf("bulk got %d and fresh %d of %d", bulk, fresh, bucketSize)
	}
}

// In no span of 10 seconds does the directory of a small tenant give more than its 3,500 units, that of a larger one
// more than its 5,000 or 8,000, nor Graph an application more than its 130,000 requests.
func TestBucket_sharedQuotas(t *testing.T) {
	for name, c := range map[string]struct {
		quota quota
		most  int
	}{"directory": {directoryQuota, 3500}, "directory above 50 users": {directoryQuotas[1].quota, 5000},
		"directory above 500": {directoryQuotas[2].quota, 8000}, "application": {appQuota, 130_000}} {
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

// A tenant is taken for as small as it can be: its quota grows with the users that its directory has named, each
// counted once.
func TestLimiter_directoryQuotaFollowsUsers(t *testing.T) {
	l := New(Options{})
	for _, c := range []struct {
		users int
		want  quota
	}{{1, quota{1000, 250}}, {50, quota{1000, 250}}, {51, quota{1000, 400}}, {500, quota{1000, 400}},
		{501, quota{2000, 600}}, {5000, quota{2000, 600}}} {
		for i := range c.users {
			l.noteUser("u" + strconv.Itoa(i))
			l.noteUser("u" + strconv.Itoa(i))
			l.noteUser("")
		}
		if l.units.quota != c.want {
			t.Errorf("%d users: quota %v, want %v", c.users, l.units.quota, c.want)
		}
	}
	if n := len(l.users); n != 501 {
		t.Errorf("%d users are kept, want no more than are needed", n)
	}
}

// However the tenant grows meanwhile, no span of 10 seconds has more units than its size at the end allows.
func TestLimiter_directoryQuotaWhileItGrows(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	l := New(Options{})
	l.units.bucket.at = now
	n := 0
	for l.units.spend(now, 1) < 10*time.Second {
		l.noteUser("u" + strconv.Itoa(n))
		n++
	}
	if n > 8000 || n < 7200 {
		t.Errorf("%d units in 10 seconds, want nearly 8,000", n)
	}
}

// Until a server asks to go slower the workers grow by a quarter in each round of answers, then by one.
func TestLimiter_workersGrow(t *testing.T) {
	now := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	l := New(Options{Now: func() time.Time { return now }})
	round := func() {
		for range l.Workers() {
			l.learn("A", nil)
		}
	}
	if round(); l.Workers() != 20 {
		t.Errorf("%d workers after one round of answers, want 20", l.Workers())
	}
	for range 20 {
		round()
	}
	if l.Workers() != mostWorkers {
		t.Errorf("%d workers after 20 rounds, want all %v", l.Workers(), mostWorkers)
	}
	l.learn("A", &fault.Fault{Class: fault.Retry, Status: 429})
	if l.Workers() != mostWorkers/2 {
		t.Errorf("%d workers after a refusal, want half", l.Workers())
	}
	if round(); l.Workers() > mostWorkers/2+1 {
		t.Errorf("%d workers one round after a refusal, want one more at most", l.Workers())
	}
}
