package api

import (
	"cmp"
	"context"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// Metrics answers in the Prometheus exposition format. It asks for the status at each scrape, so that it cannot say
// anything else than the status command.
func Metrics(status func(context.Context) (Status, error)) http.Handler {
	r := prometheus.NewRegistry()
	r.MustRegister(collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}), collectors.NewGoCollector(),
		&collector{status})
	return promhttp.HandlerFor(r, promhttp.HandlerOpts{})
}

// collector turns a Status into metrics.
type collector struct {
	status func(context.Context) (Status, error)
}

// metric is one family of ours.
func metric(name, help string, labels ...string) *prometheus.Desc {
	return prometheus.NewDesc("clawback_"+name, help, labels, nil)
}

var (
	upMetric        = metric("up", "1 when the daemon could read its own state.")
	sessionsMetric  = metric("smtp_sessions", "Open SMTP sessions.")
	memoryMetric    = metric("smtp_memory_bytes", "Memory that messages which are arriving hold.")
	maxMemoryMetric = metric("smtp_memory_max_bytes", "The most that they may hold.")
	spilledMetric   = metric("smtp_memory_spilled_total",
		"Messages that went through a file because there was no memory for them.")
	takingMetric = metric("taking_mail",
		"1 when a message that came now would be taken, 0 when it would be put off.")
	queueMetric     = metric("queue_items", "Accepted reports that are not finished.", "state")
	queueAgeMetric  = metric("queue_oldest_seconds", "Age of the oldest report that is not finished.", "state")
	bounceMetric    = metric("bounces", "Reports on their way to the alternate mailbox.", "state")
	bounceAgeMetric = metric("bounces_oldest_seconds", "Age of the oldest of them.", "state")
	quotaMetric     = metric("quota_used_ratio",
		"Part of its quota that unattributed mail, or mail for postmaster, has used.", "tenant", "purpose", "network")
	certMetric      = metric("certificate_expiry_timestamp_seconds", "When the SMTP certificate ends.")
	rdapAskedMetric = metric("rdap_questions_total", "Questions to RDAP servers about the age of a domain.")
	rdapMetric      = metric("rdap_messages_total",
		"Messages for which the age of the author's domain was wanted, by what came of it.", "result")
	rdapListMetric = metric("rdap_list_timestamp_seconds", "When the list of RDAP servers in use was fetched.")
	reportsMetric  = metric("reports_total", "Reports processed.", "tenant")
	messagesMetric = metric("messages", "Messages that are kept, by disposition.", "tenant", "disposition")
	intentsMetric  = metric("retractions", "Mailboxes from which a message was to be taken, by outcome.", "tenant",
		"outcome")
	byContentMetric = metric("retractions_by_content",
		"Mailboxes from which a message was taken on equal content alone, without a network message id.", "tenant")
	restoresMetric = metric("restores", "Mailboxes to which a message was to be restored, by outcome.", "tenant",
		"outcome")
	submitMetric  = metric("submissions", "Messages that users reported, by state.", "tenant", "state")
	noticesMetric = metric("notices", "Troubles that a person must be told of, by kind.", "kind", "tenant")
	sinceMetric   = metric("notices_oldest_timestamp_seconds", "Since when the oldest of them stands.", "kind",
		"tenant")
	alertWaitingMetric  = metric("alert_waiting", "Events that wait for the receiver of a route.", "route")
	alertFailuresMetric = metric("alert_failures", "Failures of a route in a row.", "route")
	alertDroppedMetric  = metric("alert_dropped_total", "Events of a route that a bound has dropped.", "route")
	lastMetric          = metric("last_report_timestamp_seconds", "When the last report was processed.", "tenant")
)

// Describe names no metric beforehand: tenants come and go with the configuration.
func (c *collector) Describe(chan<- *prometheus.Desc) {}

// Collect reads the status once.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	s, err := c.status(context.Background())
	gauge := func(d *prometheus.Desc, v float64, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, labels...)
	}
	if err != nil {
		gauge(upMetric, 0)
		return
	}
	gauge(upMetric, 1)
	gauge(sessionsMetric, float64(s.Sessions))
	collectMemory(out, s.Memory, gauge)
	taking := 0.0
	if s.Deferring == "" {
		taking = 1
	}
	gauge(takingMetric, taking)
	for state, n := range s.Queue.Items {
		gauge(queueMetric, float64(n.Count), string(state))
		gauge(queueAgeMetric, age(n.Oldest, n.Count), string(state))
	}
	for state, n := range s.Queue.Bounces {
		gauge(bounceMetric, float64(n.Count), string(state))
		gauge(bounceAgeMetric, age(n.Oldest, n.Count), string(state))
	}
	for _, q := range s.Quotas {
		gauge(quotaMetric, q.Used, q.Tenant, q.Purpose, q.Network)
	}
	if s.Certificate != nil {
		gauge(certMetric, float64(s.Certificate.NotAfter.Unix()))
	}
	collectRDAP(out, s.RDAP)
	collectNotices(s.Notices, gauge)
	for _, r := range s.Alerts {
		gauge(alertWaitingMetric, float64(r.Waiting), r.Name)
		gauge(alertFailuresMetric, float64(r.Failures), r.Name)
		out <- prometheus.MustNewConstMetric(alertDroppedMetric, prometheus.CounterValue, float64(r.Dropped), r.Name)
	}
	for _, t := range s.Tenants {
		collectTenant(out, t, gauge)
	}
}

func collectMemory(out chan<- prometheus.Metric, m Memory, gauge func(*prometheus.Desc, float64, ...string)) {
	gauge(memoryMetric, float64(m.Held))
	gauge(maxMemoryMetric, float64(m.Max))
	out <- prometheus.MustNewConstMetric(spilledMetric, prometheus.CounterValue, float64(m.Spilled))
}

func collectNotices(list []Notice, gauge func(*prometheus.Desc, float64, ...string)) {
	type group struct{ kind, tenant string }
	counts, since := map[group]int{}, map[group]time.Time{}
	for _, n := range list {
		g := group{n.Kind, cmp.Or(n.Tenant, n.TenantID)}
		counts[g]++
		if first, ok := since[g]; !ok || n.Since.Before(first) {
			since[g] = n.Since
		}
	}
	for g, n := range counts {
		gauge(noticesMetric, float64(n), g.kind, g.tenant)
		gauge(sinceMetric, float64(since[g].Unix()), g.kind, g.tenant)
	}
}

func collectRDAP(out chan<- prometheus.Metric, s *RDAP) {
	if s == nil {
		return
	}
	out <- prometheus.MustNewConstMetric(rdapAskedMetric, prometheus.CounterValue, float64(s.Asked))
	for result, n := range map[string]uint64{"known": s.Known, "unknown": s.Unknown, "failed": s.Failed} {
		out <- prometheus.MustNewConstMetric(rdapMetric, prometheus.CounterValue, float64(n), result)
	}
	if !s.Date.IsZero() {
		out <- prometheus.MustNewConstMetric(rdapListMetric, prometheus.GaugeValue, float64(s.Date.Unix()))
	}
}

func collectTenant(out chan<- prometheus.Metric, t Tenant, gauge func(*prometheus.Desc, float64, ...string)) {
	out <- prometheus.MustNewConstMetric(reportsMetric, prometheus.CounterValue, float64(t.Counts.Processed), t.Name)
	for d, n := range t.Counts.Dispositions {
		gauge(messagesMetric, float64(n), t.Name, d.String())
	}
	for o, n := range t.Counts.Outcomes {
		gauge(intentsMetric, float64(n), t.Name, string(o))
	}
	gauge(byContentMetric, float64(t.Counts.ByContent), t.Name)
	for o, n := range t.Counts.Restores {
		gauge(restoresMetric, float64(n), t.Name, string(o))
	}
	for state, n := range t.Submissions {
		gauge(submitMetric, float64(n), t.Name, state)
	}
	if !t.Counts.LastReport.IsZero() {
		gauge(lastMetric, float64(t.Counts.LastReport.Unix()), t.Name)
	}
}

// age is how long ago the oldest of some things was received; 0 when there are none.
func age(oldest time.Time, count int) float64 {
	if count == 0 || oldest.IsZero() {
		return 0
	}
	return time.Since(oldest).Seconds()
}
