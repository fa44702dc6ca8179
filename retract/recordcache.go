package retract

import (
	"context"
	"sync"
	"time"

	"clawback/store"
)

// recordFor is how long a record may be used again without being read. Whoever pins a record also writes its waiting
// intents, so that a worker with an older record meets a conflict.
const recordFor = 2 * time.Second

// recordMax bounds the records in memory; beyond it the cache begins anew.
const recordMax = 64

// recordCache keeps records that were read moments ago: one of many recipients is not read for each of them, nor by all
// workers at once when its time is over, each with thousands of recipients in memory.
type recordCache struct {
	mu  sync.Mutex
	all map[string]*cachedRecord
}

type cachedRecord struct {
	mu    sync.Mutex // held by whoever reads it, who is waited for
	rec   store.Record
	until time.Time
}

// get gives a record from memory, or reads it.
func (c *recordCache) get(ctx context.Context, s Store, id string, now time.Time) (store.Record, error) {
	cached := c.entry(id)
	cached.mu.Lock()
	defer cached.mu.Unlock()
	if now.Before(cached.until) {
		return cached.rec, nil
	}
	rec, err := s.Record(ctx, id)
	if err != nil {
		return store.Record{}, err
	}
	cached.rec, cached.until = rec, now.Add(recordFor)
	return rec, nil
}

func (c *recordCache) entry(id string) *cachedRecord {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.all[id] == nil {
		if c.all == nil || len(c.all) >= recordMax {
			c.all = map[string]*cachedRecord{}
		}
		c.all[id] = &cachedRecord{}
	}
	return c.all[id]
}
