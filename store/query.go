package store

import (
	"context"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"clawback/query"
	"clawback/verdict"
)

// Searchable is what a query is held against: the record and the intents about it.
func (r Record) Searchable(intents []Intent) query.Message {
	m := r.searchable()
	for _, in := range intents {
		endOf(in).addTo(&m)
	}
	return m
}

// searchable is that without the intents.
func (r Record) searchable() query.Message {
	m := query.Message{
		IDs: append([]string{r.ID, r.MessageID}, r.AlternateIDs...), Tenant: r.Tenant, Sender: r.Sender, From: r.From,
		FromName: r.FromName, Subject: r.Subject, Received: r.Received,
		Dispositions: []verdict.Disposition{r.Verdict.Disposition}, Indicators: r.indicators(),
	}
	if r.NetworkMessageID != "" {
		m.IDs = append(m.IDs, r.NetworkMessageID)
	}
	for _, one := range r.Recipients {
		m.Recipients = append(m.Recipients, one.Address)
		if one.ExpandedFrom != "" {
			m.Recipients = append(m.Recipients, one.ExpandedFrom)
		}
	}
	if flags(r)&unscored != 0 && r.Verdict.Disposition != verdict.Unscored {
		m.Dispositions = append(m.Dispositions, verdict.Unscored)
	}
	for _, reason := range r.Verdict.Reasons {
		m.Reasons = append(m.Reasons, reason.ID)
	}
	if r.Pinned != "" {
		m.Marks = append(m.Marks, query.Pinned)
	}
	if r.Rejudged != nil {
		m.Marks = append(m.Marks, query.Rejudged)
	}
	return m
}

// indicators are those of all forms of the original: each was delivered to somebody.
func (r Record) indicators() []verdict.Indicator {
	list := slices.Clone(r.Verdict.Indicators)
	for _, v := range r.Variants {
		if len(r.Variants) > 1 {
			list = append(list, v.Verdict.Indicators...)
		}
	}
	return list
}

// matchesQuery holds a record against the filter's query, and reads the intents where that asks for them.
func (t *txn) matchesQuery(q query.Query, rec Record) (bool, error) {
	var intents []Intent
	if q.Asks(query.Outcome, query.Proof) {
		var err error
		if intents, err = t.intentsOf(rec.ID); err != nil {
			return false, err
		}
	}
	return q.Match(rec.Searchable(intents)), nil
}

// Matching reads those of the records that are there and fit the filter, in the order of the ids. The filter's place,
// limit and bound are not used.
func (s *Store) Matching(ctx context.Context, f RecordFilter, ids []string) (list []Record, err error) {
	err = s.view(ctx, func(t *txn) error {
		for _, id := range ids {
			rec, found, err := t.record(id)
			if err != nil {
				return err
			}
			if !found || f.Tenant != "" && rec.Tenant != f.Tenant || !f.matchRow(timeRow(rec)) {
				continue
			}
			fits, err := t.matches(f, rec)
			if err != nil {
				return err
			}
			if fits && t.step() {
				list = append(list, rec)
			}
		}
		return nil
	})
	return list, err
}

// timeRow is the record's row in the time index.
func timeRow(rec Record) []byte { return []byte{byte(rec.Verdict.Disposition), flags(rec)} }

// RawID is a record's id as 16 bytes; false for an id that no record has.
func RawID(id string) (raw [16]byte, ok bool) {
	if len(id) != 27 || id[0] != 'r' {
		return raw, false
	}
	b, err := encoding.DecodeString(id[1:])
	return [16]byte(append(b, make([]byte, 16)...)[:16]), err == nil && len(b) == 16
}

// IDOf is the id of a record by its 16 bytes.
func IDOf(raw [16]byte) string { return "r" + encoding.EncodeToString(raw[:]) }

// Millis is a time as the order of records knows it: milliseconds, those received last first, then by id.
func Millis(t time.Time) uint64 { return millis(t) }

// narrowed has the window of its query too.
func (f RecordFilter) narrowed() RecordFilter {
	if q := f.Query; q.Since.After(f.Since) {
		f.Since = q.Since
	}
	if q := f.Query; !q.Until.IsZero() && (f.Until.IsZero() || q.Until.Before(f.Until)) {
		f.Until = q.Until
	}
	return f
}

// CursorOf is the cursor of a scan that goes on behind a record.
func CursorOf(received uint64, id string) string {
	return base64.RawURLEncoding.EncodeToString(append(number(^received), id...))
}

// ParseCursor reads the place in a scan's cursor.
func ParseCursor(cursor string) (received uint64, id string, err error) {
	raw, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil || len(raw) < 8 {
		return 0, "", fmt.Errorf("%w: cursor %.40q", ErrInvalid, cursor)
	}
	return ^binary.BigEndian.Uint64(raw), string(raw[8:]), nil
}
