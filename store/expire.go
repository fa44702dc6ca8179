package store

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"time"

	"clawback/store/rows"
)

// Retention says up to when each kind of row is dropped; a zero time drops none of its kind.
type Retention struct {
	Applied  time.Time // report keys: once a report cannot come again
	Attempts time.Time // attempts at finished intents
	Records  time.Time // records received before, with all that hangs on them, unless an intent is unfinished
	Minutes  time.Time // the brake's counts
	Changes  time.Time // events of the change sequence with which every follower has done
}

// Expired is how many rows were dropped.
type Expired struct {
	Applied, Attempts, Records, Minutes, Changes, Notices int
}

// expireChunk bounds how many rows one commit drops, so that other calls do not wait long.
const expireChunk = 500

// expireRows bounds how many rows one commit writes for it: what is dropped has rows that lead to it.
const expireRows = 4000

// Expire drops what is past its retention, in many small commits. A crash between two of them loses nothing: the rest
// is dropped the next time.
func (s *Store) Expire(ctx context.Context, r Retention) (e Expired, err error) {
	for _, step := range []struct {
		before time.Time
		n      *int
		drop   func(ctx context.Context, before time.Time) (int, error)
	}{
		{r.Applied, &e.Applied, s.expireApplied},
		{r.Attempts, &e.Attempts, s.expireAttempts},
		{r.Records, &e.Records, s.expireRecords},
		{r.Minutes, &e.Minutes, s.expireMinutes},
		{r.Changes, &e.Changes, s.expireChanges},
	} {
		if step.before.IsZero() {
			continue
		}
		if *step.n, err = step.drop(ctx, step.before); err != nil {
			return e, fmt.Errorf("expire rows: %w", err)
		}
	}
	if e.Notices, err = s.expireNotices(ctx); err != nil {
		return e, fmt.Errorf("expire rows: %w", err)
	}
	return e, nil
}

// expireApplied walks the applied-set by age.
func (s *Store) expireApplied(ctx context.Context, before time.Time) (total int, err error) {
	for n := expireChunk; n == expireChunk; total += n {
		n = 0
		err := s.do(ctx, "", func(t *txn) error {
			t.each(tableAge, nil, func(k, _ []byte) bool {
				if n >= expireChunk || !stampTime(k).Before(before) {
					return false
				}
				n++
				t.del(tableAge, k)
				t.del(tableApplied, k[8:])
				return true
			})
			return nil
		})
		if err != nil {
			return total, err
		}
	}
	return total, nil
}

// expireAttempts walks all attempts; there are as many as flagged messages had recipients.
func (s *Store) expireAttempts(ctx context.Context, before time.Time) (int, error) {
	return s.sweep(ctx, tableAttempts, func(t *txn, k, v []byte) (bool, error) {
		var a Attempt
		if err := decode(tableAttempts, v, &a); err != nil || a.Finished.IsZero() || !a.Finished.Before(before) {
			return false, err
		}
		in, _, err := t.intent(a.Intent)
		if err != nil || !in.Outcome.Final() {
			return false, err
		}
		t.del(tableAttempts, k)
		return true, nil
	})
}

// expireMinutes walks all minutes.
func (s *Store) expireMinutes(ctx context.Context, before time.Time) (int, error) {
	return s.sweep(ctx, tableMinutes, func(t *txn, k, _ []byte) (bool, error) {
		if !stampTime(k[len(k)-8:]).Before(before) {
			return false, nil
		}
		t.del(tableMinutes, k)
		return true, nil
	})
}

// expireRecords walks the part of each tenant's time index that is old enough.
func (s *Store) expireRecords(ctx context.Context, before time.Time) (total int, err error) {
	tenants, err := s.Tenants(ctx)
	if err != nil {
		return 0, err
	}
	for _, tenant := range tenants {
		prefix := tenantKey(tenant)
		from := join(prefix, stampDown(before))
		n, err := s.sweepFrom(ctx, tableTime, from, prefix, func(t *txn, k, _ []byte) (bool, error) {
			id := string(k[len(prefix)+8:])
			if t.tally(id).Open > 0 || !stampTimeDown(k[len(prefix):]).Before(before) {
				return false, nil
			}
			return t.dropRecord(id)
		})
		if total += n; err != nil {
			return total, err
		}
	}
	return total, nil
}

// errPart is a drop that is to go on in the next commit.
var errPart = errors.New("a part was dropped")

// dropRecord removes a record with all that hangs on it. Audit and sender history stay. Where many intents hang on it,
// some hundred of them go and it stays for the next commit: errPart.
func (t *txn) dropRecord(id string) (bool, error) {
	rec, err := t.mustRecord(id)
	if err != nil {
		return false, err
	}
	left, err := t.dropIntents(id)
	if err == nil && left {
		err = errPart
	}
	if err != nil {
		return false, err
	}
	t.touch(id)
	t.changed(RecordDeleted, id)
	t.delAll(tableFacts, nulled(id))
	t.del(tableTally, []byte(id))
	t.del(tableRecords, []byte(id))
	return true, t.unindexRecord(rec)
}

// dropIntents removes up to expireChunk of a record's intents, and reports whether there are more.
func (t *txn) dropIntents(record string) (left bool, err error) {
	prefix, n := nulled(record), 0
	t.each(tableMailings, prefix, func(k, _ []byte) bool {
		if left = n >= expireChunk; left {
			return false
		}
		n++
		var in Intent
		if in, err = t.mustIntent(string(k[len(prefix):])); err == nil {
			err = t.dropIntent(in)
		}
		return err == nil
	})
	return left, err
}

func (t *txn) dropIntent(in Intent) error {
	t.delAll(tableAttempts, nulled(in.ID))
	t.delAll(tableOpen, nulled(in.ID))
	t.del(tableIntents, []byte(in.ID))
	t.del(tableMailings, append(nulled(in.Record), in.ID...))
	t.del(tableOutcomes, outcomeKey(in))
	t.unindexDue(in)
	if err := t.countJob(in, -1); err != nil {
		return err
	}
	return t.countIntent(in, -1)
}

func (t *txn) delAll(b rows.Table, prefix []byte) {
	t.each(b, prefix, func(k, _ []byte) bool {
		t.del(b, k)
		return true
	})
}

// dropper drops the row at hand when that is due, and says whether it did.
type dropper func(t *txn, k, v []byte) (bool, error)

// sweep offers every row of a rows.Table to drop, some hundred in one commit.
func (s *Store) sweep(ctx context.Context, b rows.Table, drop dropper) (int, error) {
	return s.sweepFrom(ctx, b, nil, nil, drop)
}

// sweepFrom offers the rows from key from on that begin with prefix.
func (s *Store) sweepFrom(ctx context.Context, b rows.Table, from, prefix []byte, drop dropper) (total int, err error) {
	for more := true; more; {
		n := 0
		err := s.do(ctx, "", func(t *txn) error {
			var err error
			from, n, err = t.sweepChunk(b, from, prefix, drop)
			return err
		})
		if err != nil {
			return total, err
		}
		total += n
		more = from != nil
	}
	return total, nil
}

// sweepChunk looks at some rows and returns where to go on, nil at the end.
func (t *txn) sweepChunk(b rows.Table, from, prefix []byte, drop dropper) (next []byte, n int, err error) {
	c := t.cursor(b)
	k, v := seek(c, from)
	for looked := 0; k != nil && bytes.HasPrefix(k, prefix); looked++ {
		if n >= expireChunk || looked >= 20*expireChunk || t.rows() >= expireRows {
			return append([]byte(nil), k...), n, nil
		}
		dropped, err := drop(t, k, v)
		if errors.Is(err, errPart) {
			return append([]byte(nil), k...), n, nil // the same row again
		}
		if err != nil {
			return nil, n, err
		}
		if dropped {
			n++
		}
		k, v = c.Next()
	}
	return nil, n, nil
}

func seek(c rows.Cursor, from []byte) (k, v []byte) {
	if len(from) == 0 {
		return c.First()
	}
	return c.Seek(from)
}
