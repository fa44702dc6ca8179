package retract

import (
	"fmt"
	"sync"
	"time"

	"clawback/config"
	"clawback/store"
)

// The brake's default numbers; "off" in the configuration, which is a negative number here, takes that limit away.
const (
	defaultPerHour   = 100 // mailboxes an hour
	defaultPerMail   = 50  // mailboxes for one message
	defaultShare     = 2.0 // percent of the last hour's mail
	defaultShareFrom = 20  // mailboxes an hour up to which the share does not count
)

// ledger is what the brake asks of the store: the durable count of what was acted upon.
type ledger interface {
	Acted(tenant string, since time.Time) (int, error)
	RecordActed(record string) (int, error)
	Seen(tenant string, since time.Time) (int, error)
}

// brake holds mass retractions. Every reservation is made here under one lock, so that a race of workers cannot
// overshoot: what is reserved counts until the store counts it.
type brake struct {
	mu       sync.Mutex
	ledger   ledger
	reserved map[string]store.Intent // by intent
}

func newBrake(l ledger) *brake {
	return &brake{ledger: l, reserved: map[string]store.Intent{}}
}

// overrun is a limit that one more mailbox would pass; nil where none is.
type overrun struct {
	code   store.Code
	reason string // for a person
}

// reserve asks to act upon one more mailbox; an overrun is why not. What a person asked for or approved passes and is not
// counted: a clean-up by hand does not hold what is fresh. Where only what others have reserved stands against it, the
// error says to ask again shortly: those may still not act.
func (b *brake) reserve(t *config.Tenant, in store.Intent, now time.Time) (*overrun, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, ok := b.reserved[in.ID]; ok || in.Asked() {
		return nil, nil
	}
	if now.Sub(in.Acted) >= time.Hour { // one counted within the hour has passed already
		if why, err := b.over(t, in, now); why != nil || err != nil {
			return why, err
		}
	}
	b.reserved[in.ID] = in
	return nil, nil
}

// release gives a reservation back: the store counts the mailbox now, or it was not acted upon.
func (b *brake) release(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.reserved, id)
}

// load is what counts against the limits.
type load struct {
	acted, mail int       // counted by the store
	others      int       // reserved, of the tenant
	mailOthers  int       // reserved, of the message
	hour        time.Time // from when acted counts
}

// over is the limit that one more mailbox would pass.
func (b *brake) over(t *config.Tenant, in store.Intent, now time.Time) (*overrun, error) {
	n, err := b.load(in, now)
	if err != nil {
		return nil, &storeError{err}
	}
	if why, err := b.passes(t, in, n); why != nil || err != nil {
		return why, err
	}
	n.acted, n.mail = n.acted+n.others, n.mail+n.mailOthers
	why, err := b.passes(t, in, n)
	if why != nil {
		return nil, &notMade{time.Second}
	}
	return nil, err
}

func (b *brake) load(in store.Intent, now time.Time) (load, error) {
	n := load{hour: now.Add(-time.Hour)}
	var err error
	if n.acted, err = b.ledger.Acted(in.Tenant, n.hour); err != nil {
		return n, fmt.Errorf("count mailboxes acted upon: %w", err)
	}
	if n.mail, err = b.ledger.RecordActed(in.Record); err != nil {
		return n, fmt.Errorf("count mailboxes of record %s: %w", in.Record, err)
	}
	if !in.Acted.IsZero() {
		n.mail-- // this very mailbox
	}
	for _, r := range b.reserved {
		if r.Tenant == in.Tenant {
			n.others++
		}
		if r.Record == in.Record {
			n.mailOthers++
		}
	}
	return n, nil
}

func (b *brake) passes(t *config.Tenant, in store.Intent, n load) (*overrun, error) {
	if limit, ok := limitOf(t.Brake.MailboxesPerMail, defaultPerMail); ok && n.mail >= limit {
		return &overrun{store.CodePerMail, fmt.Sprintf("brake: %d mailboxes were acted upon for this message, "+
			"the limit is %d (mailboxes_per_mail)", n.mail, limit)}, nil
	}
	if limit, ok := limitOf(t.Brake.MailboxesPerHour, defaultPerHour); ok && n.acted >= limit {
		return &overrun{store.CodePerHour, fmt.Sprintf("brake: %d mailboxes were acted upon in the last hour, "+
			"the limit is %d (mailboxes_per_hour)", n.acted, limit)}, nil
	}
	return b.overShare(t, in.Tenant, n)
}

// overShare holds a tenant when too great a part of its last hour's mail would be taken back.
func (b *brake) overShare(t *config.Tenant, tenant string, n load) (*overrun, error) {
	from, _ := limitOf(t.Brake.ShareFrom, defaultShareFrom)
	percent := t.Brake.SharePercent
	if percent == 0 {
		percent = defaultShare
	}
	if percent < 0 || n.acted < from {
		return nil, nil
	}
	seen, err := b.ledger.Seen(tenant, n.hour)
	if err != nil {
		return nil, &storeError{fmt.Errorf("count the last hour's mail: %w", err)}
	}
	if float64(n.acted+1)*100 <= percent*float64(seen) {
		return nil, nil
	}
	return &overrun{store.CodeShare, fmt.Sprintf("brake: %d mailboxes were acted upon in the last hour, "+
		"which had %d messages; the limit is %g %% (share_percent)", n.acted, seen, percent)}, nil
}

// limitOf fills in a default; false when the limit was taken away.
func limitOf(configured, byDefault int) (int, bool) {
	if configured == 0 {
		return byDefault, true
	}
	return configured, configured > 0
}
