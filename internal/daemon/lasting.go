package daemon

import (
	"fmt"
	"sync"
	"time"

	"clawback/api"
	"clawback/intel/feed"
	"clawback/smtpd/networks"
	"clawback/store"
)

// A single failure of what is tried again by itself needs no person: the next attempt mends most. The log has each.
// These are the times after which it does.
const (
	failingLong  = time.Hour       // of whatever is fetched from time to time
	networksOld  = 7 * day         // Microsoft announces new networks 30 days ahead
	renewingLong = day             // of a certificate's renewal, which begins weeks before the end,
	renewingSoon = 7 * day         // or failingLong where the certificate ends within this
	awayLong     = 2 * time.Minute // an engine that reads its signatures anew does not answer meanwhile
	awayGap      = time.Hour       // failures that are farther apart are not the same trouble
	awayTimes    = 3               // how often in a row a feed is not read: publishers restart their servers
)

// networksNotice tells of a copy of Exchange Online's networks that is old and cannot be refreshed.
func networksNotice(n networks.Status, now time.Time) []store.Notice {
	newest := n.Date
	if n.Checked.After(newest) {
		newest = n.Checked
	}
	if n.Problem == "" || now.Sub(n.Failing) < failingLong || now.Sub(newest) < networksOld {
		return nil
	}
	return []store.Notice{{Kind: "networks.stale",
		Text: fmt.Sprintf("networks: the list of %s stays in use; since %s it could not be refreshed: %s",
			newest.Format(time.DateOnly), clock(n.Failing), n.Problem)}}
}

// certificateNotice tells of a certificate that a connector would not take, or that is not renewed.
func certificateNotice(c *api.Certificate, now time.Time) []store.Notice {
	if c == nil || c.Problem == "" {
		return nil
	}
	if !c.Retried.IsZero() {
		patience := renewingLong
		if c.NotAfter.Sub(now) < renewingSoon {
			patience = failingLong
		}
		if now.Before(c.NotAfter) && now.Sub(c.Retried) < patience {
			return nil
		}
	}
	return []store.Notice{{Kind: "certificate", Text: "certificate: " + c.Problem}}
}

// registriesNotice tells that no domain's age is known for want of the list of RDAP servers.
func registriesNotice(r *api.RDAP, now time.Time) []store.Notice {
	if r == nil || r.Servers > 0 || r.Problem == "" || now.Sub(r.Failing) < failingLong {
		return nil
	}
	return []store.Notice{{Kind: "rdap.list",
		Text: "no list of RDAP servers, so that no domain's age is known: " + r.Problem}}
}

// feedNeedsAPerson reports whether a list that was not read does. A server that is away or shows a page of its own
// instead mends itself; another key, address, format or length does not.
func feedNeedsAPerson(f feed.Failure) bool {
	switch f.Code {
	case feed.Away, feed.Slow, feed.HTML, feed.Format, feed.Empty, feed.Unreadable:
		return f.Times >= awayTimes
	}
	return true
}

// lasting tells trouble that lasts from a single failure, by what fails. The zero value is ready.
type lasting struct {
	mu    sync.Mutex
	spans map[string]span
}

type span struct{ first, last time.Time }

// failed notes a failure, and reports whether the trouble lasts.
func (l *lasting) failed(what string, now time.Time) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.spans == nil {
		l.spans = map[string]span{}
	}
	s, known := l.spans[what]
	if !known || now.Sub(s.last) > awayGap {
		s.first = now
	}
	s.last = now
	l.spans[what] = s
	return now.Sub(s.first) >= awayLong
}
