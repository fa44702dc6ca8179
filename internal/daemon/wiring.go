package daemon

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"net"
	"net/netip"
	"runtime"
	"slices"
	"time"

	"clawback/api"
	"clawback/api/openid"
	"clawback/api/rest"
	"clawback/api/session"
	"clawback/bounce"
	"clawback/config"
	"clawback/console"
	"clawback/intel"
	"clawback/intel/submission"
	"clawback/internal/failpoint"
	"clawback/pipeline"
	"clawback/queue"
	"clawback/retract"
	"clawback/retract/exchange"
	"clawback/retract/graph"
	"clawback/retract/policy"
	"clawback/score"
	"clawback/smtpd"
	"clawback/smtpd/admission"
	"clawback/smtpd/certs"
	"clawback/smtpd/networks"
	"clawback/spool"
	"clawback/store"
	"clawback/systemd"
)

// What each part is given, in the order in which Run opens them.

func (d *daemon) certOptions() certs.Options {
	return certs.Options{
		StateDir: d.cfg.StateDir, Listen: d.sockets.Listen, Log: d.log,
		Waiting: func(why error, atMost time.Duration) {
			systemd.Busy("no certificate yet: "+why.Error(), atMost)
		},
	}
}

func (d *daemon) networkOptions() networks.Options {
	return networks.Options{StateDir: d.cfg.StateDir, Log: d.log}
}

// graph makes the client for one tenant's mailboxes.
func (d *daemon) graph(t config.Tenant) (exchange.Mailboxes, error) {
	return graph.New(t, graph.Options{Log: d.log})
}

func (d *daemon) scoreOptions(cfg *config.Config) score.Options {
	o := intel.ScoreOptions(cfg)
	o.Inspector, o.Listed = d.files, &d.lists
	return o
}

// workers is how many processes look into attached files.
func (d *daemon) workers() int { return cmp.Or(d.cfg.Score.Workers, runtime.GOMAXPROCS(0)) }

// judgeOptions wire the scorer and what stands beside it: own rules, policies, corrections, engines.
func (d *daemon) judgeOptions() intel.Options {
	o := intel.Options{
		Tables: d.store, Records: d.store, Tenant: d.live.tenant, Scorer: d.scoreOptions,
		Away: d.alertEngineAway, Open: d.openBody,
	}
	if d.rdap != nil { // not an interface that holds a nil
		o.Ages = d.rdap
	}
	return o
}

// deskOptions wire what users report.
func (d *daemon) deskOptions() submission.Options {
	return submission.Options{Store: d.store, Judge: d.judge, Tenant: d.live.tenant, Open: d.openBody}
}

func (d *daemon) pipelineOptions() pipeline.Options {
	return pipeline.Options{
		Queue: d.queue, Store: d.store, Scorer: d.judge, Submissions: d.desk,
		Tenant: d.live.tenant, Own: d.key.Verify, Keep: d.bodies.Keep,
		Postmaster: func() bool { return d.live.config().SMTP.Postmaster != "" },
		Plan:       func(t *config.Tenant) pipeline.Planner { return policy.Plan(t, time.Now()) },
		Done:       func(store.Record) { d.engine.Wake() },
		Bounced:    func() { d.bounces.Wake() },
		Alert:      d.alert, Log: d.log, Fail: failpoint.Hit,
	}
}

func (d *daemon) retractOptions() retract.Options {
	return retract.Options{
		Store: d.store, Log: d.log, Tenants: d.live.mailboxes, TenantIDs: d.live.tenantIDs, Originals: d.openOriginal,
		Restored:      d.origin.Restored,
		LookForCopies: func() []time.Duration { return d.live.config().Retract.LookForCopies },
		Alert:         d.alertRetract,
	}
}

func (d *daemon) bounceOptions() bounce.Options {
	return bounce.Options{
		Queue: d.queue, Key: d.key, Log: d.log, Alert: d.alert, Fail: failpoint.Hit,
		Sender: &bounce.Sender{Hostname: d.cfg.Hostname, Resolver: net.DefaultResolver},
		Open:   func(b queue.Bounce) (bounce.Body, error) { return d.openBody(b.Body) },
		Route:  d.live.route,
	}
}

// serviceOptions wire the operations.
func (d *daemon) serviceOptions() api.Options {
	o := api.Options{
		Queue: d.queue, Store: d.found(), Index: d.index, Indicators: d.indicators, Feeds: d.feeds,
		Alerts:  d.alerts,
		Rescans: d.rejudge, Tokens: d.tokens,
		Engine: d.engine, Jobs: d.jobs, Status: d.status, Log: d.log,
		Wake:      func() { d.bounces.Wake(); d.engine.Wake() },
		Report:    d.openReport,
		Addresses: d.live, Judge: d.judge, Submissions: d.desk, Tenant: d.live.findTenant,
		Elsewhere: d.live.elsewhere, Upkeep: upkeep{d},
	}
	if d.cfg.Console.Enabled {
		d.doors.links = &console.Links{}
		o.SignInLinks = d.doors.links
	}
	return o
}

func (d *daemon) restOptions() rest.Options {
	return rest.Options{Service: d.service, Tokens: d.tokens, Keys: d.keys, Certificate: d.certs.GetCertificate,
		Rate: d.cfg.REST.Rate, MaxConnections: d.cfg.REST.MaxConnections, Log: d.log}
}

func (d *daemon) consoleOptions() console.Options {
	o := console.Options{Service: d.service, Sessions: console.Desk{Desk: d.signedIn}, Links: d.doors.links,
		Certificate: d.certs.GetCertificate, MaxConnections: d.cfg.Console.MaxConnections, Log: d.log}
	if d.cfg.Console.PlainHTTP {
		o.Certificate = nil
	}
	if d.cfg.SignIn.Issuer != "" {
		o.Provider = openid.New(d.openidOptions()).Handler()
	}
	return o
}

// openidOptions wire the sign-in by the provider of the configuration.
func (d *daemon) openidOptions() openid.Options {
	c := d.cfg.SignIn
	return openid.Options{Issuer: c.Issuer, ClientID: c.ClientID, Secret: c.ClientSecret.Reveal, Claim: c.Claim,
		Life: c.Session, URL: d.doors.links.URL, Sessions: d.signedIn, Log: d.log,
		Cookies: session.Cookies{Secure: !d.cfg.Console.PlainHTTP},
		Rights:  func(groups []string) (api.Principal, bool) { return rightsOf(c.Groups, groups) }}
}

// rightsOf is what groups open together: the greatest role of each tenant. Bodies may be read where every one of them
// allows it: the right is of the person, and not of a tenant.
func rightsOf(configured []config.SignInGroup, groups []string) (p api.Principal, known bool) {
	p.Bodies = true
	for _, g := range configured {
		var role api.Role
		if !slices.Contains(groups, g.Name) || role.UnmarshalText([]byte(g.Role)) != nil {
			continue
		}
		known = true
		p.Bodies = p.Bodies && g.Bodies
		if len(g.Tenants) == 0 {
			p.All = max(p.All, role)
		}
		for _, tenant := range g.Tenants {
			if p.Tenants == nil {
				p.Tenants = map[string]api.Role{}
			}
			p.Tenants[tenant] = max(p.Tenants[tenant], role)
		}
	}
	p.Bodies = p.Bodies && known
	return p, known
}

func (d *daemon) admissionOptions() admission.Options {
	return admission.Options{Limits: d.cfg.Quarantine, Queue: d.queue, Attributor: d, Reached: d.quotaReached}
}

func (d *daemon) smtpOptions(l config.Listener) smtpd.Options {
	return smtpd.Options{
		Hostname: d.cfg.Hostname, Config: d.cfg.SMTP, Listener: l, Certificates: d.certs.GetCertificate,
		Networks: func(a netip.Addr) smtpd.Network {
			return smtpd.Network{Name: d.networks.Name(a, l.Networks), Exchange: d.networks.Exchange(a)}
		},
		Recipients: d.recipient, Intake: intake{d}, Log: d.log,
	}
}

// openBody opens a report's body in the spool.
func (d *daemon) openBody(ref spool.Ref) (intel.Body, error) {
	return d.bodies.Open(context.Background(), ref)
}

// openOriginal opens a variant's original as it lies in the spool, for comparing it with what a mailbox holds.
func (d *daemon) openOriginal(v store.Variant) (io.ReadCloser, error) {
	ref := v.Body
	if v.Kept != nil {
		ref = *v.Kept
	}
	body, err := d.bodies.Open(context.Background(), ref)
	if err != nil {
		return nil, fmt.Errorf("open original: %w", err)
	}
	return readCloser{v.Original().Open(body), body}, nil
}

// openReport opens the bytes of a report from its beginning.
func (d *daemon) openReport(ref spool.Ref) (io.ReadCloser, error) {
	body, err := d.bodies.Open(context.Background(), ref)
	if err != nil {
		return nil, err
	}
	return readCloser{io.NewSectionReader(body, 0, body.Size()), body}, nil
}

// readCloser reads from one value and closes another.
type readCloser struct {
	io.Reader
	io.Closer
}
