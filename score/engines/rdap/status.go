package rdap

import (
	"context"
	"fmt"
	"time"

	"clawback/score/engines"
)

// Status is what an operator is shown.
type Status struct {
	One     bool      `json:"one,omitempty"`     // one server is asked for all
	Servers int       `json:"servers"`           // suffixes in the list
	URL     string    `json:"url"`               // of the list, or of that server
	Date    time.Time `json:"date,omitzero"`     // when the list in use was fetched
	Asked   uint64    `json:"asked"`             // questions to servers, since the start as all below
	Known   uint64    `json:"known"`             // messages whose domain's age was learnt, or known from before
	Unknown uint64    `json:"unknown"`           // messages whose domain's age no server can tell
	Failed  uint64    `json:"failed"`            // messages for which a server could not be asked
	Problem string    `json:"problem,omitempty"` // of the last refresh of the list
	Failing time.Time `json:"failing_since,omitzero"`
}

// Status is what an operator is shown.
func (c *Client) Status() Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := Status{
		URL: c.c.URL, Date: c.list.Current().Fetched,
		Asked: c.tally.asked, Known: c.tally.known, Unknown: c.tally.unknown, Failed: c.tally.failed,
	}
	_, s.Problem = c.list.Checked()
	s.Failing = c.list.Failing()
	if c.fixed != nil {
		s.URL, s.One = c.c.Server, true
	} else if l := c.list.Current().List; l != nil {
		s.Servers = len(l.servers)
	}
	return s
}

// harmless is a domain that everybody knows, for a check: RFC 2606, section 3.
const harmless = "example.com"

// Check fetches the list, asks for one domain, and says what was seen.
func (c *Client) Check(ctx context.Context) (string, error) {
	if c.fixed == nil {
		if err := c.refresh(ctx); err != nil {
			return "", err
		}
	}
	found, err := c.Ask(ctx, engines.Message{Author: harmless})
	if err != nil {
		return "", err
	}
	s := c.Status()
	from := s.URL + " is asked for all"
	if !s.One {
		from = fmt.Sprintf("%s lists servers for %d suffixes", s.URL, s.Servers)
	}
	return from + "; " + found[0].Text, nil
}
