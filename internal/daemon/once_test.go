package daemon

import (
	"bytes"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"clawback/api"
	"clawback/api/idempotency"
	"clawback/api/routes"
	"clawback/config"
)

// subjects are the operations about one thing that can be read, and what reads it, where {} is the id.
var subjects = map[string]string{
	"queue.retry": "/v1/queue/{}", "queue.trust": "/v1/queue/{}", "queue.discard": "/v1/queue/{}",
	"bounce.retry": "/v1/bounces/{}", "address.retire": "/v1/addresses/{}", "message.retract": "/v1/records/{}",
	"message.restore": "/v1/records/{}", "held.approve": "/v1/held/{}", "held.reject": "/v1/held/{}",
	"job.pause": "/v1/jobs/{}", "job.resume": "/v1/jobs/{}", "job.cancel": "/v1/jobs/{}",
	"rescan.pause": "/v1/rescans/{}", "rescan.resume": "/v1/rescans/{}", "rescan.cancel": "/v1/rescans/{}",
	"rescan.approve":    "/v1/rescans/{}",
	"indicator.approve": "/v1/indicators/{}", "indicator.remove": "/v1/indicators/{}",
	"feed.approve": "/v1/feeds/{}", "feed.update": "/v1/feeds/{}", "policy.remove": "/v1/policies/{}",
	"feedback.give": "/v1/records/{}", "feedback.withdraw": "/v1/records/{}", "submission.accept": "/v1/submissions/{}",
	"submission.dismiss": "/v1/submissions/{}", "token.revoke": "/v1/tokens/{}",
}

// subjectPath is where what a request is about can be read.
func subjectPath(name string, request any) string {
	id, tenant := "", ""
	switch r := request.(type) {
	case api.ItemOrder:
		id = r.ID
	case api.AddressOrder:
		id = r.Address
	case api.MessageOrder:
		id = r.Key
	case api.HeldOrder:
		id = r.Intents[0]
	case api.IndicatorOrder:
		id, tenant = r.ID, "?tenant="+r.Tenant
	case api.FeedApproval:
		id = r.Feed
	case api.FeedOrder:
		id = r.Feed
	case api.PolicyRemoval:
		id = r.ID
	case api.CorrectionOrder:
		id = r.Key
	case api.CorrectionWithdrawal:
		id = r.Record
	case api.SubmissionOrder:
		id = r.ID
	}
	return strings.Replace(subjects[name], "{}", id, 1) + tenant
}

// knock asks at a door as a program does.
func (a *acts) knock(t *testing.T, keys *idempotency.Desk, op api.Any, request any,
	fields ...string) (status int, text, etag string) {
	t.Helper()
	path, body, err := routes.Encode(op.Row(), pointer(request))
	must(t, err)
	kind := "application/json"
	if upload, is := request.(api.Upload); is {
		kind = "message/rfc822"
		_, err := upload.Body.(io.Seeker).Seek(0, io.SeekStart)
		must(t, err)
		body, err = io.ReadAll(upload.Body)
		must(t, err)
	}
	return a.send(t, keys, op.Row().Method(), path, body, append(fields, "Content-Type", kind)...)
}

func (a *acts) send(t *testing.T, keys *idempotency.Desk, method, path string, body []byte,
	fields ...string) (status int, text, etag string) {
	t.Helper()
	door := routes.Door{Service: a.service, Keys: keys, Log: slog.New(slog.DiscardHandler),
		Who: func(*http.Request) (api.Principal, error) { return api.Root("eve"), nil }}
	r := httptest.NewRequest(method, path, bytes.NewReader(body)).WithContext(t.Context())
	for i := 0; i < len(fields); i += 2 {
		r.Header.Set(fields[i], fields[i+1])
	}
	w := httptest.NewRecorder()
	door.Handler().ServeHTTP(w, r)
	return w.Code, w.Body.String(), w.Header().Get("ETag")
}

// eachAct calls a test for each operation that acts, with a request that is valid.
func eachAct(t *testing.T, test func(t *testing.T, a *acts, op api.Any, keys *idempotency.Desk, request any)) {
	cfg, err := config.Load(newBed(t).File("clawback.toml"))
	must(t, err)
	operations := map[string]api.Any{}
	for _, op := range api.Operations() {
		operations[op.Row().Name] = op
	}
	for _, name := range slices.Sorted(maps.Keys(changing)) {
		t.Run(name, func(t *testing.T) {
			cfg.StateDir = t.TempDir()
			a := newActs(t, cfg)
			request := changing[name](t, a)
			keys, err := idempotency.Open(t.Context(), idempotency.Options{Store: a.store, Log: a.log})
			must(t, err)
			test(t, a, operations[name], keys, request)
		})
	}
}

// Each act under an Idempotency-Key is done once: the same request is answered as before, over a restart too, and
// changes nothing; with another body it is refused.
func TestActs_onceUnderAKey(t *testing.T) {
	eachAct(t, func(t *testing.T, a *acts, op api.Any, keys *idempotency.Desk, request any) {
		status, answer, _ := a.knock(t, keys, op, request, "Idempotency-Key", `"k1"`)
		if status != http.StatusOK {
			t.Fatalf("%d %s", status, answer)
		}
		after, noted := a.state(t), a.audited(t)
		want := http.StatusOK
		if op.Row().Secret {
			want, answer = http.StatusGone, ""
		}
		for range 2 {
			status, again, _ := a.knock(t, keys, op, request, "Idempotency-Key", "k1")
			if status != want || answer != "" && again != answer {
				t.Errorf("again: %d %s, want %s", status, again, answer)
			}
			var err error
			keys, err = idempotency.Open(t.Context(), idempotency.Options{Store: a.store, Log: a.log})
			must(t, err)
		}
		path, body, err := routes.Encode(op.Row(), pointer(request))
		must(t, err)
		kind := "application/json"
		if _, is := request.(api.Upload); is {
			kind = "message/rfc822"
		}
		status, again, _ := a.send(t, keys, "POST", path, append(body, ' '), "Idempotency-Key", "k1",
			"Content-Type", kind)
		if status != http.StatusUnprocessableEntity {
			t.Errorf("with another body: %d %s", status, again)
		}
		if diff := cmp.Diff(after, a.state(t)); diff != "" {
			t.Errorf("it was done again:\n%s", diff)
		}
		if diff := cmp.Diff(noted, a.audited(t)); diff != "" {
			t.Errorf("the audit:\n%s", diff)
		}
	})
}

// Each act is refused when what it is about is not as If-Match says, and when it is about no one thing; then nothing
// changes. With the ETag that was read it is done.
func TestActs_ifMatch(t *testing.T) {
	eachAct(t, func(t *testing.T, a *acts, op api.Any, keys *idempotency.Desk, request any) {
		name := op.Row().Name
		before, noted := a.state(t), a.audited(t)
		for _, stale := range []string{`"stale"`, `W/"stale"`, `"a", "b"`, ""} {
			status, text, _ := a.knock(t, keys, op, request, "If-Match", stale)
			if status != http.StatusPreconditionFailed {
				t.Errorf("If-Match %s: %d %s", stale, status, text)
			}
		}
		if diff := cmp.Diff(before, a.state(t)); diff != "" {
			t.Errorf("it was done:\n%s", diff)
		}
		if diff := cmp.Diff(noted, a.audited(t)); diff != "" {
			t.Errorf("the audit:\n%s", diff)
		}
		if subjects[name] == "" {
			status, text, _ := a.knock(t, keys, op, request, "If-Match", "*")
			if status != http.StatusPreconditionFailed {
				t.Errorf("about nothing: %d %s", status, text)
			}
			return
		}
		path := subjectPath(name, request)
		status, text, etag := a.send(t, keys, "GET", path, nil)
		if status != http.StatusOK || etag == "" {
			t.Fatalf("%s: %d %s", path, status, text)
		}
		status, text, _ = a.send(t, keys, "GET", path, nil, "If-None-Match", etag)
		if status != http.StatusNotModified || text != "" {
			t.Errorf("read again: %d %s", status, text)
		}
		if status, text, _ := a.knock(t, keys, op, request, "If-Match", `"x", `+etag); status != http.StatusOK {
			t.Errorf("as it was read: %d %s", status, text)
		}
		if cmp.Equal(before, a.state(t)) {
			t.Error("nothing was done")
		}
	})
}
