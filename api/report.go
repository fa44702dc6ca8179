package api

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"clawback/internal/mailaddr"
	"clawback/store"
	"clawback/verdict"
)

// ShowReport sums up a span of time.
var ShowReport = define(Operation{Name: "report.show", Route: "GET /v1/report", Role: Viewer,
	Does: "sum up what was seen and done in a span of time"}, (*Service).showReport)

// ReportQuery is the span of a report, by when messages were received.
type ReportQuery struct {
	Tenant string    `json:"tenant,omitempty"` // name or GUID
	From   time.Time `json:"from,omitzero"`    // included; zero: 30 days before the end
	To     time.Time `json:"to,omitzero"`      // not included; zero: now
}

// Report is what was seen and done, tenant by tenant.
type Report struct {
	From    time.Time      `json:"from"`
	To      time.Time      `json:"to"`
	Tenants []TenantReport `json:"tenants"`
	Cut     Cut            `json:"cut,omitempty"` // there is more than a report may look at: numbers are too small
}

// TenantReport is what was seen and done of one tenant. Its words are those of the metrics.
type TenantReport struct {
	Tenant      string                      `json:"tenant"` // GUID
	Name        string                      `json:"tenant_name"`
	Messages    map[verdict.Disposition]int `json:"messages"` // by disposition, as it is now
	Retractions RetractionReport            `json:"retractions"`
	Restores    map[store.Outcome]int       `json:"restores"`
	Submissions SubmissionReport            `json:"submissions"`
	Targets     []Ranked                    `json:"top_targets"` // mailboxes, by MALICIOUS messages
	Senders     []Ranked                    `json:"top_senders"` // domains of authors, by MALICIOUS messages
	Lures       []Ranked                    `json:"top_lures"`   // reasons of impersonation, of MALICIOUS messages
}

// RetractionReport is what was to be taken, mailbox by mailbox.
type RetractionReport struct {
	Outcomes  map[store.Outcome]int `json:"outcomes"`
	DryRun    int                   `json:"dry_run"`   // of the skipped: what a tenant in dry-run would have had done
	Automatic int                   `json:"automatic"` // of the done
	ByHand    int                   `json:"by_hand"`   // of the done: asked for, or approved, by a person
	Failed    []Ranked              `json:"failed_by_reason"`
	Read      int                   `json:"read_when_taken"`
	Unread    int                   `json:"unread_when_taken"`
	// Seconds until it was taken, from its delivery to the mailbox and from the 250 to its report.
	FromDelivery Spread `json:"seconds_from_delivery"`
	FromReport   Spread `json:"seconds_from_report"`
}

// SubmissionReport is what users reported in the span.
type SubmissionReport struct {
	States map[store.SubmissionState]int `json:"states"`
	Waited Spread                        `json:"seconds_waited"` // of those that are settled
	Oldest time.Time                     `json:"oldest_open,omitzero"`
}

// Spread is how some numbers are spread.
type Spread struct {
	Count int   `json:"count"`
	P50   int64 `json:"p50"`
	P90   int64 `json:"p90"`
	P99   int64 `json:"p99"`
	Max   int64 `json:"max"`
}

// Ranked is one of those that come most often.
type Ranked struct {
	Name  string `json:"name"`
	Count int    `json:"count"`
}

// Bounds of a report.
const (
	reportDays    = 30      // without a beginning
	maxReportRows = 200_000 // messages, and mailboxes, that are read
	mostRanked    = 10
)

// spreadOf sorts some numbers and says how they are spread, by the nearest rank.
func spreadOf(list []int64) Spread {
	slices.Sort(list)
	at := func(percent int) int64 { return list[max(0, (len(list)*percent+99)/100-1)] }
	if len(list) == 0 {
		return Spread{}
	}
	return Spread{len(list), at(50), at(90), at(99), list[len(list)-1]}
}

// ranked are those that come most often, at most so many; by name where they come equally often.
func ranked(counts map[string]int, most int) []Ranked {
	list := []Ranked{}
	for name, n := range counts {
		list = append(list, Ranked{name, n})
	}
	slices.SortFunc(list, func(a, b Ranked) int {
		return cmp.Or(b.Count-a.Count, strings.Compare(a.Name, b.Name))
	})
	return list[:min(len(list), most)]
}

// tenantSums is a tenant's report while it is made.
type tenantSums struct {
	TenantReport
	failed, targets, senders, lures  map[string]int
	fromDelivery, fromReport, waited []int64
}

func (s *Service) showReport(ctx context.Context, a access, q ReportQuery) (Report, error) {
	q.To = cmp.Or(q.To, time.Now().UTC())
	q.From = cmp.Or(q.From, q.To.AddDate(0, 0, -reportDays))
	if !q.From.Before(q.To) {
		return Report{}, problem(InvalidRequest, "from lies behind to, or is the same: name a span of time")
	}
	tenant, err := s.scope(a, q.Tenant)
	if err != nil {
		return Report{}, err
	}
	counts, err := s.o.Store.CountReceived(ctx, tenant, q.From, q.To)
	if err != nil {
		return Report{}, err
	}
	sums := map[string]*tenantSums{}
	for id, messages := range counts {
		t := &tenantSums{failed: map[string]int{}, targets: map[string]int{}, senders: map[string]int{},
			lures: map[string]int{}}
		t.TenantReport = TenantReport{Tenant: id, Name: id, Messages: messages, Restores: map[store.Outcome]int{},
			Retractions: RetractionReport{Outcomes: map[store.Outcome]int{}},
			Submissions: SubmissionReport{States: map[store.SubmissionState]int{}}}
		if known, err := s.o.Tenant(id); err == nil {
			t.Name = known.Name
		}
		sums[id] = t
	}
	r := Report{From: q.From, To: q.To, Tenants: []TenantReport{}}
	for _, add := range []func(context.Context, ReportQuery, string, map[string]*tenantSums) (bool, error){
		s.addRetractions, s.addBadMail, s.addSubmissions,
	} {
		cut, err := add(ctx, q, tenant, sums)
		if err != nil {
			return Report{}, err
		}
		if cut {
			r.Cut = CutBySearch
		}
	}
	for _, id := range slices.Sorted(maps.Keys(sums)) {
		r.Tenants = append(r.Tenants, sums[id].report())
	}
	return r, nil
}

// report ends the sums.
func (t *tenantSums) report() TenantReport {
	t.Retractions.Failed = ranked(t.failed, mostRanked)
	t.Retractions.FromDelivery, t.Retractions.FromReport = spreadOf(t.fromDelivery), spreadOf(t.fromReport)
	t.Submissions.Waited = spreadOf(t.waited)
	t.Targets, t.Senders, t.Lures = ranked(t.targets, mostRanked), ranked(t.senders, mostRanked),
		ranked(t.lures, mostRanked)
	return t.TenantReport
}

// addRetractions sums up the mailboxes of messages that were received in the span.
func (s *Service) addRetractions(ctx context.Context, q ReportQuery, tenant string,
	sums map[string]*tenantSums) (cut bool, err error) {
	f := store.IntentFilter{Tenant: tenant, Since: q.From, Until: q.To, Limit: MaxLimit}
	for seen := 0; ; {
		list, err := s.o.Store.IntentsBy(ctx, f)
		if err != nil && !errors.Is(err, store.ErrBound) {
			return false, err
		}
		for _, in := range list {
			if t := sums[in.Tenant]; t != nil {
				t.addIntent(in)
			}
		}
		seen += len(list)
		if len(list) < f.Limit || seen >= maxReportRows {
			return err != nil || len(list) == f.Limit, nil
		}
		f.After = list[len(list)-1].ID
	}
}

func (t *tenantSums) addIntent(in store.Intent) {
	if in.Kind == store.Restore {
		t.Restores[in.Outcome]++
		return
	}
	r := &t.Retractions
	r.Outcomes[in.Outcome]++
	switch {
	case in.DryRun:
		r.DryRun++
	case in.Outcome == store.Failed:
		t.failed[cmp.Or(string(in.Code), in.Reason, "not said")]++
	case in.Outcome == store.Done && in.Asked():
		r.ByHand++
	case in.Outcome == store.Done:
		r.Automatic++
	}
	e := exposureOf(in)
	switch {
	case e.Read == nil:
	case *e.Read:
		r.Read++
	default:
		r.Unread++
	}
	if e.FromDelivery != nil {
		t.fromDelivery = append(t.fromDelivery, *e.FromDelivery)
	}
	if e.FromReport != nil {
		t.fromReport = append(t.fromReport, *e.FromReport)
	}
}

// addBadMail sums up whom MALICIOUS messages were for, whom they were of, and what they pretended.
func (s *Service) addBadMail(ctx context.Context, q ReportQuery, tenant string,
	sums map[string]*tenantSums) (cut bool, err error) {
	f := store.RecordFilter{Tenant: tenant, Since: q.From, Until: q.To, Limit: MaxLimit,
		Dispositions: []verdict.Disposition{verdict.Malicious}}
	for seen := 0; ; {
		list, err := s.o.Store.Records(ctx, f)
		if err != nil && !errors.Is(err, store.ErrBound) {
			return false, err
		}
		for _, rec := range list {
			if t := sums[rec.Tenant]; t != nil {
				t.addRecord(rec)
			}
		}
		seen += len(list)
		if len(list) < f.Limit || seen >= maxReportRows {
			return err != nil || len(list) == f.Limit, nil
		}
		f.After = list[len(list)-1].ID
	}
}

func (t *tenantSums) addRecord(rec store.Record) {
	for _, to := range rec.Recipients {
		t.targets[mailaddr.Lower(to.Address)]++
	}
	author := mailaddr.Lower(cmp.Or(rec.From, rec.Sender))
	t.senders[cmp.Or(author[strings.LastIndexByte(author, '@')+1:], "none")]++
	seen := map[string]bool{}
	for _, r := range rec.Verdict.Reasons {
		if r.Family == "impersonation" && !seen[r.ID] {
			seen[r.ID] = true
			t.lures[r.ID]++
		}
	}
}

// addSubmissions sums up what users reported in the span.
func (s *Service) addSubmissions(ctx context.Context, q ReportQuery, tenant string,
	sums map[string]*tenantSums) (cut bool, err error) {
	for id, t := range sums {
		if tenant != "" && id != tenant {
			continue
		}
		list, err := s.o.Submissions.List(ctx, id)
		if err != nil {
			return false, err
		}
		for _, sub := range list {
			if sub.At.Before(q.From) || !sub.At.Before(q.To) {
				continue
			}
			t.Submissions.States[sub.State]++
			switch {
			case !sub.Settled.IsZero():
				t.waited = append(t.waited, max(0, int64(sub.Settled.Sub(sub.At)/time.Second)))
			case t.Submissions.Oldest.IsZero() || sub.At.Before(t.Submissions.Oldest):
				t.Submissions.Oldest = sub.At
			}
		}
	}
	return false, nil
}
