package api

import (
	"context"
	"encoding/json"
	"io"
	"log/slog"
	"path/filepath"
	"strings"
	"testing"

	"clawback/config"
	"clawback/intel"
	"clawback/intel/submission"
	"clawback/queue"
	"clawback/retract/job"
	"clawback/score/rules"
	"clawback/spool"
	"clawback/store"
)

// A blank answers for all parts, with nothing in any list.
type (
	blank       struct{ backend }
	blankEngine struct{ engine }
	blankJudge  struct{ bench }
	blankTray   struct{ tray }
)

func (*blank) List(context.Context, queue.Filter) ([]queue.Item, error) { return nil, nil }
func (*blank) Records(context.Context, store.RecordFilter) ([]store.Record, error) {
	return []store.Record{{ID: "r1", Variants: []store.Variant{{}}}}, nil
}
func (*blank) Lookup(context.Context, string, string) ([]store.Record, error) {
	return []store.Record{{ID: "r1"}}, nil
}
func (*blank) Attempts(context.Context, string) ([]store.Attempt, error)        { return nil, nil }
func (blankEngine) Jobs(context.Context) ([]job.Status, error)                  { return []job.Status{}, nil }
func (*blankJudge) Policies(string) ([]intel.Policy, error)                     { return nil, nil }
func (*blankJudge) Lessons(context.Context, string) ([]intel.Lesson, error)     { return nil, nil }
func (*blankJudge) Rules() []rules.Rule                                         { return nil }
func (blankTray) List(context.Context, string) ([]submission.Submission, error) { return nil, nil }
func (*blankJudge) Lesson(context.Context, string, string) (l intel.Lesson, ok bool, err error) {
	return l, false, nil
}

// serveBlank answers with nothing.
func serveBlank(t *testing.T) *Client {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	ln, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	b, j := &blank{}, &blankJudge{}
	s := New(Options{
		Queue: b, Store: b, Engine: blankEngine{engine{&b.backend}}, Jobs: blankEngine{engine{&b.backend}}, Log: slog.New(slog.DiscardHandler), Wake: func() {},
		Report:    func(spool.Ref) (io.ReadCloser, error) { return io.NopCloser(strings.NewReader("")), nil },
		Addresses: Addresses{List: func() []Address { return nil }},
		Scoring: Scoring{Policies: j, Rules: j, Lessons: j, Submissions: blankTray{tray{&j.bench}},
			Tenant: func(string) (*config.Tenant, error) { return &config.Tenant{}, nil }},
	})
	go s.Serve(ln)
	t.Cleanup(func() { s.Shutdown(context.Background()) })
	return NewClient(path)
}

// A script that goes through a list need not know that an empty one could be null, nor one within an answer.
func TestLists_areNeverNull(t *testing.T) {
	c := serveBlank(t)
	for _, path := range []string{
		"/v1/queue", "/v1/bounces", "/v1/held", "/v1/audit", "/v1/addresses", "/v1/rehearsed", "/v1/jobs", "/v1/policies", "/v1/rules",
		"/v1/feedback", "/v1/submissions",
	} {
		if answer := raw(t, c, path); answer != "[]" {
			t.Errorf("%s answers %s", path, answer)
		}
	}
	for _, path := range []string{"/v1/records", "/v1/records/r1"} {
		if answer := raw(t, c, path); strings.Contains(answer, "null") || !strings.Contains(answer, `"recipients":[]`) {
			t.Errorf("%s answers %s", path, answer)
		}
	}
}

func raw(t *testing.T, c *Client, path string) string {
	t.Helper()
	var answer json.RawMessage
	if err := c.Get(t.Context(), path, &answer); err != nil {
		t.Errorf("%s: %v", path, err)
	}
	return string(answer)
}
