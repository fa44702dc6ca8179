package rdap

import (
	"context"
	"path/filepath"

	"clawback/internal/lastgood"
)

// openList takes the list of the last run, where it came from the same URL.
func (c *Client) openList() {
	s := lastgood.Source[*list]{
		URL: c.c.URL, Interval: c.c.Interval, Limit: maxList, Client: c.http, Now: c.o.Now,
		Parse: parseList, Believe: checkChange, Failed: c.failed,
	}
	if c.o.StateDir != "" {
		s.File = filepath.Join(c.o.StateDir, "rdap", "dns.json")
	}
	c.list = lastgood.Open(s)
}

func (c *Client) failed(what string, reason error) {
	c.o.Log.Warn("list of RDAP servers: "+what, "event", "rdap.failed", "url", c.c.URL, "error", reason)
}

// Run refreshes the list from its URL until the context ends. Where one server is configured for all it only waits.
func (c *Client) Run(ctx context.Context) error {
	if c.fixed != nil {
		<-ctx.Done()
		return nil
	}
	return c.list.Run(ctx)
}

// refresh asks the URL once. A list that is not believed changes nothing.
func (c *Client) refresh(ctx context.Context) error { return c.list.Refresh(ctx) }
