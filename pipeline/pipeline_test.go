package pipeline

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clawback/bounce"
	"clawback/config"
	"clawback/queue"
	"clawback/queue/bolt"
	"clawback/retract/policy"
	"clawback/score"
	"clawback/spool"
	"clawback/store"
	"clawback/store/pebble"
	"clawback/testdata"
	"clawback/verdict"
)

const tenantID = "3f1c2b4a-5d6e-4f70-8192-a3b4c5d6e7f8"

// fixture is a pipeline over a real queue, spool and store.
type fixture struct {
	t          *testing.T
	p          *Pipeline
	queue      queue.Queue
	store      *store.Store
	spool      *spool.Spool
	dir        string
	key        *bounce.Key
	now        time.Time
	alerts     []string
	postmaster bool
	scorer     func(score.Message) (score.Result, error)
}

func (f *fixture) Score(_ context.Context, m score.Message) (score.Result, error) { return f.scorer(m) }

func newFixture(t *testing.T) *fixture {
	t.Helper()
	return newFixtureOn(t, func(f *fixture) (queue.Queue, error) {
		return bolt.Open(f.dir, f.spool, bolt.Options{Options: queue.Options{Now: func() time.Time { return f.now }}})
	})
}

// newFixtureOn is a fixture with a queue of another engine.
func newFixtureOn(t *testing.T, open func(f *fixture) (queue.Queue, error)) *fixture {
	t.Helper()
	f := &fixture{t: t, dir: t.TempDir(), now: time.Now()}
	var err error
	if f.spool, err = spool.Open(filepath.Join(f.dir, "spool"), spool.Options{}); err != nil {
		t.Fatal(err)
	}
	if f.queue, err = open(f); err != nil {
		t.Fatal(err)
	}
	if f.store, err = pebble.Open(f.dir, store.Options{}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { f.store.Close(); f.queue.Close(); f.spool.Close() })
	if f.key, err = bounce.LoadKey(f.dir); err != nil {
		t.Fatal(err)
	}
	f.scorer = func(score.Message) (score.Result, error) { return result(verdict.Malicious), nil }
	f.p = New(Options{
		Queue: f.queue, Store: f.store, Scorer: f, Own: f.key.Verify, Log: slog.New(slog.DiscardHandler), Keep: f.spool.Keep,
		Postmaster: func() bool { return f.postmaster },
		Tenant:     func(id string) (*config.Tenant, bool) { return contoso(), id == tenantID },
		Plan:       func(t *config.Tenant) Planner { return policy.Plan(t, f.now) },
		Alert:      func(event, _ string, _ ...any) { f.alerts = append(f.alerts, event) },
		Now:        func() time.Time { return f.now },
	})
	return f
}

func result(d verdict.Disposition) score.Result {
	return score.Result{Verdict: verdict.Verdict{Disposition: d, Score: 90}}
}

func contoso() *config.Tenant {
	return &config.Tenant{
		Name: "contoso", ID: tenantID, Mode: "live", Domains: []string{"contoso.example"}, OriginatorOrg: []string{"contoso.onmicrosoft.com"},
		AlternateMailbox: "ndr@archive.example", Actions: config.DefaultActions(),
		Addresses: []config.Address{{Address: "j@gw.example"}}, RecoveryAddress: "recover@gw.example",
		Brake: config.Brake{MailboxesPerHour: 100, MailboxesPerMail: 50, SharePercent: 2, ShareFrom: 20, CampaignPercent: 50},
	}
}

func envelope() queue.Envelope {
	return queue.Envelope{
		Tenant: tenantID, Purpose: queue.ForJournal, MailFrom: "ndr@archive.example", Rcpts: []string{"j@gw.example"},
		Received: time.Now().UTC(), Remote: "192.0.2.1:1", Network: config.ExchangeOnline,
	}
}

func demoReport(t *testing.T, name string) []byte {
	t.Helper()
	data, err := testdata.Demo.ReadFile("demo/" + name)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// put accepts a message.
func (f *fixture) put(e queue.Envelope, message []byte) string {
	f.t.Helper()
	d, err := f.queue.Begin(context.Background(), e, 0)
	if err != nil {
		f.t.Fatal(err)
	}
	d.Write(message)
	id, err := d.Commit(context.Background())
	if err != nil {
		f.t.Fatal(err)
	}
	return id
}

// work claims what is due and works on it, once.
func (f *fixture) work() {
	f.t.Helper()
	items, err := f.queue.Claim(f.t.Context(), 10)
	if err != nil {
		f.t.Fatal(err)
	}
	for _, it := range items {
		if err := f.p.work(f.t.Context(), it); err != nil {
			f.t.Fatal(err)
		}
	}
}

// outcome says in a few words what became of an item.
func (f *fixture) outcome(id string) string {
	f.t.Helper()
	it, err := f.queue.Get(context.Background(), id)
	state := string(it.State)
	if errors.Is(err, queue.ErrNotFound) {
		state = "finished"
	}
	bounces, err := f.queue.Bounces(context.Background(), queue.BounceFilter{})
	if err != nil {
		f.t.Fatal(err)
	}
	for _, b := range bounces {
		if b.Item == id {
			state += " bounced"
		}
	}
	records, err := f.store.Records(f.t.Context(), store.RecordFilter{})
	if err != nil {
		f.t.Fatal(err)
	}
	for _, r := range records {
		state += " " + r.Verdict.Disposition.String()
	}
	return state
}

func (f *fixture) reason(id string) string {
	it, _ := f.queue.Get(context.Background(), id)
	return it.Reason
}

// ofAnother is a report of an original that another organisation's Exchange has stamped.
func ofAnother(report []byte) []byte {
	for _, field := range []string{"X-MS-Exchange-Organization-Id: ", "X-EOPTenantAttributedMessage: "} {
		report = bytes.ReplaceAll(report, []byte(field+tenantID), []byte(field+"99999999-5d6e-4f70-8192-a3b4c5d6e7f8"))
	}
	return report
}

// The table "where a report that cannot go on goes" of docs/flow.md, and where one goes that can.
func TestJudge_whereAReportGoes(t *testing.T) {
	phish, unparsable := demoReport(t, "01-credential-phish.eml"), demoReport(t, "10-unparsable.eml")
	replace := func(old, new string) []byte {
		out := bytes.ReplaceAll(phish, []byte(old), []byte(new))
		if bytes.Equal(out, phish) {
			t.Fatalf("%q is not in the report", old)
		}
		return out
	}
	tests := []struct {
		name    string
		message []byte
		change  func(*queue.Envelope)
		want    string
		reason  string
	}{
		{"a report", phish, nil, "finished MALICIOUS", ""},
		{"not from a known network", phish, func(e *queue.Envelope) { e.Network = "" }, "quarantined", "none of the listener's networks"},
		{"wrong X-OriginatorOrg", replace("X-OriginatorOrg: contoso", "X-OriginatorOrg: fabrikam"), nil, "quarantined", "X-OriginatorOrg"},
		{"a second X-OriginatorOrg of the sender's own", replace("X-OriginatorOrg: contoso", "X-OriginatorOrg: fabrikam.onmicrosoft.com\r\nX-OriginatorOrg: contoso"), nil, "quarantined", "X-OriginatorOrg"},
		{"a second X-LD-Processed", replace("X-LD-Processed: "+tenantID, "X-LD-Processed: "+tenantID+",ExtAddr\r\nX-LD-Processed: 99999999-5d6e-4f70-8192-a3b4c5d6e7f8"), nil, "quarantined", "X-LD-Processed"},
		{"the same X-OriginatorOrg twice", replace("X-OriginatorOrg: contoso", "X-OriginatorOrg: contoso.onmicrosoft.com\r\nX-OriginatorOrg: contoso"), nil, "finished MALICIOUS", ""},
		{"Exchange Online without X-OriginatorOrg", replace("X-OriginatorOrg:", "X-Other:"), nil, "quarantined", "no X-OriginatorOrg"},
		{"Exchange Online's addresses in a set of another name, without X-OriginatorOrg", replace("X-OriginatorOrg:", "X-Other:"), func(e *queue.Envelope) { e.Network, e.Exchange = "office", true }, "quarantined", "no X-OriginatorOrg"},
		{"Exchange Online's addresses as a CIDR, with X-OriginatorOrg", phish, func(e *queue.Envelope) { e.Network, e.Exchange = "40.92.0.0/15", true }, "finished MALICIOUS", ""},
		{"X-OriginatorOrg with a long s", replace("X-OriginatorOrg: contoso", "X-OriginatorOrg: conto\u017fo"), nil, "quarantined", "X-OriginatorOrg"},
		{"X-OriginatorOrg in capitals", replace("X-OriginatorOrg: contoso.onmicrosoft.com", "X-OriginatorOrg: CONTOSO.OnMicrosoft.COM"), nil, "finished MALICIOUS", ""},
		{"own network without X-OriginatorOrg", replace("X-OriginatorOrg:", "X-Other:"), func(e *queue.Envelope) { e.Network = "192.0.2.0/24" }, "finished MALICIOUS", ""},
		{"mail of another tenant of Exchange Online that learned the address", replace("X-LD-Processed: "+tenantID, "X-MS-Exchange-CrossTenant-Id: 99999999-5d6e-4f70-8192-a3b4c5d6e7f8\r\nX-Other: "), nil, "quarantined", "CrossTenant-Id"},
		{"two fields that name different tenants", replace("X-LD-Processed: "+tenantID, "X-MS-Exchange-CrossTenant-Id: 99999999-5d6e-4f70-8192-a3b4c5d6e7f8\r\nX-LD-Processed: "+tenantID), nil, "quarantined", "CrossTenant-Id"},
		{"another organisation in X-EOPTenantAttributedMessage", replace("X-MS-Exchange-Organization-Id: "+tenantID+
			"\r\nX-EOPTenantAttributedMessage: "+tenantID, "X-EOPTenantAttributedMessage: 99999999-5d6e-4f70-8192-a3b4c5d6e7f8"),
			nil, "quarantined", "belongs to the organisation"},
		{"an X-EOPTenantAttributedMessage of the sender's before Exchange's", replace("X-MS-Exchange-Organization-Id: "+tenantID,
			"X-EOPTenantAttributedMessage: 99999999-5d6e-4f70-8192-a3b4c5d6e7f8:0"), nil, "finished MALICIOUS", ""},
		{"connector validation by another tenant", []byte("From: O365ConnectorValidation@evil.example\r\nX-OriginatorOrg: evil.example\r\nSubject: test\r\n\r\nThis is a test.\r\n"), nil, "quarantined", "X-OriginatorOrg"},
		{"connector validation from elsewhere", []byte("From: O365ConnectorValidation@contoso.onmicrosoft.com\r\nSubject: test\r\n\r\nThis is a test.\r\n"), func(e *queue.Envelope) { e.Network = "" }, "quarantined", "networks"},
		{"wrong tenant in X-LD-Processed", replace("X-LD-Processed: "+tenantID, "X-LD-Processed: 99999999-5d6e-4f70-8192-a3b4c5d6e7f8"), nil, "quarantined", "X-LD-Processed"},
		{"original of another organisation", ofAnother(phish), nil, "quarantined", "belongs to the organisation"},
		{"another organisation in one of Exchange's fields, as a sender may write it", replace("X-MS-Exchange-Organization-Id: "+tenantID, "X-MS-Exchange-Organization-Id : 99999999-5d6e-4f70-8192-a3b4c5d6e7f8"), nil, "finished MALICIOUS", ""},
		{"cannot be unwrapped", unparsable, nil, "finished bounced", ""},
		{"cannot be unwrapped, and is not attributed", unparsable, func(e *queue.Envelope) { e.Network = "" }, "quarantined", "networks"},
		{"rubbish at the recovery address", unparsable, func(e *queue.Envelope) { e.Purpose = queue.ForRecovery }, "quarantined", "no journal report"},
		{"mail for postmaster", []byte("Subject: hello\r\n\r\nhello\r\n"), func(e *queue.Envelope) { e.Purpose, e.Tenant = queue.ForPostmaster, "" }, "finished bounced", ""},
		{"mail for postmaster without an address for it", []byte("Subject: hello\r\n\r\nhello\r\n"), func(e *queue.Envelope) { e.Purpose, e.Tenant = queue.ForPostmaster, "" }, "quarantined", "smtp.postmaster"},
		{"tenant not configured", phish, func(e *queue.Envelope) { e.Tenant = "99999999-5d6e-4f70-8192-a3b4c5d6e7f8" }, "deferred", "not in the configuration"},
		{"connector validation", []byte("From: O365ConnectorValidation@contoso.onmicrosoft.com\r\nSubject: test\r\n\r\nThis is a test.\r\n"), nil, "finished", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := newFixture(t)
			f.postmaster = tt.name == "mail for postmaster"
			e := envelope()
			if tt.change != nil {
				tt.change(&e)
			}
			id := f.put(e, tt.message)
			f.work()
			if got := f.outcome(id); got != tt.want {
				t.Errorf("it is %q, want %q (%s)", got, tt.want, f.reason(id))
			}
			if got := f.reason(id); !strings.Contains(got, tt.reason) {
				t.Errorf("reason %q does not say %q", got, tt.reason)
			}
		})
	}
}

func TestJudge_scorerFails_neverClean(t *testing.T) {
	f := newFixture(t)
	good := f.scorer
	f.scorer = func(score.Message) (score.Result, error) { return score.Result{}, errors.New("no rules") }
	id := f.put(envelope(), demoReport(t, "01-credential-phish.eml"))
	for n := range 5 {
		f.work()
		if told := slices.Contains(f.alerts, "score.failed"); told != (n >= unscoredTimes) {
			t.Errorf("after %d attempts told is %v", n+1, told)
		}
		if got := f.outcome(id); got != "deferred" || !strings.Contains(f.reason(id), "unscored: no rules") {
			t.Fatalf("it is %q, reason %q, want deferred as unscored", got, f.reason(id))
		}
		f.now = f.now.Add(2 * time.Hour)
	}
	f.scorer = good
	f.work()
	if got := f.outcome(id); got != "finished MALICIOUS" {
		t.Errorf("when the scorer is back it is %q", got)
	}
}

func TestJudge_panicThreeTimes_quarantinedAndBounced(t *testing.T) {
	f := newFixture(t)
	f.scorer = func(score.Message) (score.Result, error) { panic("boom") }
	id := f.put(envelope(), demoReport(t, "01-credential-phish.eml"))
	for try := 1; try <= 3; try++ {
		f.work()
		want := "deferred"
		if try == 3 {
			want = "quarantined bounced"
		}
		if got := f.outcome(id); got != want || !strings.Contains(f.reason(id), "boom") {
			t.Fatalf("after panic %d it is %q (%s), want %q", try, got, f.reason(id), want)
		}
		f.now = f.now.Add(2 * time.Hour)
	}
}

func TestJudge_bodyLost_quarantinedAndAlerted(t *testing.T) {
	f := newFixture(t)
	id := f.put(envelope(), demoReport(t, "01-credential-phish.eml"))
	it, err := f.queue.Get(t.Context(), id)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(f.dir, "spool", it.Body.File)
	if err := os.WriteFile(file, bytes.Repeat([]byte{'x'}, int(it.Body.Offset+it.Body.Size)), 0o600); err != nil {
		t.Fatal(err)
	}
	f.work()
	if got := f.outcome(id); got != "quarantined" {
		t.Errorf("an item with damaged bytes is %q (%s)", got, f.reason(id))
	}
	if diff := cmp.Diff([]string{"spool.damaged"}, f.alerts); diff != "" {
		t.Errorf("alerts (-want +got):\n%s", diff)
	}
}

// A subject that decodes to line breaks makes no field where the lines end in CRLF, and wins or loses no trust where it
// makes one: the record has the original's own Message-ID, and what the envelope part names besides as an alternate.
func TestJudge_forgedFieldsInTheEnvelopePart(t *testing.T) {
	phish := demoReport(t, "01-credential-phish.eml")
	_, rest, _ := bytes.Cut(phish, []byte("\r\nMessage-Id: "))
	own, _, _ := bytes.Cut(rest, []byte("\r\n"))
	for _, forged := range []string{"\nMessage-Id: <forged@evil.example>", "\r\nMessage-Id: <forged@evil.example>", "\r\nRecipient: x@evil.example",
		"\nRecipient: nobody@contoso.example", "\r\nSender: <evil@evil.example>"} {
		f := newFixture(t)
		id := f.put(envelope(), bytes.Replace(phish, []byte("\r\nMessage-Id: "), []byte(forged+"\r\nMessage-Id: "), 1))
		f.work()
		if got := f.outcome(id); got != "finished MALICIOUS" {
			t.Errorf("%q: it is %q (%s)", forged, got, f.reason(id))
			continue
		}
		records, _ := f.store.Records(t.Context(), store.RecordFilter{})
		rec := records[0]
		also := strings.Contains(forged, "\r\nMessage-Id")
		if rec.MessageID != string(own) || !rec.FirstHand ||
			also != slices.Contains(rec.AlternateIDs, "<forged@evil.example>") ||
			strings.Contains(rec.Sender, "evil.example") {
			t.Errorf("%q: message id %s, also %v, first-hand %v, sender %s", forged, rec.MessageID, rec.AlternateIDs,
				rec.FirstHand, rec.Sender)
		}
		intents, _ := f.store.Intents(t.Context(), rec.ID)
		for _, in := range intents {
			outside := strings.HasSuffix(in.Address, "@evil.example")
			if outside != (in.Outcome == store.Skipped) || in.Address == "nobody@contoso.example" {
				t.Errorf("%q: the intent for %s is %s", forged, in.Address, in.Outcome)
			}
		}
		if len(intents) == 0 {
			t.Errorf("%q: no intents", forged)
		}
	}
}

// The same report twice, as when its 250 was lost: one record, counted once.
func TestJudge_sameReportTwice_appliedOnce(t *testing.T) {
	f := newFixture(t)
	for range 2 {
		f.put(envelope(), demoReport(t, "01-credential-phish.eml"))
		f.work()
	}
	counts, err := f.store.Counts(t.Context(), tenantID)
	if err != nil {
		t.Fatal(err)
	}
	if counts.Processed != 1 || counts.Records != 1 || counts.Outcomes[store.Pending] != 3 {
		t.Errorf("counts = %+v, want one of each and three pending intents", counts)
	}
}

// A crash between C2 and the item's end: the item is judged again, and nothing changes.
func TestJudge_diesAfterC2_appliedOnce(t *testing.T) {
	f := newFixture(t)
	id := f.put(envelope(), demoReport(t, "01-credential-phish.eml"))
	items, err := f.queue.Claim(t.Context(), 1)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		if end := f.p.judge(t.Context(), items[0]); end.how != processed {
			t.Fatalf("judged as %+v", end)
		}
	}
	if err := f.p.work(t.Context(), items[0]); err != nil {
		t.Fatal(err)
	}
	counts, _ := f.store.Counts(t.Context(), tenantID)
	if got := f.outcome(id); got != "finished MALICIOUS" || counts.Processed != 1 {
		t.Errorf("it is %q after %d processed", got, counts.Processed)
	}
}

// What reaches the recovery address is not first-hand: where it is the only source, its intents wait for a person.
func TestJudge_recoveryAddress_isHeld(t *testing.T) {
	f := newFixture(t)
	e := envelope()
	e.Purpose = queue.ForRecovery
	f.put(e, demoReport(t, "01-credential-phish.eml"))
	f.work()
	held, err := f.store.IntentsBy(t.Context(), store.IntentFilter{Outcomes: []store.Outcome{store.Held}})
	if err != nil {
		t.Fatal(err)
	}
	if len(held) != 3 {
		t.Errorf("%d intents are held, want 3", len(held))
	}
	if list, _ := f.store.Records(t.Context(), store.RecordFilter{}); len(list) != 1 || list[0].FirstHand || list[0].NetworkMessageID != "" {
		t.Errorf("the record counts as first-hand: %+v", list)
	}
}

// The alternate mailbox's own system sends to the recovery address, wherever it is, and may be another tenant's. But
// what it carries must be the tenant's.
func TestJudge_recoveryAddress_isOpenToTheAlternateMailbox(t *testing.T) {
	phish := demoReport(t, "01-credential-phish.eml")
	again := bytes.ReplaceAll(phish, []byte("X-MS-Journal-Report:"), []byte("X-Other:"))
	again = bytes.ReplaceAll(again, []byte("X-OriginatorOrg: contoso"), []byte("X-OriginatorOrg: archive"))
	again = bytes.ReplaceAll(again, []byte("X-LD-Processed: "+tenantID),
		[]byte("X-MS-Exchange-CrossTenant-Id: 99999999-5d6e-4f70-8192-a3b4c5d6e7f8"))
	for _, tt := range []struct {
		name, want string
		message    []byte
	}{
		{"redirected as it was", "finished MALICIOUS", phish},
		{"sent again by another tenant", "finished MALICIOUS", again},
		{"of another organisation", "quarantined", bytes.ReplaceAll(phish, []byte("X-OriginatorOrg: contoso"), []byte("X-OriginatorOrg: fabrikam"))},
		{"sent again, of another organisation", "quarantined", ofAnother(again)},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := newFixture(t)
			e := envelope()
			e.Purpose, e.Network = queue.ForRecovery, ""
			id := f.put(e, tt.message)
			f.work()
			if got := f.outcome(id); got != tt.want {
				t.Errorf("it is %q (%s), want %q", got, f.reason(id), tt.want)
			}
			if pending, _ := f.store.IntentsBy(t.Context(), store.IntentFilter{Outcomes: []store.Outcome{store.Pending}}); len(pending) > 0 {
				t.Errorf("%d intents do not wait for a person", len(pending))
			}
		})
	}
}

// A report that is not attributed stays in quarantine however often it is tried again, until a person vouches for it.
func TestJudge_quarantined_isReplayedWhenTrusted(t *testing.T) {
	f := newFixture(t)
	e := envelope()
	e.Network = ""
	id := f.put(e, demoReport(t, "01-credential-phish.eml"))
	f.work()
	if err := f.queue.Retry(t.Context(), id); err != nil {
		t.Fatal(err)
	}
	f.work()
	if got := f.outcome(id); got != "quarantined" {
		t.Fatalf("tried again it is %q", got)
	}
	if err := f.queue.Trust(t.Context(), id, "ada"); err != nil {
		t.Fatal(err)
	}
	f.work()
	if got := f.outcome(id); got != "finished MALICIOUS" {
		t.Errorf("trusted it is %q (%s)", got, f.reason(id))
	}
	if pending, _ := f.store.IntentsBy(t.Context(), store.IntentFilter{Outcomes: []store.Outcome{store.Pending}}); len(pending) != 3 {
		t.Errorf("%d intents follow, want 3", len(pending))
	}
}

// A report that is not first-hand never changes what a first-hand one said.
func TestJudge_recoveryAfterFirstHand_changesNothing(t *testing.T) {
	f := newFixture(t)
	f.scorer = func(score.Message) (score.Result, error) { return result(verdict.Clean), nil }
	f.put(envelope(), demoReport(t, "01-credential-phish.eml"))
	f.work()
	before, err := f.store.Records(t.Context(), store.RecordFilter{})
	if err != nil || len(before) != 1 {
		t.Fatal(err, len(before))
	}
	f.scorer = func(score.Message) (score.Result, error) { return result(verdict.Malicious), nil }
	e := envelope()
	e.Purpose = queue.ForRecovery
	f.put(e, bytes.ReplaceAll(demoReport(t, "01-credential-phish.eml"), []byte("@journal.report.generator>"),
		[]byte("@resent.example>")))
	f.work()
	after, err := f.store.Record(t.Context(), before[0].ID)
	if err != nil {
		t.Fatal(err)
	}
	if after.Verdict.Disposition != verdict.Clean || len(after.Variants) != 1 {
		t.Errorf("the first-hand record is now %s with %d variants", after.Verdict.Disposition, len(after.Variants))
	}
	if all, _ := f.store.IntentsBy(t.Context(), store.IntentFilter{Outcomes: []store.Outcome{store.Pending}}); len(all) != 0 {
		t.Errorf("%d intents would act because of a report that is not first-hand", len(all))
	}
}

// ownBounce makes the bounce of an unparsable report, as the alternate mailbox gets it.
func (f *fixture) ownBounce(to string) []byte {
	f.t.Helper()
	report := demoReport(f.t, "10-unparsable.eml")
	b := queue.Bounce{ID: "b1", Item: "i1", Envelope: envelope(), Created: f.now, Reason: "test"}
	var out bytes.Buffer
	l := bounce.Letter{Bounce: b, Hostname: "gw.example", To: to, Form: bounce.SevenBit, Mark: f.key.Mark(bounce.MessageID("b1", "gw.example"), to)}
	if err := l.Write(&out, bytes.NewReader(report)); err != nil {
		f.t.Fatal(err)
	}
	return out.Bytes()
}

func TestJudge_ownBounceComesBack_isNotBouncedAgain(t *testing.T) {
	for _, purpose := range []queue.Purpose{queue.ForJournal, queue.ForRecovery} {
		f := newFixture(t)
		e := envelope()
		e.Purpose, e.MailFrom, e.Network = purpose, "", "192.0.2.0/24"
		id := f.put(e, f.ownBounce("ndr@archive.example"))
		f.work()
		if got := f.outcome(id); got != "quarantined" || !strings.Contains(f.reason(id), "our own bounce") {
			t.Errorf("at the %s address it is %q (%s)", purpose, got, f.reason(id))
		}
	}
}

func TestJudge_ownMailJournaledBack_isFinished(t *testing.T) {
	journaled := func(f *fixture, rcpt string) []byte {
		return fmt.Appendf(nil, "Content-Type: multipart/mixed; boundary=q\r\nX-MS-Journal-Report:\r\nX-OriginatorOrg: contoso.onmicrosoft.com\r\n"+
			"Message-ID: <77@journal.report.generator>\r\nSender: <MicrosoftExchange329e71ec88ae4615bbc36ab6ce41109e@contoso.onmicrosoft.com>\r\nMIME-Version: 1.0\r\n\r\n"+
			"--q\r\nContent-Type: text/plain\r\n\r\nSender: postmaster@gw.example\r\nSubject: x\r\nMessage-Id: <b1@gw.example>\r\nRecipient: %s\r\n\r\n"+
			"--q\r\nContent-Type: message/rfc822\r\n\r\n%s\r\n--q--\r\n", rcpt, f.ownBounce("ndr@archive.example"))
	}
	f := newFixture(t)
	id := f.put(envelope(), journaled(f, "ndr@archive.example"))
	f.work()
	if got := f.outcome(id); got != "finished" {
		t.Errorf("our own mail is %q (%s)", got, f.reason(id))
	}
	// The same mark in mail to somebody else is a copy, and earns nothing.
	f = newFixture(t)
	id = f.put(envelope(), journaled(f, "victim@contoso.example"))
	f.work()
	if got := f.outcome(id); got != "finished MALICIOUS" {
		t.Errorf("mail with a stolen mark is %q (%s)", got, f.reason(id))
	}
}

// A stranger's single report, or two in an hour, are no alert; three of few are, and of many those that are one in
// fifty. What was longer ago than an hour does not count.
func TestWatch_countsTheLastHour(t *testing.T) {
	start := time.Date(2026, 11, 21, 12, 0, 30, 0, time.UTC)
	for _, tt := range []struct {
		name    string
		minutes []int // when each report that is not attributed comes; a good one comes every minute from 0 on, first
		until   int
		want    []int // minutes of the alerts
	}{
		{"none", nil, 200, nil},
		{"one, alone in its hour", []int{0}, 0, nil},
		{"two in an hour", []int{30, 50, 91}, 100, nil},
		{"three in an hour", []int{30, 50, 89}, 100, []int{89}},
		{"again after an hour", []int{10, 20, 30, 69, 79, 89, 90}, 200, []int{30, 90}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			var now time.Time
			var got []int
			w := newWatch(func() time.Time { return now },
				func(string, string, ...any) { got = append(got, int(now.Sub(start).Minutes())) })
			for minute := 0; minute <= tt.until; minute++ {
				now = start.Add(time.Duration(minute) * time.Minute)
				w.seen("t", attributed)
				for _, m := range tt.minutes {
					if m == minute {
						w.seen("t", contradicts)
					}
				}
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("alerts at minutes (-want +got):\n%s", diff)
			}
		})
	}
}

// What comes from a host outside the networks is no alert beside reports that are believed; where none is, the networks
// are likely wrong.
func TestFailing(t *testing.T) {
	for _, c := range []struct {
		attributed, contradicts, outside int
		want                             bool
	}{
		{0, 2, 0, false}, {0, 3, 0, true}, {146, 3, 0, true}, {147, 3, 0, true}, {148, 3, 0, false},
		{1000, 21, 0, true}, {1000, 20, 0, false},
		{1, 0, 10_000, false}, {0, 0, 19, false}, {0, 0, 20, true}, {0, 2, 19, false}, {1000, 2, 10_000, false},
	} {
		if got := failing([seenTypes]int{c.attributed, c.contradicts, c.outside}); got != c.want {
			t.Errorf("failing %t: %+v", got, c)
		}
	}
}

func TestWatch_alertsOnceAnHour(t *testing.T) {
	f := newFixture(t)
	bad := envelope()
	bad.Network = ""
	for range failingOutside - 1 {
		f.put(bad, demoReport(t, "01-credential-phish.eml"))
	}
	f.work()
	if len(f.alerts) > 0 {
		t.Errorf("alerts of somebody's attempts: %q", f.alerts)
	}
	for range 10 {
		f.put(bad, demoReport(t, "01-credential-phish.eml"))
	}
	f.work()
	if diff := cmp.Diff([]string{"attribution.failing"}, f.alerts); diff != "" {
		t.Errorf("alerts (-want +got):\n%s", diff)
	}
}

// Run finishes what is in hand when it is stopped, and gives back what it claimed and did not begin.
func TestRun_stopLosesNothing(t *testing.T) {
	f := newFixture(t)
	var ids []string
	for i := range 30 {
		ids = append(ids,
			f.put(envelope(), bytes.ReplaceAll(demoReport(t, "01-credential-phish.eml"), []byte("<demo-01."),
				fmt.Appendf(nil, "<run-%d.", i))))
	}
	ctx, cancel := context.WithCancel(t.Context())
	n := 0
	f.p.o.InFlight = 1
	f.scorer = func(score.Message) (score.Result, error) {
		if n++; n == 5 {
			cancel()
		}
		return result(verdict.Clean), nil
	}
	if err := f.p.Run(ctx); err != nil {
		t.Fatal(err)
	}
	left := 0
	for _, id := range ids {
		it, err := f.queue.Get(t.Context(), id)
		if errors.Is(err, queue.ErrNotFound) {
			continue
		}
		left++
		if it.State != queue.Ready || it.Crashes != 0 {
			t.Errorf("item %s was given back as %s after %d crashes", id, it.State, it.Crashes)
		}
	}
	if left == 0 || left == len(ids) {
		t.Errorf("%d of %d items are left: the stop came too late or nothing was done", left, len(ids))
	}
}

// Who retracts is woken as soon as the intents are durable, while the item's end is still to be committed.
func TestDone_comesBetweenC2AndTheEnd(t *testing.T) {
	f := newFixture(t)
	id := f.put(envelope(), demoReport(t, "06-throttled.eml"))
	told := 0
	f.p.o.Done = func(rec store.Record) {
		told++
		if intents, err := f.store.Intents(t.Context(), rec.ID); err != nil || len(intents) == 0 {
			t.Errorf("intents %v, %v", intents, err)
		}
		if it, err := f.queue.Get(t.Context(), id); err != nil || it.State != queue.Working {
			t.Errorf("the item is %s, %v", it.State, err)
		}
	}
	f.work()
	if told != 1 {
		t.Errorf("told %d times", told)
	}
	if _, err := f.queue.Get(t.Context(), id); !errors.Is(err, queue.ErrNotFound) {
		t.Errorf("the item is still there: %v", err)
	}
}
