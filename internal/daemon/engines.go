package daemon

import (
	"clawback/api"
	"clawback/config"
	"clawback/intel"
	"clawback/intel/submission"
	"clawback/spool"
)

// judgeOptions wire the scorer and what stands beside it: own rules, policies, corrections, engines.
func (d *daemon) judgeOptions() intel.Options {
	o := intel.Options{
		Values: d.store, Records: d.store, Tenant: d.live.tenant, Scorer: intel.ScoreOptions, Away: d.engineAway,
		Open: d.body,
	}
	if d.rdap != nil { // not an Engine that holds a nil
		o.Ages = d.rdap
	}
	return o
}

// deskOptions wire what users report.
func (d *daemon) deskOptions() submission.Options {
	return submission.Options{Store: d.store, Judge: d.judge, Tenant: d.live.tenant, Open: d.body}
}

func (d *daemon) body(ref spool.Ref) (intel.Body, error) {
	body, err := d.spool.Open(ref)
	if err != nil {
		return nil, err // not a Body that holds a nil
	}
	return body, nil
}

// engineAway tells a person, once an hour for each engine.
func (d *daemon) engineAway(engine, why string) {
	d.alertOnce("engine.away", "An engine beside the scorer cannot be asked; mail is judged without it. See show ID, clawback check --online.", engine)
	d.log.Debug("engine not asked", "event", "engine.away", "engine", engine, "error", why)
}

// scoring is what the control socket shows and changes of all that.
func (d *daemon) scoring() api.Scoring {
	return api.Scoring{Policies: d.judge, Rules: d.judge, Lessons: d.judge, Submissions: d.desk, Tenant: d.live.named, Clean: d.engine.Clean}
}

// named finds a tenant by its name or GUID; "" is the only one.
func (l *live) named(name string) (*config.Tenant, error) { return l.config().FindTenant(name) }
