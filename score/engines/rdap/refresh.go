package rdap

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"time"
)

const (
	retry     = time.Hour       // after a failed refresh, if that is sooner than the interval
	retryNone = 5 * time.Minute // the same, while there is no list at all
	fetchTime = time.Minute     // for one refresh
)

// Run refreshes the list from its URL until the context ends. Where one server is configured for all it only waits.
func (c *Client) Run(ctx context.Context) error {
	if c.fixed != nil {
		<-ctx.Done()
		return nil
	}
	wait := c.firstWait()
	for {
		timer := time.NewTimer(wait)
		select {
		case <-ctx.Done():
			timer.Stop()
			return nil
		case <-timer.C:
		}
		wait = c.c.Interval
		if err := c.Refresh(ctx); err != nil && ctx.Err() == nil {
			c.o.Log.Warn("list of RDAP servers was not refreshed, the old one stays", "event", "rdap.failed", "url", c.c.URL, "error", err)
			wait = min(wait, c.retryIn())
		}
	}
}

func (c *Client) retryIn() time.Duration {
	if c.list.Load() == nil {
		return retryNone
	}
	return retry
}

// firstWait is how long the list in use is still young enough.
func (c *Client) firstWait() time.Duration {
	fetched := c.Status().Date
	if fetched.IsZero() {
		return 0
	}
	return min(max(fetched.Add(c.c.Interval).Sub(c.o.Now()), 0), c.c.Interval)
}

// Refresh asks the URL once. A list that is not believed changes nothing.
func (c *Client) Refresh(ctx context.Context) error {
	err := c.refresh(ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.problem = ""
	if err != nil {
		c.problem = err.Error()
	}
	return err
}

func (c *Client) refresh(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, fetchTime)
	defer cancel()
	data, err := c.fetch(ctx)
	if err != nil {
		return err
	}
	found, err := parseList(data)
	if err != nil {
		return err
	}
	if err := shrunk(c.list.Load(), found); err != nil {
		return err
	}
	now := c.o.Now().UTC()
	c.use(found, now)
	if err := c.cache.keepList(saved{Fetched: now, URL: c.c.URL, List: data}); err != nil {
		return fmt.Errorf("keep list: %w", err)
	}
	return nil
}

func (c *Client) use(l *list, fetched time.Time) {
	c.list.Store(l)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.fetched = fetched
}

func (c *Client) fetch(ctx context.Context) ([]byte, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, c.c.URL, nil)
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	response, err := c.http.Do(request)
	if err != nil {
		return nil, fmt.Errorf("fetch list: %w", err)
	}
	defer response.Body.Close()
	if response.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("fetch list: %s", response.Status)
	}
	data, err := io.ReadAll(io.LimitReader(response.Body, maxList+1))
	if err != nil {
		return nil, fmt.Errorf("fetch list: %w", err)
	}
	return data, nil
}

// saved is the last good list as it lies in the state directory.
type saved struct {
	Fetched time.Time       `json:"fetched"`
	URL     string          `json:"url"`
	List    json.RawMessage `json:"list"`
}

// lastGood takes the list of the last run, where it came from the same URL. The same guards hold as for a fresh one.
func (c *Client) lastGood() {
	kept, ok := c.cache.keptList()
	if !ok || kept.URL != c.c.URL {
		return
	}
	l, err := parseList(kept.List)
	if err != nil {
		c.o.Log.Warn("last good list of RDAP servers is not used", "event", "rdap.failed", "error", err)
		return
	}
	c.use(l, kept.Fetched)
}
