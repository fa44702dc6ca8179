package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"clawback/config"
	"clawback/intel"
	"clawback/score/learn"
	"clawback/score/rules"
	"clawback/store"
	"clawback/verdict"
)

// bench answers for a judge and notes what it was told to do.
type bench struct {
	done []string
	err  error
}

func (b *bench) note(format string, args ...any) {
	b.done = append(b.done, fmt.Sprintf(format, args...))
}

func (b *bench) Policies(tenant string) ([]intel.Policy, error) {
	b.note("list %s", tenant)
	return []intel.Policy{{ID: "p1", Tenant: tenant}}, b.err
}
func (b *bench) AddPolicies(_ context.Context, who, tenant string, list []intel.Policy) ([]intel.Policy, error) {
	b.note("add %s %s %s", who, tenant, list[0].Pattern)
	return list, b.err
}
func (b *bench) RemovePolicy(_ context.Context, who, tenant, id, comment string) (intel.Policy, error) {
	b.note("remove %s %s %s: %s", who, tenant, id, comment)
	return intel.Policy{ID: id}, b.err
}
func (b *bench) Rules() []rules.Rule { return []rules.Rule{{ID: "own", File: "a.toml", Line: 3}} }
func (b *bench) Backtest(_ context.Context, o intel.BacktestOrder) (intel.Backtest, error) {
	b.note("backtest %q %d", o.Tenant, o.Limit)
	return intel.Backtest{Messages: 2}, b.err
}
func (b *bench) Lessons(_ context.Context, tenant string) ([]intel.Lesson, error) {
	return []intel.Lesson{}, b.err
}
func (b *bench) Lesson(_ context.Context, _, record string) (intel.Lesson, bool, error) {
	return intel.Lesson{Record: record, Is: verdict.Clean, By: "ada"}, true, nil
}
func (b *bench) Correct(_ context.Context, who, record string, is verdict.Disposition, comment string) (intel.Lesson, error) {
	b.note("correct %s %s %s: %s", who, record, is, comment)
	return intel.Lesson{Record: record, Is: is, Tokens: []string{"secret"}}, b.err
}
func (b *bench) Model(string) (*learn.Model, error) { return &learn.Model{Bad: 1, Good: 2}, nil }
func (b *bench) Withdraw(_ context.Context, act store.Act, _ ...store.Value) (intel.Lesson, error) {
	b.note("withdraw %s %s %s: %s", act.Who, act.Tenant, act.Object, act.Comment)
	return intel.Lesson{Record: act.Object}, b.err
}
func (b *bench) Forget(_ context.Context, who, tenant, comment string) (int, error) {
	b.note("forget %s %s: %s", who, tenant, comment)
	return 3, b.err
}

// serveScoring answers with a bench for two tenants.
func serveScoring(t *testing.T, b *bench) *Client {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	ln, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	s := New(Options{Queue: &backend{}, Store: &backend{records: []store.Record{{ID: "r1", Tenant: "guid-a"}}}, Log: slog.New(slog.DiscardHandler), Scoring: Scoring{
		Policies: b, Rules: b, Lessons: b, Submissions: tray{b},
		Tenant: func(name string) (*config.Tenant, error) {
			if name != "a" {
				return nil, errors.New("tenant " + name + ": name one of a, b with --tenant")
			}
			return &config.Tenant{ID: "guid-a"}, nil
		},
		Clean: func(_ context.Context, who, record, comment string) ([]store.Intent, error) {
			b.note("clean %s %s: %s", who, record, comment)
			return nil, nil
		},
	}})
	go s.Serve(ln)
	t.Cleanup(func() { s.Shutdown(context.Background()) })
	return NewClient(path)
}

func TestScoring_ordersBearTheOperatorsName(t *testing.T) {
	b := &bench{}
	c, name := serveScoring(t, b), me(t)
	send := func(path string, order, v any) {
		t.Helper()
		if err := c.Send(t.Context(), path, order, v); err != nil {
			t.Errorf("%s: %v", path, err)
		}
	}
	var out Corrected
	send("/v1/policies", PolicyOrder{Tenant: "a", Policies: []intel.Policy{{Pattern: "@x.example", By: "somebody else"}}}, nil)
	send("/v1/policies/p1/remove", PolicyOrder{Tenant: "a", Comment: "old"}, nil)
	send("/v1/records/r1/feedback", FeedbackOrder{Is: verdict.Spam, Comment: "ads"}, nil)
	send("/v1/records/r1/feedback", FeedbackOrder{Is: verdict.Clean}, &out)
	send("/v1/feedback/reset", FeedbackOrder{Tenant: "a", Comment: "anew"}, nil)
	send("/v1/rules/backtest", intel.BacktestOrder{Tenant: "a", Limit: 7}, nil)
	want := []string{
		"add " + name + " guid-a @x.example", "remove " + name + " guid-a p1: old", "correct " + name + " r1 SPAM: ads",
		"correct " + name + " r1 CLEAN: ", "clean " + name + " r1: ", "forget " + name + " guid-a: anew", `backtest "guid-a" 7`,
	}
	if diff := cmp.Diff(want, b.done); diff != "" {
		t.Errorf("done (-want +got):\n%s", diff)
	}
	if !out.Pinned || out.Unwanted != 1 || out.Good != 2 || len(out.Tokens) != 0 {
		t.Errorf("the answer to a correction is %+v", out)
	}
}

func TestScoring_shows(t *testing.T) {
	c := serveScoring(t, &bench{})
	var policies []intel.Policy
	if err := c.Get(t.Context(), "/v1/policies?tenant=a", &policies); err != nil || len(policies) != 1 || policies[0].Tenant != "guid-a" {
		t.Errorf("policies %+v, %v", policies, err)
	}
	var list []Rule
	if err := c.Get(t.Context(), "/v1/rules", &list); err != nil || len(list) != 1 || list[0].Line != 3 {
		t.Errorf("rules %+v, %v", list, err)
	}
	var m Message
	if err := c.Get(t.Context(), "/v1/records/r1", &m); err != nil || m.Feedback == nil || m.Feedback.By != "ada" {
		t.Errorf("message %+v, %v", m.Feedback, err)
	}
}

// What is wrong with a request is 400 and says so; trouble of the store is not the caller's fault.
func TestScoring_refusals(t *testing.T) {
	for _, c := range []struct {
		name, method, path, body string
		err                      error
		status                   int
	}{
		{"no such tenant", "GET", "/v1/policies?tenant=c", "", nil, 400},
		{"no policy", "POST", "/v1/policies", `{"tenant":"a"}`, nil, 400},
		{"a bad policy", "POST", "/v1/policies", `{"tenant":"a","policies":[{}]}`, errors.New("kind is not known"), 400},
		{"a store that broke", "POST", "/v1/policies", `{"tenant":"a","policies":[{}]}`, fmt.Errorf("keep: %w", store.ErrStorage), 500},
		{"a policy that is not there", "POST", "/v1/policies/p9/remove", `{"tenant":"a"}`, fmt.Errorf("p9: %w", store.ErrNotFound), 404},
		{"an unknown key", "POST", "/v1/policies", `{"tennant":"a"}`, nil, 400},
		{"an unknown disposition", "POST", "/v1/records/r1/feedback", `{"is":"bad"}`, nil, 400},
		{"no JSON", "POST", "/v1/rules/backtest", `{`, nil, 400},
	} {
		client := serveScoring(t, &bench{err: c.err})
		req, err := http.NewRequestWithContext(t.Context(), c.method, "http://clawback"+c.path, strings.NewReader(c.body))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.http.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		answer, _ := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != c.status || !strings.Contains(string(answer), `"error"`) {
			t.Errorf("%s: %d %s, want %d", c.name, resp.StatusCode, answer, c.status)
		}
	}
}
