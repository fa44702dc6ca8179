package daemon

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"time"

	"clawback/bounce"
	"clawback/config"
	"clawback/config/regions"
	"clawback/internal/mailaddr"
	"clawback/queue"
	"clawback/retract"
	"clawback/retract/exchange"
	"clawback/smtpd"
	"clawback/store"
)

// live is the configuration of now, and what follows from it. A reload replaces it whole.
type live struct {
	store    *store.Store
	newGraph graphFactory

	secrets *secrets // kept up to date by replace

	mu      sync.RWMutex
	cfg     *config.Config
	since   time.Time                  // when cfg was read
	tenants map[string]retract.Tenant  // by GUID
	rcpts   map[string]smtpd.Recipient // by address, lower case
	used    map[string]use             // addresses that ever took mail
}

// liveOptions are what a live needs besides the configuration and the store.
type liveOptions struct {
	graph   graphFactory
	secrets *secrets // nil: nothing is kept out of the log
}

// graphFactory makes the client for one tenant's mailboxes.
type graphFactory func(config.Tenant) (exchange.Mailboxes, error)

func newLive(ctx context.Context, cfg *config.Config, st *store.Store, o liveOptions) (*live, error) {
	l := &live{store: st, newGraph: o.graph, secrets: cmp.Or(o.secrets, &secrets{})}
	if err := l.loadUses(ctx); err != nil {
		return nil, fmt.Errorf("read used addresses: %w", err)
	}
	return l, l.replace(cfg)
}

// replace puts a new configuration in force, or none of it.
func (l *live) replace(cfg *config.Config) error {
	tenants := map[string]retract.Tenant{}
	var errs []error
	for i := range cfg.Tenants {
		t := &cfg.Tenants[i]
		boxes, err := l.newGraph(*t)
		if err != nil {
			errs = append(errs, fmt.Errorf("tenant %s: %w", t.Name, err))
			continue
		}
		tenants[t.ID] = retract.Tenant{Config: t, Mailboxes: boxes}
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.cfg, l.tenants, l.rcpts, l.since = cfg, tenants, recipients(cfg), time.Now()
	l.hide()
	return nil
}

// hide keeps the addresses of now out of the log, and those that were in use. The caller holds mu.
func (l *live) hide() {
	used := map[string]string{}
	for address, u := range l.used {
		used[address] = "tenant " + u.tenant
		if t, ok := l.tenants[u.tenant]; ok {
			used[address] = t.Config.Name
		}
	}
	l.secrets.set(l.cfg, used)
}

// recipients lists the addresses that mail is taken for.
func recipients(cfg *config.Config) map[string]smtpd.Recipient {
	m := map[string]smtpd.Recipient{}
	known := func(tenant string, purpose queue.Purpose) smtpd.Recipient {
		return smtpd.Recipient{Known: true, Tenant: tenant, Purpose: purpose, Region: cfg.Region}
	}
	for _, t := range cfg.Tenants {
		for _, a := range t.Addresses {
			r := known(t.ID, queue.ForJournal)
			if ok, _ := regions.Accept(a, cfg.Region); !ok {
				r.Refuse = "this address is not processed in this region"
			}
			m[mailaddr.Address(a.Address)] = r
		}
		if t.RecoveryAddress != "" {
			m[mailaddr.Address(t.RecoveryAddress)] = known(t.ID, queue.ForRecovery)
		}
		for _, s := range t.Submissions {
			if s.Address != "" {
				m[mailaddr.Address(s.Address)] = known(t.ID, queue.ForSubmission)
			}
		}
	}
	postmaster := smtpd.Recipient{ // RFC 5321, section 4.5.1
		Known: true, Purpose: queue.ForPostmaster, MaxSize: cfg.Quarantine.PostmasterSize,
	}
	m["postmaster"], m["postmaster@"+mailaddr.Name(cfg.Hostname)] = postmaster, postmaster
	for address := range m {
		if _, domain, ok := strings.Cut(address, "@"); ok {
			m["postmaster@"+domain] = postmaster
		}
	}
	return m
}

// recipient answers the listener. An address that ever took mail and is not configured any more is refused for now
// only: a typo in the TOML must not turn reports away for good.
func (l *live) recipient(address string) smtpd.Recipient {
	address = mailaddr.Address(address)
	l.mu.RLock()
	defer l.mu.RUnlock()
	if r, ok := l.rcpts[address]; ok {
		return r
	}
	u, before := l.used[address]
	return smtpd.Recipient{Retry: before, Tenant: u.tenant}
}

// elsewhere says where else a message of the tenant's may be recorded, because this daemon may not take its report.
func (l *live) elsewhere(tenant string) []string {
	t, ok := l.tenant(tenant)
	if !ok {
		return nil
	}
	return regions.RecordedElsewhere(t.Addresses, l.config().Region)
}

func (l *live) config() *config.Config {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.cfg
}

// inForceSince is when the configuration of now was read.
func (l *live) inForceSince() time.Time {
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.since
}

func (l *live) tenant(id string) (*config.Tenant, bool) {
	t, ok := l.mailboxes(id)
	return t.Config, ok
}

func (l *live) mailboxes(id string) (retract.Tenant, bool) {
	l.mu.RLock()
	defer l.mu.RUnlock()
	t, ok := l.tenants[id]
	return t, ok
}

func (l *live) tenantIDs() []string {
	l.mu.RLock()
	defer l.mu.RUnlock()
	ids := make([]string, 0, len(l.tenants))
	for id := range l.tenants {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	return ids
}

// route says where a bounce goes, by the configuration of now.
func (l *live) route(b queue.Bounce) (bounce.Route, error) {
	cfg := l.config()
	if b.Envelope.Purpose == queue.ForPostmaster {
		if cfg.SMTP.Postmaster == "" {
			return bounce.Route{}, errors.New("no smtp.postmaster is set: set it, or export the message")
		}
		return bounce.Route{To: cfg.SMTP.Postmaster, Relay: cfg.Relay}, nil
	}
	t, ok := l.tenant(b.Envelope.Tenant)
	if !ok {
		return bounce.Route{}, fmt.Errorf("tenant %s is not in the configuration any more", b.Envelope.Tenant)
	}
	if t.AlternateMailbox == "" {
		return bounce.Route{}, fmt.Errorf("tenant %s has no alternate_mailbox: set one, or export the report", t.Name)
	}
	return bounce.Route{To: t.AlternateMailbox, Relay: cmp.Or(t.Relay, cfg.Relay)}, nil
}

// findTenant finds a tenant by its name or GUID; "" is the only one.
func (l *live) findTenant(name string) (*config.Tenant, error) { return l.config().FindTenant(name) }
