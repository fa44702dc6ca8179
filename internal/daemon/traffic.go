package daemon

import (
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"slices"
	"sync"
	"time"

	"clawback/internal/lastgood"
)

// traffic knows how many reports each tenant sends in each hour of the week, so that silence is told: a journal rule
// that was disabled, or a connector that leads elsewhere, shows by nothing else.
//
// It counts by the store's counter of reports, which survives a restart. Hours during which the daemon did not run from
// beginning to end are not known, and nothing is said of them. The file is derived: lost, it is learnt anew.
type traffic struct {
	file string
	log  *slog.Logger

	mu      sync.Mutex
	tenants map[string]*rhythm // by GUID; owned by mu
}

// rhythm is one tenant's.
type rhythm struct {
	// Reports in each hour of the week, Sunday 0:00 UTC first, of the last weeks, the latest last.
	Weeks [hoursOfWeek][]int `json:"weeks"`
	// Reports in the last hours that ended, the latest last, without a gap.
	Recent []int     `json:"recent"`
	Hour   time.Time `json:"hour"` // the one that is being counted
	Whole  bool      `json:"whole"`
	Before int       `json:"before"` // reports in all when it began
}

const (
	hoursOfWeek = 7 * 24
	keptWeeks   = 4
	keptHours   = 24
	// leastWeeks is in how many weeks an hour was counted before it says what is usual.
	leastWeeks = 2
	// enough is how many reports must be usual in the hours that are looked at: of fewer, one in ten is chance.
	enough = 50
	// few is the same where none at all has come: by chance once in 20,000.
	few = 10
	// quietFor is how long without a report is told where nothing is known of the week: longer than a weekend.
	quietFor = 3 * 24 * time.Hour
)

// openTraffic reads what was learnt before. What cannot be read is learnt anew.
func openTraffic(file string, log *slog.Logger) *traffic {
	t := &traffic{file: file, log: log, tenants: map[string]*rhythm{}}
	data, err := os.ReadFile(file)
	if err == nil {
		err = json.Unmarshal(data, &t.tenants)
	}
	if err != nil && !os.IsNotExist(err) {
		log.Warn("what is usual of the journal is learnt anew", "event", "traffic.lost", "error", err)
		t.tenants = map[string]*rhythm{}
	}
	for id, r := range t.tenants {
		if r == nil {
			delete(t.tenants, id)
			continue
		}
		r.Hour, r.Recent = time.Time{}, nil // the daemon was down for a part of the hour that was counted
	}
	return t
}

// count takes in how many reports of a tenant there have been in all.
func (t *traffic) count(tenant string, total int, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.tenants[tenant]
	if r == nil {
		r = &rhythm{}
		t.tenants[tenant] = r
	}
	if r.count(total, now.UTC().Truncate(time.Hour)) {
		t.save()
	}
}

// count reports whether an hour has ended.
func (r *rhythm) count(total int, hour time.Time) bool {
	if hour.Equal(r.Hour) {
		return false
	}
	next := !r.Hour.IsZero() && hour.Equal(r.Hour.Add(time.Hour))
	if next && r.Whole && total >= r.Before {
		slot := &r.Weeks[hourOfWeek(r.Hour)]
		*slot = lastOf(append(*slot, total-r.Before), keptWeeks)
		r.Recent = lastOf(append(r.Recent, total-r.Before), keptHours)
	} else {
		r.Recent = nil
	}
	r.Hour, r.Whole, r.Before = hour, next, total
	return true
}

// save writes what is known; a failure is told by the log, and the next hour tries again. The caller holds mu.
func (t *traffic) save() {
	err := lastgood.Write(t.file, func(out io.Writer) error { return json.NewEncoder(out).Encode(t.tenants) })
	if err != nil {
		t.log.Warn("write what is usual of the journal", "event", "traffic.failed", "error", err)
	}
}

// silent says why a tenant's journal is silent, "" where it is not. last is when its last report came.
func (t *traffic) silent(tenant string, total int, last, now time.Time) string {
	t.mu.Lock()
	defer t.mu.Unlock()
	r := t.tenants[tenant]
	if r == nil || last.IsZero() {
		return ""
	}
	got, usual, hours := r.compare(total)
	switch {
	case usual >= enough && got*10 <= usual, usual >= few && got == 0:
		span := "hour"
		if hours > 1 {
			span = fmt.Sprintf("%d hours", hours)
		}
		return fmt.Sprintf("few journal reports: %d in the last %s, where %d are usual at this time of the week; "+
			"the last one came %s", got, span, usual, clock(last))
	case hours < keptHours && now.Sub(last) >= quietFor:
		return "no journal report has come since " + clock(last)
	}
	return ""
}

// compare goes back over the last hours until enough reports are usual in them, and says how many came. The hour that
// runs counts for what came.
func (r *rhythm) compare(total int) (got, usual, hours int) {
	got = max(0, total-r.Before)
	for i := len(r.Recent) - 1; i >= 0 && usual < enough; i-- {
		hours++
		known, ok := r.usual(r.Hour.Add(-time.Duration(hours) * time.Hour))
		if !ok {
			return got, usual, hours
		}
		got += r.Recent[i]
		usual += known
	}
	return got, usual, hours
}

// usual is how many reports come in an hour of the week at the least: the second smallest number of the last weeks, so
// that one week of holidays counts for nothing, and the smallest of it and the hours beside it, for summer time.
func (r *rhythm) usual(hour time.Time) (least int, known bool) {
	for beside := -1; beside <= 1; beside++ {
		counts := slices.Sorted(slices.Values(r.before(hour.Add(time.Duration(beside) * time.Hour))))
		if len(counts) < leastWeeks {
			return 0, false
		}
		n := counts[0]
		if len(counts) > leastWeeks {
			n = counts[1]
		}
		if beside == -1 || n < least {
			least = n
		}
	}
	return least, true
}

// before is what was counted in an hour of the week in earlier weeks: without the hour itself, where it is the latest.
func (r *rhythm) before(hour time.Time) []int {
	counts := r.Weeks[hourOfWeek(hour)]
	if ago := int(r.Hour.Sub(hour) / time.Hour); ago >= 1 && ago <= len(r.Recent) && len(counts) > 0 {
		return counts[:len(counts)-1]
	}
	return counts
}

func hourOfWeek(t time.Time) int { return int(t.Weekday())*24 + t.Hour() }

// lastOf keeps the last n of a list.
func lastOf(list []int, n int) []int { return slices.Clone(list[max(0, len(list)-n):]) }
