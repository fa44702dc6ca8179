package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"clawback/api"
	"clawback/store"
)

const newsletterID = "<demo-03.20261102@news.fabrikam.example>"

// verdict waits for a message's record and gives what the command line says of it.
func (w *world) verdict(key string) (m api.Message) {
	w.t.Helper()
	w.eventually(func() string {
		out, err := w.cli("show", key, "--json")
		if err != nil {
			return err.Error()
		}
		if err := json.Unmarshal([]byte(out), &m); err != nil {
			w.t.Fatal(err)
		}
		return ""
	})
	return m
}

func because(m api.Message, id string) bool {
	for _, r := range m.Record.Verdict.Reasons {
		if r.ID == id {
			return true
		}
	}
	return false
}

// another is a report of the same mail as another message.
func another(report []byte, n int) []byte {
	for _, part := range []string{"demo-0", "c1a0"} {
		report = bytes.ReplaceAll(report, []byte(part), fmt.Appendf(nil, "%s%d", part[:len(part)-1], n))
	}
	return report
}

// A policy that an operator adds blocks the next message, outlives a kill, and stands in the audit under the operator's
// name.
func TestPolicy_blocksTheNextMessage(t *testing.T) {
	w := start(t, contoso)
	w.must("policy", "add", "block_sender", "@fabrikam.example", "--note", "ticket 7")
	w.Kill()
	w.up()
	w.send(w.report("03-newsletter.eml"))
	m := w.verdict(newsletterID)
	if got := m.Record.Verdict.Disposition.String(); got != "MALICIOUS" || !because(m, "policy.block_sender") {
		t.Errorf("it is %s, because of %+v", got, m.Record.Verdict.Reasons)
	}
	if out := w.must("show", newsletterID); !strings.Contains(out, "By policy:\n") ||
		!strings.Contains(out, "ticket 7") {
		t.Errorf("the policy is not explained:\n%s", out)
	}
	list := listed[api.Policy](t, w.must("policy", "list", "--json"))
	if len(list) != 1 {
		t.Fatalf("policies %+v", list)
	}
	w.must("policy", "remove", list[0].ID, "--comment", "closed")
	audit := listed[api.Act](t, w.must("audit", "--json"))
	audit = slices.DeleteFunc(audit, func(a api.Act) bool { return a.What == "daemon.start" })
	if len(audit) != 2 {
		t.Fatalf("audit %+v", audit)
	}
	if a := audit[0]; a.What != "policy.remove" || a.Who == "" || a.Object != list[0].ID ||
		!strings.Contains(a.Comment, "closed") {
		t.Errorf("the audit says %+v", a)
	}
}

// What is exported as CSV can be imported again; a file with a mistake is not imported at all; test says which are met.
func TestPolicy_csvAndTest(t *testing.T) {
	w := start(t, contoso)
	csv := func(name, text string) string {
		path := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	if _, err := w.cli("policy", "import",
		csv("bad.csv", "kind,pattern\nblock_sender,@a.example\nblock_sender,nobody\n")); err == nil ||
		!strings.Contains(err.Error(), "line 3") {
		t.Errorf("a mistake in a file: %v", err)
	}
	if out := w.must("policy", "list", "--json"); strings.TrimSpace(out) != `{"items":[]}` {
		t.Errorf("half of the file is there: %s", out)
	}
	w.must("policy", "import", csv("good.csv", "kind,pattern,verify,note,expires\naccept_sender,@fabrikam.example,,\"garden, and more\",2099-01-31\ntrust_sender,@partner.example,true,,\n"))
	exported := w.must("policy", "export")
	if !strings.Contains(exported, `"accept_sender","'@fabrikam.example","","","garden, and more","2099-01-31T00:00:00Z"`) {
		t.Errorf("exported:\n%s", exported)
	}
	w.must("policy", "import", csv("again.csv", exported))
	if again := w.must("policy", "export"); strings.Count(again, "\n") != 3 {
		t.Errorf("imported twice it is:\n%s", again)
	}
	mail := filepath.Join(t.TempDir(), "mail.eml")
	if err := os.WriteFile(mail, w.report("03-newsletter.eml"), 0o600); err != nil {
		t.Fatal(err)
	}
	if out := w.must("policy", "test", mail); !strings.Contains(out, "accept_sender    @fabrikam.example: decides") {
		t.Errorf("policy test says:\n%s", out)
	}
	w.edit("[[tenant.address]]", "[[tenant.policy]]\nkind = \"block_sender\"\npattern = \"@fabrikam.example\"\n\n[[tenant.policy]]\nkind = \"trust_sender\"\n"+
		"pattern = \"@fabrikam.example\"\nexpires = 2020-01-01\n\n[[tenant.address]]")
	for tenant, want := range map[string]string{"contoso": "MALICIOUS", "nobody": "error"} {
		out, err := w.cli("score", "--config", w.File("clawback.toml"), "--tenant", tenant, mail)
		if err != nil {
			out = "error"
		}
		if !strings.Contains(out, want) {
			t.Errorf("by the configuration of tenant %s it is:\n%s\nwant %s", tenant, out, want)
		}
	}
}

// Rules come into force by a reload; a wrong file leaves the old ones; a backtest tells what they would do and does not
// do it.
func TestRules_reloadAndBacktest(t *testing.T) {
	w := start(t, contoso)
	write := func(text string) {
		t.Helper()
		os.Mkdir(w.File("rules"), 0o700)
		if err := os.WriteFile(w.File("rules/own.toml"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write("[[rule]]\nid = \"garden\"\nwhen = 'lower(subject) contains \"garden\"'\nspam = 5.5\n")
	w.edit("[[listener]]", "[score]\nrules_dir = \"rules\"\n\n[[listener]]")
	w.daemonSignal(syscall.SIGHUP)
	w.eventually(func() string {
		if out := w.must("rules", "list"); !strings.Contains(out, "garden  observe") {
			return "the rule is not in force: " + out
		}
		return ""
	})
	write("[[rule]]\nid = \"garden\"\nmode = \"act\"\nwhen = 'lower(subjet) contains \"garden\"'\n")
	w.daemonSignal(syscall.SIGHUP)
	w.eventually(func() string {
		if log := w.LogTail(); !strings.Contains(log, "own.toml:4:15: rule garden") {
			return "the log does not name file, line and column"
		}
		return ""
	})
	w.send(w.report("03-newsletter.eml"))
	if m := w.verdict(newsletterID); m.Record.Verdict.Disposition.String() != "BULK" || !because(m, "rule.garden") {
		t.Errorf("a rule that only observes: %+v", m.Record.Verdict)
	}
	var b api.BacktestResult
	if err := json.Unmarshal([]byte(w.must("rules", "backtest", "--since", "1d", "--json")), &b); err != nil {
		t.Fatal(err)
	}
	if len(b.Rules) != 1 || b.Messages != 1 || b.Rules[0].Changed["BULK to SPAM"] != 1 || b.Rules[0].By["BULK"] != 1 {
		t.Errorf("backtest %+v", b)
	}
	if m := w.verdict(newsletterID); m.Record.Verdict.Disposition.String() != "BULK" {
		t.Error("the backtest changed the record")
	}
}

// An operator's word that a message is clean calls off what was planned, pins the record, and is kept for the
// classifier.
func TestFeedback_cleanCallsOff(t *testing.T) {
	w := start(t, contoso)
	w.send(w.report("01-credential-phish.eml")) // in no mailbox yet: the intents wait for it
	if m := w.verdict(phishID); m.Record.Verdict.Disposition.String() != "MALICIOUS" {
		t.Fatalf("it is %s", m.Record.Verdict.Disposition)
	}
	w.must("feedback", phishID, "--is", "CLEAN", "--comment", "it was a drill")
	w.eventually(func() string {
		for address, outcome := range w.outcomes(phishID) {
			if outcome != store.Skipped {
				return address + " is " + string(outcome)
			}
		}
		return ""
	})
	m := w.verdict(phishID)
	if m.Record.Pinned != "clean" || m.Correction == nil || m.Correction.Comment != "it was a drill" ||
		m.Correction.By == "" {
		t.Errorf("pinned %q, feedback %+v", m.Record.Pinned, m.Correction)
	}
	w.Kill()
	w.up()
	if out := w.must("feedback", "export"); !strings.Contains(out, `"good":1`) {
		t.Errorf("what was learnt did not outlive a kill: %.200s", out)
	}
	w.must("feedback", "reset", "--yes")
	if out := w.must("feedback", "export"); !strings.Contains(out, `"good":0`) {
		t.Errorf("after a reset: %.200s", out)
	}
}

// clamd is a ClamAV daemon that finds a mark in what it is sent.
func clamd(t *testing.T, mark string) (socket string) {
	socket = filepath.Join(t.TempDir(), "clamd")
	ln, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			answer := "stream: OK\x00"
			if strings.Contains(instream(conn), mark) {
				answer = "stream: Test.Signature FOUND\x00"
			}
			io.WriteString(conn, answer)
			conn.Close()
		}
	}()
	return socket
}

func instream(r io.Reader) string {
	var body bytes.Buffer
	io.CopyN(io.Discard, r, int64(len("zINSTREAM\x00")))
	var size [4]byte
	for {
		if _, err := io.ReadFull(r, size[:]); err != nil || size == [4]byte{} {
			return body.String()
		}
		io.CopyN(&body, r, int64(size[0])<<24|int64(size[1])<<16|int64(size[2])<<8|int64(size[3]))
	}
}

// A hit of ClamAV is enough by itself; an engine that is away is named in the verdict and stops nothing.
func TestEngines_hitAndAbsence(t *testing.T) {
	w := start(t, contoso)
	w.edit("[[listener]]", fmt.Sprintf("[engines]\nclamav = %q\nspamassassin = \"127.0.0.1:1\"\ntimeout = \"2s\"\n\n[[listener]]", clamd(t, "this is the mark")))
	w.daemonSignal(syscall.SIGHUP)
	w.eventually(func() string {
		if !strings.Contains(w.LogTail(), "config.reloaded") {
			return "not reloaded"
		}
		return ""
	})
	report := w.report("03-newsletter.eml")
	w.send(report)
	m := w.verdict(newsletterID)
	if v := m.Record.Verdict; v.Disposition.String() != "BULK" || len(v.Degraded) != 1 ||
		!strings.HasPrefix(v.Degraded[0], "spamassassin: ") {
		t.Errorf("without a hit it is %s, degraded %q", v.Disposition, v.Degraded)
	}
	w.send(bytes.Replace(another(report, 7), []byte("November in"), []byte("this is the mark"), 1))
	m = w.verdict(strings.Replace(newsletterID, "demo-03", "demo-73", 1))
	if got := m.Record.Verdict.Disposition.String(); got == "MALICIOUS" {
		t.Errorf("the mark stands in the report's header, not in the message, and it is %s", got)
	}
	marked := bytes.Replace(another(report, 8), []byte("November in"), []byte("this is the mark"), -1)
	w.send(marked)
	m = w.verdict(strings.Replace(newsletterID, "demo-03", "demo-83", 1))
	if got := m.Record.Verdict.Disposition.String(); got != "MALICIOUS" || !because(m, "engine.virus") {
		t.Errorf("with a hit it is %s: %+v", got, m.Record.Verdict.Reasons)
	}
}

// score reads reports, folders and mailboxes without a daemon, and answers in the order of its arguments, one object a
// line.
func TestScore_inOrderAsJSON(t *testing.T) {
	w := &world{t: t}
	dir := t.TempDir()
	for _, name := range []string{"01-credential-phish.eml", "03-newsletter.eml", "04-colleague.eml"} {
		if err := os.WriteFile(filepath.Join(dir, name), w.report(name), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	printed, err := exec.Command(binary, "score", "--json", filepath.Join(dir, "04-colleague.eml"), dir,
		"/nonexistent").Output()
	if err == nil {
		t.Error("a file that is not there is no error")
	}
	var got []string
	for line := range strings.Lines(string(printed)) {
		var r struct {
			File, Disposition, Error string
			Score                    *float64
			Reasons                  []struct{ ID, Family, Text string }
		}
		if err := json.Unmarshal([]byte(line), &r); err != nil {
			t.Fatalf("%v: %s", err, line)
		}
		if r.Error == "" && (r.Score == nil || len(r.Reasons) == 0 || r.Reasons[0].ID == "" ||
			r.Reasons[0].Family == "" || r.Reasons[0].Text == "") {
			t.Errorf("line without its parts: %s", line)
		}
		got = append(got, filepath.Base(r.File)+" "+r.Disposition)
	}
	want := "04-colleague.eml CLEAN|01-credential-phish.eml MALICIOUS|03-newsletter.eml BULK|04-colleague.eml CLEAN|nonexistent UNSCORED"
	if strings.Join(got, "|") != want {
		t.Errorf("got %q, want %q", strings.Join(got, "|"), want)
	}
}
