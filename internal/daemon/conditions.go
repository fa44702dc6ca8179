package daemon

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/dustin/go-humanize"

	"clawback/api"
	"clawback/queue"
	"clawback/smtpd/certs"
	"clawback/store"
)

// When what a status shows becomes a trouble that a person is told of.
const (
	waitsLong      = 10 * time.Minute    // the oldest report that is not judged; throttling of a whole tenant
	deferredLong   = time.Hour           // a report that cannot be judged, tried again and again
	bounceLong     = 4 * time.Hour       // a bounce that the alternate mailbox does not take
	credentialSoon = 30 * 24 * time.Hour // the end of a credential for Graph: the portal and a second person take time
	settling       = 10 * time.Minute    // after the start what has waited while the daemon was down is no trouble yet
)

// trend is what several looks at the status show together.
type trend struct {
	mu        sync.Mutex
	looks     []look               // the oldest first, of the last [trendSpan]
	throttled map[string]time.Time // by tenant: since when Microsoft asks it to wait, without an end in between
}

// look is what the queue had at a time.
type look struct {
	at      time.Time
	waiting int
}

const (
	trendSpan  = 15 * time.Minute
	trendEvery = 30 * time.Second // looks that follow sooner tell nothing new
)

// note takes in a status.
func (t *trend) note(s api.Status, now time.Time) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if n := len(t.looks); n == 0 || now.Sub(t.looks[n-1].at) >= trendEvery {
		t.looks = append(t.looks, look{now, waiting(s)})
		t.looks = slices.DeleteFunc(t.looks, func(l look) bool { return now.Sub(l.at) > trendSpan })
	}
	since := map[string]time.Time{}
	for _, one := range s.Tenants {
		if one.ThrottledUntil.IsZero() {
			continue
		}
		since[one.ID] = now
		if first, known := t.throttled[one.ID]; known {
			since[one.ID] = first
		}
	}
	t.throttled = since
}

// waiting is how many reports are accepted and not judged yet. Deferred ones have a trouble of their own.
func waiting(s api.Status) int {
	return s.Queue.Items[queue.Ready].Count + s.Queue.Items[queue.Working].Count
}

// drains is when the reports that wait will have been judged, if they go on as in the last minutes; false where they
// do not become fewer.
func (t *trend) drains(now time.Time) (at time.Time, known bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if len(t.looks) < 2 {
		return time.Time{}, false
	}
	first, last := t.looks[0], t.looks[len(t.looks)-1]
	if last.waiting >= first.waiting {
		return time.Time{}, false
	}
	each := last.at.Sub(first.at) / time.Duration(first.waiting-last.waiting)
	return now.Add(each * time.Duration(last.waiting)), true
}

// throttledSince is since when Microsoft asks a tenant to wait; zero where it does not.
func (t *trend) throttledSince(tenant string) time.Time {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.throttled[tenant]
}

// conditions are the troubles that follow from a status and from those before it.
func (t *trend) conditions(s api.Status, now time.Time) (list []store.Notice) {
	add := func(kind, tenant, text string, args ...any) {
		list = append(list, store.Notice{Kind: kind, Tenant: tenant, Text: fmt.Sprintf(text, args...)})
	}
	if d := s.Disk; d.Low() && s.Deferring == "" {
		add("disk.low", "", "little space is left: %s", diskText(d))
	}
	list = append(list, t.overdue(s, now)...)
	for _, one := range s.Tenants {
		if since := t.throttledSince(one.ID); !since.IsZero() && now.Sub(since) >= waitsLong {
			add("retract.throttled", one.ID,
				"Microsoft has asked to wait since %s, now until %s: nothing is retracted", clock(since),
				clock(one.ThrottledUntil))
		}
		if one.Late > 0 && now.Sub(s.Started) >= settling {
			add("retract.late", one.ID, "retractions are due and not begun: %d, the first since %s%s", one.Late,
				clock(one.LateSince), inClause(one.Paused))
		}
		if end := one.CredentialEnds; !end.IsZero() && end.Sub(now) < credentialSoon {
			text := "the credential for Microsoft Graph ends on %s: after it nothing is retracted"
			if end.Before(now) {
				text = "the credential for Microsoft Graph ended on %s: nothing is retracted"
			}
			add("graph.credential_expires", one.ID, text, end.UTC().Format(time.DateOnly))
		}
	}
	return list
}

// overdue are the troubles of reports and bounces that wait too long.
func (t *trend) overdue(s api.Status, now time.Time) (list []store.Notice) {
	oldest := s.Queue.Items[queue.Ready].Oldest
	if w := s.Queue.Items[queue.Working]; w.Count > 0 && (oldest.IsZero() || w.Oldest.Before(oldest)) {
		oldest = w.Oldest
	}
	if n := waiting(s); n > 0 && now.Sub(oldest) >= waitsLong && now.Sub(s.Started) >= settling {
		end := "they do not become fewer"
		if at, known := t.drains(now); known {
			end = "at this rate the last one is judged " + clock(at)
		}
		list = append(list, store.Notice{Kind: "queue.backlog",
			Text: fmt.Sprintf("reports wait to be judged: %d, the oldest since %s; %s", n, clock(oldest), end)})
	}
	if c := s.Queue.Items[queue.Deferred]; c.Count > 0 && now.Sub(c.Oldest) >= deferredLong {
		list = append(list, store.Notice{Kind: "queue.deferred",
			Text: fmt.Sprintf("reports cannot be judged, and are tried again: %d, the oldest since %s", c.Count,
				clock(c.Oldest))})
	}
	if c := s.Queue.Bounces[queue.BounceWaiting]; c.Count > 0 && now.Sub(c.Oldest) >= bounceLong {
		list = append(list, store.Notice{Kind: "bounce.late",
			Text: fmt.Sprintf("bounces wait for an alternate mailbox: %d, the oldest since %s", c.Count,
				clock(c.Oldest))})
	}
	return list
}

func inClause(why string) string {
	if why == "" {
		return ""
	}
	return "; " + why
}

// clock is a time in a notice: with its zone, and to the minute, so that a text stays as it is while nothing changes.
func clock(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

// disk is what the file system of the state directory has left; of engines elsewhere nothing.
func (d *daemon) disk() api.Disk {
	if d.local == nil {
		return api.Disk{}
	}
	c := d.cfg.Spool
	out := api.Disk{Path: d.cfg.StateDir}
	sp, err := d.local.spool.Free()
	if err != nil {
		out.Problem = err.Error()
		return out
	}
	out.Free, out.Total = sp.Bytes, sp.TotalBytes
	out.MinFree = max(c.MinFree, int64(float64(sp.TotalBytes)*c.MinFreePercent/100))
	out.Inodes, out.TotalInodes, out.MinInodes = sp.Inodes, sp.TotalInodes, minFreeInodes
	return out
}

// diskText has path and numbers.
func diskText(d api.Disk) string {
	if d.Problem != "" {
		return d.Path + ": " + d.Problem
	}
	text := fmt.Sprintf("%s has %s of %s free, and below %s new mail is put off", d.Path,
		humanize.IBytes(uint64(max(d.Free, 0))),
		humanize.IBytes(uint64(d.Total)), humanize.IBytes(uint64(d.MinFree)))
	if d.TotalInodes > 0 && d.Inodes < 2*d.MinInodes {
		text += fmt.Sprintf("; of inodes %d of %d, and below %d", d.Inodes, d.TotalInodes, d.MinInodes)
	}
	return text
}

// certificate is the one that Exchange Online is shown, and what a connector that verifies would have against it.
func (d *daemon) certificate(now time.Time) *api.Certificate {
	c := d.certs.Status()
	shown := &api.Certificate{Names: c.Names, NotAfter: c.NotAfter, Problem: c.Problem}
	if c.Kind == "acme" {
		shown.Retried = c.Since
	}
	if f := certs.InUse(d.certs, d.live.config().Hostname, nil, now); !f.OK {
		shown.Retried = time.Time{}
		shown.Problem = strings.TrimPrefix(shown.Problem+"; "+d.live.config().Hostname+": "+f.Text+": "+f.Remedy, "; ")
	}
	return shown
}

// credentialEnds is when a tenant's credential for Graph ends; zero where that cannot be known from here.
func (d *daemon) credentialEnds(tenant string) time.Time {
	t, _ := d.live.mailboxes(tenant)
	if c, is := t.Mailboxes.(interface{ Expiry() (time.Time, bool) }); is {
		if until, known := c.Expiry(); known {
			return until.UTC()
		}
	}
	return time.Time{}
}
