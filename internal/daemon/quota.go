package daemon

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/dustin/go-humanize"

	"clawback/api"
	"clawback/journal"
	"clawback/pipeline"
	"clawback/queue"
	"clawback/smtpd/admission"
	"clawback/store"
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

// quotaReached tells a person that mail is refused for its quota, or so that one network has its share of it.
func (d *daemon) quotaReached(s admission.Standing) {
	d.board.raise(d.quotaNotice(s), "quota", d.quotaText(s))
}

// quotaNotice is the notice of a quota that is used up, or of which one network has its share. Anybody can fill
// postmaster's: that is no alert.
func (d *daemon) quotaNotice(s admission.Standing) store.Notice {
	n := store.Notice{Kind: "quota.reached", Tenant: s.Tenant,
		Subject: strings.TrimSpace(string(s.Purpose) + " " + s.Network),
		Text:    "more is deferred of " + d.named(s).String() + ": its quota is reached"}
	if s.Purpose == queue.ForPostmaster {
		n.Kind = "quota.postmaster"
	}
	if !s.Reached() {
		n.Kind += "_share"
		n.Text = "more is deferred of " + d.named(s).String() +
			": that network has its share of the quota, and others have theirs still"
	}
	return n
}

func (d *daemon) quotaText(s admission.Standing) string {
	return fmt.Sprintf("%s: %d of %d messages, %s of %s", d.named(s), s.Messages, s.MaxMessages,
		humanize.IBytes(uint64(s.Bytes)), humanize.IBytes(uint64(s.MaxBytes)))
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
			What: s.String(), TenantID: tenant, Tenant: s.Tenant, Purpose: string(s.Purpose), Network: s.Network,
			Messages:    s.Messages,
			MaxMessages: s.MaxMessages, Bytes: s.Bytes, MaxBytes: s.MaxBytes, Used: s.Share(), Reached: s.Reached(),
		})
	}
	return list
}
