package api

import (
	"context"
	"slices"
	"time"

	"clawback/queue"
	"clawback/score/engines/rdap"
	"clawback/store"
	"clawback/verdict"
)

// Status is how the daemon stands. A principal of some tenants sees these alone, and nothing of the machine.
type Status struct {
	Version  string      `json:"version"`
	Hostname string      `json:"hostname"`
	Region   string      `json:"region,omitempty"`
	Started  time.Time   `json:"started"`
	Sessions int         `json:"sessions"`
	Memory   Memory      `json:"memory"`
	Process  Process     `json:"process"`
	Tenants  []Tenant    `json:"tenants"`
	Queue    QueueStatus `json:"queue"`
	// Why a message that came now would be answered 4xx; "" when it would be accepted.
	Deferring   string       `json:"deferring_mail,omitempty"`
	Disk        Disk         `json:"disk"`
	Certificate *Certificate `json:"certificate,omitempty"`
	RDAP        *RDAP        `json:"rdap,omitempty"`   // nil: the registries may not be asked
	Alerts      []Alert      `json:"alerts,omitempty"` // routes; of the whole machine
	Quotas      []Quota      `json:"quotas"`           // of what strangers have sent, where there is any
	Notices     []Notice     `json:"notices"`          // what needs a person, what is the gateway's first
}

// Process is what the daemon has in memory, in bytes. Own has heap and cache in it, with what is free of them for now;
// files that are mapped are the kernel's to drop.
type Process struct {
	Own    int64 `json:"own"`    // anonymous pages, without those of the processes that look into attached files
	Heap   int64 `json:"heap"`   // what is reachable, and garbage that was not collected yet
	Cache  int64 `json:"cache"`  // the store's: blocks, and rows that are not in a table yet
	Mapped int64 `json:"mapped"` // pages of files, the program and queue.db among them
}

// Disk is what the file system of the state directory has left.
type Disk struct {
	Path        string `json:"path"`
	Free        int64  `json:"free"` // bytes, less what is promised to bodies on their way
	Total       int64  `json:"total"`
	MinFree     int64  `json:"min_free"` // below it new mail is put off
	Inodes      int64  `json:"inodes"`
	TotalInodes int64  `json:"total_inodes"` // 0 where the file system makes them as needed
	MinInodes   int64  `json:"min_inodes"`
	Problem     string `json:"problem,omitempty"` // why it could not be looked at
}

// Low reports whether less than twice is left of what must stay free.
func (d Disk) Low() bool {
	return d.Problem != "" || d.Free < 2*d.MinFree || d.TotalInodes > 0 && d.Inodes < 2*d.MinInodes
}

// Memory is what messages that are arriving hold in memory.
type Memory struct {
	Held    int64  `json:"held"`    // bytes
	Peak    int64  `json:"peak"`    // the most bytes that were held at one time since the start
	Max     int64  `json:"max"`     // smtp.max_memory
	Spilled uint64 `json:"spilled"` // messages that went through a file because there was no memory for them
}

// Tenant is one tenant's part of the status.
type Tenant struct {
	Name   string `json:"name"`
	ID     string `json:"id"`
	Mode   string `json:"mode"`
	Counts Counts `json:"counts"`
	Paused string `json:"paused,omitempty"` // why retraction waits
	// Retractions whose message is not in the mailbox yet.
	Waiting int `json:"not_in_mailbox_yet,omitempty"`
	// Retractions that have failed for some minutes, and are tried again.
	Stuck    int    `json:"failing,omitempty"`
	StuckWhy string `json:"failing_reason,omitempty"` // of the one that has failed longest
	// When the first that is not in its mailbox is looked for again.
	NextLook time.Time `json:"next_look,omitzero"`
	// Retractions, of no bulk job, that have been due for some minutes and not begun.
	Late      int       `json:"late,omitempty"`
	LateSince time.Time `json:"late_since,omitzero"` // when the first of them was due
	// Until when Microsoft has asked the whole tenant to wait.
	ThrottledUntil time.Time `json:"throttled_until,omitzero"`
	// When the credential for Graph ends, where that is known.
	CredentialEnds time.Time `json:"credential_ends,omitzero"`
	// What users reported, by state; "unproven" has no effect.
	Submissions map[string]int `json:"submissions,omitempty"`
	Rejudge     *Rejudge       `json:"rejudge,omitempty"` // nil: delivered messages are not judged again
}

// Rejudge is how far a tenant's delivered messages have been judged again by the schedule.
type Rejudge struct {
	Stages  []RejudgeStage `json:"stages"`
	Changed int            `json:"changed"`           // verdicts that the rules and knowledge of now have replaced
	Waiting string         `json:"waiting,omitempty"` // why some verdicts are not replaced
}

// RejudgeStage is one time after its arrival at which a message is judged again.
type RejudgeStage struct {
	After string    `json:"after"` // such as "12h0m0s"
	Until time.Time `json:"until"` // what arrived before has been judged again
	Seen  int       `json:"seen"`  // messages that were looked at, because rules or knowledge had changed
	Read  int       `json:"read"`  // of these, those whose original was read
}

// RejudgeOf shows how far a schedule is, and why not all that it would change is changed.
func RejudgeOf(s store.Schedule, waiting string) *Rejudge {
	shown := &Rejudge{Stages: []RejudgeStage{}, Changed: s.Changed, Waiting: waiting}
	for i, stage := range s.Stages {
		if i > 0 { // the first is the arrival
			shown.Stages = append(shown.Stages, RejudgeStage{stage.After.String(), stage.Until, stage.Seen, stage.Read})
		}
	}
	return shown
}

// Counts are a tenant's numbers.
type Counts struct {
	Processed    int                         `json:"reports"`
	NotFirstHand int                         `json:"reports_not_first_hand"`
	Records      int                         `json:"records"`
	Dispositions map[verdict.Disposition]int `json:"dispositions"` // of the records
	Outcomes     map[store.Outcome]int       `json:"retractions"`  // intents by outcome
	Restores     map[store.Outcome]int       `json:"restores"`
	Held         int                         `json:"held"` // of both kinds
	// Intents that moved a message by equal content alone.
	ByContent          int       `json:"retracted_by_content"`
	History            int       `json:"history_entries"`
	LastReport         time.Time `json:"last_report,omitzero"`
	ConnectorValidated time.Time `json:"connector_validated,omitzero"`
}

// CountsOf shows the store's counters.
func CountsOf(c store.Counts) Counts {
	return Counts{
		Processed: c.Processed, NotFirstHand: c.NotFirstHand, Records: c.Records, Dispositions: c.Dispositions,
		Outcomes: c.Outcomes,
		Restores: c.Restores, Held: c.Held, ByContent: c.ByContent, History: c.History, LastReport: c.LastReport,
		ConnectorValidated: c.ConnectorValidated,
	}
}

// QueueStatus counts the accepted reports that are not finished.
type QueueStatus struct {
	Items   map[queue.State]Count       `json:"items"`
	Bounces map[queue.BounceState]Count `json:"bounces"`
	NextDue time.Time                   `json:"next_due,omitzero"` // of the deferred items
	Size    int64                       `json:"size"`              // bytes of queue.db

	tenants map[string]map[queue.State]queue.Count
}

// Count is a number of items or bounces.
type Count struct {
	Count  int       `json:"count"`
	Bytes  int64     `json:"bytes"`
	Oldest time.Time `json:"oldest,omitzero"` // when the oldest of them was received
}

// QueueStatusOf shows the queue's numbers.
func QueueStatusOf(s queue.Stats) QueueStatus {
	q := QueueStatus{Items: map[queue.State]Count{}, Bounces: map[queue.BounceState]Count{}, NextDue: s.NextDue,
		Size: s.Size, tenants: s.Tenants}
	for state, c := range s.Items {
		q.Items[state] = Count(c)
	}
	for state, c := range s.Bounces {
		q.Bounces[state] = Count(c)
	}
	return q
}

// of counts the items of some tenants alone.
func (q QueueStatus) of(tenants []string) QueueStatus {
	own := QueueStatus{Items: map[queue.State]Count{}, Bounces: map[queue.BounceState]Count{}}
	for _, tenant := range tenants {
		for state, c := range q.tenants[tenant] {
			sum := own.Items[state]
			sum.Count, sum.Bytes = sum.Count+c.Count, sum.Bytes+c.Bytes
			own.Items[state] = sum
		}
	}
	return own
}

// Quota is how much of its quota a source of mail has used.
type Quota struct {
	What        string  `json:"description"`
	TenantID    string  `json:"tenant,omitempty"`
	Tenant      string  `json:"tenant_name,omitempty"`
	Purpose     string  `json:"purpose"`
	Network     string  `json:"network"` // "": those that no listener names
	Messages    int     `json:"messages"`
	MaxMessages int     `json:"max_messages"`
	Bytes       int64   `json:"bytes"`
	MaxBytes    int64   `json:"max_bytes"`
	Used        float64 `json:"used"`    // 1 is all of it
	Reached     bool    `json:"reached"` // more is answered 452
}

// Certificate is the one that SMTP clients are shown.
type Certificate struct {
	Names    []string  `json:"names"`
	NotAfter time.Time `json:"not_after"`
	Problem  string    `json:"problem,omitempty"`
	Retried  time.Time `json:"retried_since,omitzero"` // the problem is of renewals alone, which fail since then
}

// RDAP is how the client of the domain registries stands.
type RDAP struct {
	One     bool      `json:"single_server,omitempty"` // one server is asked for all
	Servers int       `json:"suffixes"`                // in the list
	URL     string    `json:"url"`                     // of the list, or of that server
	Date    time.Time `json:"list_fetched,omitzero"`
	Asked   uint64    `json:"queries"`
	Known   uint64    `json:"known"`   // messages whose domain's age was learnt, or known from before
	Unknown uint64    `json:"unknown"` // messages whose domain's age no server can tell
	Failed  uint64    `json:"failed"`  // messages for which a server could not be asked
	Problem string    `json:"problem,omitempty"`
	Failing time.Time `json:"failing_since,omitzero"` // since when the list cannot be fetched
}

// RDAPOf shows the client's status; nil where nobody is asked.
func RDAPOf(s *rdap.Status) *RDAP {
	if s == nil {
		return nil
	}
	return &RDAP{One: s.One, Servers: s.Servers, URL: s.URL, Date: s.Date, Asked: s.Asked, Known: s.Known,
		Unknown: s.Unknown,
		Failed:  s.Failed, Problem: s.Problem, Failing: s.Failing}
}

// None is a request that asks for nothing in particular, or an answer that tells nothing.
type None struct{}

// ShowStatus shows how the daemon stands.
var ShowStatus = define(Operation{Name: "status.show", Route: "GET /v1/status", Role: Viewer,
	Does: "show how the gateway is, and what needs a person"}, (*Service).showStatus)

func (s *Service) showStatus(ctx context.Context, a access, _ None) (Status, error) {
	all, err := s.o.Status(ctx)
	if err != nil || a.everywhere() {
		return all, err
	}
	own := Status{Version: all.Version, Hostname: all.Hostname, Tenants: []Tenant{}, Quotas: []Quota{},
		Notices:   []Notice{},
		Deferring: all.Deferring, Queue: all.Queue.of(a.allowedTenants())}
	for _, t := range all.Tenants {
		if a.mayUse(t.ID) {
			own.Tenants = append(own.Tenants, t)
		}
	}
	for _, n := range all.Notices {
		if n.TenantID != "" && a.mayUse(n.TenantID) {
			own.Notices = append(own.Notices, n)
		}
	}
	own.Quotas = append(own.Quotas, slices.DeleteFunc(slices.Clone(all.Quotas),
		func(q Quota) bool { return !a.mayUse(q.TenantID) })...)
	return own, nil
}
