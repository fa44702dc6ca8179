package rdap

import "time"

// Status is what an operator is shown.
type Status struct {
	Servers int       `json:"servers"`           // suffixes in the list, or 0 where one server is asked for all
	URL     string    `json:"url"`               // of the list, or of that server
	Date    time.Time `json:"date,omitzero"`     // when the list in use was fetched
	Asked   uint64    `json:"asked"`             // questions to servers since the start
	Kept    uint64    `json:"kept"`              // messages for which a kept answer did
	Unknown uint64    `json:"unknown"`           // messages whose domain's age nobody knows
	Failed  uint64    `json:"failed"`            // messages for which a server could not be asked
	Problem string    `json:"problem,omitempty"` // of the last refresh of the list
}

// Status is what an operator is shown.
func (c *Client) Status() Status {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := Status{
		URL: c.c.URL, Date: c.fetched, Problem: c.problem,
		Asked: c.tally.asked, Kept: c.tally.kept, Unknown: c.tally.unknown, Failed: c.tally.failed,
	}
	if c.fixed != nil {
		s.URL = c.c.Server
	} else if l := c.list.Load(); l != nil {
		s.Servers = len(l.servers)
	}
	return s
}
