package intel

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clawback/config"
	"clawback/journal"
	"clawback/score"
	"clawback/spool"
	"clawback/store"
	"clawback/store/pebble"
	"clawback/verdict"
	"clawback/verdict/history"
)

const contosoID = "3f1c2b4a-5d6e-4f70-8192-a3b4c5d6e7f8"

// fixture is a judge over a real store and spool.
type fixture struct {
	*Judge
	t     testing.TB
	dir   string
	cfg   *config.Config
	store *store.Store
	spool *spool.Spool
	now   time.Time
	count int

	observed []history.Observation // what received mail teaches
	away     []string
}

func newFixture(t testing.TB) *fixture {
	t.Helper()
	f := &fixture{t: t, dir: t.TempDir(), now: time.Now().UTC().Truncate(time.Second)}
	f.cfg = &config.Config{
		Tenants: []config.Tenant{{Name: "contoso", ID: contosoID, Domains: []string{"contoso.example"}}},
		Engines: config.Engines{Timeout: time.Second},
	}
	f.open()
	t.Cleanup(func() { f.store.Close(); f.spool.Close() })
	return f
}

func (f *fixture) open() {
	f.t.Helper()
	var err error
	if f.spool, err = spool.Open(filepath.Join(f.dir, "spool"), spool.Options{}); err != nil {
		f.t.Fatal(err)
	}
	if f.store, err = pebble.Open(f.dir, store.Options{}); err != nil {
		f.t.Fatal(err)
	}
	f.Judge, err = New(f.t.Context(), f.cfg, Options{
		Tables: f.store, Records: f.store, Now: func() time.Time { return f.now },
		Scorer: func(*config.Config) score.Options { return score.Options{} },
		Open:   func(r spool.Ref) (Body, error) { return f.spool.Open(context.Background(), r) },
		Away:   func(engine, _ string) { f.away = append(f.away, engine) },
		Tenant: func(id string) (*config.Tenant, bool) { return &f.cfg.Tenants[0], id == contosoID },
	})
	if err != nil {
		f.t.Fatal(err)
	}
}

// again closes everything and opens it from the disk.
func (f *fixture) again() {
	f.t.Helper()
	f.store.Close()
	f.spool.Close()
	f.open()
}

func mail(from, subject, body string) string {
	return "From: " + from + "\r\nTo: bob@contoso.example\r\nSubject: " + subject +
		"\r\nDate: Mon, 2 Nov 2026 10:00:00 +0000\r\n" +
		"Message-ID: <" + subject + "@example.com>\r\n\r\n" + body + "\r\n"
}

// score judges a message of the tenant's.
func (f *fixture) score(text string) score.Result {
	f.t.Helper()
	r, err := f.Score(f.t.Context(), score.Message{Original: strings.NewReader(text), Size: int64(len(text)), Received: f.now,
		Direction: "in", Tenant: &f.cfg.Tenants[0], Recipients: []string{"bob@contoso.example"}, Sender: "bounce@elsewhere.example"})
	if err != nil {
		f.t.Fatal(err)
	}
	return r
}

// received stores a message as C2 does.
func (f *fixture) received(text string) store.Record {
	f.t.Helper()
	f.count++
	body := f.spool.Begin(0, spool.Regular)
	defer body.Release()
	_, _ = body.Write([]byte(text))
	entry := spool.Entry{Body: body}
	if _, err := f.spool.Append([]*spool.Entry{&entry}); err != nil {
		f.t.Fatal(err)
	}
	v := f.score(text).Verdict
	id := fmt.Sprintf("<m%d@example.com>", f.count)
	rec, _, err := f.store.Apply(f.t.Context(), store.Application{Key: id, Item: id, Tenant: contosoID, Network: fmt.Sprintf("network-%d", f.count), Record: store.Record{
		Tenant: contosoID, MessageID: id, Sender: "bounce@elsewhere.example", From: "a@elsewhere.example", Subject: "s", Received: f.now,
		Direction: "inbound", Recipients: []journal.Recipient{{Address: "bob@contoso.example"}}, Verdict: v, FirstHand: true,
		NetworkMessageID: fmt.Sprintf("network-%d", f.count),
		Variants: []store.Variant{{SHA256: id, Report: id, Body: entry.Ref, Section: journal.Section{Size: int64(len(text))},
			Verdict: v, FirstHand: true, At: f.now}},
	}, History: f.observed}, func(store.Record, []store.Intent) []store.Intent { return nil })
	if err != nil {
		f.t.Fatal(err)
	}
	return rec
}

func (f *fixture) audit() []string {
	f.t.Helper()
	acts, err := f.store.Audit(f.t.Context(), store.AuditFilter{})
	if err != nil {
		f.t.Fatal(err)
	}
	var list []string
	for _, a := range acts {
		list = append(list, strings.TrimSpace(a.Who+" "+a.What+" "+a.Object+" "+a.Comment))
	}
	return list
}

func has(r score.Result, id string) bool {
	for _, reason := range r.Reasons {
		if reason.ID == id {
			return true
		}
	}
	return false
}

func (f *fixture) rules(text string) {
	f.t.Helper()
	dir := filepath.Join(f.dir, "rules")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		f.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "own.toml"), []byte(text), 0o600); err != nil {
		f.t.Fatal(err)
	}
	f.cfg.Score.RulesDir = dir
}

func TestPrepare_badRulesLeaveTheOldOnesInForce(t *testing.T) {
	f := newFixture(t)
	f.rules("[[rule]]\nid = \"hello\"\nwhen = 'subject == \"hello\"'\n")
	ready, err := f.Prepare(f.cfg)
	if err != nil {
		t.Fatal(err)
	}
	hello := mail("eve@bad.example", "hello", "hi")
	if has(f.score(hello), "rule.hello") {
		t.Error("rules are in force before they are used")
	}
	ready.Use()
	got := f.score(hello)
	if !has(got, "rule.hello") || got.Disposition != verdict.Clean {
		t.Errorf("a new rule is to be seen and to count nothing: %s %+v", got.Disposition, got.Reasons)
	}
	f.rules("[[rule]]\nid = \"hello\"\nwhen = 'subjct == \"hello\"'\n\n[[rule]]\nid = \"two\"\nwhen = 'from'\n")
	if _, err := f.Prepare(f.cfg); err == nil || !strings.Contains(err.Error(), "own.toml:3:9") ||
		!strings.Contains(err.Error(), "own.toml:7:") {
		t.Errorf("error %v does not name both places", err)
	}
	if !has(f.score(hello), "rule.hello") {
		t.Error("the old rules are not in force any more")
	}
	if _, err := f.AddPolicies(t.Context(), "ada", contosoID, []Policy{{Kind: "block_sender", Pattern: "@x.example"}}); err != nil {
		t.Fatal(err)
	}
	if !has(f.score(hello), "rule.hello") {
		t.Error("a change of policies lost the rules")
	}
}

func TestScore_enginesThatAreAwayDegradeTheVerdict(t *testing.T) {
	f := newFixture(t)
	f.cfg.Engines = config.Engines{ClamAV: filepath.Join(f.dir, "nobody.sock"), SpamAssassin: "127.0.0.1:1", Rspamd: "http://127.0.0.1:1", Timeout: time.Second}
	ready, err := f.Prepare(f.cfg)
	if err != nil {
		t.Fatal(err)
	}
	ready.Use()
	got := f.score(mail("eve@bad.example", "hello", "hi"))
	if got.Disposition != verdict.Clean || len(got.Degraded) != 3 {
		t.Errorf("it is %s, degraded %q; want CLEAN and three names", got.Disposition, got.Degraded)
	}
	if diff := cmp.Diff([]string{"clamav", "rspamd", "spamassassin"}, f.away); diff != "" {
		t.Errorf("told of engines that are away (-want +got):\n%s", diff)
	}
	if why := AskEngines(t.Context(), f.cfg.Engines); len(why) != 3 {
		t.Errorf("a check of the engines finds %q", why)
	}
}

// Messages are judged while policies, corrections and rules change.
func TestScore_whileEverythingChanges(t *testing.T) {
	f := newFixture(t)
	f.rules("[[rule]]\nid = \"hello\"\nwhen = 'subject == \"hello\"'\n")
	rec := f.received(mail("eve@bad.example", "hello", "hi"))
	ctx, cancel := context.WithCancel(t.Context())
	var group sync.WaitGroup
	for range 2 {
		group.Go(func() {
			for ctx.Err() == nil {
				text := mail("eve@bad.example", "hello", "hi")
				r, err := f.Score(t.Context(), score.Message{Original: strings.NewReader(text), Size: int64(len(text)), Direction: "in", Tenant: &f.cfg.Tenants[0]})
				if err != nil || (r.Disposition == verdict.Malicious) != strings.Contains(r.Knowledge, "+policies-") {
					t.Errorf("%s by %s, %v", r.Disposition, r.Knowledge, err)
					return
				}
			}
		})
	}
	for range 5 {
		list, err := f.AddPolicies(t.Context(), "ada", contosoID, []Policy{{Kind: "block_sender", Pattern: "@bad.example"}})
		if err != nil {
			t.Fatal(err)
		}
		ready, err := f.Prepare(f.cfg)
		if err != nil {
			t.Fatal(err)
		}
		ready.Use()
		if _, err := f.Correct(t.Context(), "ada", rec.ID, verdict.Spam, ""); err != nil {
			t.Fatal(err)
		}
		if _, err := f.RemovePolicy(t.Context(), "ada", contosoID, list[0].ID, ""); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	group.Wait()
}
