package daemon

import (
	"context"
	"fmt"
	"time"

	"clawback/api"
	"clawback/config"
	"clawback/intel/submission"
	"clawback/queue"
)

// status gathers what the status command shows.
func (d *daemon) status(ctx context.Context) (api.Status, error) {
	cfg := d.live.config()
	s := api.Status{Version: d.version, Hostname: cfg.Hostname, Region: cfg.Region, Started: d.started.UTC(),
		Sessions: d.sessions(), Tenants: []api.Tenant{}, Problems: []string{}}
	m := d.spool.Memory()
	s.Memory = api.Memory{Held: m.Held, Peak: m.Peak, Max: m.Max, Spilled: m.Spilled}
	s.Process = d.process()
	stats, err := d.queue.Stats(ctx)
	if err != nil {
		return s, err
	}
	s.Queue = api.QueueStatusOf(stats)
	for _, t := range cfg.Tenants {
		counts, err := d.store.Counts(ctx, t.ID)
		if err != nil {
			return s, err
		}
		standing, err := d.engine.Standing(ctx, t.ID)
		if err != nil {
			return s, err
		}
		submissions, err := d.desk.Counts(ctx, t.ID)
		if err != nil {
			return s, err
		}
		s.Tenants = append(s.Tenants, api.Tenant{Name: t.Name, ID: t.ID, Mode: t.Mode, Counts: api.CountsOf(counts),
			Paused: standing.Paused, Waiting: standing.Waiting, NextLook: standing.Next, Stuck: standing.Stuck, StuckWhy: standing.Why,
			Submissions: submissions})
	}
	if err := d.deferring(); err != nil {
		s.Deferring = err.Error()
	}
	c := d.certs.Status()
	s.Certificate = &api.Certificate{Names: c.Names, NotAfter: c.NotAfter, Problem: c.Problem}
	s.RDAP = d.rdapStatus()
	s.Quotas = d.quotas()
	s.Problems = problems(s)
	if n := d.networks.Status(); n.Problem != "" {
		s.Problems = append(s.Problems, fmt.Sprintf("networks: %s; the list of %s stays in use",
			n.Problem, n.Date.Format(time.DateOnly)))
	}
	return s, nil
}

// deferring is why a message that came now would be answered 4xx; nil when it would be accepted.
func (d *daemon) deferring() error {
	return d.queue.Admit(context.Background(), queue.Envelope{Network: config.ExchangeOnline}, 0)
}

// problems are the parts of a status that need a person.
func problems(s api.Status) []string {
	list := []string{}
	add := func(n int, format string) {
		if n > 0 {
			list = append(list, fmt.Sprintf(format, n))
		}
	}
	if s.Deferring != "" {
		list = append(list, "new mail is deferred: "+s.Deferring)
	}
	for _, q := range s.Quotas {
		if q.Reached {
			list = append(list, "more is deferred of "+q.What+": its quota is reached")
		}
	}
	add(s.Queue.Items[queue.Quarantined].Count, "%d in quarantine: clawback queue list --state quarantined")
	add(s.Queue.Bounces[queue.BounceStuck].Count, "%d bounces are stuck: clawback bounce list --state stuck")
	held, reported := 0, 0
	for _, t := range s.Tenants {
		held += t.Counts.Held
		reported += t.Submissions[string(submission.Open)]
	}
	add(held, "%d retractions wait for a person: clawback held list")
	add(reported, "%d messages that users reported wait for a person: clawback submission list")
	if s.Certificate != nil && s.Certificate.Problem != "" {
		list = append(list, "certificate: "+s.Certificate.Problem)
	}
	if s.RDAP != nil && s.RDAP.Problem != "" && s.RDAP.Servers == 0 {
		list = append(list, "no list of RDAP servers, so that no domain's age is known: "+s.RDAP.Problem)
	}
	return list
}
