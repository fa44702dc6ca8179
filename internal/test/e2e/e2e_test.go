// Package e2e drives the real program from outside: SMTP in, Microsoft Graph's simulator out, the command line beside
// it.
package e2e

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"clawback/api"
	"clawback/api/client"
	"clawback/internal/test/graphsim"
	"clawback/internal/test/smtpload"
	"clawback/internal/test/testbed"
	"clawback/store"
	"clawback/testdata"
)

var binary string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "clawback-e2e-")
	if err != nil {
		panic(err)
	}
	binary = filepath.Join(dir, "clawback")
	if out, err := exec.Command("go", "build", "-o", binary, "clawback/cmd/clawback").CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "build: %v\n%s", err, out)
		os.Exit(1)
	}
	code := m.Run()
	os.RemoveAll(dir)
	os.Exit(code)
}

var contoso = testbed.Tenant{
	Name: "contoso", ID: "3f1c2b4a-5d6e-4f70-8192-a3b4c5d6e7f8",
	Domains: []string{"contoso.example"}, OriginatorOrg: []string{"contoso.onmicrosoft.com"},
}

// world is a running daemon with a few mailboxes.
type world struct {
	*testbed.Bed
	t    *testing.T
	conn *smtpload.Conn
}

func start(t *testing.T, tenant testbed.Tenant, config ...string) *world {
	t.Helper()
	w := prepare(t, tenant, config...)
	w.up()
	return w
}

// prepare has everything ready but the daemon, whose configuration can still be edited.
func prepare(t *testing.T, tenant testbed.Tenant, config ...string) *world {
	t.Helper()
	bed, err := testbed.New(testbed.Options{Binary: binary, Tenants: []testbed.Tenant{tenant},
		Sim: graphsim.Options{Seed: 1, Rates: graphsim.Calm()}, Config: strings.Join(config, "\n")})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(bed.Close)
	for _, name := range []string{"reception", "sales", "holiday-cover", "finance.lead", "busy", "plant", "warehouse"} {
		bed.Sim.AddUser(graphsim.User{Tenant: tenant.ID, UPN: name + "@contoso.example", Aliases: map[string][]string{"holiday-cover": {"h.holiday@contoso.example"}}[name]})
	}
	return &world{Bed: bed, t: t}
}

func (w *world) up() {
	w.t.Helper()
	if err := w.Start(w.t.Context()); err != nil {
		w.t.Fatalf("%v\n%s", err, w.LogTail())
	}
	conn, err := w.Dial(w.t.Context())
	if err != nil {
		w.t.Fatal(err)
	}
	w.conn = conn
}

func (w *world) report(name string) []byte {
	w.t.Helper()
	data, err := testdata.Demo.ReadFile("demo/" + name)
	if err != nil {
		w.t.Fatal(err)
	}
	return data
}

// original cuts the attached message out of one of the demo's reports.
func (w *world) original(report []byte) []byte {
	_, rest, _ := bytes.Cut(report, []byte("Content-Type: message/rfc822\r\n\r\n"))
	return rest[:bytes.LastIndex(rest, []byte("\r\n--_"))]
}

// send delivers a report and gives the queue's id.
func (w *world) send(report []byte) string {
	w.t.Helper()
	return w.sendTo(contoso.Journal(), report)
}

func (w *world) sendTo(rcpt string, report []byte) string {
	w.t.Helper()
	for _, line := range []string{"MAIL FROM:<ndr@archive.example>", "RCPT TO:<" + rcpt + ">"} {
		if err := w.conn.Expect(250, line); err != nil {
			w.t.Fatal(err)
		}
	}
	w.conn.Send(append(fmt.Appendf(nil, "BDAT %d LAST\r\n", len(report)), report...))
	reply, err := w.conn.Reply()
	if err != nil || reply.Code != 250 {
		w.t.Fatalf("reply %s, %v", reply, err)
	}
	_, id, _ := strings.Cut(reply.String(), "queued as ")
	return strings.TrimSpace(id)
}

func (w *world) deliver(user, folder string, mime []byte) graphsim.Message {
	w.t.Helper()
	m, err := w.Sim.Deliver(graphsim.Delivery{Mailbox: user, Folder: folder, MIME: mime})
	if err != nil {
		w.t.Fatal(err)
	}
	return m
}

// where is the folder a message is in now, and what was done to it.
func (w *world) where(m graphsim.Message) string {
	for _, now := range w.Sim.Messages(m.Mailbox) {
		if now.Key == m.Key {
			return now.Folder
		}
	}
	return "nowhere"
}

// cli runs the command line against the daemon.
func (w *world) cli(args ...string) (string, error) {
	cmd := exec.Command(binary, append(args, "--socket", w.File("control.sock"))...)
	var out, errOut bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err := cmd.Run(); err != nil {
		return out.String(), fmt.Errorf("%w: %s", err, errOut.String())
	}
	return out.String(), nil
}

func (w *world) must(args ...string) string {
	w.t.Helper()
	out, err := w.cli(args...)
	if err != nil {
		w.t.Fatalf("clawback %v: %v", args, err)
	}
	return out
}

// patience is how long a test waits for what must come. It decides how late a failure is told, and nothing else: a busy
// machine takes twenty times as long as an idle one.
const patience = 4 * time.Minute

// eventually waits until check gives "".
func (w *world) eventually(check func() string) {
	w.t.Helper()
	deadline := time.Now().Add(patience)
	for {
		problem := check()
		if problem == "" {
			return
		}
		if time.Now().After(deadline) {
			w.t.Fatalf("%s\n%s", problem, w.LogTail())
		}
		time.Sleep(20 * time.Millisecond)
	}
}

// outcomes are those of a message's intents, by address.
func (w *world) outcomes(key string) map[string]store.Outcome {
	var m api.Message
	got := map[string]store.Outcome{}
	out, err := w.cli("show", key, "--json")
	if err != nil || json.Unmarshal([]byte(out), &m) != nil {
		return got
	}
	for _, in := range m.Intents {
		if in.Kind == store.Retract {
			got[in.Address] = in.Outcome
		}
	}
	return got
}

const (
	phishID    = "<demo-01.20261102@micros0ft-accounts.example>"
	deletions  = "recoverableitemsdeletions"
	outsidesID = "<demo-13.20261102@micros0ft-accounts.example>"
)

// A report sent by SMTP ends with the message out of every internal recipient's sight, and nothing else touched.
func TestRetract_everyInternalRecipient(t *testing.T) {
	w := start(t, contoso)
	report := w.report("13-already-deleted.eml")
	busy := w.deliver("busy@contoso.example", "", w.original(report))
	sales := w.deliver("sales@contoso.example", "A folder of their own", w.original(report))
	bystander := w.deliver("sales@contoso.example", "", w.report("11-good-message.eml"))
	w.send(report)
	want := map[string]store.Outcome{"busy@contoso.example": store.Done, "sales@contoso.example": store.Done, "partner@fabrikam.example": store.Skipped}
	w.eventually(func() string { return cmp.Diff(want, w.outcomes(outsidesID)) })
	for _, m := range []graphsim.Message{busy, sales} {
		if got := w.where(m); got != deletions {
			t.Errorf("%s's message is in %s", m.Mailbox, got)
		}
	}
	for _, m := range w.Sim.Changed() {
		if m.Key == bystander.Key || len(m.Changes) != 1 {
			t.Errorf("%q in %s was changed: %v", m.Subject, m.Mailbox, m.Changes)
		}
	}
	if v := w.Sim.Violations(); len(v) > 0 {
		t.Errorf("violations: %v", v)
	}
}

// Dry run: everything is judged and planned, and nothing is touched.
func TestDryRun_touchesNothing(t *testing.T) {
	tenant := contoso
	w := start(t, tenant)
	w.edit(`mode = "live"`, `mode = "dry-run"`)
	w.must("status")
	w.daemonSignal(syscall.SIGHUP)
	w.eventually(func() string {
		if !strings.Contains(w.must("status"), "dry-run") {
			return "the reload is not in force"
		}
		return ""
	})
	report := w.report("01-credential-phish.eml")
	m := w.deliver("sales@contoso.example", "", w.original(report))
	w.send(report)
	w.eventually(func() string {
		if got := w.outcomes(phishID)["sales@contoso.example"]; got != store.Skipped {
			return fmt.Sprintf("the outcome is %q, want skipped", got)
		}
		return ""
	})
	if got := w.where(m); got != "inbox" || len(w.Sim.Changed()) > 0 {
		t.Errorf("in dry-run the message is in %s; changed: %v", got, w.Sim.Changed())
	}
}

// Restore puts a message back, and the same report judged again does not take it away a second time.
func TestRestore_isNotUndone(t *testing.T) {
	w := start(t, contoso)
	report := w.report("01-credential-phish.eml")
	m := w.deliver("sales@contoso.example", "Projects", w.original(report))
	w.send(report)
	w.eventually(func() string {
		if got := w.where(m); got != deletions {
			return "the message is in " + got
		}
		return ""
	})
	w.must("restore", phishID, "--comment", "false alarm")
	w.eventually(func() string {
		if got := w.where(m); got != "Projects" {
			return "after the restore the message is in " + got
		}
		return ""
	})
	// Another report about the same message.
	w.send(bytes.Replace(report, []byte("@journal.report.generator>"), []byte("x@journal.report.generator>"), 1))
	w.eventually(func() string {
		if out := w.must("status"); !strings.Contains(out, "2 reports processed") {
			return out
		}
		return ""
	})
	time.Sleep(500 * time.Millisecond)
	if got := w.where(m); got != "Projects" {
		t.Errorf("an automatism touched a restored message: it is in %s", got)
	}
	audit := w.must("audit")
	if !strings.Contains(audit, "restore") || !strings.Contains(audit, "false alarm") {
		t.Errorf("the audit does not tell of the restore:\n%s", audit)
	}
}

// An operator can take a message away that the scorer left alone.
func TestRetract_byOperator(t *testing.T) {
	w := start(t, contoso)
	report := w.report("03-newsletter.eml")
	m := w.deliver("reception@contoso.example", "", w.original(report))
	w.send(report)
	const id = "<demo-03.20261102@news.fabrikam.example>"
	w.eventually(func() string {
		if _, err := w.cli("show", id); err != nil {
			return err.Error()
		}
		return ""
	})
	w.must("retract", id, "--to", "junk", "--comment", "nobody wants it")
	w.eventually(func() string {
		if got := w.where(m); got != "junkemail" {
			return "the message is in " + got
		}
		return ""
	})
}

// A forged report is kept and shown, and drives nothing.
func TestForgedReport_drivesNothing(t *testing.T) {
	w := start(t, contoso)
	report := w.report("12-forged.eml")
	m := w.deliver("finance.lead@contoso.example", "", w.report("12-good-message.eml"))
	evil := w.deliver("finance.lead@contoso.example", "", w.original(report))
	id := w.send(report)
	w.eventually(func() string {
		if out := w.must("queue", "list", "--state", "quarantined"); !strings.Contains(out, id) ||
			!strings.Contains(out, "X-OriginatorOrg") {
			return out
		}
		return ""
	})
	if w.where(m) != "inbox" || w.where(evil) != "inbox" || len(w.Sim.Changed()) > 0 {
		t.Error("a forged report moved something")
	}
	var out bytes.Buffer
	if err := client.Export(context.Background(), w.Client, api.ExportItem, api.ItemRef{ID: id}, &out); err != nil || !bytes.Equal(out.Bytes(), report) {
		t.Errorf("the forged report is not kept as it came: %v", err)
	}
}

// edit replaces text in the configuration file.
func (w *world) edit(old, new string) {
	w.t.Helper()
	file := w.File("clawback.toml")
	text, err := os.ReadFile(file)
	if err != nil || !bytes.Contains(text, []byte(old)) {
		w.t.Fatalf("%q is not in the configuration (%v)", old, err)
	}
	if err := os.WriteFile(file, bytes.Replace(text, []byte(old), []byte(new), 1), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

func (w *world) daemonSignal(sig syscall.Signal) {
	w.t.Helper()
	if err := syscall.Kill(w.Pid(), sig); err != nil {
		w.t.Fatal(err)
	}
}

// A broken configuration is refused at reload, with every problem in the log, and the old one stays in force.
func TestReload_keepsTheOldConfiguration(t *testing.T) {
	w := start(t, contoso)
	w.edit(`mode = "live"`, "mode = \"lively\"\ncolour = \"red\"")
	w.daemonSignal(syscall.SIGHUP)
	w.eventually(func() string {
		log := w.LogTail()
		for _, want := range []string{"lively", "colour", "config.refused"} {
			if !strings.Contains(log, want) {
				return "the log does not say " + want
			}
		}
		return ""
	})
	report := w.report("01-credential-phish.eml")
	m := w.deliver("sales@contoso.example", "", w.original(report))
	w.send(report)
	w.eventually(func() string {
		if got := w.where(m); got != deletions {
			return "the old configuration is not in force: the message is in " + got
		}
		return ""
	})
}

// An address that took mail answers 451 after it vanished from the configuration: a typo loses nothing.
func TestReload_vanishedAddressIsTemporary(t *testing.T) {
	w := start(t, contoso)
	w.send(w.report("03-newsletter.eml"))
	w.eventually(func() string {
		if out := w.must("queue", "list", "--json"); strings.TrimSpace(out) != `{"items":[]}` {
			return out
		}
		return ""
	})
	w.edit(contoso.Journal(), "typo-"+contoso.Journal())
	w.daemonSignal(syscall.SIGHUP)
	w.eventually(func() string {
		w.conn.Cmd("RSET")
		w.conn.Expect(250, "MAIL FROM:<ndr@archive.example>")
		reply, err := w.conn.Cmd("RCPT TO:<" + contoso.Journal() + ">")
		if err != nil || reply.Code != 451 {
			return fmt.Sprintf("the vanished address answers %s, %v; want 451", reply, err)
		}
		return ""
	})
	reply, err := w.conn.Cmd("RCPT TO:<never@" + testbed.Hostname + ">")
	if err != nil || reply.Code != 550 {
		t.Errorf("an address that never was answers %s, %v; want 550", reply, err)
	}
}

// SIGTERM finishes what is in hand, and what is not finished is there after the next start.
func TestStop_losesNothing(t *testing.T) {
	w := start(t, contoso)
	report := w.report("05-delivered-late.eml")
	m, err := w.Sim.Deliver(graphsim.Delivery{Mailbox: "sales@contoso.example", MIME: w.original(report), Visible: time.Now().Add(3 * time.Second)})
	if err != nil {
		t.Fatal(err)
	}
	w.send(report)
	w.eventually(func() string {
		if len(w.outcomes("<demo-05.20261102@micros0ft-accounts.example>")) == 0 {
			return "no intent yet"
		}
		return ""
	})
	if err := w.Stop(); err != nil {
		t.Fatalf("stop: %v\n%s", err, w.LogTail())
	}
	w.up()
	w.eventually(func() string {
		if got := w.where(m); got != deletions {
			return "after the restart the message is in " + got
		}
		return ""
	})
}

// The command line says what to do when there is no daemon.
func TestCLI_withoutDaemon(t *testing.T) {
	cmd := exec.Command(binary, "status", "--socket", filepath.Join(t.TempDir(), "none.sock"))
	out, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(out), "no daemon answers") ||
		!strings.Contains(string(out), "systemctl start") {
		t.Errorf("err = %v, output %q", err, out)
	}
}

func TestCLI_checkReportsAllProblems(t *testing.T) {
	file := filepath.Join(t.TempDir(), "clawback.toml")
	os.WriteFile(file, []byte("hostnam = \"x\"\n[smtp]\nmax_message_size = \"big\"\n[[tenant]]\nname = \"a\"\nid = \"no-guid\"\n"), 0o600)
	out, err := exec.Command(binary, "check", "--config", file).CombinedOutput()
	if err == nil {
		t.Fatalf("a broken configuration passes:\n%s", out)
	}
	for _, want := range []string{"hostnam", "hostname", "clawback.toml:3", "max_message_size", "clawback.toml:6", "id"} {
		if !strings.Contains(string(out), want) {
			t.Errorf("the output does not say %q:\n%s", want, out)
		}
	}
}

// A search is retracted as a job, and restored as one.
func TestBulk_retractAndRestore(t *testing.T) {
	w := start(t, contoso)
	report := w.report("04-colleague.eml")
	sales := w.deliver("sales@contoso.example", "", w.original(report))
	reception := w.deliver("reception@contoso.example", "", w.original(report))
	w.send(report)
	w.eventually(func() string {
		if out := w.must("search", "--subject", "pallets"); !strings.Contains(out, "CLEAN") {
			return out
		}
		return ""
	})
	if out, err := w.cli("retract", "--subject", "pallets", "--to", "trash"); err == nil {
		t.Errorf("a job began without anybody's yes:\n%s", out)
	}
	out := w.must("retract", "--subject", "pallets", "--to", "trash", "--comment", "drill", "--yes")
	if !strings.Contains(out, "completed") || !strings.Contains(out, "2 done") {
		t.Errorf("the job says:\n%s", out)
	}
	for _, m := range []graphsim.Message{sales, reception} {
		if got := w.where(m); got != "deleteditems" {
			t.Errorf("%s's message is in %s", m.Mailbox, got)
		}
	}
	w.must("restore", "--query", "subject:pallets since:1h", "--yes")
	for _, m := range []graphsim.Message{sales, reception} {
		if got := w.where(m); got != "inbox" {
			t.Errorf("after the restore %s's message is in %s", m.Mailbox, got)
		}
	}
	if out := w.must("job", "list"); strings.Count(out, "completed") != 2 || !strings.Contains(out, "drill") {
		t.Errorf("the jobs are listed as:\n%s", out)
	}
	if _, err := w.cli("retract", "--subject", "x", "--to", "trash", "rsomething"); err == nil {
		t.Error("ids and a search together are taken")
	}
}

// What a tenant in dry-run would have had done can be looked at.
func TestPreview_showsTheRehearsal(t *testing.T) {
	w := start(t, contoso)
	w.edit(`mode = "live"`, `mode = "dry-run"`)
	w.daemonSignal(syscall.SIGHUP)
	w.eventually(func() string {
		if !strings.Contains(w.must("status"), "dry-run") {
			return "the reload is not in force"
		}
		return ""
	})
	w.send(w.report("01-credential-phish.eml"))
	w.eventually(func() string {
		out := w.must("preview", "--json")
		if strings.Count(out, "it would have been taken to Recoverable Items") != 3 {
			return out
		}
		if out = w.must("preview"); !strings.Contains(out, "1 message in 3 mailboxes: 3 soft_delete") {
			return out
		}
		return ""
	})
}

// Metrics are on the control socket.
func TestMetrics_onTheSocket(t *testing.T) {
	w := start(t, contoso)
	w.send(w.report("03-newsletter.eml"))
	w.eventually(func() string {
		var out bytes.Buffer
		if err := w.Client.Metrics(t.Context(), &out); err != nil {
			return err.Error()
		}
		if !strings.Contains(out.String(), `clawback_reports_total{tenant="contoso"} 1`) {
			return out.String()
		}
		return ""
	})
}

// An address is retired by command, and only when it is no longer configured.
func TestAddress_retire(t *testing.T) {
	w := start(t, contoso)
	w.send(w.report("03-newsletter.eml"))
	if _, err := w.cli("address", "retire", contoso.Journal()); err == nil ||
		!strings.Contains(err.Error(), "still configured") {
		t.Errorf("a configured address was retired: %v", err)
	}
	w.edit(contoso.Journal(), "other-"+contoso.Journal())
	w.eventually(func() string {
		if out := w.must("queue", "list", "--json"); strings.TrimSpace(out) != `{"items":[]}` {
			return out
		}
		return ""
	})
	w.daemonSignal(syscall.SIGHUP)
	w.eventually(func() string {
		if out := w.must("address", "list"); !strings.Contains(out, "451 until it is retired") {
			return out
		}
		return ""
	})
	w.must("address", "retire", contoso.Journal())
	w.conn.Cmd("RSET")
	w.conn.Expect(250, "MAIL FROM:<ndr@archive.example>")
	if reply, err := w.conn.Cmd("RCPT TO:<" + contoso.Journal() + ">"); err != nil || reply.Code != 550 {
		t.Errorf("a retired address answers %s, %v", reply, err)
	}
}

// A non-delivery report that carries a journal report is recovered at the recovery address; what follows from it waits
// for a person, since Exchange itself did not send it. The network message id that it names is not trusted either: the
// message that is found is held once more, for its equal content is a reason to ask and no proof.
func TestRecovery_ndrIsHeldUntilApproved(t *testing.T) {
	tenant := contoso
	tenant.Recovery = "recover@" + testbed.Hostname
	w := start(t, tenant)
	report := w.report("01-credential-phish.eml")
	m := w.deliver("sales@contoso.example", "", w.original(report))
	ndr := "From: <postmaster@contoso.onmicrosoft.com>\r\nTo: <ndr@archive.example>\r\nSubject: Undeliverable: Action required\r\n" +
		"Message-ID: <ndr-1@contoso.onmicrosoft.com>\r\nX-MS-Exchange-Message-Is-Ndr:\r\nAuto-Submitted: auto-replied\r\nMIME-Version: 1.0\r\n" +
		"Content-Type: multipart/report; report-type=delivery-status; boundary=\"ndr\"\r\n\r\n" +
		"--ndr\r\nContent-Type: text/plain\r\n\r\nDelivery has failed.\r\n" +
		"--ndr\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns;x.example\r\n\r\nFinal-Recipient: rfc822;j@x.example\r\nAction: failed\r\nStatus: 5.4.316\r\n\r\n" +
		"--ndr\r\nContent-Type: message/rfc822\r\n\r\n" + string(report) + "\r\n--ndr--\r\n"
	w.sendTo(tenant.Recovery, []byte(ndr))
	var held []api.Intent
	w.eventually(func() string {
		out := w.must("held", "list", "--json")
		if held = listed[api.Intent](t, out); len(held) != 3 {
			return "held: " + out
		}
		return ""
	})
	if w.where(m) != "inbox" {
		t.Fatal("a report that is not first-hand moved something by itself")
	}
	ids := []string{"held", "approve", "--comment", "seen"}
	for _, in := range held {
		ids = append(ids, in.ID)
	}
	w.must(ids...)
	w.eventually(func() string {
		out := w.must("held", "list", "--json")
		if held = listed[api.Intent](t, out); len(held) != 1 || held[0].Code != store.CodeOneID {
			return "held after the approval: " + out
		}
		return ""
	})
	if at := w.where(m); at != "inbox" {
		t.Fatalf("the message was moved to %s without proof", at)
	}
	w.must("held", "approve", held[0].ID, "--comment", "it is the message")
	w.eventually(func() string {
		if got := w.where(m); got != deletions {
			return "approved, and the message is in " + got
		}
		return ""
	})
}

// Mail for postmaster goes to the configured person, as an attachment, byte-exact.
func TestPostmaster_isSentOn(t *testing.T) {
	w := start(t, contoso, "[smtp]", `postmaster = "boss@archive.example"`, "")
	mail := "From: <somebody@fabrikam.example>\r\nSubject: your gateway\r\n\r\nIs it well?\r\n"
	w.sendTo("postmaster", []byte(mail))
	w.eventually(func() string {
		for _, got := range w.Receiver.Messages() {
			if strings.Contains(string(got), "Content-Type: message/rfc822") &&
				strings.Contains(string(got), "\r\n\r\n"+mail) {
				return ""
			}
		}
		return "the mail for postmaster has not arrived"
	})
}

// The demo takes reports of one's own: every recipient has a stated outcome, also where an Exchange names no
// organisation.
func TestDemo_reportsOfOnesOwn(t *testing.T) {
	dir := t.TempDir()
	for _, name := range []string{"01-credential-phish.eml", "03-newsletter.eml"} {
		report, err := testdata.Demo.ReadFile("demo/" + name)
		if err != nil {
			t.Fatal(err)
		}
		os.WriteFile(filepath.Join(dir, name), report, 0o600)
		bare := bytes.ReplaceAll(report, []byte("X-OriginatorOrg:"), []byte("X-Other-Field-1:"))
		bare = bytes.ReplaceAll(bare, []byte(contoso.ID), []byte("00000000-1111-4222-8333-444444444444"))
		os.WriteFile(filepath.Join(dir, "bare-"+name), bare, 0o600)
	}
	out, err := exec.Command(binary, "demo", "--reports", dir).CombinedOutput()
	if err != nil || !strings.Contains(string(out), "Every report has an outcome") ||
		strings.Contains(string(out), "expected") ||
		strings.Count(string(out), "seen  verdict") != 4 {
		t.Errorf("%v\n%s", err, out)
	}
}

// listed are the rows of a list that a command has printed as JSON.
func listed[Row any](t *testing.T, out string) []Row {
	t.Helper()
	var page api.Page[Row]
	if err := json.Unmarshal([]byte(out), &page); err != nil || page.Cut != "" {
		t.Fatalf("a list: %v, cut %q\n%s", err, page.Cut, out)
	}
	return page.Items
}
