package pipeline

import (
	"fmt"
	"sync"
	"time"
)

// When reports that are not attributed are a trouble of ours, and not somebody's attempt: who knows a journal address
// can send one at any time, from a host of his own or through Exchange Online as another organisation.
const (
	failingFew     = 3  // in an hour from the listener's networks, at least
	failingShare   = 50 // and one of so many at least (2 %)
	failingOutside = 20 // in an hour from elsewhere, while none was attributed: the networks are no longer right
)

// watch counts reports that are not attributed and raises an alert where several of the last hour's are not, and these
// are no small part of them: once an hour for each tenant.
type watch struct {
	now   func() time.Time
	alert func(event, text string, attrs ...any)

	mu      sync.Mutex
	tenants map[string]*hour // owned by mu
}

// seenAs is what a report was taken for.
type seenAs int

const (
	attributed  seenAs = iota
	contradicts        // it came from the listener's networks, and names another organisation
	outside            // it came from none of these networks
)

// seenTypes is how many there are.
const seenTypes = 3

// hour is the last hour's reports, by the minute.
type hour struct {
	minutes [60]minute
	alerted time.Time
}

type minute struct {
	at    int64 // since the epoch
	count [seenTypes]int
}

func newWatch(now func() time.Time, alert func(event, text string, attrs ...any)) *watch {
	return &watch{now: now, alert: alert, tenants: map[string]*hour{}}
}

func (w *watch) seen(tenant string, as seenAs) {
	w.mu.Lock()
	defer w.mu.Unlock()
	h := w.tenants[tenant]
	if h == nil {
		h = &hour{}
		w.tenants[tenant] = h
	}
	now := w.now()
	sum := h.count(now, as)
	if as == attributed || !failing(sum) || now.Sub(h.alerted) < time.Hour {
		return
	}
	h.alerted = now
	w.alert("attribution.failing", fmt.Sprintf("%d of the last hour's %d reports could not be attributed to their "+
		"tenant: see clawback queue list --state quarantined", sum[contradicts]+sum[outside],
		sum[attributed]+sum[contradicts]+sum[outside]), "tenant", tenant)
}

// failing reports whether a tenant's own reports are likely among those that were not attributed.
func failing(sum [seenTypes]int) bool {
	known := sum[attributed] + sum[contradicts]
	return sum[contradicts] >= failingFew && sum[contradicts]*failingShare >= known ||
		sum[outside] >= failingOutside && sum[attributed] == 0
}

// count adds a report and gives the last hour's sums.
func (h *hour) count(now time.Time, as seenAs) (sum [seenTypes]int) {
	at := now.Unix() / 60
	m := &h.minutes[at%60]
	if m.at != at {
		*m = minute{at: at}
	}
	m.count[as]++
	for _, m := range h.minutes {
		if m.at <= at-60 || m.at > at {
			continue
		}
		for i, n := range m.count {
			sum[i] += n
		}
	}
	return sum
}
