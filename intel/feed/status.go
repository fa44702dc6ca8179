package feed

import (
	"slices"
	"time"
)

// Status is how one feed stands.
type Status struct {
	Name     string    `json:"name"`
	Source   string    `json:"source"` // the server's name, or the file
	Format   string    `json:"format"`
	Fetched  time.Time `json:"fetched,omitzero"` // when the list was last had, or said to be unchanged
	Checked  time.Time `json:"checked,omitzero"` // when it was last looked at, with or without success
	Due      time.Time `json:"due,omitzero"`
	Counts   Counts    `json:"counts"`
	Code     Code      `json:"code,omitempty"` // why the last look brought nothing
	Problem  string    `json:"problem,omitempty"`
	Failures int       `json:"failures,omitempty"` // in a row
}

// Status says how the feeds stand, in the order of the configuration.
func (s *Scheduler) Status() []Status {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.setup == nil {
		return slices.Clone(s.status)
	}
	var all []Status // what is configured and not looked at yet
	for i := range s.setup.feeds {
		f := &s.setup.feeds[i]
		st := Status{Name: f.Name, Source: origin(f), Format: f.Format}
		if at := slices.IndexFunc(s.status, func(o Status) bool { return o.Name == f.Name }); at >= 0 {
			st = s.status[at]
		}
		all = append(all, st)
	}
	return all
}

// publish makes the feeds' states visible to others than Run.
func (s *Scheduler) publish() {
	var all []Status
	for _, f := range s.feeds {
		all = append(all, f.status)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.status = all
}
