package e2e

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"clawback/api"
	"clawback/intel/submission"
	"clawback/internal/test/testbed"
	"clawback/score/learn"
	"clawback/store"
)

const (
	reportAddress = "report-5t2n8@" + testbed.Hostname
	phishMailbox  = "phish@contoso.example"
	newsNetwork   = "c1a00003-0000-4000-8000-000000000003"
)

// reporting is contoso with both ways by which its users can report.
func reporting(more string) testbed.Tenant {
	tenant := contoso
	tenant.Tables = fmt.Sprintf("\n[[tenant.submission]]\naddress = %q\nmailboxes = [%q]\n%s\n", reportAddress,
		phishMailbox, more)
	return tenant
}

// signedIn is what Exchange stamps on mail of somebody who had signed in.
const signedIn = "X-MS-Exchange-CrossTenant-AuthAs: Internal\r\nX-MS-Exchange-CrossTenant-Id: 3f1c2b4a-5d6e-4f70-8192-a3b4c5d6e7f8\r\nX-OriginatorOrg: contoso.onmicrosoft.com\r\n"

// report is a user's mail with a message attached.
func reportOf(from, subject, stamps string, original []byte) []byte {
	return fmt.Appendf(nil, "%sFrom: %s\r\nTo: %s\r\nSubject: %s\r\nDate: Mon, 02 Nov 2026 10:00:00 +0000\r\nMessage-ID: <report-%d@contoso.example>\r\nMIME-Version: 1.0\r\n"+
		"Content-Type: multipart/mixed; boundary=\"out\"\r\n\r\n--out\r\nContent-Type: text/plain\r\n\r\nPlease look.\r\n--out\r\nContent-Type: message/rfc822\r\n\r\n%s\r\n--out--\r\n",
		stamps, from, phishMailbox, subject, len(from+subject), original)
}

// journaled is the journal's report of a mail from one person to the mailbox that users report to.
func (w *world) journaled(from string, mail []byte) []byte {
	report := w.report("04-colleague.eml")
	head, _, _ := bytes.Cut(report, []byte("Content-Type: message/rfc822\r\n\r\n"))
	boundary := report[bytes.LastIndex(report, []byte("\r\n--_")):]
	for old, new := range map[string]string{
		"demo-04.20261102@contoso.example": "journaled@contoso.example", "warehouse@contoso.example": from,
		"To: sales@contoso.example\r\nCc: reception@contoso.example": "To: " + phishMailbox, "c1a01b5c": "c1a01b9c",
	} {
		head = bytes.ReplaceAll(head, []byte(old), []byte(new))
	}
	stamps := "X-MS-Exchange-Organization-AuthAs: Internal\r\nX-MS-Exchange-Organization-Id: 3f1c2b4a-5d6e-4f70-8192-a3b4c5d6e7f8\r\n" +
		"X-MS-Exchange-Organization-Network-Message-Id: c1a00099-0000-4000-8000-000000000099\r\nX-MS-Exchange-Organization-MessageDirectionality: Originating\r\n"
	mail = append([]byte(stamps), bytes.ReplaceAll(mail, []byte("Message-ID: <report-"),
		[]byte("Message-ID: <journaled@contoso.example>\r\nX-Was: <report-"))...)
	return bytes.Join([][]byte{head, []byte("Content-Type: message/rfc822\r\n\r\n"), mail, boundary}, nil)
}

// submissions waits until so many are listed, settled ones included.
func (w *world) submissions(n int) (list []api.Submission) {
	w.t.Helper()
	w.eventually(func() string {
		list = listed[api.Submission](w.t, w.must("submission", "list", "--all", "--json"))
		if len(list) != n {
			return fmt.Sprintf("%d submissions, want %d: %+v", len(list), n, list)
		}
		return ""
	})
	return list
}

// idle waits until nothing is in the queue.
func (w *world) idle() {
	w.t.Helper()
	w.eventually(func() string {
		out := w.must("queue", "list", "--json")
		if items := listed[api.Item](w.t, out); len(items) > 0 {
			return "the queue holds " + out
		}
		return ""
	})
}

func (w *world) sendFrom(sender, rcpt string, mail []byte) {
	w.t.Helper()
	for _, line := range []string{"MAIL FROM:<" + sender + ">", "RCPT TO:<" + rcpt + ">"} {
		if err := w.conn.Expect(250, line); err != nil {
			w.t.Fatal(err)
		}
	}
	w.conn.Send(append(fmt.Appendf(nil, "BDAT %d LAST\r\n", len(mail)), mail...))
	if reply, err := w.conn.Reply(); err != nil || reply.Code != 250 {
		w.t.Fatalf("reply %s, %v", reply, err)
	}
}

// What users report is listed and judged again, and moves nothing, until an administrator says what it is: then it is
// taken out of every mailbox. The same report twice, a kill between, is one.
func TestSubmission_movesNothingUntilAccepted(t *testing.T) {
	w := start(t, reporting(""))
	news := w.report("03-newsletter.eml")
	original := w.original(news)
	delivered := w.deliver("reception@contoso.example", "", original)
	w.send(news)
	before := w.verdict(newsletterID).Record
	mail := reportOf("reception@contoso.example", "3|"+newsNetwork+"|192.0.2.25|news@news.fabrikam.example|(bulbs)",
		signedIn, original)
	w.sendFrom("reception@contoso.example", reportAddress, mail)
	w.submissions(1)
	w.Kill()
	w.up()
	w.sendFrom("reception@contoso.example", reportAddress, mail)
	w.sendFrom("reception@contoso.example", reportAddress, reportOf("reception@contoso.example", "fwd", "", original))
	w.sendFrom("eve@elsewhere.example", reportAddress,
		reportOf("reception@contoso.example", "2|||x", signedIn, original))
	list := w.submissions(3)
	w.idle()
	s := list[0]
	if s.State != submission.Open || s.Record != before.ID || s.Matched != "network message id" ||
		s.Claim != submission.Phish ||
		!s.Recipient || s.Reporter != "reception@contoso.example" || s.Judged.String() != "BULK" ||
		s.Again.String() == "MALICIOUS" || s.Same != 0 || s.Contrary != 0 {
		t.Errorf("the submission is %+v", s)
	}
	for i, why := range map[int]string{1: "signed in", 2: "envelope sender"} {
		found := false
		for _, s := range list[1:] {
			found = found || strings.Contains(s.Unproven, why)
		}
		if !found {
			t.Errorf("%d: no submission is without effect because of its %s: %+v", i, why, list[1:])
		}
	}
	after := w.verdict(newsletterID).Record
	if after.Rev != before.Rev || after.Verdict.Disposition != before.Verdict.Disposition ||
		len(w.outcomes(newsletterID)) > 0 || w.where(delivered) != "inbox" {
		t.Errorf("a user's word changed the record: revision %d and %d, %s; the message is in %s", before.Rev,
			after.Rev, after.Verdict.Disposition, w.where(delivered))
	}
	if out := w.must("status"); !strings.Contains(out, "2 unproven") ||
		!strings.Contains(out, "1 message that users reported waits") {
		t.Errorf("status:\n%s", out)
	}
	if out := w.must("show", newsletterID); !strings.Contains(out, "Reported by users:") ||
		!strings.Contains(out, "reception@contoso.example as phish, open  ("+s.ID+")") {
		t.Errorf("the message's reports are not shown:\n%s", out)
	}
	out := w.must("submission", "accept", s.ID, "--is", "MALICIOUS", "--to", "soft_delete", "--comment", "it lies")
	w.eventually(func() string {
		if got := w.where(delivered); got != deletions {
			return "the message is in " + got + "\n" + out
		}
		return ""
	})
	if out := w.must("submission", "list"); strings.Contains(out, " open ") {
		t.Errorf("it still waits:\n%s", out)
	}
	if out := w.must("feedback", "list"); !strings.Contains(out, "MALICIOUS") || !strings.Contains(out, "it lies") {
		t.Errorf("nothing was learnt:\n%s", out)
	}
	audit := listed[api.Act](t, w.must("audit", "--json"))
	var acts []string
	for _, a := range audit {
		acts = append(acts, a.What)
	}
	acts = slices.DeleteFunc(acts, func(what string) bool { return what == "daemon.start" })
	if got := strings.Join(acts, " "); !strings.HasSuffix(got, "feedback MALICIOUS submission.phish") ||
		strings.Count(got, "submission.") != 1 {
		t.Errorf("the audit says %q", got)
	}
	if out := w.must("submission", "export", s.ID); out != string(mail) {
		t.Errorf("exported are %d octets of %d", len(out), len(mail))
	}
}

// The report button's mailbox is journaled like any other: its mail is a report, and is not taken away for what it
// carries.
func TestSubmission_journaledMailboxIsExempt(t *testing.T) {
	w := start(t, reporting(""))
	phish := w.report("01-credential-phish.eml")
	w.send(phish)
	record := w.verdict(phishID).Record
	w.send(w.journaled("sales@contoso.example",
		reportOf("sales@contoso.example", "3|x|y|z|(w)", "", w.original(phish))))
	s := w.submissions(1)[0]
	if s.Record != record.ID || s.Unproven != "" || s.Via != phishMailbox || s.Reporter != "sales@contoso.example" {
		t.Errorf("the submission is %+v", s)
	}
	carrier := w.verdict("<journaled@contoso.example>")
	for _, in := range carrier.Intents {
		if in.Outcome != store.Skipped || !strings.Contains(in.Reason, "users report to") {
			t.Errorf("the reporting mailbox's copy: %s, %s", in.Outcome, in.Reason)
		}
	}
	if len(carrier.Intents) == 0 {
		t.Error("the user's report was not planned for at all: what it carries was not seen")
	}
	w.must("submission", "dismiss", s.ID[:8], "--comment", "a drill")
	if got := w.submissions(1)[0]; got.State != submission.Dismissed || got.Comment != "a drill" {
		t.Errorf("it is %+v", got)
	}
}

// A trusted reporter's word teaches the classifier, and nothing else; a contradiction takes that back.
func TestSubmission_trustedTeaches(t *testing.T) {
	w := start(t, reporting(`trusted = ["sales@contoso.example"]`))
	news := w.report("03-newsletter.eml")
	w.send(news)
	w.verdict(newsletterID)
	learnt := func(want string) {
		t.Helper()
		if out := w.must("feedback", "export"); !strings.Contains(out, want) {
			t.Errorf("learnt is %.100s, want %s", out, want)
		}
	}
	w.sendFrom("sales@contoso.example", reportAddress,
		reportOf("sales@contoso.example", "1||x|", signedIn, w.original(news)))
	if s := w.submissions(1)[0]; s.State != submission.Taught || s.Claim != submission.Junk {
		t.Errorf("it is %+v", s)
	}
	learnt(`"unwanted":1,"good":0`)
	w.sendFrom("reception@contoso.example", reportAddress,
		reportOf("reception@contoso.example", "2||x|", signedIn, w.original(news)))
	for _, s := range w.submissions(2) {
		if s.State != submission.Open || s.Contrary != 1 {
			t.Errorf("where two contradict: %+v", s)
		}
	}
	learnt(`"unwanted":0,"good":0`)
	if m := w.verdict(newsletterID); m.Record.Pinned != "" || len(m.Intents) > 0 {
		t.Errorf("a reporter's word did more than teach: %+v", m)
	}
}

// An administrator submits files: the record is corrected where one is known, else the copy is learnt.
func TestSubmit_fileOfARecordAndOfNone(t *testing.T) {
	w := start(t, contoso)
	news := w.report("03-newsletter.eml")
	w.send(news)
	record := w.verdict(newsletterID).Record
	file := filepath.Join(t.TempDir(), "mail.eml")
	submit := func(mail []byte, is string) string {
		t.Helper()
		if err := os.WriteFile(file, mail, 0o600); err != nil {
			t.Fatal(err)
		}
		return w.must("submit", file, "--is", is)
	}
	if out := submit(w.original(news), "CLEAN"); !strings.Contains(out, record.ID+" was BULK, and is CLEAN") {
		t.Errorf("of the record's message:\n%s", out)
	}
	if m := w.verdict(newsletterID); m.Record.Pinned != "clean" {
		t.Errorf("it is not pinned: %q", m.Record.Pinned)
	}
	if out := submit(news, "SPAM"); !strings.Contains(out, record.ID+" was BULK, and is SPAM") {
		t.Errorf("of its report:\n%s", out)
	}
	out := submit([]byte("From: Eve <eve@shop.example>\r\nSubject: handbags\r\nMessage-ID: <1@shop.example>\r\n\r\ncheap replica handbags\r\n"), "SPAM")
	if !strings.Contains(out, "No record") || !strings.Contains(out, "2 unwanted and 0 good") {
		t.Errorf("of a message that never came:\n%s", out)
	}
	id := strings.Fields(out[strings.Index(out, "known: ")+len("known: "):])[0]
	w.must("feedback", "withdraw", id, record.ID)
	if out := w.must("feedback", "export"); !strings.Contains(out, `"unwanted":0,"good":0`) {
		t.Errorf("after both were withdrawn: %.100s", out)
	}
	if _, err := w.cli("submit", "/dev/null", "--is", "SPAM"); err == nil {
		t.Error("an empty file was taken")
	}
}

// With its configuration, score judges as the daemon does: by policies that were added and by what was learnt. Without
// the daemon it says what is missing.
func TestScore_judgesAsTheDaemonDoes(t *testing.T) {
	w := start(t, contoso)
	dir := t.TempDir()
	letter := func(name, from, text string) string {
		path := filepath.Join(dir, name)
		mail := fmt.Sprintf("From: %s\r\nTo: sales@contoso.example\r\nSubject: %s\r\nMessage-ID: <%s@x.example>\r\nDate: Mon, 02 Nov 2026 10:00:00 +0000\r\n\r\n%s\r\n", from, name, name, text)
		if err := os.WriteFile(path, []byte(mail), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	good, bad := []string{"submit", "--is", "CLEAN"}, []string{"submit", "--is", "SPAM"}
	for i := range learn.MinEach {
		good = append(good, letter(fmt.Sprintf("good-%d", i), "ada@partner.example",
			"minutes of the committee about turbines and bearings attached below"))
		bad = append(bad, letter(fmt.Sprintf("bad-%d", i), "eve@shop.example", "cheap replica handbags designer outlet discounted wristwatches tonight"))
	}
	w.must(good...)
	if out := w.must(bad...); !strings.Contains(out, "50 unwanted and 50 good messages, and has its say") {
		t.Errorf("after %d of each: %s", learn.MinEach, out[len(out)-200:])
	}
	w.must("policy", "add", "block_sender", "@blocked.example")
	for _, c := range []struct{ file, with, without string }{
		{letter("next", "eve@shop.example", "cheap replica handbags designer outlet discounted wristwatches"), "resembles mail that people of the organisation called unwanted", "CLEAN"},
		{letter("blocked", "eve@blocked.example", "hello"), "MALICIOUS", "CLEAN"},
	} {
		if out := w.must("score", "--config", w.File("clawback.toml"), c.file); !strings.Contains(out, c.with) {
			t.Errorf("with the daemon:\n%s\nwant %s", out, c.with)
		}
		if out := w.must("score", c.file); !strings.Contains(out, c.without) || strings.Contains(out, c.with) {
			t.Errorf("by itself:\n%s\nwant %s", out, c.without)
		}
	}
	w.Kill()
	cmd := exec.Command(binary, "score", "--config", w.File("clawback.toml"), filepath.Join(dir, "blocked"))
	var said bytes.Buffer
	cmd.Stderr = &said
	out, err := cmd.Output()
	if err != nil || !strings.Contains(string(out), "CLEAN") ||
		!strings.Contains(said.String(), "clawback.toml alone") ||
		!strings.Contains(said.String(), "no daemon answers") {
		t.Errorf("without the daemon: %v\n%s\n%s", err, out, &said)
	}
}
