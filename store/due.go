package store

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"math"
	"time"

	"clawback/store/rows"
)

// DueFilter selects among the intents that are due.
type DueFilter struct {
	Tenant string // "": any
	Limit  int    // 0: 100
	After  string // the cursor of the page before; "": from the first

	// Skip leaves intents out by their id, without reading them; nil: none. They count towards no limit.
	Skip func(id string) bool
}

// promoteMax bounds how many intents become ready in one commit.
const promoteMax = 4096

// DuePage is a page of what is due.
type DuePage struct {
	Intents []Intent
	Next    string // cursor of the page that follows; "": this one is the last
}

// Due lists pending intents whose time has come: by severity, the worst first, then those of the newest record first.
// It costs as many rows as it returns, and a step for each that it skips. Before the first page intents that have
// become due since the last call are moved to the ready index, which is a commit. What changes between two pages may be
// in either, or in none.
func (s *Store) Due(ctx context.Context, now time.Time, f DueFilter) (DuePage, error) {
	f.Limit = orDefault(f.Limit, 100)
	if f.After == "" {
		if err := s.promote(ctx, now); err != nil {
			return DuePage{}, fmt.Errorf("list due intents: %w", err)
		}
	}
	var page DuePage
	var early []Intent
	err := s.view(ctx, func(t *txn) error {
		var err error
		page, early, err = t.due(now, f)
		return err
	})
	if err == nil {
		err = s.demote(ctx, early)
	}
	if err != nil {
		return DuePage{}, fmt.Errorf("list due intents: %w", err)
	}
	return page, nil
}

// NextDue is when the next of the intents that are not due yet will be; zero when none waits. Due's own intents do not
// count: after Due has been worked through, this is how long to sleep.
func (s *Store) NextDue(ctx context.Context) (next time.Time, err error) {
	err = s.view(ctx, func(t *txn) error {
		t.each(tableWaiting, nil, func(k, _ []byte) bool {
			next = stampTime(k)
			return false
		})
		return nil
	})
	if err != nil {
		return time.Time{}, fmt.Errorf("next due time: %w", err)
	}
	return next, nil
}

// due walks the ready index. The early ones are those that a clock, since set back, made ready.
func (t *txn) due(now time.Time, f DueFilter) (page DuePage, early []Intent, err error) {
	after, err := base64.RawURLEncoding.DecodeString(f.After)
	if err != nil {
		return DuePage{}, nil, fmt.Errorf("%w: cursor %.40q", ErrInvalid, f.After)
	}
	var prefixes [][]byte
	for _, tenant := range t.tenants(f.Tenant) {
		prefixes = append(prefixes, tenantKey(tenant))
	}
	m := t.mergedFrom(tableReady, prefixes, after)
	for {
		suffix, _, ok := m.next()
		if !ok {
			return page, early, nil
		}
		if len(after) > 0 && bytes.Equal(suffix, after) {
			continue
		}
		id := string(suffix[9:])
		if f.Skip != nil && f.Skip(id) {
			continue
		}
		in, err := t.mustIntent(id)
		switch {
		case err != nil:
			return DuePage{}, nil, err
		case in.NotBefore.After(now):
			early = append(early, in)
			continue
		}
		page.Intents = append(page.Intents, in)
		if len(page.Intents) == f.Limit {
			page.Next = base64.RawURLEncoding.EncodeToString(suffix)
			return page, early, nil
		}
	}
}

// promote moves what has become due from the waiting index to the ready one.
func (s *Store) promote(ctx context.Context, now time.Time) error {
	for {
		if next, err := s.NextDue(ctx); err != nil || next.IsZero() || next.After(now) {
			return err
		}
		err := s.do(ctx, "", func(t *txn) error { return t.promote(now) })
		if err != nil {
			return err
		}
	}
}

func (t *txn) promote(now time.Time) (err error) {
	n := 0
	t.each(tableWaiting, nil, func(k, _ []byte) bool {
		if stampTime(k).After(now) || n >= promoteMax {
			return false
		}
		n++
		var in Intent
		if in, err = t.mustIntent(string(k[8:])); err != nil {
			return false
		}
		t.del(tableWaiting, append([]byte(nil), k...))
		t.mark(tableReady, readyKey(in))
		return true
	})
	return err
}

// demote puts intents back to wait, where they still are as they were.
func (s *Store) demote(ctx context.Context, early []Intent) error {
	if len(early) == 0 {
		return nil
	}
	return s.do(ctx, "", func(t *txn) error {
		for _, in := range early {
			if now, found, err := t.intent(in.ID); err != nil || !found || now.Rev != in.Rev {
				continue
			}
			t.del(tableReady, readyKey(in))
			t.mark(tableWaiting, waitingKey(in))
		}
		return nil
	})
}

// indexDue puts a pending intent into one of the two due indexes.
func (t *txn) indexDue(in Intent) {
	if in.NotBefore.After(t.now) {
		t.mark(tableWaiting, waitingKey(in))
		return
	}
	t.mark(tableReady, readyKey(in))
}

// unindexDue takes an intent out of whichever due index it is in.
func (t *txn) unindexDue(in Intent) {
	if in.Outcome == Pending {
		t.del(tableWaiting, waitingKey(in))
		t.del(tableReady, readyKey(in))
	}
}

func readyKey(in Intent) []byte {
	urgency := byte(math.MaxUint8 - max(0, min(math.MaxUint8, in.Severity)))
	return join(tenantKey(in.Tenant), []byte{urgency}, stampDown(in.Received), []byte(in.ID))
}

func waitingKey(in Intent) []byte { return join(stampUp(in.NotBefore), []byte(in.ID)) }

// clampDue pulls in due times beyond latest: a clock that was wrong when they were written must not hold them for
// years.
func clampDue(tx rows.Tx, latest time.Time) error {
	t := &txn{tx: tx, now: latest}
	var far []Intent
	var err error
	c := t.cursor(tableWaiting)
	for k, _ := c.Last(); k != nil && stampTime(k).After(latest); k, _ = c.Prev() {
		var in Intent
		if in, err = t.mustIntent(string(k[8:])); err != nil {
			return err
		}
		far = append(far, in)
	}
	for _, in := range far {
		if !in.NotBefore.After(latest) {
			continue
		}
		t.del(tableWaiting, waitingKey(in))
		in.NotBefore = latest
		in.Rev++
		t.mark(tableWaiting, waitingKey(in))
		if err := t.save(tableIntents, []byte(in.ID), in); err != nil {
			return err
		}
	}
	return errors.Join(t.failure(), t.flushRows())
}
