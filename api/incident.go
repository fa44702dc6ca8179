package api

import (
	"context"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"clawback/internal/mailaddr"
	"clawback/internal/visible"
	"clawback/query"
	"clawback/store"
	"clawback/verdict"
)

// The proof of what was done about messages, for each of their recipients.
var (
	ShowIncident = define(Operation{Name: "incident.show", Route: "GET /v1/incident", Role: Viewer,
		Does: "prove what was done about messages, for each recipient"}, (*Service).showIncident)
	ExportIncident = define(Operation{Name: "incident.csv", Route: "GET /v1/incident.csv", Role: Viewer,
		Does: "the same proof as CSV, a line for each recipient"}, (*Service).exportIncident)
)

// IncidentQuery selects a part of the messages of an incident.
type IncidentQuery struct {
	Paging
	Search
	Key string `json:"key,omitempty"` // as of IncidentExport
}

// IncidentExport selects the messages of an incident: one by its key, or those that a search finds.
type IncidentExport struct {
	Search
	// A record id or its beginning, Message-ID or network message id; then the search names nothing but the tenant.
	Key string `json:"key,omitempty"`
}

// Incident is what was done about some messages. Its rows are of the messages in the order of a search.
type Incident struct {
	Totals IncidentTotals `json:"totals"` // of these rows
	Rows   []IncidentRow  `json:"items"`
	Next   string         `json:"next,omitempty"`
	Cut    Cut            `json:"cut,omitempty"` // there are more messages
}

// IncidentRow is what was done about one message for one recipient.
type IncidentRow struct {
	Record           string              `json:"record"`
	Tenant           string              `json:"tenant"`
	MessageID        string              `json:"message_id"`
	NetworkMessageID string              `json:"network_message_id,omitempty"`
	Received         time.Time           `json:"received"`
	From             string              `json:"from"`
	Subject          string              `json:"subject"`
	Disposition      verdict.Disposition `json:"disposition"` // that stands
	Recipient        string              `json:"recipient"`
	Intent           string              `json:"intent,omitempty"` // "": nothing was planned for this recipient
	Action           string              `json:"action,omitempty"`
	Cause            string              `json:"cause,omitempty"`
	Outcome          store.Outcome       `json:"outcome,omitempty"`
	Code             store.Code          `json:"code,omitempty"`
	Reason           string              `json:"reason"`
	Exposure         *Exposure           `json:"exposure,omitempty"`
}

// IncidentTotals are the sums of rows.
type IncidentTotals struct {
	Messages   int                   `json:"messages"`
	Recipients int                   `json:"recipients"`
	Outcomes   map[store.Outcome]int `json:"outcomes"`  // "none" where nothing was planned
	States     map[ExposureState]int `json:"exposures"` // of those for whom something was planned
	Read       int                   `json:"read_when_taken"`
	Unread     int                   `json:"unread_when_taken"`
	// Seconds that what was taken had lain there, from delivery and from the report's acceptance; nil of none.
	MedianFromDelivery *int64 `json:"median_seconds_from_delivery,omitempty"`
	MostFromDelivery   *int64 `json:"max_seconds_from_delivery,omitempty"`
	MedianFromReport   *int64 `json:"median_seconds_from_report,omitempty"`
	MostFromReport     *int64 `json:"max_seconds_from_report,omitempty"`
}

// notPlanned is the outcome of a recipient for whom there is no intent.
const notPlanned = store.Outcome("none")

// TotalsOf sums rows up.
func TotalsOf(rows []IncidentRow) IncidentTotals {
	t := IncidentTotals{Recipients: len(rows), Outcomes: map[store.Outcome]int{}, States: map[ExposureState]int{}}
	messages := map[string]bool{}
	var delivery, report []int64
	for _, r := range rows {
		messages[r.Record] = true
		if r.Intent == "" {
			t.Outcomes[notPlanned]++
			continue
		}
		t.Outcomes[r.Outcome]++
		t.States[r.Exposure.State]++
		switch {
		case r.Exposure.Read == nil:
		case *r.Exposure.Read:
			t.Read++
		default:
			t.Unread++
		}
		if n := r.Exposure.FromDelivery; n != nil {
			delivery = append(delivery, *n)
		}
		if n := r.Exposure.FromReport; n != nil {
			report = append(report, *n)
		}
	}
	t.Messages = len(messages)
	t.MedianFromDelivery, t.MostFromDelivery = middle(delivery)
	t.MedianFromReport, t.MostFromReport = middle(report)
	return t
}

// middle is the median of some numbers, and the greatest.
func middle(list []int64) (median, most *int64) {
	if len(list) == 0 {
		return nil, nil
	}
	slices.Sort(list)
	return &list[(len(list)-1)/2], &list[len(list)-1]
}

func (s *Service) showIncident(ctx context.Context, a access, q IncidentQuery) (Incident, error) {
	page, err := s.incidentOf(ctx, a, q)
	if err != nil {
		return Incident{}, err
	}
	out := Incident{Rows: []IncidentRow{}, Next: page.Next, Cut: page.Cut}
	for _, rec := range page.Items {
		rows, err := s.incidentRows(ctx, rec)
		if err != nil {
			return Incident{}, err
		}
		out.Rows = append(out.Rows, rows...)
	}
	out.Totals = TotalsOf(out.Rows)
	return out, nil
}

// incidentOf finds the messages.
func (s *Service) incidentOf(ctx context.Context, a access, q IncidentQuery) (page Page[store.Record], err error) {
	if q.Key == "" {
		return s.recordsOf(ctx, a, RecordQuery{q.Paging, q.Search})
	}
	rest := q.Search
	rest.Tenant = ""
	if !rest.Empty() {
		return page, problem(InvalidRequest, "name a message by its key, or search for some; not both")
	}
	rec, err := s.recordOf(ctx, a, q.Tenant, q.Key)
	return Page[store.Record]{Items: []store.Record{rec}}, err
}

// incidentRows are the rows of one message: of its recipients, and of further mailboxes that it was taken from.
func (s *Service) incidentRows(ctx context.Context, rec store.Record) ([]IncidentRow, error) {
	all, err := s.o.Store.Intents(ctx, rec.ID)
	if err != nil {
		return nil, err
	}
	word, given, err := s.o.Judge.Lesson(ctx, rec.Tenant, rec.ID)
	if err != nil {
		return nil, err
	}
	intents := intentsOf(all)
	markRestored(intents)
	base := IncidentRow{Record: rec.ID, Tenant: rec.Tenant, MessageID: rec.MessageID,
		NetworkMessageID: rec.NetworkMessageID, Received: rec.Received, From: rec.From, Subject: rec.Subject,
		Disposition: rec.Verdict.Disposition, Reason: "nothing was planned for this recipient"}
	if c := correctionOf(word); given {
		base.Disposition = standingOf(rec, &c).Disposition
	}
	var rows []IncidentRow
	seen := map[string]bool{}
	for _, in := range intents {
		if in.Kind != store.Retract {
			continue
		}
		seen[mailaddr.Lower(in.Address)] = true
		row := base
		row.Recipient, row.Intent, row.Action, row.Cause = in.Address, in.ID, in.Action, in.Cause
		row.Outcome, row.Code, row.Reason, row.Exposure = in.Outcome, in.Code, in.Reason, in.Exposure
		rows = append(rows, row)
	}
	for _, to := range rec.Recipients {
		if address := mailaddr.Lower(to.Address); !seen[address] {
			seen[address] = true
			row := base
			row.Recipient = to.Address
			rows = append(rows, row)
		}
	}
	return rows, nil
}

// incidentHeads are the columns of an incident as CSV.
var incidentHeads = []string{"record", "tenant", "message_id", "network_message_id", "received", "from", "subject",
	"disposition", "recipient", "action", "outcome", "code", "reason", "exposure", "read_when_taken", "delivered",
	"taken", "seconds_from_delivery", "seconds_from_report", "cause", "intent"}

// WriteIncident writes rows as CSV whose cells are safe in a spreadsheet.
func WriteIncident(w io.Writer, rows []IncidentRow) error {
	if err := visible.Row(w, incidentHeads); err != nil {
		return err
	}
	return writeRows(w, rows)
}

func writeRows(w io.Writer, rows []IncidentRow) error {
	for _, r := range rows {
		if err := visible.Row(w, r.cells()); err != nil {
			return err
		}
	}
	return nil
}

func (r IncidentRow) cells() []string {
	at := func(t time.Time) string {
		if t.IsZero() {
			return ""
		}
		return t.UTC().Format(time.RFC3339)
	}
	var e Exposure
	if r.Exposure != nil {
		e = *r.Exposure
	}
	read := ""
	if e.Read != nil {
		read = strconv.FormatBool(*e.Read)
	}
	count := func(n *int64) string {
		if n == nil {
			return ""
		}
		return strconv.FormatInt(*n, 10)
	}
	outcome := r.Outcome
	if r.Intent == "" {
		outcome = notPlanned
	}
	return []string{r.Record, r.Tenant, r.MessageID, r.NetworkMessageID, at(r.Received), r.From, r.Subject,
		r.Disposition.String(), r.Recipient, r.Action, string(outcome), string(r.Code), r.Reason, string(e.State), read,
		at(e.Delivered), at(e.Taken), count(e.FromDelivery), count(e.FromReport), r.Cause, r.Intent}
}

// exportIncident is a whole incident as CSV. One that is not whole says so in its last row, so that nobody takes a part
// for the whole.
func (s *Service) exportIncident(ctx context.Context, a access, q IncidentExport) (Stream, error) {
	next := IncidentQuery{Paging{Limit: MaxLimit}, q.Search, q.Key}
	first, err := s.showIncident(ctx, a, next) // what is wrong with the request is told before the first byte
	if err != nil {
		return Stream{}, err
	}
	r, w := io.Pipe()
	go func() { // ends with the last row, or when the door closes its end
		err := visible.Row(w, incidentHeads)
		for part := first; err == nil; {
			err = writeRows(w, part.Rows)
			if next.Cursor = part.Next; err != nil || next.Cursor == "" {
				if err == nil && part.Cut != "" {
					err = visible.Row(w, []string{"(the search ended at its bound: there may be more)"})
				}
				break
			}
			part, err = s.showIncident(ctx, a, next)
		}
		w.CloseWithError(err) // nil ends it as EOF
	}()
	return Stream{r, "text/csv; charset=utf-8"}, nil
}

// KeyOrQuery says what a person means by one text: a message's key where it is one word without a name before a colon,
// else a search.
func KeyOrQuery(text string) (key, search string) {
	text = strings.TrimSpace(text)
	name, _, named := strings.Cut(text, ":")
	if strings.ContainsAny(text, " \t\"") || named && query.Named(strings.TrimLeft(name, "-!")) {
		return "", text
	}
	return text, ""
}
