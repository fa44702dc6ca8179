package store

import (
	"context"
	"time"
)

// Schedule is how far a tenant's delivered messages have been judged again by the schedule. What it means is known to
// package intel/rejudge.
type Schedule struct {
	Tenant  string `json:"tenant"`
	Version string `json:"version"` // of rules and knowledge, as they were last seen
	Epoch   int    `json:"epoch"`   // counts the versions
	// The first is the arrival, then one for each time at which a message is judged again.
	Stages  []Stage `json:"stages"`
	Changed int     `json:"changed"` // verdicts that were replaced in this epoch
	// How many of these count to which of the brake's limits, and the rescans that have what a limit holds: both by the
	// keys of package intel/brake, of this epoch.
	Used map[string]int    `json:"used,omitempty"`
	Held map[string]string `json:"held,omitempty"`
	// How often the stretch that follows was begun and not ended.
	Tries int `json:"tries,omitempty"`
}

// Stage is one time after its arrival at which a message is judged again.
type Stage struct {
	After time.Duration `json:"after"`
	Until time.Time     `json:"until,omitzero"` // messages that arrived before have been judged again
	Spans []Span        `json:"spans,omitempty"`
	Seen  int           `json:"seen"` // messages that were looked at, because the version had changed
	Read  int           `json:"read"` // of these, those whose original was read
}

// Span says by which version the messages that arrived from a time on, until the next span, were judged.
type Span struct {
	From  time.Time `json:"from"`
	Epoch int       `json:"epoch"`
}

// Cover notes that what arrived before a time has been judged at this stage, by the version of an epoch.
func (s *Stage) Cover(to time.Time, epoch int) {
	if n := len(s.Spans); n == 0 || s.Spans[n-1].Epoch != epoch {
		s.Spans = append(s.Spans, Span{From: s.Until, Epoch: epoch})
	}
	s.Until = to
}

// Prune drops the spans that lie wholly before a time.
func (s *Stage) Prune(before time.Time) {
	for len(s.Spans) > 1 && !s.Spans[1].From.After(before) {
		s.Spans = s.Spans[1:]
	}
}

// Key implements Row.
func (s Schedule) Key() Key { return Key{"", s.Tenant} }

// Schedules lists how far all tenants' messages have been judged again.
func (s *Store) Schedules(ctx context.Context) ([]Schedule, error) {
	return listRows[Schedule](ctx, s, tableSchedules, "")
}

// Rescan is one search whose messages are judged again because a person asked for it.
type Rescan struct {
	ID      string       `json:"id"`
	Tenant  string       `json:"tenant,omitempty"` // "": of every tenant
	Filter  RecordFilter `json:"filter"`
	Who     string       `json:"who"`
	Comment string       `json:"comment,omitempty"`
	DryRun  bool         `json:"dry_run,omitempty"` // it ends when it has counted, unless it is approved
	State   RescanState  `json:"state"`
	Paused  string       `json:"paused,omitempty"` // who paused it; "": it runs
	Why     string       `json:"why,omitempty"`    // it waits for a person
	// Which limit of the brake holds, for the schedule, what this would replace; "": a person asked for it.
	Holds string `json:"holds,omitempty"`
	// Who let it replace verdicts.
	Approved string `json:"approved,omitempty"`
	Version  string `json:"version"`          // of rules and knowledge when it began to count
	Cursor   string `json:"cursor,omitempty"` // where the search goes on
	Tries    int    `json:"tries,omitempty"`  // how often the page that follows was begun and not ended

	Total int `json:"total,omitempty"` // messages that the search found when it counted
	Seen  int `json:"seen"`            // messages so far, of this pass
	Read  int `json:"read"`            // originals that were read, in this pass
	Same  int `json:"same"`            // messages that were judged by this version before
	// Messages whose original is not kept any more, and that are held against indicators alone.
	Gone    int `json:"gone"`
	Failed  int `json:"failed"`  // messages that could not be judged
	Decided int `json:"decided"` // messages that a person has decided on
	// Verdicts that would change, as "CLEAN to MALICIOUS", and how many of them were replaced.
	Changes  map[string]int `json:"changes,omitempty"`
	Replaced int            `json:"replaced"`
	Samples  []RescanSample `json:"samples,omitempty"`
	Created  time.Time      `json:"created"`
	Changed  time.Time      `json:"changed"`
}

// RescanSample is a message whose verdict would change.
type RescanSample struct {
	Record   string    `json:"record"`
	Received time.Time `json:"received"`
	From     string    `json:"from"`
	Subject  string    `json:"subject"`
	Change   string    `json:"change"`
	Why      string    `json:"why"`
}

// RescanState is how far a rescan is.
type RescanState string

// The states of a rescan.
const (
	RescanCounting  RescanState = "counting"  // messages are judged, and no verdict is replaced
	RescanWaiting   RescanState = "waiting"   // it has counted: a person must approve
	RescanReplacing RescanState = "replacing" // verdicts are replaced
	RescanCompleted RescanState = "completed"
	RescanCancelled RescanState = "cancelled"
)

// Final reports whether the rescan has ended.
func (s RescanState) Final() bool { return s == RescanCompleted || s == RescanCancelled }

// Key implements Row.
func (r Rescan) Key() Key { return Key{r.Tenant, r.ID} }

// Rescans lists all rescans, in order of their ids.
func (s *Store) Rescans(ctx context.Context) ([]Rescan, error) {
	return listRows[Rescan](ctx, s, tableRescans, "")
}
