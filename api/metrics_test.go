package api

import (
	"context"
	"errors"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"clawback/queue"
	"clawback/store"
)

func TestMetrics_sayWhatTheStatusSays(t *testing.T) {
	end := time.Date(2027, 1, 2, 3, 4, 5, 0, time.UTC)
	status := func(context.Context) (Status, error) {
		return Status{
			Sessions: 3, Memory: Memory{Held: 4096, Max: 1 << 20, Spilled: 5}, Certificate: &Certificate{NotAfter: end},
			Notices: []Notice{{Kind: "certificate", Since: end}, {Kind: "retract.full", Tenant: "contoso", Since: end},
				{Kind: "retract.full", Tenant: "contoso", Since: end.Add(-time.Hour)}},
			RDAP:    &RDAP{Date: end, Asked: 4, Known: 9, Failed: 1},
			Queue:   QueueStatus{Items: map[queue.State]Count{queue.Quarantined: {Count: 2, Oldest: time.Now().Add(-time.Hour)}}},
			Tenants: []Tenant{{Name: "contoso", Counts: Counts{Processed: 7, Outcomes: map[store.Outcome]int{store.Done: 5}}}},
		}, nil
	}
	scrape := func(status func(context.Context) (Status, error)) string {
		w := httptest.NewRecorder()
		Metrics(status).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
		return w.Body.String()
	}
	got := scrape(status)
	for _, want := range []string{
		"clawback_rdap_questions_total 4\n", `clawback_rdap_messages_total{result="known"} 9`, `clawback_rdap_messages_total{result="failed"} 1`,
		fmt.Sprintf("clawback_rdap_list_timestamp_seconds %.9e", float64(end.Unix())),
		`clawback_notices{kind="certificate",tenant=""} 1`, `clawback_notices{kind="retract.full",tenant="contoso"} 2`,
		fmt.Sprintf(`clawback_notices_oldest_timestamp_seconds{kind="retract.full",tenant="contoso"} %.9e`, float64(end.Add(-time.Hour).Unix())),
		"clawback_up 1\n", "clawback_taking_mail 1\n", "clawback_smtp_sessions 3\n", "clawback_smtp_memory_bytes 4096\n", "clawback_smtp_memory_spilled_total 5\n", `clawback_queue_items{state="quarantined"} 2`, `clawback_reports_total{tenant="contoso"} 7`,
		`clawback_retractions{outcome="done",tenant="contoso"} 5`, fmt.Sprintf("clawback_certificate_expiry_timestamp_seconds %.9e", float64(end.Unix())),
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q is not in the metrics", want)
		}
	}
	if got := scrape(func(context.Context) (Status, error) { return Status{}, errors.New("no") }); !strings.Contains(got, "clawback_up 0\n") {
		t.Errorf("a daemon that cannot read its state looks well:\n%s", got)
	}
	full := func(context.Context) (Status, error) { return Status{Deferring: "no space left on device"}, nil }
	if got := scrape(full); !strings.Contains(got, "clawback_taking_mail 0\n") {
		t.Errorf("a daemon that puts mail off looks well:\n%s", got)
	}
}

func TestMetrics_countSubmissions(t *testing.T) {
	w := httptest.NewRecorder()
	Metrics(func(context.Context) (Status, error) {
		return Status{Tenants: []Tenant{{Name: "contoso", Submissions: map[string]int{"open": 3, "unproven": 2}}}}, nil
	}).ServeHTTP(w, httptest.NewRequest("GET", "/metrics", nil))
	for _, want := range []string{`clawback_submissions{state="open",tenant="contoso"} 3`, `clawback_submissions{state="unproven",tenant="contoso"} 2`} {
		if !strings.Contains(w.Body.String(), want) {
			t.Errorf("%s is not among the metrics", want)
		}
	}
}

func TestAddress_state(t *testing.T) {
	for want, a := range map[string]Address{
		"accepted": {Configured: true, Used: true}, "accepted; none yet": {Configured: true},
		"451 until it is retired: not in the configuration": {Used: true}, "550: region": {Configured: true, Refused: "region"},
	} {
		if got := a.State(); got != want {
			t.Errorf("%+v is %q, want %q", a, got, want)
		}
	}
}
