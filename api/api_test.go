package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http/httptest"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clawback/config"
	"clawback/queue"
	"clawback/retract"
	"clawback/retract/job"
	"clawback/score/engines/rdap"
	"clawback/spool"
	"clawback/store"
)

// backend answers with fixed rows and notes what it was told to do.
type backend struct {
	records []store.Record
	done    []string
	err     error
}

func (b *backend) Get(_ context.Context, id string) (queue.Item, error) {
	if id != "i1" {
		return queue.Item{}, fmt.Errorf("item %s: %w", id, queue.ErrNotFound)
	}
	return queue.Item{ID: id, State: queue.Quarantined, Body: spool.Ref{File: "f"}}, nil
}
func (b *backend) List(_ context.Context, f queue.Filter) ([]queue.Item, error) {
	b.done = append(b.done, fmt.Sprintf("list %s %d", f.State, f.Limit))
	return []queue.Item{}, nil
}
func (b *backend) Retry(_ context.Context, id string) error {
	b.done = append(b.done, "retry "+id)
	return b.err
}
func (b *backend) Trust(_ context.Context, id, who string) error {
	b.done = append(b.done, "trust "+who+" "+id)
	return b.err
}
func (b *backend) Groups(context.Context, queue.Selection) ([]queue.Group, error) { return nil, nil }
func (b *backend) Preview(context.Context, queue.Selection) (queue.Doomed, error) {
	return queue.Doomed{}, nil
}
func (b *backend) DiscardSelected(context.Context, queue.Doomed, queue.Note) (queue.Discarded, error) {
	return queue.Discarded{}, nil
}

func (b *backend) Discard(_ context.Context, id string, _ []byte) error {
	b.done = append(b.done, "discard "+id)
	return b.err
}
func (b *backend) Discarded(context.Context) (map[string][]byte, error) { return nil, nil }
func (b *backend) Noted(context.Context, string) error                  { return nil }
func (b *backend) Bounce(_ context.Context, id string) (queue.Bounce, error) {
	return queue.Bounce{ID: id}, nil
}
func (b *backend) Bounces(context.Context, queue.BounceFilter) ([]queue.Bounce, error) {
	return nil, nil
}
func (b *backend) RetryBounce(_ context.Context, id string) error {
	b.done = append(b.done, "resend "+id)
	return nil
}
func (b *backend) Lookup(ctx context.Context, _, key string) ([]store.Record, error) {
	if strings.HasPrefix(key, "n") { // the id of an intent
		return nil, nil
	}
	return b.records, nil
}
func (b *backend) Records(context.Context, store.RecordFilter) ([]store.Record, error) {
	return b.records, nil
}
func (b *backend) Intents(context.Context, string) ([]store.Intent, error) {
	return []store.Intent{{ID: "n1"}}, nil
}
func (b *backend) IntentsBy(context.Context, store.IntentFilter) ([]store.Intent, error) {
	return nil, nil
}
func (b *backend) Attempts(context.Context, string) ([]store.Attempt, error) {
	return []store.Attempt{{Seq: 1}}, nil
}
func (b *backend) Audit(context.Context, store.AuditFilter) ([]store.Act, error) { return nil, nil }
func (b *backend) Note(_ context.Context, a store.Act) error {
	b.done = append(b.done, "note "+a.Who+" "+a.What+" "+a.Object)
	return nil
}

// engine notes orders.
type engine struct{ b *backend }

func (e engine) Retract(_ context.Context, who, record string, action config.Action, comment string) ([]store.Intent, error) {
	e.b.done = append(e.b.done, fmt.Sprintf("retract %s %s to %s: %s", who, record, action, comment))
	return []store.Intent{{ID: "n1"}}, e.b.err
}
func (e engine) Restore(_ context.Context, who, record, comment string) ([]store.Intent, error) {
	e.b.done = append(e.b.done, fmt.Sprintf("restore %s %s: %s", who, record, comment))
	return nil, e.b.err
}
func (e engine) Approve(_ context.Context, who string, intents []string, comment string) error {
	e.b.done = append(e.b.done, fmt.Sprintf("approve %s %v: %s", who, intents, comment))
	return e.b.err
}
func (e engine) Reject(_ context.Context, who string, intents []string, comment string) error {
	e.b.done = append(e.b.done, fmt.Sprintf("reject %s %v: %s", who, intents, comment))
	return e.b.err
}

func (e engine) SettleCampaign(_ context.Context, a retract.CampaignAnswer) ([]string, error) {
	e.b.done = append(e.b.done, fmt.Sprintf("campaign %+v", a))
	return []string{"n1", "n2"}, e.b.err
}
func (e engine) HeldCampaigns(ctx context.Context, tenant string) ([]retract.HeldCampaign, error) {
	e.b.done = append(e.b.done, "campaigns "+tenant)
	return []retract.HeldCampaign{{Tenant: "t", Name: "sender:evil.example", Mailboxes: 2, Messages: 1}}, e.b.err
}

func (e engine) PreviewJob(_ context.Context, j job.Spec) (job.Preview, error) {
	e.b.done = append(e.b.done, "preview "+j.Who)
	return job.Preview{Records: 2}, e.b.err
}
func (e engine) StartJob(_ context.Context, j job.Spec) (store.Job, error) {
	e.b.done = append(e.b.done, fmt.Sprintf("start %s %s %v", j.Who, j.Action, j.Records))
	return store.Job{Who: j.Who, ID: "j1"}, e.b.err
}
func (e engine) Jobs(context.Context) ([]job.Status, error) {
	return []job.Status{{Job: store.Job{ID: "j1", State: store.JobProcessing}}}, e.b.err
}
func (e engine) Job(_ context.Context, id string) (job.Status, error) {
	return job.Status{Job: store.Job{ID: id, State: store.JobProcessing}}, e.b.err
}
func (e engine) CancelJob(_ context.Context, who, id, comment string) error {
	e.b.done = append(e.b.done, fmt.Sprintf("cancel %s %s: %s", who, id, comment))
	return e.b.err
}
func (e engine) PauseJob(context.Context, string, string, string) error  { return e.b.err }
func (e engine) ResumeJob(context.Context, string, string, string) error { return e.b.err }

func serve(t *testing.T, b *backend) *Client {
	t.Helper()
	path := filepath.Join(t.TempDir(), "s")
	ln, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	s := New(Options{
		Queue: b, Store: b, Engine: &engine{b}, Log: slog.New(slog.DiscardHandler), Wake: func() {},
		Status: func(context.Context) (Status, error) { return Status{Hostname: "gw.example"}, b.err },
		Report: func(r spool.Ref) (io.ReadCloser, error) {
			return io.NopCloser(strings.NewReader("report " + r.File)), nil
		},
		Addresses: Addresses{List: func() []Address { return nil }, Retire: func(_ context.Context, a string) error {
			b.done = append(b.done, "retire "+a)
			return b.err
		}},
	})
	done := make(chan error, 1)
	go func() { done <- s.Serve(ln) }()
	t.Cleanup(func() {
		s.Shutdown(context.Background())
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return NewClient(path)
}

func me(t *testing.T) string {
	u, err := user.Current()
	if err != nil {
		t.Skip("no name for this user id: ", err)
	}
	return u.Username
}

// Every change carries the operator's name, as the kernel tells it.
func TestOrders_carryTheOperatorsName(t *testing.T) {
	b := &backend{records: []store.Record{{ID: "r1"}}}
	c, name := serve(t, b), me(t)
	for _, call := range []struct {
		path string
		o    Order
	}{
		{"/v1/records/r1/retract", Order{Action: "trash", Comment: "why"}},
		{"/v1/records/r1/restore", Order{Comment: "oops"}},
		{"/v1/held/approve", Order{Intents: []string{"n1"}, Comment: "yes"}},
		{"/v1/held/reject", Order{Intents: []string{"n2"}}},
		{"/v1/held/approve", Order{Campaign: "sender:evil.example", Tenant: "t", Comment: "yes"}},
		{"/v1/held/reject", Order{Campaign: "link:evil.example"}},
		{"/v1/queue/i1/retry", Order{}},
		{"/v1/queue/i1/retry", Order{Trust: true}},
		{"/v1/bounces/b1/retry", Order{}},
		{"/v1/addresses/retire", Order{Address: "a@b.example"}},
	} {
		if err := c.Post(t.Context(), call.path, call.o, nil); err != nil {
			t.Errorf("%s: %v", call.path, err)
		}
	}
	want := []string{
		"retract " + name + " r1 to trash: why", "restore " + name + " r1: oops", "approve " + name + " [n1]: yes", "reject " + name + " [n2]: ",
		"campaign {Who:" + name + " Tenant:t Campaign:sender:evil.example Comment:yes Approve:true}",
		"campaign {Who:" + name + " Tenant: Campaign:link:evil.example Comment: Approve:false}",
		"retry i1", "note " + name + " queue.retry i1", "trust " + name + " i1", "note " + name + " queue.trust i1", "resend b1", "note " + name + " bounce.retry b1",
		"retire a@b.example", "note " + name + " address.retire a@b.example",
	}
	if diff := cmp.Diff(want, b.done); diff != "" {
		t.Errorf("what was done (-want +got):\n%s", diff)
	}
}

func TestErrors_sayWhatToDo(t *testing.T) {
	two := []store.Record{{ID: "r1"}, {ID: "r2"}}
	tests := []struct {
		name, method, path string
		order              Order
		records            []store.Record
		err                error
		want               string
	}{
		{"unknown item", "GET", "/v1/queue/none", Order{}, nil, nil, "no such item"},
		{"unknown record", "GET", "/v1/records/none", Order{}, nil, nil, "not found"},
		{"ambiguous key", "GET", "/v1/records/r", Order{}, two, nil, "name one of r1 r2"},
		{"no such action", "POST", "/v1/records/r1/retract", Order{Action: "burn"}, two[:1], nil, "use junk, trash, soft_delete or hard_delete"},
		{"action none", "POST", "/v1/records/r1/retract", Order{Action: "none"}, two[:1], nil, "use junk"},
		{"conflict", "POST", "/v1/records/r1/restore", Order{}, two[:1], store.ErrConflict, "changed meanwhile"},
		{"limit", "GET", "/v1/queue?limit=0", Order{}, nil, nil, "from 1 to 10000"},
		{"time", "GET", "/v1/records?since=yesterday", Order{}, nil, nil, "write it as"},
		{"disposition", "GET", "/v1/records?disposition=evil", Order{}, nil, nil, "use one of"},
		{"variant", "GET", "/v1/records/r1/report?variant=3", Order{}, two[:1], nil, "the record has 0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := serve(t, &backend{records: tt.records, err: tt.err})
			err := c.do(t.Context(), tt.method, tt.path, tt.order, nil)
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("error %v does not say %q", err, tt.want)
			}
		})
	}
}

func TestShow_bringsIntentsAndAttempts(t *testing.T) {
	c := serve(t, &backend{records: []store.Record{{ID: "r1"}}})
	var m Message
	if err := c.Get(t.Context(), "/v1/records/r1", &m); err != nil {
		t.Fatal(err)
	}
	if m.Record.ID != "r1" || len(m.Intents) != 1 || len(m.Intents[0].Attempts) != 1 {
		t.Errorf("message = %+v", m)
	}
}

func TestStream_isTheReportItself(t *testing.T) {
	b := &backend{records: []store.Record{{ID: "r1", Variants: []store.Variant{{Body: spool.Ref{File: "body"}, Kept: &spool.Ref{File: "kept"}}}}}}
	c := serve(t, b)
	for path, want := range map[string]string{"/v1/queue/i1/report": "report f", "/v1/records/r1/report": "report kept"} {
		var out bytes.Buffer
		if err := c.Stream(t.Context(), path, &out); err != nil || out.String() != want {
			t.Errorf("%s: %q, %v", path, out.String(), err)
		}
	}
}

func TestListen_takesOverADeadSocketOnly(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	dead, err := net.Listen("unix", path)
	if err != nil {
		t.Fatal(err)
	}
	dead.(*net.UnixListener).SetUnlinkOnClose(false)
	dead.Close()
	ln, err := Listen(path)
	if err != nil {
		t.Fatalf("the socket of a dead daemon is in the way: %v", err)
	}
	defer ln.Close()
	if info, err := os.Stat(path); err != nil || info.Mode().Perm() != 0o660 {
		t.Errorf("mode %v, %v, want 0660", info.Mode(), err)
	}
	if _, err := Listen(path); err == nil {
		t.Error("a second daemon took the socket of a living one")
	}
}

func TestClient_saysWhenThereIsNoDaemon(t *testing.T) {
	err := NewClient(filepath.Join(t.TempDir(), "none")).Get(t.Context(), "/v1/status", nil)
	if err == nil || !strings.Contains(err.Error(), "no daemon answers") {
		t.Errorf("error %v", err)
	}
}

func TestClient_stopsWithItsContext(t *testing.T) {
	path := filepath.Join(t.TempDir(), "s")
	ln, err := net.Listen("unix", path) // takes connections and says nothing
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err := NewClient(path).Get(ctx, "/v1/status", nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("error %v", err)
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

// A job is whose the kernel says it is, whatever the request claims.
func TestJobs_whoseTheyAre(t *testing.T) {
	b := &backend{}
	c, name := serve(t, b), me(t)
	var started store.Job
	spec := job.Spec{Who: "somebody else", Action: config.Trash, Records: []string{"r1"}}
	if err := c.Send(t.Context(), "/v1/jobs", spec, &started); err != nil || started.Who != name {
		t.Errorf("job of %q, %v", started.Who, err)
	}
	var list []Job
	if err := c.Get(t.Context(), "/v1/jobs", &list); err != nil || len(list) != 1 || list[0].State != store.JobProcessing {
		t.Errorf("jobs %+v, %v", list, err)
	}
	if err := c.Post(t.Context(), "/v1/jobs/j1/cancel", Order{Comment: "stop"}, nil); err != nil {
		t.Error(err)
	}
	for _, bad := range []job.Spec{{}, {Action: config.Junk, Restore: true}} {
		if err := c.Send(t.Context(), "/v1/jobs", bad, nil); err == nil {
			t.Errorf("job %+v was taken", bad)
		}
	}
	if diff := cmp.Diff([]string{"start " + name + " trash [r1]", "cancel " + name + " j1: stop"}, b.done); diff != "" {
		t.Errorf("done (-want +got):\n%s", diff)
	}
}

func TestMetrics_sayWhatTheStatusSays(t *testing.T) {
	end := time.Date(2027, 1, 2, 3, 4, 5, 0, time.UTC)
	status := func(context.Context) (Status, error) {
		return Status{
			Sessions: 3, Memory: Memory{Held: 4096, Max: 1 << 20, Spilled: 5}, Certificate: &Certificate{NotAfter: end},
			RDAP:    &rdap.Status{Date: end, Asked: 4, Known: 9, Failed: 1},
			Queue:   queue.Stats{Items: map[queue.State]queue.Count{queue.Quarantined: {Count: 2, Oldest: time.Now().Add(-time.Hour)}}},
			Tenants: []Tenant{{Name: "contoso", Counts: store.Counts{Processed: 7, Outcomes: map[store.Outcome]int{store.Done: 5}}}},
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
	full := func(context.Context) (Status, error) { return Status{PutOff: "no space left on device"}, nil }
	if got := scrape(full); !strings.Contains(got, "clawback_taking_mail 0\n") {
		t.Errorf("a daemon that puts mail off looks well:\n%s", got)
	}
}

func TestWho_kernelFirst(t *testing.T) {
	for _, tt := range []struct{ kernel, said, want string }{
		{"alice", "alice", "alice"}, {"alice", "", "alice"}, {"root", "alice", "root (says alice)"},
		{"nobody", "alice", "nobody (says alice)"}, {"root", "a\nlice (root)", "root (says aliceroot)"},
		{"root", strings.Repeat("x", 100), "root (says " + strings.Repeat("x", 64) + ")"},
	} {
		r := httptest.NewRequest("POST", "/", nil).WithContext(context.WithValue(t.Context(), peerKey{}, tt.kernel))
		r.Header.Set(sayHeader, tt.said)
		if got := who(r); got != tt.want {
			t.Errorf("kernel %q, said %q: %q, want %q", tt.kernel, tt.said, got, tt.want)
		}
	}
}
