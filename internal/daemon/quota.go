package daemon

import (
	"bytes"
	"fmt"
	"time"

	"github.com/dustin/go-humanize"

	"clawback/api"
	"clawback/journal"
	"clawback/pipeline"
	"clawback/queue"
	"clawback/smtpd/admission"
)

// Attributed says whether a message is believed to come from its tenant, by its header alone.
func (d *daemon) Attributed(env queue.Envelope, header []byte) bool {
	t, known := d.live.tenant(env.Tenant)
	if !known || len(header) == 0 {
		return false
	}
	report, err := journal.Parse(bytes.NewReader(header), int64(len(header)))
	return err == nil && pipeline.Attributed(t, env, report)
}

// quotaReached tells a person, once an hour for each source, that mail is refused for its quota, and so that one network
// has its share of it. Anybody can fill postmaster's: that is logged, and raises no alert.
func (d *daemon) quotaReached(s admission.Standing) {
	text := "Mail that is not attributed to its tenant has reached its quota, and more of it is deferred. " +
		"See clawback queue list --state quarantined; discard it by query, or name the network that it comes from."
	if !s.Reached() {
		text = "One network has its share of the quota for mail that is not attributed to its tenant, and more from there is deferred; " +
			"that of others is accepted. See clawback queue list --state quarantined, and quotas under [quarantine]."
	}
	if !d.alertDue(fmt.Sprintf("quota.reached %v %v", s.Source, s.Reached()), time.Now()) {
		return
	}
	what := fmt.Sprintf("%s: %d of %d messages, %s of %s", d.named(s), s.Messages, s.MaxMessages,
		humanize.IBytes(uint64(s.Bytes)), humanize.IBytes(uint64(s.MaxBytes)))
	if s.Purpose == queue.ForPostmaster {
		d.log.Warn("mail for postmaster is deferred", "event", "quota.reached", "quota", what)
		return
	}
	d.alert("quota.reached", text, "quota", what)
}

// named is the standing with the tenant's name.
func (d *daemon) named(s admission.Standing) admission.Standing {
	if t, ok := d.live.tenant(s.Tenant); ok {
		s.Tenant = t.Name
	}
	return s
}

// quotas are the standings of now.
func (d *daemon) quotas() []api.Quota {
	list := []api.Quota{}
	for _, s := range d.admission.Standings(d.queue.Sources()) {
		tenant := s.Tenant
		s = d.named(s)
		list = append(list, api.Quota{
			What: s.String(), TenantID: tenant, Tenant: s.Tenant, Purpose: string(s.Purpose), Network: s.Network, Messages: s.Messages,
			MaxMessages: s.MaxMessages, Bytes: s.Bytes, MaxBytes: s.MaxBytes, Used: s.Share(), Reached: s.Reached(),
		})
	}
	return list
}
