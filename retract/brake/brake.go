package brake

import (
	"context"
	"errors"
	"fmt"
	"math"
	"sync"
	"time"

	"clawback/config"
	"clawback/retract/campaign"
	"clawback/store"
)

// The brake's default numbers; "off" in the configuration, which is a negative number here, takes that limit away.
const (
	defaultPerHour   = 100 // mailboxes an hour
	defaultPerMail   = 50  // mailboxes for one message
	defaultShare     = 2.0 // percent of the last hour's mail
	defaultShareFrom = 20  // mailboxes an hour up to which the share does not count
	defaultCampaign  = 50  // percent of what an hour allows that one campaign may have: the rest is for others
)

// Ledger is what the brake asks of the store: the durable count of what was acted upon.
type Ledger interface {
	Acted(ctx context.Context, tenant string, since time.Time) (int, error)
	CampaignActed(ctx context.Context, tenant, campaign string, since time.Time) (int, error)
	Campaigns(ctx context.Context, tenant string, since time.Time, limit int) ([]store.Campaign, error)
	RecordActed(ctx context.Context, record string) (int, error)
	Seen(ctx context.Context, tenant string, since time.Time) (int, error)
}

// Overrun is a limit that one more mailbox would pass. The zero value is none.
type Overrun struct {
	Code     store.Code // which limit
	Campaign string     // with CodeCampaign
	Reason   string     // for a person
}

// None reports whether no limit would be passed.
func (s Overrun) None() bool { return s.Code == "" }

// Brake holds mass retractions. Every reservation is made here under one lock, so that a race of workers cannot
// overshoot: what is reserved counts until the store counts it.
//
// Four limits: for one message; for an hour; for an hour by the last hour's mail; and of what these two allow, a part
// for one campaign. An attacker who sends bad mail only to have it taken uses up his campaign's part, not all of it.
type Brake struct {
	mu       sync.Mutex
	ledger   Ledger
	reserved map[string]store.Intent // by intent
}

// New makes a brake over what the ledger has counted.
func New(l Ledger) *Brake {
	return &Brake{ledger: l, reserved: map[string]store.Intent{}}
}

// ErrReserved means that only what others have reserved stands against one more mailbox: those may still not act, so
// that it is to be asked again shortly.
var ErrReserved = errors.New("what the limits leave is reserved")

// Reserve asks to act upon one more mailbox, and says what stops it. What a person asked for or approved passes and is
// not counted: a clean-up by hand does not hold what is fresh. Copies that are found later are counted. The error is
// ErrReserved, or the ledger's.
func (b *Brake) Reserve(ctx context.Context, t *config.Tenant, in store.Intent, now time.Time) (Overrun, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if _, ok := b.reserved[in.ID]; ok || in.Passes() {
		return Overrun{}, nil
	}
	if now.Sub(in.Acted) >= time.Hour { // one counted within the hour has passed already
		if s, err := b.overrun(ctx, t, in, now); !s.None() || err != nil {
			return s, err
		}
	}
	b.reserved[in.ID] = in
	return Overrun{}, nil
}

// Release gives a reservation back: the store counts the mailbox now, or it was not acted upon.
func (b *Brake) Release(id string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.reserved, id)
}

// overrun says which limit one more mailbox would pass: by what the store has counted, or, as an error, by what is
// reserved.
func (b *Brake) overrun(ctx context.Context, t *config.Tenant, in store.Intent, now time.Time) (Overrun, error) {
	n, err := b.count(ctx, t, in, now)
	if err != nil {
		return Overrun{}, err
	}
	if s := n.exceeds(limitsOf(t)); !s.None() {
		return s, nil
	}
	if s := n.withReserved(b.reserved, in).exceeds(limitsOf(t)); !s.None() {
		return Overrun{}, ErrReserved
	}
	return Overrun{}, nil
}

// counted is what counts against the limits.
type counted struct {
	acted     int // mailboxes, in the last hour
	mail      int // mailboxes, of the message
	seen      int // messages, in the last hour
	campaigns []store.Campaign
}

// count asks the ledger for all that the limits are about.
func (b *Brake) count(ctx context.Context, t *config.Tenant, in store.Intent, now time.Time) (n counted, err error) {
	hour := now.Add(-time.Hour)
	if n.acted, err = b.ledger.Acted(ctx, in.Tenant, hour); err != nil {
		return n, fmt.Errorf("count mailboxes acted upon: %w", err)
	}
	if n.mail, err = b.ledger.RecordActed(ctx, in.Record); err != nil {
		return n, fmt.Errorf("count mailboxes of record %s: %w", in.Record, err)
	}
	if !in.Acted.IsZero() {
		n.mail-- // this very mailbox
	}
	if n.seen, err = b.ledger.Seen(ctx, in.Tenant, hour); err != nil {
		return n, fmt.Errorf("count the last hour's mail: %w", err)
	}
	if t.Brake.CampaignPercent < 0 {
		return n, nil
	}
	for _, name := range in.Campaigns {
		mailboxes, err := b.ledger.CampaignActed(ctx, in.Tenant, name, hour)
		if err != nil {
			return n, fmt.Errorf("count mailboxes of campaign %s: %w", name, err)
		}
		n.campaigns = append(n.campaigns, store.Campaign{Name: name, Mailboxes: mailboxes})
	}
	return n, nil
}

// withReserved adds what others have reserved.
func (n counted) withReserved(reserved map[string]store.Intent, in store.Intent) counted {
	campaigns := map[string]int{}
	for _, r := range reserved {
		if r.Record == in.Record {
			n.mail++
		}
		if r.Tenant != in.Tenant {
			continue
		}
		n.acted++
		for _, name := range r.Campaigns {
			campaigns[name]++
		}
	}
	all := make([]store.Campaign, len(n.campaigns))
	for i, c := range n.campaigns {
		all[i] = store.Campaign{Name: c.Name, Mailboxes: c.Mailboxes + campaigns[c.Name]}
	}
	n.campaigns = all
	return n
}

// limits are a tenant's, with the defaults filled in. One that was taken away is math.MaxInt, or 0 percent.
type limits struct {
	perHour, perMail int
	share            float64
	shareFrom        int
	campaign         float64
}

// limitsOf are a tenant's limits, with the defaults filled in.
func limitsOf(t *config.Tenant) limits {
	l := limits{perHour: limitOf(t.Brake.MailboxesPerHour, defaultPerHour),
		perMail:   limitOf(t.Brake.MailboxesPerMail, defaultPerMail),
		shareFrom: limitOf(t.Brake.ShareFrom, defaultShareFrom), share: t.Brake.SharePercent,
		campaign: t.Brake.CampaignPercent}
	if l.share == 0 {
		l.share = defaultShare
	}
	if l.campaign == 0 {
		l.campaign = defaultCampaign
	}
	return l
}

// limitOf is a configured limit: 0 means the default, a negative number none.
func limitOf(configured, byDefault int) int {
	switch {
	case configured == 0:
		return byDefault
	case configured < 0:
		return math.MaxInt
	}
	return configured
}

// byShare is how many mailboxes an hour the last hour's mail allows.
func (l limits) byShare(seen int) int {
	if l.share < 0 {
		return math.MaxInt
	}
	return max(l.shareFrom, int(l.share*float64(seen)/100))
}

// forCampaign is how many mailboxes an hour one campaign may have.
func (l limits) forCampaign(seen int) int {
	return ForCampaign(min(l.perHour, l.byShare(seen)), l.campaign)
}

// ForCampaign is the part that one campaign may have of a limit, by the tenant's campaign_percent: 0 is the default, a
// negative number takes the part away.
func ForCampaign(limit int, percent float64) int {
	if percent == 0 {
		percent = defaultCampaign
	}
	if percent < 0 || limit == math.MaxInt {
		return math.MaxInt
	}
	return int(math.Ceil(float64(limit) * percent / 100))
}

// exceeds says which limit one more mailbox would pass: those in all before the campaign's, so that a person learns of
// the wider trouble.
func (n counted) exceeds(l limits) Overrun {
	switch {
	case n.mail >= l.perMail:
		return Overrun{Code: store.CodePerMail,
			Reason: fmt.Sprintf("brake: %d mailboxes were acted upon for this message, the limit is %d "+
				"(mailboxes_per_mail)", n.mail, l.perMail)}
	case n.acted >= l.perHour:
		return Overrun{Code: store.CodePerHour,
			Reason: fmt.Sprintf("brake: %d mailboxes were acted upon in the last hour, the limit is %d "+
				"(mailboxes_per_hour)", n.acted, l.perHour)}
	case n.acted >= l.byShare(n.seen):
		return Overrun{Code: store.CodeShare,
			Reason: fmt.Sprintf("brake: %d mailboxes were acted upon in the last hour, which had %d messages; the "+
				"limit is %g %% (share_percent)",
				n.acted, n.seen, l.share)}
	}
	most := l.forCampaign(n.seen)
	for _, c := range n.campaigns {
		if c.Mailboxes >= most {
			return Overrun{Code: store.CodeCampaign, Campaign: c.Name,
				Reason: fmt.Sprintf("brake: %d mailboxes were acted upon in the last hour for campaign %s; of what "+
					"the limits allow %d are for one "+
					"campaign, the rest is kept for others (campaign_percent)",
					c.Mailboxes, campaign.Defang(c.Name), most)}
		}
	}
	return Overrun{}
}
