package api

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"

	"clawback/config"
	"clawback/intel"
	"clawback/intel/submission"
	"clawback/store"
	"clawback/verdict"
)

// Submissions is what the socket shows and settles of what users report. *submission.Desk is one.
type Submissions interface {
	List(ctx context.Context, tenant string) ([]submission.Submission, error)
	Get(ctx context.Context, id string) (submission.Submission, error)
	Accept(ctx context.Context, id string, by submission.Decision) (submission.Submission, intel.Lesson, error)
	Dismiss(ctx context.Context, id string, by submission.Decision) (submission.Submission, error)
	File(ctx context.Context, t *config.Tenant, octets io.ReaderAt, size int64, by submission.Decision) (intel.Lesson, string, error)
}

// Submission is one that users made, and how many others have the same record.
type Submission struct {
	submission.Submission
	Same     int `json:"same"`     // believed reporters who claim the same kind of thing, this one not counted
	Contrary int `json:"contrary"` // believed reporters who claim the contrary
}

// Settled is the answer to an administrator's word on a submission.
type Settled struct {
	Submission submission.Submission `json:"submission"`
	Corrected
}

// maxSubmitted bounds a message that is submitted as a file.
const maxSubmitted = 64 << 20

func (s *Server) submissionRoutes(mux *http.ServeMux) {
	mux.Handle("GET /v1/submissions", handler(s.listSubmissions))
	mux.Handle("GET /v1/submissions/{id}", handler(s.showSubmission))
	mux.Handle("GET /v1/submissions/{id}/mail", handler(s.exportSubmission))
	mux.Handle("POST /v1/submissions/{id}/accept", handler(s.acceptSubmission))
	mux.Handle("POST /v1/submissions/{id}/dismiss", handler(s.dismissSubmission))
	mux.Handle("POST /v1/submissions/file", handler(s.submitFile))
}

func (s *Server) listSubmissions(r *http.Request) (any, error) {
	id := ""
	if name := r.URL.Query().Get("tenant"); name != "" {
		t, err := s.tenantOf(name)
		if err != nil {
			return nil, err
		}
		id = t.ID
	}
	list, err := s.o.Scoring.Submissions.List(r.Context(), id)
	return beside(list), err
}

func (s *Server) showSubmission(r *http.Request) (any, error) {
	one, err := s.o.Scoring.Submissions.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	list, err := s.o.Scoring.Submissions.List(r.Context(), one.Tenant)
	if err != nil {
		return nil, err
	}
	for _, v := range beside(list) {
		if v.ID == one.ID {
			return v, nil
		}
	}
	return nil, fmt.Errorf("submission %s: %w", one.ID, store.ErrNotFound)
}

// beside counts for each submission what others say of the same record.
func beside(list []submission.Submission) []Submission {
	type word struct {
		record string
		good   bool
	}
	said := map[word]int{}
	for _, one := range list {
		if one.Unproven == "" && one.Record != "" {
			said[word{one.Record, one.Claim == submission.NotJunk}]++
		}
	}
	out := make([]Submission, len(list))
	for i, one := range list {
		out[i].Submission = one
		if one.Record == "" {
			continue
		}
		good := one.Claim == submission.NotJunk
		out[i].Same, out[i].Contrary = said[word{one.Record, good}], said[word{one.Record, !good}]
		if one.Unproven == "" {
			out[i].Same--
		}
	}
	return out
}

// reportedOf are the submissions of a record.
func (s *Server) reportedOf(ctx context.Context, rec store.Record) (of []Submission, err error) {
	if s.o.Scoring.Submissions == nil {
		return nil, nil
	}
	list, err := s.o.Scoring.Submissions.List(ctx, rec.Tenant)
	for _, one := range beside(list) {
		if one.Record == rec.ID {
			of = append(of, one)
		}
	}
	return of, err
}

func (s *Server) exportSubmission(r *http.Request) (any, error) {
	one, err := s.o.Scoring.Submissions.Get(r.Context(), r.PathValue("id"))
	if err != nil {
		return nil, err
	}
	return s.o.Report(one.Body)
}

func (s *Server) acceptSubmission(r *http.Request) (any, error) {
	o, err := body[FeedbackOrder](r)
	if err != nil {
		return nil, err
	}
	var out Settled
	out.Submission, out.Lesson, err = s.o.Scoring.Submissions.Accept(r.Context(), r.PathValue("id"), submission.Decision{Who: who(r), Is: o.Is, Comment: o.Comment})
	if err != nil {
		return nil, refused(err)
	}
	out.Corrected, err = s.corrected(r, out.Lesson, out.Submission.Record != "")
	return out, err
}

func (s *Server) dismissSubmission(r *http.Request) (any, error) {
	o, err := body[FeedbackOrder](r)
	if err != nil {
		return nil, err
	}
	return s.o.Scoring.Submissions.Dismiss(r.Context(), r.PathValue("id"), submission.Decision{Who: who(r), Comment: o.Comment})
}

// submitFile keeps an administrator's word on a message that the request's body holds. The query says what it is.
func (s *Server) submitFile(r *http.Request) (any, error) {
	q := r.URL.Query()
	is, err := verdict.Parse(q.Get("is"))
	if err != nil {
		return nil, errRequest{err.Error()}
	}
	t, err := s.tenantOf(q.Get("tenant"))
	if err != nil {
		return nil, err
	}
	octets, err := io.ReadAll(io.LimitReader(r.Body, maxSubmitted+1))
	if err != nil {
		return nil, errRequest{"read the message: " + err.Error()}
	}
	if len(octets) > maxSubmitted {
		return nil, errRequest{fmt.Sprintf("the message has more than %d octets: give the id of its record to clawback feedback", maxSubmitted)}
	}
	by := submission.Decision{Who: who(r), Is: is, Comment: q.Get("comment")}
	l, record, err := s.o.Scoring.Submissions.File(r.Context(), t, bytes.NewReader(octets), int64(len(octets)), by)
	if err != nil {
		return nil, refused(err)
	}
	return s.corrected(r, l, record != "")
}

// Submit sends a message with an administrator's word on it.
func (c *Client) Submit(ctx context.Context, query string, message io.Reader, v any) error {
	return c.send(ctx, http.MethodPost, "/v1/submissions/file?"+query, message, v)
}
