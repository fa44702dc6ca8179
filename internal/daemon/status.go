package daemon

import (
	"context"
	"fmt"
	"time"

	"clawback/api"
	"clawback/config"
	"clawback/intel/submission"
	"clawback/queue"
	"clawback/store"
)

// status gathers what the status command shows.
func (d *daemon) status(ctx context.Context) (api.Status, error) {
	look := d.board.beginLook()
	cfg, now := d.live.config(), time.Now()
	s := api.Status{Version: d.version, Hostname: cfg.Hostname, Region: cfg.Region, Started: d.started.UTC(),
		Sessions: d.sessions(), Tenants: []api.Tenant{}}
	m := d.bodies.Memory()
	s.Memory = api.Memory{Held: m.Held, Peak: m.Peak, Max: m.Max, Spilled: m.Spilled}
	s.Process = d.process()
	stats, err := d.queue.Stats(ctx)
	if err != nil {
		return s, err
	}
	s.Queue = api.QueueStatusOf(stats)
	schedules := map[string]*api.Rejudge{}
	for _, one := range d.rejudge.Schedules() {
		schedules[one.Tenant] = api.RejudgeOf(one, d.rejudge.Waiting(one.Tenant))
	}
	for _, t := range cfg.Tenants {
		counts, err := d.store.Counts(ctx, t.ID)
		if err != nil {
			return s, err
		}
		standing, err := d.engine.Status(ctx, t.ID)
		if err != nil {
			return s, err
		}
		submissions, err := d.desk.Counts(ctx, t.ID)
		if err != nil {
			return s, err
		}
		s.Tenants = append(s.Tenants, api.Tenant{Name: t.Name, ID: t.ID, Mode: t.Mode, Counts: api.CountsOf(counts),
			Paused: standing.Paused, Waiting: standing.Waiting, NextLook: standing.Next, Stuck: standing.Stuck,
			StuckWhy: standing.Why, Late: standing.Late, LateSince: standing.LateDue, ThrottledUntil: standing.Held,
			CredentialEnds: d.credentialEnds(t.ID),
			Submissions:    submissions, Rejudge: schedules[t.ID]})
		d.traffic.count(t.ID, counts.Processed, now)
	}
	s.Disk = d.disk()
	if err := d.deferring(ctx); err != nil {
		s.Deferring = err.Error()
	}
	s.Certificate = d.certificate(now)
	s.RDAP = d.rdapStatus()
	if s.Alerts, err = d.alertStatus(); err != nil {
		return s, err
	}
	s.Quotas = d.quotas()
	d.trend.note(s, now)
	gaveUp, err := failures(ctx, d.store, s.Tenants, now)
	if err != nil {
		return s, err
	}
	d.board.settle(look, append(d.troubles(s, now), gaveUp...))
	for _, t := range s.Tenants {
		if t.Counts.Held == 0 { // somebody has decided on all that the brake has held
			d.board.clearAll(look, "retract.brake", t.ID)
		}
	}
	return s, d.showNotices(ctx, &s)
}

// showNotices puts into a status what a person must be told.
func (d *daemon) showNotices(ctx context.Context, s *api.Status) error {
	list, err := d.board.list(ctx)
	s.Notices = make([]api.Notice, 0, len(list))
	for _, n := range list {
		shown := api.NoticeOf(n)
		shown.Severity = api.Warning
		if kinds[n.Kind].now {
			shown.Severity = api.Critical
		}
		if t, ok := d.live.tenant(n.Tenant); ok {
			shown.Tenant = t.Name
		}
		s.Notices = append(s.Notices, shown)
	}
	return err
}

// deferring is why a message that came now would be answered 4xx; nil when it would be accepted.
func (d *daemon) deferring(ctx context.Context) error {
	return d.queue.Admit(ctx, queue.Envelope{Network: config.ExchangeOnline}, 0)
}

// troubles are what a status shows that a person must be told.
func (d *daemon) troubles(s api.Status, now time.Time) []store.Notice {
	list := append(troublesOf(s), d.trend.conditions(s, now)...)
	for _, t := range s.Tenants {
		if why := d.traffic.silent(t.ID, t.Counts.Processed, t.Counts.LastReport, now); why != "" {
			list = append(list, store.Notice{Kind: "journal.silent", Tenant: t.ID, Text: why})
		}
	}
	for _, q := range d.admission.Standings(d.queue.Sources()) {
		if q.Reached() {
			list = append(list, d.quotaNotice(q))
		}
	}
	list = append(list, certificateNotice(s.Certificate, now)...)
	list = append(list, registriesNotice(s.RDAP, now)...)
	return append(list, networksNotice(d.networks.Status(), now)...)
}

// troublesOf are the parts of a status that need a person.
func troublesOf(s api.Status) (list []store.Notice) {
	add := func(kind, tenant string, n int, one, many string, oldest time.Time) {
		text := one
		if n > 1 {
			text = fmt.Sprintf(many, n)
		}
		if !oldest.IsZero() {
			text += ", the oldest since " + clock(oldest)
		}
		if n > 0 {
			list = append(list, store.Notice{Kind: kind, Tenant: tenant, Text: text})
		}
	}
	say := func(kind, text, why string) {
		if why != "" {
			list = append(list, store.Notice{Kind: kind, Text: text + why})
		}
	}
	deferring := s.Deferring
	if deferring != "" && s.Disk.Path != "" {
		deferring += " (" + diskText(s.Disk) + ")"
	}
	say("mail.deferred", "new mail is deferred: ", deferring)
	quarantine, stuck := s.Queue.Items[queue.Quarantined], s.Queue.Bounces[queue.BounceStuck]
	add("quarantine", "", quarantine.Count, "1 in quarantine", "%d in quarantine", quarantine.Oldest)
	add("bounce.stuck", "", stuck.Count, "1 bounce is stuck", "%d bounces are stuck", stuck.Oldest)
	for _, t := range s.Tenants {
		add("retractions.held", t.ID, t.Counts.Held, "1 retraction waits for a person",
			"%d retractions wait for a person", time.Time{})
		add("submissions.open", t.ID, t.Submissions[string(submission.Open)],
			"1 message that users reported waits for a person",
			"%d messages that users reported wait for a person", time.Time{})
		if t.Stuck > 0 {
			list = append(list, store.Notice{Kind: "retract.stuck", Tenant: t.ID,
				Text: fmt.Sprintf("messages that cannot be taken, tried again: %d; %s", t.Stuck, t.StuckWhy)})
		}
	}
	return list
}
