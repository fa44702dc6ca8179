package pipeline

import (
	"fmt"
	"sync"
	"time"
)

// watch counts reports that are not attributed and raises an alert when they are more than one in a hundred of the last
// hour's: once an hour for each tenant.
type watch struct {
	now   func() time.Time
	alert func(event, text string, attrs ...any)

	mu      sync.Mutex
	tenants map[string]*hour // owned by mu
}

// hour is the last hour's reports, by the minute.
type hour struct {
	minutes [60]minute
	alerted time.Time
}

type minute struct {
	at             int64 // since the epoch
	total, strange int
}

func newWatch(now func() time.Time, alert func(event, text string, attrs ...any)) *watch {
	return &watch{now: now, alert: alert, tenants: map[string]*hour{}}
}

func (w *watch) seen(tenant string, strange bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	h := w.tenants[tenant]
	if h == nil {
		h = &hour{}
		w.tenants[tenant] = h
	}
	now := w.now()
	total, odd := h.count(now, strange)
	if !strange || odd*100 <= total || now.Sub(h.alerted) < time.Hour {
		return
	}
	h.alerted = now
	w.alert("attribution.failing", fmt.Sprintf("%d of the last hour's %d reports could not be attributed to their "+
		"tenant: "+
		"see clawback queue list --state quarantined", odd, total), "tenant", tenant)
}

// count adds a report and gives the last hour's sums.
func (h *hour) count(now time.Time, strange bool) (total, odd int) {
	at := now.Unix() / 60
	m := &h.minutes[at%60]
	if m.at != at {
		*m = minute{at: at}
	}
	m.total++
	if strange {
		m.strange++
	}
	for _, m := range h.minutes {
		if m.at > at-60 && m.at <= at {
			total, odd = total+m.total, odd+m.strange
		}
	}
	return total, odd
}
