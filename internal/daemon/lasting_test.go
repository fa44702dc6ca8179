package daemon

import (
	"testing"
	"time"

	"clawback/api"
	"clawback/intel/feed"
	"clawback/smtpd/networks"
)

// What is tried again by itself is told when it is of consequence, never after one failure.
func TestLasting_oneFailureNeedsNoPerson(t *testing.T) {
	now := time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)
	ago := func(d time.Duration) time.Time { return now.Add(-d) }
	certificate := func(left, failing time.Duration) *api.Certificate {
		return &api.Certificate{NotAfter: now.Add(left), Problem: "CA is away", Retried: ago(failing)}
	}
	registries := func(servers int, failing time.Time) int {
		return len(registriesNotice(&api.RDAP{Problem: "503", Servers: servers, Failing: failing}, now))
	}
	for name, row := range map[string]struct {
		told int
		want bool
	}{
		"networks: one failure, yesterday's list": {len(networksNotice(networks.Status{Problem: "away", Failing: now,
			Date: ago(day)}, now)), false},
		"networks: one failure, an old list": {len(networksNotice(networks.Status{Problem: "away", Failing: now,
			Date: ago(90 * day)}, now)), false},
		"networks: failing for days, list of six days": {len(networksNotice(networks.Status{Problem: "away",
			Failing: ago(5 * day), Date: ago(6 * day)}, now)), false},
		"networks: old list, found unchanged since": {len(networksNotice(networks.Status{Problem: "away",
			Failing: ago(day), Date: ago(90 * day), Checked: ago(day)}, now)), false},
		"networks: old list, failing": {len(networksNotice(networks.Status{Problem: "away", Failing: ago(time.Hour),
			Date: ago(8 * day)}, now)), true},
		"networks: checked long ago": {len(networksNotice(networks.Status{Problem: "away", Failing: ago(8 * day),
			Date: ago(90 * day), Checked: ago(8 * day)}, now)), true},
		"networks: old list, nothing wrong": {len(networksNotice(networks.Status{Date: ago(90 * day)}, now)), false},

		"certificate: one failure, weeks left": {len(certificateNotice(certificate(29*day, time.Minute), now)), false},
		"certificate: 23 hours, weeks left":    {len(certificateNotice(certificate(29*day, 23*time.Hour), now)), false},
		"certificate: a day, weeks left":       {len(certificateNotice(certificate(29*day, day), now)), true},
		"certificate: one failure, days left":  {len(certificateNotice(certificate(2*day, time.Minute), now)), false},
		"certificate: an hour, days left":      {len(certificateNotice(certificate(2*day, time.Hour), now)), true},
		"certificate: one failure, over":       {len(certificateNotice(certificate(-time.Second, time.Second), now)), true},
		"certificate: of another name":         {len(certificateNotice(&api.Certificate{Problem: "other name"}, now)), true},
		"certificate: none":                    {len(certificateNotice(nil, now)), false},

		"registries: one failure":             {registries(0, now), false},
		"registries: an hour":                 {registries(0, ago(time.Hour)), true},
		"registries: there is a list":         {registries(9, ago(day)), false},
		"registries: not failed":              {len(registriesNotice(&api.RDAP{}, now)), false},
		"feed: a page of maintenance, once":   {ofFeed(feed.HTML, 1), false},
		"feed: a page of maintenance, thrice": {ofFeed(feed.HTML, awayTimes), true},
		"feed: cut off, once":                 {ofFeed(feed.Format, 1), false},
		"feed: empty, once":                   {ofFeed(feed.Empty, 1), false},
		"feed: another key, once":             {ofFeed(feed.Denied, 1), true},
		"feed: shrank, once":                  {ofFeed(feed.Shrank, 1), true},
		"feed: leads inside, once":            {ofFeed(feed.Inside, 1), true},
	} {
		if got := row.told > 0; got != row.want {
			t.Errorf("%s: told is %v", name, got)
		}
	}
}

// ofFeed is how many notices a feed's failure makes.
func ofFeed(code feed.Code, times int) int {
	if feedNeedsAPerson(feed.Failure{Code: code, Times: times}) {
		return 1
	}
	return 0
}

// An engine that is away for the mail of a moment is none that is away.
func TestLasting_anEngineThatReadsItsSignaturesAnew(t *testing.T) {
	f := newBoardOf(t)
	d := newTelling(t, f)
	fails := func(engine string, after time.Duration) {
		f.clock = f.clock.Add(after)
		d.alertEngineAway(engine, "refused")
	}
	for range 100 {
		fails("av", time.Second)
	}
	wantStands(t, f, false)
	fails("av", 2*time.Hour) // the next day's
	fails("other", awayLong)
	wantStands(t, f, false)
	fails("av", time.Second)
	wantStands(t, f, true)
}
