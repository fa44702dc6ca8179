package api

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"clawback/config"
	"clawback/intel"
	"clawback/score/learn"
	"clawback/score/rules"
	"clawback/store"
	"clawback/verdict"
)

// Policies is what the socket shows and changes of the tenants' policies. *judge.Judge is one.
type Policies interface {
	Policies(tenant string) ([]intel.Policy, error)
	AddPolicies(ctx context.Context, who, tenant string, list []intel.Policy) ([]intel.Policy, error)
	RemovePolicy(ctx context.Context, who, tenant, id, comment string) (intel.Policy, error)
}

// Rules is what the socket shows and tries of the operator's own rules. *judge.Judge is one.
type Rules interface {
	Rules() []rules.Rule
	Backtest(ctx context.Context, o intel.BacktestOrder) (intel.Backtest, error)
}

// Lessons is what the socket shows and changes of corrections. *judge.Judge is one.
type Lessons interface {
	Lessons(ctx context.Context, tenant string) ([]intel.Lesson, error)
	Lesson(ctx context.Context, tenant, record string) (intel.Lesson, bool, error)
	Correct(ctx context.Context, who, record string, is verdict.Disposition, comment string) (intel.Lesson, error)
	Model(tenant string) (*learn.Model, error)
	Forget(ctx context.Context, who, tenant, comment string) (int, error)
	Withdraw(ctx context.Context, act store.Act, with ...store.Value) (intel.Lesson, error)
}

// Scoring is how mail is judged.
type Scoring struct {
	Policies    Policies
	Rules       Rules
	Lessons     Lessons
	Submissions Submissions
	Tenant      func(name string) (*config.Tenant, error) // by name or GUID; "" where there is only one
	Clean       func(ctx context.Context, who, record, comment string) ([]store.Intent, error)
}

// Rule is one of the operator's own rules as GET /v1/rules lists it.
type Rule struct {
	ID   string `json:"id"`
	Mode string `json:"mode"`
	Text string `json:"text,omitempty"`
	When string `json:"when"`
	File string `json:"file"`
	Line int    `json:"line"`
	Hard bool   `json:"hard,omitempty"`
}

// PolicyOrder is the body of a POST that adds or removes policies.
type PolicyOrder struct {
	Tenant   string         `json:"tenant,omitempty"` // name or GUID
	Policies []intel.Policy `json:"policies,omitempty"`
	Comment  string         `json:"comment,omitempty"`
}

// FeedbackOrder is the body of a POST that corrects a verdict, or takes corrections back.
type FeedbackOrder struct {
	Tenant  string              `json:"tenant,omitempty"` // for a reset or withdrawal
	Record  string              `json:"record,omitempty"` // for a withdrawal
	Is      verdict.Disposition `json:"is,omitempty"`
	Comment string              `json:"comment,omitempty"`
}

// Corrected is the answer to a correction.
type Corrected struct {
	intel.Lesson
	Pinned   bool `json:"pinned"`   // no automatism touches the record again
	Unwanted int  `json:"unwanted"` // corrections that the classifier has learnt from
	Good     int  `json:"good"`
	Ready    bool `json:"ready"` // it has learnt enough to speak
}

// Send posts any order and decodes the answer into v, which may be nil.
func (c *Client) Send(ctx context.Context, path string, order, v any) error {
	return c.do(ctx, http.MethodPost, path, order, v)
}

func (s *Server) scoringRoutes(mux *http.ServeMux) {
	mux.Handle("GET /v1/policies", handler(s.listPolicies))
	mux.Handle("POST /v1/policies", handler(s.addPolicies))
	mux.Handle("POST /v1/policies/{id}/remove", handler(s.removePolicy))
	mux.Handle("GET /v1/rules", handler(s.listRules))
	mux.Handle("POST /v1/rules/backtest", handler(s.backtest))
	mux.Handle("GET /v1/feedback", handler(s.listFeedback))
	mux.Handle("GET /v1/feedback/model", handler(s.exportModel))
	mux.Handle("POST /v1/feedback/reset", handler(s.resetFeedback))
	mux.Handle("POST /v1/feedback/withdraw", handler(s.withdrawFeedback))
	mux.Handle("POST /v1/records/{key}/feedback", handler(s.feedback))
	s.submissionRoutes(mux)
}

// maxOrder bounds the body of a POST.
const maxOrder = 16 << 20

// body reads a POST's body.
func body[T any](r *http.Request) (v T, err error) {
	in := json.NewDecoder(io.LimitReader(r.Body, maxOrder))
	in.DisallowUnknownFields()
	if err := in.Decode(&v); err == io.EOF {
		return v, nil // no body is one that names nothing
	} else if err != nil {
		return v, errRequest{"request body: " + err.Error()}
	}
	if _, err := in.Token(); err != io.EOF {
		return v, errRequest{"request body: there is more behind the JSON value"}
	}
	return v, nil
}

// refused makes what is wrong with an order the caller's fault; trouble of the store stays ours.
func refused(err error) error {
	if err == nil || errors.Is(err, store.ErrNotFound) || errors.Is(err, store.ErrStorage) || errors.Is(err, store.ErrClosed) ||
		errors.Is(err, store.ErrConflict) {
		return err
	}
	return errRequest{err.Error()}
}

// tenantOf finds the tenant that an order or a query names.
func (s *Server) tenantOf(name string) (*config.Tenant, error) {
	t, err := s.o.Scoring.Tenant(name)
	return t, refused(err)
}

func (s *Server) listPolicies(r *http.Request) (any, error) {
	t, err := s.tenantOf(r.URL.Query().Get("tenant"))
	if err != nil {
		return nil, err
	}
	return s.o.Scoring.Policies.Policies(t.ID)
}

func (s *Server) addPolicies(r *http.Request) (any, error) {
	o, err := body[PolicyOrder](r)
	if err != nil {
		return nil, err
	}
	t, err := s.tenantOf(o.Tenant)
	if err != nil {
		return nil, err
	}
	if len(o.Policies) == 0 {
		return nil, errRequest{"no policy is named"}
	}
	added, err := s.o.Scoring.Policies.AddPolicies(r.Context(), who(r), t.ID, o.Policies)
	return added, refused(err)
}

func (s *Server) removePolicy(r *http.Request) (any, error) {
	o, err := body[PolicyOrder](r)
	if err != nil {
		return nil, err
	}
	t, err := s.tenantOf(o.Tenant)
	if err != nil {
		return nil, err
	}
	gone, err := s.o.Scoring.Policies.RemovePolicy(r.Context(), who(r), t.ID, r.PathValue("id"), o.Comment)
	return gone, refused(err)
}

func (s *Server) listRules(*http.Request) (any, error) {
	list := []Rule{}
	for _, r := range s.o.Scoring.Rules.Rules() {
		list = append(list, Rule{ID: r.ID, Mode: r.Mode, Text: r.Text, When: r.When, File: r.File, Line: r.Line, Hard: r.Hard})
	}
	return list, nil
}

func (s *Server) backtest(r *http.Request) (any, error) {
	o, err := body[intel.BacktestOrder](r)
	if err != nil {
		return nil, err
	}
	if o.Tenant != "" {
		t, err := s.tenantOf(o.Tenant)
		if err != nil {
			return nil, err
		}
		o.Tenant = t.ID
	}
	out, err := s.o.Scoring.Rules.Backtest(r.Context(), o)
	return out, refused(err)
}

func (s *Server) listFeedback(r *http.Request) (any, error) {
	t, err := s.tenantOf(r.URL.Query().Get("tenant"))
	if err != nil {
		return nil, err
	}
	return s.o.Scoring.Lessons.Lessons(r.Context(), t.ID)
}

func (s *Server) exportModel(r *http.Request) (any, error) {
	t, err := s.tenantOf(r.URL.Query().Get("tenant"))
	if err != nil {
		return nil, err
	}
	return s.o.Scoring.Lessons.Model(t.ID)
}

func (s *Server) resetFeedback(r *http.Request) (any, error) {
	o, err := body[FeedbackOrder](r)
	if err != nil {
		return nil, err
	}
	t, err := s.tenantOf(o.Tenant)
	if err != nil {
		return nil, err
	}
	n, err := s.o.Scoring.Lessons.Forget(r.Context(), who(r), t.ID, o.Comment)
	return map[string]int{"dropped": n}, err
}

// feedback keeps an operator's word on a record. Clean is also an order to leave the record alone.
func (s *Server) feedback(r *http.Request) (any, error) {
	rec, err := s.one(r)
	if err != nil {
		return nil, err
	}
	o, err := body[FeedbackOrder](r)
	if err != nil {
		return nil, err
	}
	l, err := s.o.Scoring.Lessons.Correct(r.Context(), who(r), rec.ID, o.Is, o.Comment)
	if err != nil {
		return nil, refused(err)
	}
	return s.corrected(r, l, true)
}

// corrected carries out what follows from a correction: a record that is clean is left alone.
func (s *Server) corrected(r *http.Request, l intel.Lesson, record bool) (Corrected, error) {
	out := Corrected{Lesson: l}
	out.Tokens = nil
	if l.Is == verdict.Clean && record {
		if _, err := s.o.Scoring.Clean(r.Context(), who(r), l.Record, l.Comment); err != nil {
			return out, fmt.Errorf("the correction is kept, but the record is not pinned: give it again: %w", err)
		}
		out.Pinned = true
	}
	m, err := s.o.Scoring.Lessons.Model(l.Tenant)
	if err != nil {
		return out, err
	}
	out.Unwanted, out.Good, out.Ready = m.Bad, m.Good, m.Ready()
	return out, nil
}

// withdrawFeedback takes one correction back.
func (s *Server) withdrawFeedback(r *http.Request) (any, error) {
	o, err := body[FeedbackOrder](r)
	if err != nil {
		return nil, err
	}
	t, err := s.tenantOf(o.Tenant)
	if err != nil {
		return nil, err
	}
	l, err := s.o.Scoring.Lessons.Withdraw(r.Context(), store.Act{Who: who(r), Tenant: t.ID, Object: o.Record, Comment: o.Comment})
	l.Tokens = nil
	return l, err
}
