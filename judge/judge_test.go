package judge

import (
	"bytes"
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
	"clawback/verdict"
)

const contosoID = "3f1c2b4a-5d6e-4f70-8192-a3b4c5d6e7f8"

// fixture is a judge over a real store and spool.
type fixture struct {
	*Judge
	t     *testing.T
	dir   string
	cfg   *config.Config
	store *store.Store
	spool *spool.Spool
	now   time.Time
	count int
	away  []string
}

func newFixture(t *testing.T) *fixture {
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
	if f.store, err = store.Open(f.dir, store.Options{}); err != nil {
		f.t.Fatal(err)
	}
	f.Judge, err = New(f.cfg, Options{
		Values: f.store, Records: f.store, Now: func() time.Time { return f.now },
		Scorer: func(*config.Config) score.Options { return score.Options{} },
		Open:   func(r spool.Ref) (Body, error) { return f.spool.Open(r) },
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
	return "From: " + from + "\r\nTo: bob@contoso.example\r\nSubject: " + subject + "\r\nDate: Mon, 2 Nov 2026 10:00:00 +0000\r\n" +
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
	refs, err := f.spool.AppendBatch([][]byte{[]byte(text)})
	if err != nil {
		f.t.Fatal(err)
	}
	v := f.score(text).Verdict
	id := fmt.Sprintf("<m%d@example.com>", f.count)
	rec, _, err := f.store.Apply(f.t.Context(), store.Application{Key: id, Item: id, Tenant: contosoID, Network: fmt.Sprintf("network-%d", f.count), Record: store.Record{
		Tenant: contosoID, MessageID: id, Sender: "bounce@elsewhere.example", From: "a@elsewhere.example", Subject: "s", Received: f.now,
		Direction: "inbound", Recipients: []journal.Recipient{{Address: "bob@contoso.example"}}, Verdict: v, FirstHand: true,
		NetworkMessageID: fmt.Sprintf("network-%d", f.count),
		Variants: []store.Variant{{SHA256: id, Report: id, Body: refs[0], Section: journal.Section{Size: int64(len(text))},
			Verdict: v, FirstHand: true, At: f.now}},
	}}, func(store.Record, []store.Intent) []store.Intent { return nil })
	if err != nil {
		f.t.Fatal(err)
	}
	return rec
}

func (f *fixture) audit() []string {
	f.t.Helper()
	acts, err := f.store.Audit(store.AuditFilter{})
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

func TestAddPolicies_countForTheNextMessageAndAfterARestart(t *testing.T) {
	f := newFixture(t)
	hello := mail("Eve <eve@bad.example>", "hello", "How are you?")
	if got := f.score(hello); got.Disposition != verdict.Clean {
		t.Fatalf("without policies it is %s", got.Disposition)
	}
	before := f.score(hello).Knowledge
	list, err := f.AddPolicies(t.Context(), "ada", contosoID, []Policy{{Kind: "block_sender", Pattern: "@Bad.example", Note: "ticket 7"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, when := range []string{"at once", "after a restart"} {
		got := f.score(hello)
		if got.Disposition != verdict.Malicious || !has(got, "policy.block_sender") {
			t.Errorf("%s it is %s: %+v", when, got.Disposition, got.Reasons)
		}
		if got.Knowledge == before {
			t.Errorf("%s the verdict does not tell by its version that other policies made it", when)
		}
		f.again()
	}
	if _, err := f.RemovePolicy(t.Context(), "ada", contosoID, list[0].ID, "mistake"); err != nil {
		t.Fatal(err)
	}
	if got := f.score(hello); got.Disposition != verdict.Clean || got.Knowledge != before {
		t.Errorf("after the policy was removed it is %s by %s", got.Disposition, got.Knowledge)
	}
	want := []string{"ada policy.remove " + list[0].ID + " block_sender @bad.example: mistake", "ada policy.add " + list[0].ID + " block_sender @bad.example"}
	if got := f.audit(); strings.Join(got, "|") != strings.Join(want, "|") {
		t.Errorf("the audit says %q, want %q", got, want)
	}
}

func TestAddPolicies_allOrNone(t *testing.T) {
	f := newFixture(t)
	_, err := f.AddPolicies(t.Context(), "ada", contosoID, []Policy{
		{Kind: "block_sender", Pattern: "@bad.example"}, {Kind: "block_sender", Pattern: "nonsense"}, {Kind: "forbid", Pattern: "@x.example"},
	})
	if err == nil || !strings.Contains(err.Error(), "policy 2") || !strings.Contains(err.Error(), "policy 3") {
		t.Errorf("error %v does not name both that are wrong", err)
	}
	f.again()
	if list, _ := f.Policies(contosoID); len(list) != 0 {
		t.Errorf("some were kept: %+v", list)
	}
	if got := f.audit(); len(got) != 0 {
		t.Errorf("the audit says %q", got)
	}
}

func TestAddPolicies_twiceIsOncePolicyWithTheLaterNote(t *testing.T) {
	f := newFixture(t)
	f.cfg.Tenants[0].Policies = []config.Policy{{Kind: "trust_sender", Pattern: "@good.example", Field: "any"}}
	for _, note := range []string{"first", "second"} {
		if _, err := f.AddPolicies(t.Context(), "ada", contosoID, []Policy{{Kind: "block_content", Pattern: "gift card", Field: "subject", Note: note}}); err != nil {
			t.Fatal(err)
		}
	}
	list, err := f.Policies(contosoID)
	if err != nil || len(list) != 2 || !list[0].InFile() || list[1].InFile() || list[1].Note != "second" {
		t.Errorf("policies %+v, %v", list, err)
	}
	if _, err := f.RemovePolicy(t.Context(), "ada", contosoID, list[0].ID, ""); err == nil || !strings.Contains(err.Error(), "configuration") {
		t.Errorf("removing one that stands in the file: %v", err)
	}
	if _, err := f.AddPolicies(t.Context(), "ada", "other", nil); err == nil {
		t.Error("policies of a tenant that nobody knows were taken")
	}
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
	if _, err := f.Prepare(f.cfg); err == nil || !strings.Contains(err.Error(), "own.toml:3:9") || !strings.Contains(err.Error(), "own.toml:7:") {
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

func TestBacktest_saysWhatEachRuleWouldHaveDone(t *testing.T) {
	f := newFixture(t)
	var hits []string
	for i := range 7 {
		hits = append(hits, f.received(mail("eve@shop.example", fmt.Sprint("Lottery ", i), "hello there")).ID)
	}
	f.received(mail("ada@partner.example", "Minutes", "hello there"))
	files := map[string]string{"try.toml": "[[rule]]\nid = \"lottery\"\nwhen = 'subject startsWith \"Lottery\"'\nspam = 5.5\n\n" +
		"[[rule]]\nid = \"never\"\nwhen = 'subject == \"x\"'\nhard = true\n\n[[rule]]\nid = \"seen\"\nwhen = 'text contains \"there\"'\n"}
	got, err := f.Backtest(t.Context(), BacktestOrder{Since: f.now.Add(-time.Hour), Files: files})
	if err != nil {
		t.Fatal(err)
	}
	if got.Messages != 8 || got.Unreadable != 0 || got.More || len(got.Rules) != 3 {
		t.Fatalf("backtest %+v", got)
	}
	lottery, never, seen := got.Rules[0], got.Rules[1], got.Rules[2]
	if lottery.Matched != 7 || lottery.By["CLEAN"] != 7 || lottery.Changed["CLEAN to SPAM"] != 7 || len(lottery.Samples) != maxSamples {
		t.Errorf("lottery: %+v", lottery)
	}
	for _, s := range lottery.Samples {
		if !strings.Contains(strings.Join(hits, " "), s.Record) || s.Would != verdict.Spam {
			t.Errorf("sample %+v", s)
		}
	}
	if never.Matched != 0 || len(never.Changed) != 0 {
		t.Errorf("never: %+v", never)
	}
	if seen.Matched != 8 || len(seen.Changed) != 0 {
		t.Errorf("seen: %+v", seen)
	}
	if rec, err := f.store.Record(hits[0]); err != nil || rec.Verdict.Disposition != verdict.Clean {
		t.Errorf("a backtest changed a record: %+v, %v", rec.Verdict, err)
	}
	limited, err := f.Backtest(t.Context(), BacktestOrder{Since: f.now.Add(-time.Hour), Files: files, Limit: 3, Rules: []string{"seen"}})
	if err != nil || limited.Messages != 3 || !limited.More || len(limited.Rules) != 1 {
		t.Errorf("with a limit: %+v, %v", limited, err)
	}
}

func TestBacktest_saysWhatItCannotDo(t *testing.T) {
	f := newFixture(t)
	if _, err := f.Backtest(t.Context(), BacktestOrder{}); err == nil || !strings.Contains(err.Error(), "rules_dir") {
		t.Errorf("without rules: %v", err)
	}
	_, err := f.Backtest(t.Context(), BacktestOrder{Files: map[string]string{"a.toml": "[[rule]]\nid = \"a\"\nwhen = '1 + '\n"}})
	if err == nil || !strings.Contains(err.Error(), "a.toml:3") {
		t.Errorf("a wrong rule: %v", err)
	}
	f.received(mail("eve@shop.example", "Lottery", "hello"))
	err = filepath.WalkDir(filepath.Join(f.dir, "spool"), func(path string, entry os.DirEntry, err error) error {
		if err == nil && !entry.IsDir() {
			err = os.Remove(path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	got, err := f.Backtest(t.Context(), BacktestOrder{Files: map[string]string{"a.toml": "[[rule]]\nid = \"a\"\nwhen = 'true'\n"}})
	if err != nil || got.Unreadable != 1 || got.Messages != 0 {
		t.Errorf("without the original: %+v, %v", got, err)
	}
	f.testing.Lock()
	if _, err := f.Backtest(t.Context(), BacktestOrder{}); err == nil || !strings.Contains(err.Error(), "under way") {
		t.Errorf("a second one at a time: %v", err)
	}
	f.testing.Unlock()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	f.received(mail("eve@shop.example", "Lottery", "hello"))
	if _, err := f.Backtest(ctx, BacktestOrder{Files: map[string]string{"a.toml": "[[rule]]\nid = \"a\"\nwhen = 'true'\n"}}); err == nil {
		t.Error("a backtest that was given up ended as if it were whole")
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

func FuzzReadCSV(f *testing.F) {
	f.Add([]byte("kind,pattern\nblock_sender,@bad.example\n"))
	f.Add([]byte("\ufeffkind;pattern;verify\ntrust_sender;\"/a;b/\";true\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		list, err := ReadCSV(bytes.NewReader(data))
		if err != nil {
			return
		}
		var out bytes.Buffer
		if err := WriteCSV(&out, list); err != nil {
			t.Fatal(err)
		}
		again, err := ReadCSV(&out)
		if err != nil || len(again) != len(list) {
			t.Fatalf("%d policies written are %d when read again: %v", len(list), len(again), err)
		}
	})
}
