package store

import (
	"bytes"
	"cmp"
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"clawback/verdict"
)

// Counts is what is counted of one tenant, or of all. Processed counts for ever; the others count what is kept now.
type Counts struct {
	Processed    int                         `json:"processed"`      // reports
	NotFirstHand int                         `json:"not_first_hand"` // of them
	Records      int                         `json:"records"`
	Dispositions map[verdict.Disposition]int `json:"dispositions,omitempty"` // of the records
	Outcomes     map[Outcome]int             `json:"outcomes,omitempty"`     // of the intents to retract
	Restores     map[Outcome]int             `json:"restores,omitempty"`     // of the intents to restore
	Held         int                         `json:"held"`                   // of both kinds
	// Intents that moved a message by equal content alone.
	ByContent          int       `json:"by_content,omitempty"`
	History            int       `json:"history"` // entries of sender history
	LastReport         time.Time `json:"last_report,omitzero"`
	ConnectorValidated time.Time `json:"connector_validated,omitzero"`
}

// Counts reads a tenant's counters, of all tenants together when tenant is "". It reads one row a tenant.
func (s *Store) Counts(ctx context.Context, tenant string) (sum Counts, err error) {
	err = s.view(ctx, func(t *txn) error {
		for _, id := range t.tenants(tenant) {
			c, err := t.counts(id)
			if err != nil {
				return err
			}
			sum.add(c)
		}
		return nil
	})
	return sum, err
}

// Tenants lists the tenants that have rows.
func (s *Store) Tenants(ctx context.Context) (list []string, err error) {
	err = s.view(ctx, func(t *txn) error {
		list = t.tenants("")
		return nil
	})
	return list, err
}

// Validated notes when Exchange Online last validated a tenant's connector.
func (s *Store) Validated(ctx context.Context, tenant string, at time.Time) error {
	if err := checkID("tenant", tenant); err != nil {
		return err
	}
	return s.do(ctx, "", func(t *txn) error {
		c, err := t.counting(tenant)
		if err == nil {
			c.ConnectorValidated = later(c.ConnectorValidated, at.UTC().Round(0))
		}
		return err
	})
}

// clone is a copy that may be changed.
func (c *Counts) clone() Counts {
	o := *c
	o.Dispositions, o.Outcomes, o.Restores = maps.Clone(c.Dispositions), maps.Clone(c.Outcomes), maps.Clone(c.Restores)
	return o
}

func (c *Counts) add(o Counts) {
	c.Processed += o.Processed
	c.NotFirstHand += o.NotFirstHand
	c.Records += o.Records
	c.Held += o.Held
	c.ByContent += o.ByContent
	c.History += o.History
	c.LastReport = later(c.LastReport, o.LastReport)
	c.ConnectorValidated = later(c.ConnectorValidated, o.ConnectorValidated)
	c.Dispositions = addAll(c.Dispositions, o.Dispositions)
	c.Outcomes = addAll(c.Outcomes, o.Outcomes)
	c.Restores = addAll(c.Restores, o.Restores)
}

func addAll[K comparable](to, from map[K]int) map[K]int {
	for k, n := range from {
		to = bump(to, k, n)
	}
	return to
}

// bump adds n to one counter and leaves no zero behind.
func bump[K comparable](m map[K]int, k K, n int) map[K]int {
	if m == nil {
		m = make(map[K]int)
	}
	if m[k] += n; m[k] == 0 {
		delete(m, k)
	}
	return m
}

func (t *txn) counts(tenant string) (c Counts, err error) {
	if t.shared != nil && t.shared.counts[tenant] != nil {
		return t.shared.counts[tenant].clone(), nil
	}
	_, err = t.load(tableCounts, tenantKey(tenant), &c)
	return c, err
}

// counting gives a tenant's counters to be changed; they are written when the call ends well.
func (t *txn) counting(tenant string) (*Counts, error) {
	if c := t.counted[tenant]; c != nil {
		return c, nil
	}
	c, err := t.counts(tenant)
	if err != nil {
		return nil, err
	}
	if t.counted == nil {
		t.counted = make(map[string]*Counts)
	}
	t.counted[tenant] = &c
	return &c, nil
}

// countRecord adds a record to its tenant's counters, or takes it out with n -1.
func (t *txn) countRecord(rec Record, n int) error {
	c, err := t.counting(rec.Tenant)
	if err != nil {
		return err
	}
	c.Records += n
	c.Dispositions = bump(c.Dispositions, rec.Verdict.Disposition, n)
	return nil
}

// countIntent adds an intent to its tenant's counters, or takes it out with n -1.
func (t *txn) countIntent(in Intent, n int) error {
	c, err := t.counting(in.Tenant)
	if err != nil {
		return err
	}
	if in.Kind == Restore {
		c.Restores = bump(c.Restores, in.Outcome, n)
	} else {
		c.Outcomes = bump(c.Outcomes, in.Outcome, n)
	}
	if in.Outcome == Held {
		c.Held += n
	}
	if in.MovedBy(ByContent) {
		c.ByContent += n
	}
	return nil
}

// minuteKind is what the brake counts by the minute.
type minuteKind byte

const (
	seen  minuteKind = 's' // messages, first-hand
	acted minuteKind = 'a' // mailboxes
	part  minuteKind = 'c' // mailboxes of one campaign
)

// Acted counts the mailboxes of a tenant that were acted upon by themselves since a time, to the minute and rather one
// too many. A mailbox counts from C3 on, once an hour for one record. Those that a person asked for or approved do not.
func (s *Store) Acted(ctx context.Context, tenant string, since time.Time) (int, error) {
	return s.minutes(ctx, tenant, acted, since)
}

// Seen counts the first-hand messages of a tenant since a time, to the minute and rather one too many.
func (s *Store) Seen(ctx context.Context, tenant string, since time.Time) (int, error) {
	return s.minutes(ctx, tenant, seen, since)
}

// CampaignActed counts the mailboxes of a tenant that were acted upon by themselves since a time for one campaign, as
// Acted counts them.
func (s *Store) CampaignActed(ctx context.Context, tenant, campaign string, since time.Time) (int, error) {
	return s.sumMinutes(ctx, campaignPrefix(tenant, campaign), since)
}

// Campaign is how many mailboxes were acted upon for a campaign.
type Campaign struct {
	Name      string `json:"name"`
	Mailboxes int    `json:"mailboxes"`
}

// Campaigns lists the campaigns of a tenant for which mailboxes were acted upon by themselves since a time, those with
// the most first, limit at most.
func (s *Store) Campaigns(ctx context.Context, tenant string, since time.Time, limit int) ([]Campaign, error) {
	sums := map[string]int{}
	prefix, from := minutePrefix(tenant, part), since.Truncate(time.Minute)
	err := s.view(ctx, func(t *txn) error {
		t.each(tableMinutes, prefix, func(k, v []byte) bool {
			name, at, ok := bytes.Cut(k[len(prefix):], []byte{0})
			if ok && len(at) == 8 && len(v) == 8 && !stampTime(at).Before(from) {
				sums[string(name)] += int(binary.BigEndian.Uint64(v))
			}
			return true
		})
		return nil
	})
	list := make([]Campaign, 0, len(sums))
	for name, n := range sums {
		list = append(list, Campaign{name, n})
	}
	slices.SortFunc(list, func(a, b Campaign) int {
		return cmp.Or(b.Mailboxes-a.Mailboxes, strings.Compare(a.Name, b.Name))
	})
	return list[:min(limit, len(list))], err
}

// RecordActed counts the mailboxes from which a record was taken by itself, or may have been.
func (s *Store) RecordActed(ctx context.Context, record string) (n int, err error) {
	err = s.view(ctx, func(t *txn) error {
		n = int(t.tally(record).Acted)
		return nil
	})
	return n, err
}

func (s *Store) minutes(ctx context.Context, tenant string, kind minuteKind, since time.Time) (sum int, err error) {
	return s.sumMinutes(ctx, minutePrefix(tenant, kind), since)
}

func (s *Store) sumMinutes(ctx context.Context, prefix []byte, since time.Time) (sum int, err error) {
	err = s.view(ctx, func(t *txn) error {
		t.eachCounter(tableMinutes, prefix, minute(since), func(_, v []byte) bool {
			if len(v) != 8 {
				err = fmt.Errorf("%w: read row of %s: %d bytes", ErrRead, title(tableMinutes), len(v))
				return false
			}
			sum += int(binary.BigEndian.Uint64(v))
			return true
		})
		return err
	})
	return sum, err
}

func (t *txn) countMinute(tenant string, kind minuteKind, n uint64) {
	t.countMinuteOf(minutePrefix(tenant, kind), n)
}

func (t *txn) countMinuteOf(prefix []byte, n uint64) {
	key := append(prefix, minute(t.now)...)
	if v := t.get(tableMinutes, key); len(v) == 8 {
		n += binary.BigEndian.Uint64(v)
	}
	t.put(tableMinutes, key, number(n))
}

func minutePrefix(tenant string, kind minuteKind) []byte {
	return append(tenantKey(tenant), byte(kind))
}

// campaignPrefix ends the campaign's name by a zero byte, which none has.
func campaignPrefix(tenant, campaign string) []byte {
	return append(minutePrefix(tenant, part), nulled(strings.ReplaceAll(campaign, "\x00", ""))...)
}

func minute(at time.Time) []byte { return stamp(at.Truncate(time.Minute)) }
