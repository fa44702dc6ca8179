package daemon

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"clawback/api"
	"clawback/queue"
)

// calm is a status of a daemon that runs for a day and has no trouble.
func calm(now time.Time) api.Status {
	return api.Status{Started: now.Add(-24 * time.Hour),
		Disk: api.Disk{Path: "/state", Free: 50 << 30, Total: 100 << 30, MinFree: 2 << 30, Inodes: 9000,
			TotalInodes: 10000, MinInodes: 1000},
		Certificate: &api.Certificate{Names: []string{"mx.example"}, NotAfter: now.Add(60 * 24 * time.Hour)},
		Queue: api.QueueStatus{
			Items: map[queue.State]api.Count{
				queue.Ready:    {Count: 3, Oldest: now.Add(-time.Minute)},
				queue.Working:  {Count: 2, Oldest: now.Add(-9 * time.Minute)},
				queue.Deferred: {Count: 1, Oldest: now.Add(-59 * time.Minute)},
			},
			Bounces: map[queue.BounceState]api.Count{queue.BounceWaiting: {Count: 1, Oldest: now.Add(-time.Hour)}},
		},
		Tenants: []api.Tenant{{Name: "contoso", ID: "t1", CredentialEnds: now.Add(31 * 24 * time.Hour)}},
	}
}

// Each trouble that the state shows is told, by its kind, with its numbers and since when; its neighbour, which is
// none, is not. Where nothing is wrong nobody is told anything.
func TestConditions_eachTroubleIsTold(t *testing.T) {
	now := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		change func(*api.Status)
		want   string // kinds and a part of the text; "" for nothing
	}{
		"nothing": {func(*api.Status) {}, ""},
		"mail put off": {func(s *api.Status) { s.Deferring = "no space"; s.Disk.Free = 1 << 30 },
			"mail.deferred: new mail is deferred: no space (/state has 1.0 GiB of 100 GiB free, and below 2.0 GiB"},
		"disk, twice the bound": {func(s *api.Status) { s.Disk.Free = 4 << 30 }, ""},
		"disk": {func(s *api.Status) { s.Disk.Free = 3 << 30 },
			"disk.low: little space is left: /state has 3.0 GiB of 100 GiB free, and below 2.0 GiB new mail is put off"},
		"inodes": {func(s *api.Status) { s.Disk.Inodes = 1500 }, "of inodes 1500 of 10000, and below 1000"},
		"disk that does not answer": {func(s *api.Status) { s.Disk = api.Disk{Path: "/state", Problem: "i/o error"} },
			"disk.low: little space is left: /state: i/o error"},
		"backlog": {func(s *api.Status) {
			s.Queue.Items[queue.Working] = api.Count{Count: 2, Oldest: now.Add(-10 * time.Minute)}
		},
			"queue.backlog: reports wait to be judged: 5, the oldest since 2026-11-02 08:50 UTC; they do not become fewer"},
		"backlog after a start": {func(s *api.Status) {
			s.Queue.Items[queue.Ready] = api.Count{Count: 900, Oldest: now.Add(-10 * time.Hour)}
			s.Started = now.Add(-9 * time.Minute)
		}, ""},
		"deferred": {func(s *api.Status) { s.Queue.Items[queue.Deferred] = api.Count{Count: 4, Oldest: now.Add(-time.Hour)} },
			"queue.deferred: reports cannot be judged, and are tried again: 4, the oldest since 2026-11-02 08:00 UTC"},
		"bounce late": {func(s *api.Status) {
			s.Queue.Bounces[queue.BounceWaiting] = api.Count{Count: 7, Oldest: now.Add(-4 * time.Hour)}
		}, "bounce.late: bounces wait for an alternate mailbox: 7, the oldest since 2026-11-02 05:00 UTC"},
		"bounce stuck": {func(s *api.Status) { s.Queue.Bounces[queue.BounceStuck] = api.Count{Count: 1, Oldest: now.Add(-day)} },
			"bounce.stuck: 1 bounce is stuck, the oldest since 2026-11-01 09:00 UTC"},
		"quarantine": {func(s *api.Status) {
			s.Queue.Items[queue.Quarantined] = api.Count{Count: 3, Oldest: now.Add(-2 * day)}
		}, "quarantine: 3 in quarantine, the oldest since 2026-10-31 09:00 UTC"},
		"held":       {func(s *api.Status) { s.Tenants[0].Counts.Held = 2 }, "retractions.held: 2 retractions wait for a person"},
		"one held":   {func(s *api.Status) { s.Tenants[0].Counts.Held = 1 }, "retractions.held: 1 retraction waits for a person"},
		"submission": {func(s *api.Status) { s.Tenants[0].Submissions = map[string]int{"open": 2} }, "submissions.open: 2 messages"},
		"unproven":   {func(s *api.Status) { s.Tenants[0].Submissions = map[string]int{"unproven": 2} }, ""},
		"stuck": {func(s *api.Status) { s.Tenants[0].Stuck, s.Tenants[0].StuckWhy = 2, "message m: 500" },
			"retract.stuck: messages that cannot be taken, tried again: 2; message m: 500"},
		"late": {func(s *api.Status) {
			s.Tenants[0].Late, s.Tenants[0].LateSince, s.Tenants[0].Paused = 5, now.Add(-time.Hour), "Graph is away"
		}, "retract.late: retractions are due and not begun: 5, the first since 2026-11-02 08:00 UTC; Graph is away"},
		"late after a start": {func(s *api.Status) {
			s.Tenants[0].Late, s.Tenants[0].LateSince, s.Started = 5, now.Add(-time.Hour), now.Add(-time.Minute)
		}, ""},
		"credential": {func(s *api.Status) { s.Tenants[0].CredentialEnds = now.Add(29 * day) },
			"graph.credential_expires: the credential for Microsoft Graph ends on 2026-12-01: after it nothing is retracted"},
		"credential over": {func(s *api.Status) { s.Tenants[0].CredentialEnds = now.Add(-day) },
			"graph.credential_expires: the credential for Microsoft Graph ended on 2026-11-01: nothing is retracted"},
	} {
		t.Run(name, func(t *testing.T) {
			s := calm(now)
			c.change(&s)
			var b trend
			b.note(s, now)
			var told []string
			for _, n := range append(troublesOf(s), b.conditions(s, now)...) {
				told = append(told, n.Kind+": "+n.Text)
				if k, known := kinds[n.Kind]; !known || !k.state {
					t.Errorf("%s is no kind that follows from the state", n.Kind)
				}
				if strings.HasPrefix(n.Kind, "retract") != (n.Tenant == "t1") && n.Tenant != "t1" {
					t.Errorf("%s is of tenant %q", n.Kind, n.Tenant)
				}
			}
			if got := strings.Join(told, "\n"); c.want == "" && got != "" || !strings.Contains(got, c.want) ||
				len(told) > 1 {
				t.Errorf("told is %q, want %q", got, c.want)
			}
		})
	}
}

// A backlog that becomes shorter is told with the time of its end.
func TestTrend_saysWhenABacklogEnds(t *testing.T) {
	now := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	var b trend
	at := func(minute, waiting int) string {
		when := now.Add(time.Duration(minute) * time.Minute)
		s := calm(when)
		s.Queue.Items = map[queue.State]api.Count{queue.Ready: {Count: waiting, Oldest: now.Add(-time.Hour)}}
		b.note(s, when)
		list := b.conditions(s, when)
		if len(list) != 1 || list[0].Kind != "queue.backlog" {
			t.Fatalf("told is %+v", list)
		}
		_, text, _ := strings.Cut(list[0].Text, "; ")
		return text
	}
	for i, c := range []struct {
		minute, waiting int
		want            string
	}{
		{0, 1000, "they do not become fewer"},
		{1, 1000, "they do not become fewer"},
		{2, 900, "at this rate the last one is judged 2026-11-02 09:20 UTC"},
		{5, 500, "at this rate the last one is judged 2026-11-02 09:10 UTC"},
		{21, 600, "they do not become fewer"}, // what was longer ago does not count
	} {
		if got := at(c.minute, c.waiting); got != c.want {
			t.Errorf("%d: %q, want %q", i, got, c.want)
		}
	}
}

// That Microsoft asks the whole tenant to wait is usual for seconds. A person is told when it lasts, and since when.
func TestTrend_throttlingThatLastsIsTold(t *testing.T) {
	now := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	var b trend
	told := func(minute int, throttled bool) string {
		when := now.Add(time.Duration(minute) * time.Minute)
		s := calm(when)
		if throttled {
			s.Tenants[0].ThrottledUntil = when.Add(time.Minute)
		}
		b.note(s, when)
		list := b.conditions(s, when)
		if len(list) == 0 {
			return ""
		}
		return list[0].Kind + ": " + list[0].Text
	}
	for _, c := range []struct {
		minute    int
		throttled bool
		want      string
	}{
		{0, true, ""}, {9, true, ""}, {10, false, ""}, {11, true, ""}, {20, true, ""},
		{21, true, "retract.throttled: Microsoft has asked to wait since 2026-11-02 09:11 UTC, now until 2026-11-02 09:22 UTC: " +
			"nothing is retracted"},
		{22, false, ""},
	} {
		if got := told(c.minute, c.throttled); got != c.want {
			t.Errorf("minute %d: %q, want %q", c.minute, got, c.want)
		}
	}
}

// journalOf is a tenant's journal, hour by hour.
type journalOf struct {
	t    *testing.T
	file string
	*traffic
	total int
	now   time.Time
	last  time.Time
}

func newJournal(t *testing.T) *journalOf {
	j := &journalOf{t: t, file: filepath.Join(t.TempDir(), "traffic.json"),
		now: time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC)} // a Sunday
	j.restart()
	return j
}

func (j *journalOf) restart() { j.traffic = openTraffic(j.file, slog.New(slog.DiscardHandler)) }

// hours lets time pass, with so many reports each hour.
func (j *journalOf) hours(n int, reports func(at time.Time) int) {
	for range n {
		j.count("t1", j.total, j.now)
		if r := reports(j.now); r > 0 {
			j.total, j.last = j.total+r, j.now.Add(30*time.Minute)
		}
		j.count("t1", j.total, j.now.Add(59*time.Minute))
		j.now = j.now.Add(time.Hour)
	}
	j.count("t1", j.total, j.now)
}

func (j *journalOf) wantNotice(want string) {
	j.t.Helper()
	if got := j.silent("t1", j.total, j.last, j.now); got != want {
		j.t.Errorf("at %s: %q, want %q", clock(j.now), got, want)
	}
}

// office is a week of an organisation: mail by day from Monday to Friday, hardly any else.
func office(busy int) func(time.Time) int {
	return func(at time.Time) int {
		if at.Weekday() == time.Sunday || at.Weekday() == time.Saturday || at.Hour() < 7 || at.Hour() > 18 {
			return 0
		}
		return busy
	}
}

func nothing(time.Time) int { return 0 }

// Silence is less than is usual for the hour and weekday: nights and weekends are none, an hour of the day without mail
// is.
func TestTraffic_silenceIsLessThanUsual(t *testing.T) {
	j := newJournal(t)
	for range 3 * 7 * 24 { // three weeks; on no evening, night or weekend anything is told
		j.hours(1, office(200))
		j.wantNotice("")
	}
	j.restart() // as after a crash on Sunday at 0:00
	j.hours(24+9, office(200))
	j.wantNotice("") // Monday, 9:00
	j.hours(1, nothing)
	j.wantNotice("few journal reports: 0 in the last hour, where 200 are usual at this time of the week; " +
		"the last one came 2026-11-23 08:30 UTC")
	j.hours(1, func(time.Time) int { return 21 })
	j.wantNotice("") // one in ten is few, and this is more
	j.hours(1, func(time.Time) int { return 20 })
	j.wantNotice("few journal reports: 20 in the last hour, where 200 are usual at this time of the week; " +
		"the last one came 2026-11-23 11:30 UTC")
	j.total, j.last = j.total+1, j.now // it comes again
	j.wantNotice("")
}

// Where little mail is usual nothing at all has to be missing before it is told.
func TestTraffic_littleMail(t *testing.T) {
	j := newJournal(t)
	j.hours(3*7*24, office(3))
	j.hours(24+12, office(3))
	j.wantNotice("")
	j.hours(6, nothing)
	j.wantNotice("")
	j.hours(6, nothing)
	j.hours(12, nothing)
	j.wantNotice("few journal reports: 0 in the last 24 hours, where 30 are usual at this time of the week; " +
		"the last one came 2026-11-23 11:30 UTC")
	j.hours(1, func(time.Time) int { return 1 })
	j.wantNotice("")
}

// A week of holidays, or one in which the rule was off, is not what is usual afterwards.
func TestTraffic_oneQuietWeekIsNotUsual(t *testing.T) {
	j := newJournal(t)
	j.hours(3*7*24, office(200))
	j.hours(7*24, nothing)
	j.hours(24+12, office(200))
	j.hours(3, nothing)
	if got := j.silent("t1", j.total, j.last, j.now); !strings.Contains(got, "where 200 are usual") {
		t.Errorf("told is %q", got)
	}
}

// Without knowledge of the week, after a start or with a new tenant, only what is longer than a weekend is told; of a
// tenant that never had a report nothing.
func TestTraffic_nothingKnown(t *testing.T) {
	j := newJournal(t)
	j.hours(100, nothing)
	j.wantNotice("")
	j.hours(10, office(500))
	last := j.last
	j.hours(72-10, nothing)
	j.wantNotice("")
	j.now = last.Add(quietFor)
	j.wantNotice("no journal report has come since " + clock(last))
	if got := j.silent("t2", 7, last, j.now); got != "" {
		t.Errorf("of another tenant: %q", got)
	}
}

// The hours of a gap are not known: nobody is told of silence because the daemon did not run.
func TestTraffic_gapsAreNotSilence(t *testing.T) {
	j := newJournal(t)
	j.hours(3*7*24+24+10, office(200))
	j.now = j.now.Add(5 * time.Hour) // suspended
	j.wantNotice("")
	j.count("t1", j.total, j.now)
	j.wantNotice("")
	j.restart()
	j.count("t1", j.total, j.now)
	j.wantNotice("")
}

// What cannot be read is learnt anew.
func TestTraffic_aBrokenFile(t *testing.T) {
	j := newJournal(t)
	j.hours(30, office(200))
	for _, broken := range []string{"", "{", `{"t1":null}`, `{"t1":{"weeks":[[1]]}}`, `{"t1":{"weeks":1}}`} {
		if err := os.WriteFile(j.file, []byte(broken), 0o600); err != nil {
			t.Fatal(err)
		}
		j.restart()
		j.hours(30, office(200))
		j.wantNotice("")
	}
	if len(fmt.Sprint(j.tenants["t1"].Weeks)) > 100_000 {
		t.Error("it grows")
	}
}
