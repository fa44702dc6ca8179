package graph

import (
	"context"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"
)

// cache remembers answers for a while, and asks only once for what several callers want at the same time.
type cache[V any] struct {
	now   func() time.Time
	limit int // entries; over it the old ones go

	flight singleflight.Group
	mu     sync.Mutex
	all    map[string]entry[V]
}

type entry[V any] struct {
	value V
	err   error
	until time.Time
}

func newCache[V any](limit int, now func() time.Time) *cache[V] {
	return &cache[V]{now: now, limit: limit, all: map[string]entry[V]{}}
}

// get gives the entry, or asks for it. Ask says for how long its answer holds; an error with 0 is not kept.
func (c *cache[V]) get(ctx context.Context, key string,
	ask func(context.Context) (V, time.Duration, error)) (V, error) {
	if e, ok := c.find(key); ok {
		return e.value, e.err
	}
	// The answer serves all who wait: it must not end with the first one's context.
	result := c.flight.DoChan(key, func() (any, error) {
		value, holds, err := ask(context.WithoutCancel(ctx))
		e := entry[V]{value, err, c.now().Add(holds)}
		if holds > 0 {
			c.put(key, e)
		}
		return e, nil
	})
	select {
	case r := <-result:
		e := r.Val.(entry[V])
		return e.value, e.err
	case <-ctx.Done():
		var none V
		return none, stopped(ctx)
	}
}

func (c *cache[V]) find(key string) (entry[V], bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.all[key]
	return e, ok && c.now().Before(e.until)
}

func (c *cache[V]) put(key string, e entry[V]) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.all) >= c.limit {
		c.shrink()
	}
	c.all[key] = e
}

// shrink drops what is over, and, when that is not enough, half of the rest.
func (c *cache[V]) shrink() {
	now := c.now()
	for key, e := range c.all {
		if !now.Before(e.until) {
			delete(c.all, key)
		}
	}
	for key := range c.all {
		if len(c.all) <= c.limit/2 {
			return
		}
		delete(c.all, key)
	}
}

// drop forgets the entries that fit.
func (c *cache[V]) drop(fits func(key string, value V) bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for key, e := range c.all {
		if fits(key, e.value) {
			delete(c.all, key)
		}
	}
}
