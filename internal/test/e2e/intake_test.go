package e2e

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"clawback/api"
	"clawback/internal/test/needs"
	"clawback/internal/test/testbed"
)

// rcpt is how the daemon answers RCPT for an address.
func (w *world) rcpt(address string) string {
	w.t.Helper()
	w.conn.Cmd("RSET")
	if err := w.conn.Expect(250, "MAIL FROM:<ndr@archive.example>"); err != nil {
		w.t.Fatal(err)
	}
	reply, err := w.conn.Cmd("RCPT TO:<" + address + ">")
	if err != nil {
		w.t.Fatal(err)
	}
	return reply.String()
}

// waitReply waits until RCPT for an address is answered with this code.
func (w *world) waitReply(address, code string) {
	w.t.Helper()
	w.eventually(func() string {
		if got := w.rcpt(address); !strings.HasPrefix(got, code) {
			return fmt.Sprintf("%s answers %s, want %s", address, got, code)
		}
		return ""
	})
	w.conn.Cmd("RSET")
}

// quarantined waits until an item is in quarantine and its reason says so.
func (w *world) quarantined(id, reason string) {
	w.t.Helper()
	w.eventually(func() string {
		if out := w.must("queue", "list", "--state", "quarantined", "--json"); !strings.Contains(out, id) ||
			!strings.Contains(out, reason) {
			return out
		}
		return ""
	})
}

// A report that names another organisation is kept and alerted, and drives nothing; when a person vouches for it, it is
// worked on as if it had been believed, and the audit says who.
func TestQuarantine_isReplayedWhenTrusted(t *testing.T) {
	w := start(t, contoso)
	report := w.report("01-credential-phish.eml")
	m := w.deliver("sales@contoso.example", "", w.original(report))
	id := w.send(bytes.Replace(report, []byte("X-OriginatorOrg: contoso"), []byte("X-OriginatorOrg: fabrikam"), 1))
	w.quarantined(id, "X-OriginatorOrg")
	if out := w.must("status"); !strings.Contains(out, "1 in quarantine") {
		t.Errorf("status does not show it:\n%s", out)
	}
	if strings.Contains(w.LogTail(), "alert.attribution.failing") {
		t.Error("a stranger's single report raised an alert")
	}
	for n := range 2 { // several are a trouble of ours
		id := w.send(bytes.ReplaceAll(bytes.Replace(report, []byte("X-OriginatorOrg: contoso"),
			[]byte("X-OriginatorOrg: fabrikam"), 1), []byte("<demo-01."), fmt.Appendf(nil, "<other-%d.", n)))
		w.quarantined(id, "X-OriginatorOrg")
		w.must("queue", "discard", "--yes", "--comment", "the same again", id)
	}
	if !strings.Contains(w.LogTail(), "alert.attribution.failing") {
		t.Error("three of three were not believed, and nobody was told")
	}
	w.must("queue", "retry", id)
	w.quarantined(id, "X-OriginatorOrg")
	if w.where(m) != "inbox" || len(w.Receiver.Messages()) > 0 {
		t.Fatal("a report that is not believed moved a message, or was bounced")
	}
	w.must("queue", "retry", "--trust", "--comment", "renamed tenant", id)
	w.eventually(func() string {
		if got := w.where(m); got != deletions {
			return "trusted, and the message is in " + got
		}
		return ""
	})
	if out := w.must("audit", "--json"); !strings.Contains(out, "queue.trust") ||
		!strings.Contains(out, "renamed tenant") {
		t.Errorf("the audit does not say who vouched for it:\n%s", out)
	}
}

// Rotation: the old and the new address take mail side by side; the old one, taken out, is put off until it is retired.
func TestRotation_overlaps(t *testing.T) {
	tenant := contoso
	second := "j-second@" + testbed.Hostname
	tenant.Tables = "\n[[tenant.address]]\naddress = \"" + second + "\"\n"
	w := start(t, tenant)
	w.send(w.report("03-newsletter.eml"))
	w.sendTo(second, w.report("04-colleague.eml"))
	for _, id := range []string{"<demo-03.20261102@news.fabrikam.example>", "<demo-04.20261102@contoso.example>"} {
		w.eventually(func() string {
			if out, err := w.cli("show", id); err != nil {
				return out + err.Error()
			}
			return ""
		})
	}
	if out := w.must("address", "list"); strings.Count(out, "ago") < 2 && strings.Count(out, "now") < 2 {
		t.Errorf("the list does not say when the addresses last took mail:\n%s", out)
	}
	w.edit("\n[[tenant.address]]\naddress = \""+contoso.Journal()+"\"\n", "")
	w.daemonSignal(syscall.SIGHUP)
	w.waitReply(contoso.Journal(), "451")
	w.waitReply(second, "250")
	if !strings.Contains(w.LogTail(), "alert.address.vanished") {
		t.Error("nobody was told that mail comes for an address that is gone")
	}
	if out := w.must("queue", "list", "--state", "ready", "--json"); strings.Contains(out, contoso.Journal()) {
		t.Errorf("something is left of the old address: %s", out)
	}
	w.must("address", "retire", contoso.Journal())
	w.waitReply(contoso.Journal(), "550")
	w.waitReply(second, "250")
}

// A gateway outside an address's regions refuses RCPT for good and tells a person; a record says where else the same
// message may be recorded.
func TestRegions_refusesOutsideAndSaysWhatStaysApart(t *testing.T) {
	tenant := contoso
	abroad := "j-abroad@" + testbed.Hostname
	tenant.Tables = "\n[[tenant.address]]\naddress = \"" + abroad + "\"\nregions = [\"us\"]\n"
	w := prepare(t, tenant)
	w.edit("hostname = ", "region = \"eu\"\nhostname = ")
	w.edit("address = \""+contoso.Journal()+"\"\n", "address = \""+contoso.Journal()+"\"\nregions = [\"eu\", \"us\"]\n")
	w.up()
	if got := w.rcpt(abroad); !strings.HasPrefix(got, "550 5.7.1 ") {
		t.Errorf("outside its regions the address answers %s, want 550 5.7.1", got)
	}
	w.conn.Cmd("RSET")
	if !strings.Contains(w.LogTail(), "alert.region.refused") {
		t.Error("nobody was told")
	}
	w.send(w.report("04-colleague.eml"))
	var m api.Message
	w.eventually(func() string {
		out, err := w.cli("show", "<demo-04.20261102@contoso.example>", "--json")
		if err != nil || json.Unmarshal([]byte(out), &m) != nil {
			return out
		}
		return ""
	})
	want := "what is reported to " + abroad + " is recorded in us, apart from this"
	if m.Record.Region != "eu" || len(m.OtherRegions) != 1 || m.OtherRegions[0] != want {
		t.Errorf("region %q, other regions %q", m.Record.Region, m.OtherRegions)
	}
	if out := w.must("show", "<demo-04.20261102@contoso.example>"); !strings.Contains(out, want) {
		t.Errorf("show does not say so:\n%s", out)
	}
}

// realNDR is a non-delivery report of Exchange Online's, in which the message that it returns is a report.
func realNDR(t *testing.T, name string, report []byte) []byte {
	t.Helper()
	dir, err := os.Getwd()
	for err == nil && dir != "/" {
		if _, missing := os.Stat(filepath.Join(dir, "go.mod")); missing == nil {
			break
		}
		dir = filepath.Dir(dir)
	}
	ndr, err := os.ReadFile(filepath.Join(dir, "..", "shared", "data", "journal-samples", "ndr", name))
	needs.Samples(t, "real non-delivery reports", err)
	ndr = bytes.ReplaceAll(bytes.ReplaceAll(ndr, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))
	head, rest, found := bytes.Cut(ndr, []byte("Content-Type: message/rfc822\r\n"))
	_, rest, bodied := bytes.Cut(rest, []byte("\r\n\r\n"))
	line := bytes.LastIndex(head[:bytes.LastIndex(head, []byte("\r\n--"))+2], []byte("\r\n"))
	delimiter, _, _ := bytes.Cut(head[line+2:], []byte("\r\n"))
	end := bytes.LastIndex(rest, append([]byte("\r\n"), delimiter...))
	if !found || !bodied || end < 0 {
		t.Fatalf("%s has not the shape that was expected", name)
	}
	return bytes.Join([][]byte{head, []byte("Content-Type: message/rfc822\r\n\r\n"), report, rest[end:]}, nil)
}

// In the shapes of Exchange Online's own non-delivery reports, English and Japanese, a report is found, and what
// follows from it waits for a person.
func TestRecovery_realNDRShapes(t *testing.T) {
	for _, name := range []string{"sisimai_lhost-office365-05.eml", "sisimai_lhost-office365-08.eml", "sisimai_lhost-office365-12.eml"} {
		t.Run(name, func(t *testing.T) {
			tenant := contoso
			tenant.Recovery = "recover@" + testbed.Hostname
			w := start(t, tenant)
			report := w.report("01-credential-phish.eml")
			m := w.deliver("sales@contoso.example", "", w.original(report))
			w.sendTo(tenant.Recovery, realNDR(t, name, report))
			var held []api.Intent
			w.eventually(func() string {
				out := w.must("held", "list", "--json")
				if held = listed[api.Intent](t, out); len(held) != 3 {
					return "held: " + out + w.must("queue", "list")
				}
				return ""
			})
			if w.where(m) != "inbox" {
				t.Error("a report that is not first-hand moved something by itself")
			}
		})
	}
}
