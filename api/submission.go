package api

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"time"

	"clawback/intel/submission"
	"clawback/store"
	"clawback/verdict"
)

// The operations on what users report.
var (
	ListSubmissions = define(Operation{Name: "submission.list", Route: "GET /v1/submissions", Role: Viewer,
		Does: "list what users have reported"}, (*Service).listSubmissions)
	ShowSubmission = define(Operation{Name: "submission.show", Route: "GET /v1/submissions/{id}", Role: Viewer,
		Does: "show what a user has reported"}, (*Service).showSubmission)
	ExportSubmission = define(Operation{Name: "submission.export", Route: "GET /v1/submissions/{id}/mail",
		Role: Viewer, Bodies: true,
		Does: "the mail by which a user reported"}, (*Service).exportSubmission)
	AcceptSubmission = define(Operation{Name: "submission.accept", Route: "POST /v1/submissions/{id}/accept",
		Role: Analyst,
		Does: "settle a report: the message is what it was reported as"}, (*Service).acceptSubmission)
	DismissSubmission = define(Operation{Name: "submission.dismiss",
		Route: "POST /v1/submissions/{id}/dismiss", Role: Analyst,
		Does: "settle a report: the verdict stands"}, (*Service).dismissSubmission)
	SubmitFile = define(Operation{Name: "submission.file", Route: "POST /v1/submissions/file", Role: Analyst,
		Does: "report a message by its bytes"}, (*Service).submitFile)
)

// Submission is a message that a user reported, and how many others have reported the same record.
type Submission struct {
	ID         string              `json:"id"`
	Tenant     string              `json:"tenant"`
	Claim      submission.Claim    `json:"claim"`
	Reporter   string              `json:"reporter"`
	Unproven   string              `json:"unproven,omitempty"` // why the reporter is not believed to be who he says
	Via        string              `json:"sent_to"`
	At         time.Time           `json:"time"`
	Record     string              `json:"record,omitempty"`  // "" when no record is known
	Matched    string              `json:"matched,omitempty"` // what showed that: network message id, decoded parts
	Recipient  bool                `json:"reporter_is_recipient"`
	From       string              `json:"from,omitempty"`
	Subject    string              `json:"subject,omitempty"`
	MessageID  string              `json:"message_id,omitempty"`
	Judged     verdict.Disposition `json:"disposition_when_reported"`
	Again      verdict.Disposition `json:"disposition_with_claim"` // UNSCORED when that could not be told
	NotLearned string              `json:"not_learned,omitempty"`  // why a trusted reporter's word has not taught
	TaughtAt   time.Time           `json:"taught,omitzero"`
	State      submission.State    `json:"state"`
	Is         verdict.Disposition `json:"is,omitempty"` // as the administrator said
	By         string              `json:"settled_by,omitempty"`
	Settled    time.Time           `json:"settled,omitzero"`
	Comment    string              `json:"comment,omitempty"`
	// Of believed reporters on the same record, this one not counted.
	Same     int `json:"same_claims"`
	Contrary int `json:"contrary_claims"` // of believed reporters
}

// SubmissionQuery selects submissions.
type SubmissionQuery struct {
	Paging
	Tenant string    `json:"tenant,omitempty"`
	Open   bool      `json:"open,omitempty"` // only those that are not settled
	Since  time.Time `json:"since,omitzero"` // reported then or later
}

// SubmissionOrder settles a submission.
type SubmissionOrder struct {
	ID      string              `path:"id" json:"-"`
	Is      verdict.Disposition `json:"is,omitempty"` // of an acceptance
	Comment string              `json:"comment,omitempty"`
}

// Settled is the answer to an administrator's word on a submission.
type Settled struct {
	Submission Submission `json:"submission"`
	Corrected  Corrected  `json:"correction"`
}

// Upload is a message that is submitted as a file: the request's body is the message, its query the rest.
type Upload struct {
	Tenant  string              `json:"tenant,omitempty"`
	Is      verdict.Disposition `json:"is"`
	Comment string              `json:"comment,omitempty"`
	Body    io.Reader           `json:"-"`
}

// MaxUpload bounds a message that is submitted as a file.
const MaxUpload = 64 << 20

// SetBody takes the request's body.
func (u *Upload) SetBody(body io.Reader) { u.Body = body }

func (s *Service) listSubmissions(ctx context.Context, a access, q SubmissionQuery) (page Page[Submission], err error) {
	tenant, err := s.scope(a, q.Tenant)
	if err != nil {
		return page, err
	}
	rows, err := s.o.Submissions.List(ctx, tenant)
	if err != nil {
		return page, err
	}
	var list []Submission
	for _, one := range compared(rows) {
		if (!q.Open || !one.State.Settled()) && !one.At.Before(q.Since) {
			list = append(list, one)
		}
	}
	return part(list, q.Paging, func(one Submission) string { return one.ID },
		func(one Submission) Submission { return one })
}

// compared counts for each submission what others say of the same record.
func compared(rows []submission.Submission) []Submission {
	type claim struct {
		record string
		good   bool
	}
	counts := map[claim]int{}
	for _, one := range rows {
		if one.Unproven == "" && one.Record != "" {
			counts[claim{one.Record, one.Claim == submission.NotJunk}]++
		}
	}
	list := make([]Submission, len(rows))
	for i, one := range rows {
		list[i] = submissionOf(one)
		if one.Record == "" {
			continue
		}
		good := one.Claim == submission.NotJunk
		list[i].Same, list[i].Contrary = counts[claim{one.Record, good}], counts[claim{one.Record, !good}]
		if one.Unproven == "" {
			list[i].Same--
		}
	}
	return list
}

func submissionOf(one submission.Submission) Submission {
	return Submission{
		ID: one.ID, Tenant: one.Tenant, Claim: one.Claim, Reporter: one.Reporter, Unproven: one.Unproven, Via: one.Via,
		At:     one.At,
		Record: one.Record, Matched: one.Matched, Recipient: one.Recipient, From: one.From, Subject: one.Subject,
		MessageID: one.MessageID,
		Judged:    one.Judged, Again: one.Again, NotLearned: one.NotLearned, TaughtAt: one.TaughtAt, State: one.State,
		Is: one.Is, By: one.By,
		Settled: one.Settled, Comment: one.Comment,
	}
}

// submissionOf finds the one submission that an id, or the beginning of one, means, where the operation is open.
func (s *Service) submissionOf(ctx context.Context, a access, id string) (submission.Submission, error) {
	one, err := s.o.Submissions.Get(ctx, id)
	if CodeOf(err) == NotFound {
		return one, missing("submission", id)
	}
	if err != nil {
		return one, err
	}
	return one, a.check(one.Tenant, "submission", id)
}

func (s *Service) showSubmission(ctx context.Context, a access, r ItemRef) (Submission, error) {
	one, err := s.submissionOf(ctx, a, r.ID)
	if err != nil {
		return Submission{}, err
	}
	rows, err := s.o.Submissions.List(ctx, one.Tenant)
	for _, v := range compared(rows) {
		if v.ID == one.ID {
			return v, err
		}
	}
	return submissionOf(one), err
}

// reportedOf are the submissions of a record.
func (s *Service) reportedOf(ctx context.Context, rec store.Record) (of []Submission, err error) {
	rows, err := s.o.Submissions.List(ctx, rec.Tenant)
	for _, one := range compared(rows) {
		if one.Record == rec.ID {
			of = append(of, one)
		}
	}
	return of, err
}

func (s *Service) exportSubmission(ctx context.Context, a access, r ItemRef) (Stream, error) {
	one, err := s.submissionOf(ctx, a, r.ID)
	if err != nil {
		return Stream{}, err
	}
	return s.stream(ctx, a, store.Act{Tenant: one.Tenant, Object: one.ID}, one.Body)
}

func (s *Service) acceptSubmission(ctx context.Context, a access, o SubmissionOrder) (Settled, error) {
	one, err := s.submissionOf(ctx, a, o.ID)
	if err != nil {
		return Settled{}, err
	}
	if err := disposition(o.Is); err != nil {
		return Settled{}, err
	}
	after, lesson, err := s.o.Submissions.Accept(ctx, one.ID,
		submission.Decision{Who: a.Name, Is: o.Is, Comment: o.Comment})
	if err != nil {
		return Settled{}, err
	}
	out := Settled{Submission: submissionOf(after)}
	out.Corrected, err = s.corrected(ctx, a, lesson, after.Record != "")
	return out, err
}

func (s *Service) dismissSubmission(ctx context.Context, a access, o SubmissionOrder) (Submission, error) {
	one, err := s.submissionOf(ctx, a, o.ID)
	if err != nil {
		return Submission{}, err
	}
	if o.Is != verdict.Unscored {
		return Submission{}, problem(InvalidRequest,
			"a submission that is dismissed says nothing of the message: accept it, or leave the disposition out")
	}
	after, err := s.o.Submissions.Dismiss(ctx, one.ID, submission.Decision{Who: a.Name, Comment: o.Comment})
	return submissionOf(after), err
}

// submitFile keeps an administrator's word on a message that the request's body holds.
func (s *Service) submitFile(ctx context.Context, a access, u Upload) (Corrected, error) {
	t, err := s.tenant(a, u.Tenant)
	if err != nil {
		return Corrected{}, err
	}
	if err := disposition(u.Is); err != nil {
		return Corrected{}, err
	}
	if u.Body == nil {
		return Corrected{}, problem(InvalidRequest, "there is no message in the request's body")
	}
	message, err := io.ReadAll(io.LimitReader(u.Body, MaxUpload+1))
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded):
		return Corrected{}, problem(TimedOut, "the message came too slowly")
	case err != nil:
		return Corrected{}, problem(InvalidRequest, "read the message: %v", err)
	}
	if len(message) > MaxUpload {
		return Corrected{}, problem(TooLarge,
			"the message has more than %d bytes: give the id of its record to clawback feedback", MaxUpload)
	}
	by := submission.Decision{Who: a.Name, Is: u.Is, Comment: u.Comment}
	l, record, err := s.o.Submissions.File(ctx, t, bytes.NewReader(message), int64(len(message)), by)
	if err != nil {
		return Corrected{}, err
	}
	return s.corrected(ctx, a, l, record != "")
}
