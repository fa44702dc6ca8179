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
// in either, or in none, and a page may have less than its limit before the last.
//
// The intents of a bulk job that is paused are not due. Those that are met are put aside, in a commit, where they cost
// nothing until their job goes on.
func (s *Store) Due(ctx context.Context, now time.Time, f DueFilter) (DuePage, error) {
	f.Limit = orDefault(f.Limit, 100)
	if f.After == "" {
		if err := s.promote(ctx, now); err != nil {
			return DuePage{}, fmt.Errorf("list due intents: %w", err)
		}
	}
	var page DuePage
	var misplaced []Intent
	err := s.view(ctx, func(t *txn) error {
		var err error
		page, misplaced, err = t.due(now, f)
		return err
	})
	if err == nil {
		err = s.putAside(ctx, now, misplaced)
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

// due walks the ready index. Misplaced are those that a clock, since set back, made ready, and those of paused jobs.
func (t *txn) due(now time.Time, f DueFilter) (page DuePage, misplaced []Intent, err error) {
	after, err := base64.RawURLEncoding.DecodeString(f.After)
	if err != nil {
		return DuePage{}, nil, fmt.Errorf("%w: cursor %.40q", ErrInvalid, f.After)
	}
	var prefixes [][]byte
	for _, tenant := range t.tenants(f.Tenant) {
		prefixes = append(prefixes, tenantKey(tenant))
	}
	jobs := pausedJobs{}
	m := t.mergedFrom(tableReady, prefixes, after)
	for {
		suffix, _, ok := m.next()
		if !ok {
			return page, misplaced, nil
		}
		if len(after) > 0 && bytes.Equal(suffix, after) {
			continue
		}
		id := string(suffix[9:])
		if f.Skip != nil && f.Skip(id) {
			continue
		}
		in, err := t.mustIntent(id)
		if err != nil {
			return DuePage{}, nil, err
		}
		paused, err := jobs.paused(t, in.Job)
		switch {
		case err != nil:
			return DuePage{}, nil, err
		case paused || in.NotBefore.After(now):
			misplaced = append(misplaced, in)
		default:
			page.Intents = append(page.Intents, in)
		}
		if len(page.Intents) == f.Limit || len(misplaced) == promoteMax {
			page.Next = base64.RawURLEncoding.EncodeToString(suffix)
			return page, misplaced, nil
		}
	}
}

// pausedJobs remembers which jobs are paused, for the length of one transaction.
type pausedJobs map[string]bool

func (p pausedJobs) paused(t *txn, job string) (bool, error) {
	if job == "" {
		return false, nil
	}
	if known, ok := p[job]; ok {
		return known, nil
	}
	var j Job
	_, err := t.load(tableJobs, []byte(job), &j)
	p[job] = j.Paused != ""
	return p[job], err
}

// promote moves what has become due, by its time or because its job goes on, to the ready index.
func (s *Store) promote(ctx context.Context, now time.Time) error {
	if err := s.resume(ctx); err != nil {
		return err
	}
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

// resume brings back the suspended intents whose jobs go on, or are there no more. Nothing else has to be done for a
// job that is resumed, so that no crash can come between.
func (s *Store) resume(ctx context.Context) error {
	for {
		var jobs []string
		err := s.view(ctx, func(t *txn) (err error) {
			jobs, err = t.resumed()
			return err
		})
		if err != nil || len(jobs) == 0 {
			return err
		}
		for _, job := range jobs {
			if err := s.do(ctx, "", func(t *txn) error { return t.resume(job) }); err != nil {
				return err
			}
		}
	}
}

// resumed are the jobs that have suspended intents and are not paused.
func (t *txn) resumed() (list []string, err error) {
	c := t.walk(tableSuspended)
	defer c.Close()
	k, _ := c.First()
	for k != nil && t.step() {
		job, _, _ := bytes.Cut(k, []byte{0})
		paused, err := pausedJobs{}.paused(t, string(job))
		if err != nil {
			return nil, err
		}
		if !paused {
			list = append(list, string(job))
		}
		k, _ = c.Seek(append([]byte(string(job)), 1)) // behind the job's
	}
	return list, c.Err()
}

// resume brings back some of a job's suspended intents, unless it is paused by now.
func (t *txn) resume(job string) error {
	paused, err := pausedJobs{}.paused(t, job)
	if err != nil || paused {
		return err
	}
	n, prefix := 0, nulled(job)
	t.each(tableSuspended, prefix, func(k, _ []byte) bool {
		n++
		var in Intent
		if in, err = t.mustIntent(string(k[len(prefix):])); err != nil {
			return false
		}
		t.del(tableSuspended, bytes.Clone(k))
		t.indexDue(in)
		return n < promoteMax
	})
	return err
}

// putAside takes intents out of the ready index that are misplaced there, where they still are as they were.
func (s *Store) putAside(ctx context.Context, now time.Time, misplaced []Intent) error {
	if len(misplaced) == 0 {
		return nil
	}
	return s.do(ctx, "", func(t *txn) error {
		jobs := pausedJobs{}
		for _, in := range misplaced {
			if stored, found, err := t.intent(in.ID); err != nil || !found || stored.Rev != in.Rev {
				continue
			}
			paused, err := jobs.paused(t, in.Job)
			switch {
			case err != nil:
				return err
			case paused:
				t.del(tableReady, readyKey(in))
				t.mark(tableSuspended, suspendedKey(in))
			case in.NotBefore.After(now):
				t.del(tableReady, readyKey(in))
				t.mark(tableWaiting, waitingKey(in))
			}
		}
		return nil
	})
}

// indexDue puts a pending intent into the due index of its time. That its job is paused is found when it is met there.
func (t *txn) indexDue(in Intent) {
	if in.NotBefore.After(t.now) {
		t.mark(tableWaiting, waitingKey(in))
		return
	}
	t.mark(tableReady, readyKey(in))
}

// unindexDue takes an intent out of whichever due index it is in. What is not there is not deleted: a log-structured
// engine would keep that, in front of what is due next.
func (t *txn) unindexDue(in Intent) {
	if in.Outcome != Pending {
		return
	}
	t.unmark(tableWaiting, waitingKey(in))
	t.unmark(tableReady, readyKey(in))
	if in.Job != "" {
		t.unmark(tableSuspended, suspendedKey(in))
	}
}

func readyKey(in Intent) []byte {
	urgency := byte(math.MaxUint8 - max(0, min(math.MaxUint8, in.Severity)))
	return join(tenantKey(in.Tenant), []byte{urgency}, stampDown(in.Received), []byte(in.ID))
}

func suspendedKey(in Intent) []byte { return append(nulled(in.Job), in.ID...) }

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
