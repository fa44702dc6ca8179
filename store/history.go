package store

import (
	"bytes"
	"context"
	"fmt"

	"clawback/verdict/history"
)

// History reads what a tenant's mail has taught about some keys, in their order; keys of which nothing is known are
// left out. An error says nothing of what is known: a verdict must not follow from it.
func (s *Store) History(ctx context.Context, tenant string, keys []string) (entries []history.Entry, err error) {
	err = s.view(ctx, func(t *txn) error {
		for _, key := range keys {
			var e history.Entry
			found, err := t.load(tableHistory, historyKey(tenant, key), &e)
			if err != nil {
				return err
			}
			if found {
				entries = append(entries, e)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read history: %w", err)
	}
	return entries, nil
}

// Read returns what the verdict of one of a record's reports read of the history, so that judging it again gives the
// same answer.
func (s *Store) Read(ctx context.Context, record, report string) (entries []history.Entry, err error) {
	err = s.view(ctx, func(t *txn) error {
		var f facts
		found, err := t.load(tableFacts, append(nulled(record), hash16(report)...), &f)
		if err == nil && !found {
			err = fmt.Errorf("facts of record %s: %w", record, ErrNotFound)
		}
		entries = f.Read
		return err
	})
	return entries, err
}

// facts lists what is kept of each report of a record.
func (t *txn) facts(record string) (list []facts, err error) {
	t.each(tableFacts, nulled(record), func(_, v []byte) bool {
		var f facts
		err = decode(tableFacts, v, &f)
		list = append(list, f)
		return err == nil
	})
	return list, err
}

// observe merges observations into a tenant's history and evicts entries beyond limit: those of strangers, seen longest
// ago, first.
func (t *txn) observe(tenant string, observations []history.Observation, limit int) error {
	if len(observations) == 0 {
		return nil
	}
	added := 0
	for _, o := range observations {
		isNew, err := t.observeOne(tenant, o)
		if err != nil {
			return err
		}
		if isNew {
			added++
		}
	}
	c, err := t.counting(tenant)
	if err != nil {
		return err
	}
	c.History += added
	c.History -= t.evict(tenant, c.History-limit)
	return nil
}

func (t *txn) observeOne(tenant string, o history.Observation) (isNew bool, err error) {
	key := historyKey(tenant, o.Key)
	e := history.Entry{Key: o.Key}
	found, err := t.load(tableHistory, key, &e)
	if err != nil {
		return false, err
	}
	was := oldestKey(tenant, e)
	o.At = o.At.UTC().Round(0)
	e.Observe(o)
	if is := oldestKey(tenant, e); !found || !bytes.Equal(was, is) {
		if found {
			t.del(tableOldest, was)
		}
		t.put(tableOldest, is, marked)
	}
	return !found, t.save(tableHistory, key, e)
}

// evict removes up to n of a tenant's entries, those of the least worth first, and says how many.
func (t *txn) evict(tenant string, n int) (evicted int) {
	if n <= 0 {
		return 0
	}
	prefix := tenantKey(tenant)
	var old [][]byte
	t.each(tableOldest, prefix, func(k, _ []byte) bool {
		if len(old) >= n {
			return false
		}
		old = append(old, append([]byte(nil), k...))
		return true
	})
	for _, k := range old {
		t.del(tableOldest, k)
		t.del(tableHistory, join(prefix, k[len(prefix)+8:]))
	}
	return len(old)
}

func historyKey(tenant, key string) []byte { return append(tenantKey(tenant), hash16(key)...) }

func oldestKey(tenant string, e history.Entry) []byte {
	return join(tenantKey(tenant), stamp(e.Worth()), hash16(e.Key))
}
