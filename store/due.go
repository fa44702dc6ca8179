package store

import (
	"context"
	"errors"
	"fmt"
	"math"
	"time"

	"clawback/store/rows"
)

// DueFilter selects among the intents that are due.
type DueFilter struct {
	Tenant     string                   // "": any
	Limit      int                      // 0: 100
	Scan       int                      // how many to look at, those that are skipped included; 0: all
	Skip       func(Intent) bool        // leaves an intent out: its mailbox is busy, it is being worked on; nil: none
	SkipTenant func(tenant string) bool // leaves a tenant out without looking at its intents: it is paused; nil: none
}

// promoteMax bounds how many intents become ready in one commit.
const promoteMax = 4096

// Due lists pending intents whose time has come: by severity, the worst first, then those of the newest record first.
// It costs as many rows as it returns and skips. Intents that have become due since the last call are moved to the
// ready index first, which is a commit.
func (s *Store) Due(now time.Time, f DueFilter) ([]Intent, error) {
	f.Limit = orDefault(f.Limit, 100)
	if err := s.promote(now); err != nil {
		return nil, fmt.Errorf("list due intents: %w", err)
	}
	var list, early []Intent
	err := s.view(func(t *txn) error {
		var err error
		list, early, err = t.due(now, f)
		return err
	})
	if err == nil {
		err = s.demote(early)
	}
	if err != nil {
		return nil, fmt.Errorf("list due intents: %w", err)
	}
	return list, nil
}

// NextDue is when the next of the intents that are not due yet will be; zero when none waits. Due's own intents, those
// that it skipped included, do not count: after Due has been worked through, this is how long to sleep.
func (s *Store) NextDue() (next time.Time) {
	_ = s.view(func(t *txn) error {
		t.each(tableWaiting, nil, func(k, _ []byte) bool {
			next = stampTime(k)
			return false
		})
		return nil
	})
	return next
}

// due walks the ready index. The early ones are those that a clock, since set back, made ready.
func (t *txn) due(now time.Time, f DueFilter) (list, early []Intent, err error) {
	var prefixes [][]byte
	for _, tenant := range t.tenants(f.Tenant) {
		if f.SkipTenant == nil || !f.SkipTenant(tenant) {
			prefixes = append(prefixes, tenantKey(tenant))
		}
	}
	m := t.merged(tableReady, prefixes)
	for seen := 0; len(list) < f.Limit && (f.Scan == 0 || seen < f.Scan); seen++ {
		suffix, _, ok := m.next()
		if !ok {
			break
		}
		in, err := t.mustIntent(string(suffix[9:]))
		switch {
		case err != nil:
			return nil, nil, err
		case in.NotBefore.After(now):
			early = append(early, in)
		case f.Skip == nil || !f.Skip(in):
			list = append(list, in)
		}
	}
	return list, early, nil
}

// promote moves what has become due from the waiting index to the ready one.
func (s *Store) promote(now time.Time) error {
	for {
		if next := s.NextDue(); next.IsZero() || next.After(now) {
			return nil
		}
		err := s.do(context.Background(), "", func(t *txn) error { return t.promote(now) })
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
func (s *Store) demote(early []Intent) error {
	if len(early) == 0 {
		return nil
	}
	return s.do(context.Background(), "", func(t *txn) error {
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

// clampDue pulls in due times beyond latest: a clock that was wrong when they were written must not hold them for years.
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
	return errors.Join(t.failure(), t.flush())
}
