package pipeline

import (
	"fmt"
	"sync"
	"time"
)

// watch counts reports that are not attributed and raises an alert when they are more than one in a hundred of an hour's.
type watch struct {
	now   func() time.Time
	alert func(event, text string, attrs ...any)

	mu      sync.Mutex
	tenants map[string]*hour // owned by mu
}

type hour struct {
	start          time.Time
	total, strange int
	alerted        bool
}

// strangeFloor keeps a single stray message on a quiet system from being an alert.
const strangeFloor = 3

func newWatch(now func() time.Time, alert func(event, text string, attrs ...any)) *watch {
	return &watch{now: now, alert: alert, tenants: map[string]*hour{}}
}

func (w *watch) seen(tenant string, strange bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	h := w.tenants[tenant]
	if h == nil || w.now().Sub(h.start) >= time.Hour {
		h = &hour{start: w.now()}
		w.tenants[tenant] = h
	}
	h.total++
	if !strange {
		return
	}
	h.strange++
	if h.alerted || h.strange < strangeFloor || h.strange*100 <= h.total {
		return
	}
	h.alerted = true
	w.alert("attribution.failing", fmt.Sprintf("%d of the last %d reports could not be attributed to their tenant: "+
		"see clawback queue list --state quarantined", h.strange, h.total), "tenant", tenant)
}
