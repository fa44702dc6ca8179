package store

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"clawback/query"
	"clawback/verdict"
)

// RecordFilter selects records; a zero field selects all.
type RecordFilter struct {
	Tenant       string
	Since        time.Time             // received then or later
	Until        time.Time             // received before
	Dispositions []verdict.Disposition // Unscored also finds records of which some variant waits for its verdict
	Sender       string                // in the envelope or header sender, in any case
	Recipient    string                // in a recipient's address, in any case
	Subject      string                // in the subject, in any case
	Proof        Proof                 // of which a mailbox's message was moved by this proof
	Query        query.Query           `json:",omitzero"` // all of its terms fit; its tenant is not looked at
	After        string                // id of the record after which to go on
	Limit        int                   // 0: 100
	Scan         int                   // how many records to look at; 0: 100,000
}

// Records lists records, those received last first. When it has looked at as many as it may it returns what it has
// found together with [ErrBound].
func (s *Store) Records(ctx context.Context, f RecordFilter) (list []Record, err error) {
	f = f.narrowed()
	f.Limit = orDefault(f.Limit, 100)
	f.Scan = orDefault(f.Scan, maxScan)
	err = s.view(ctx, func(t *txn) error {
		list, err = t.search(f)
		return err
	})
	return list, err
}

func (t *txn) search(f RecordFilter) (list []Record, err error) {
	from, err := t.searchFrom(f)
	if err != nil {
		return nil, err
	}
	list, _, err = t.scan(f, from)
	return list, err
}

// scan looks at records from a place in the time index on. Last is where it stopped; nil at the end.
func (t *txn) scan(f RecordFilter, from []byte) (list []Record, last []byte, err error) {
	var prefixes [][]byte
	for _, tenant := range t.tenants(f.Tenant) {
		prefixes = append(prefixes, tenantKey(tenant))
	}
	m := t.mergedFrom(tableTime, prefixes, from)
	for scanned := 0; len(list) < f.Limit; scanned++ {
		suffix, v, ok := m.next()
		if !ok || (!f.Since.IsZero() && string(suffix[:8]) > string(stampDown(f.Since))) {
			return list, nil, nil
		}
		if scanned >= f.Scan {
			return list, last, fmt.Errorf("list records: %w", ErrBound)
		}
		last = append(last[:0], suffix...)
		if !f.matchRow(v) {
			continue
		}
		rec, err := t.mustRecord(string(suffix[8:]))
		if err != nil {
			return list, last, err
		}
		var fits bool
		if fits, err = t.matches(f, rec); err != nil {
			return list, last, err
		}
		if fits {
			list = append(list, rec)
		}
	}
	return list, last, nil
}

// searchFrom is where in the time index a search begins: nil for the newest.
func (t *txn) searchFrom(f RecordFilter) ([]byte, error) {
	if f.After != "" {
		rec, err := t.mustRecord(f.After)
		return join(stampDown(rec.Received), []byte(rec.ID), []byte{0}), err
	}
	if f.Until.IsZero() {
		return nil, nil
	}
	return stampDown(f.Until), nil
}

// matchRow decides by the time index alone what it can, so that most records need not be read.
func (f RecordFilter) matchRow(v []byte) bool {
	if len(f.Dispositions) == 0 || len(v) != 2 {
		return true
	}
	for _, d := range f.Dispositions {
		if byte(d) == v[0] || d == verdict.Unscored && v[1]&unscored != 0 {
			return true
		}
	}
	return false
}

func (f RecordFilter) match(rec Record) bool {
	return (f.Until.IsZero() || rec.Received.Before(f.Until)) &&
		(f.Since.IsZero() || !rec.Received.Before(f.Since)) &&
		(containsFold(rec.Sender, f.Sender) || containsFold(rec.From, f.Sender)) &&
		containsFold(rec.Subject, f.Subject) &&
		(f.Recipient == "" || f.matchRecipient(rec))
}

// matches decides by the record, and by its intents where they are asked for.
func (t *txn) matches(f RecordFilter, rec Record) (bool, error) {
	if !f.match(rec) {
		return false, nil
	}
	if !f.Query.Empty() {
		if fits, err := t.matchesQuery(f.Query, rec); err != nil || !fits {
			return false, err
		}
	}
	if f.Proof == "" {
		return true, nil
	}
	intents, err := t.intentsOf(rec.ID)
	return slices.ContainsFunc(intents, func(in Intent) bool { return in.MovedBy(f.Proof) }), err
}

func (f RecordFilter) matchRecipient(rec Record) bool {
	for _, r := range rec.Recipients {
		if containsFold(r.Address, f.Recipient) {
			return true
		}
	}
	return false
}

func containsFold(s, part string) bool {
	return part == "" || strings.Contains(strings.ToLower(s), strings.ToLower(part))
}

// maxLookup bounds how many records one key finds.
const maxLookup = 100

// minPrefix is how much of a record's id must be given.
const minPrefix = 4

// Lookup finds the records that a key names: an id or the beginning of one, a Message-ID with or without its brackets,
// or a network message id. Of tenant, or of any when that is ""; at most 100. None is no error.
func (s *Store) Lookup(ctx context.Context, tenant, key string) (list []Record, err error) {
	err = s.view(ctx, func(t *txn) error {
		list, err = t.lookup(tenant, key)
		return err
	})
	return list, err
}

func (t *txn) lookup(tenant, key string) (list []Record, err error) {
	seen := make(map[string]bool)
	take := func(id string) bool {
		if seen[id] {
			return true
		}
		seen[id] = true
		var rec Record
		if rec, err = t.mustRecord(id); err == nil && (tenant == "" || rec.Tenant == tenant) {
			list = append(list, rec)
		}
		return err == nil && len(list) < maxLookup
	}
	if len(key) >= minPrefix {
		t.each(tableRecords, []byte(key), func(k, _ []byte) bool { return take(string(k)) })
	}
	valid := strings.ToValidUTF8(key, "\uFFFD")
	for _, name := range [][]byte{messageIDName(valid), networkName(valid)} {
		t.each(tableNames, name, func(k, v []byte) bool {
			return tenant != "" && string(v) != tenant || take(string(k[len(name):]))
		})
	}
	return list, err
}
