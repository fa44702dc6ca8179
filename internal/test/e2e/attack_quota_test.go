package e2e

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"clawback/internal/test/smtpload"
	"clawback/internal/test/testbed"
)

// deliver sends a message to an address and gives the code of the first reply that is no 2xx or 3xx, or 250.
func deliver(c *smtpload.Conn, rcpt string, message []byte) (code int, err error) {
	for _, line := range []string{"RSET", "MAIL FROM:<>", "RCPT TO:<" + rcpt + ">"} {
		r, err := c.Cmd(line)
		if err != nil || r.Code >= 400 {
			return r.Code, err
		}
	}
	if err := c.Send(append(fmt.Appendf(nil, "BDAT %d LAST\r\n", len(message)), message...)); err != nil {
		return 0, err
	}
	r, err := c.Reply()
	return r.Code, err
}

// flood sends so many messages, and counts the replies.
func (w *world) flood(from, rcpt string, messages int, message func(n int) []byte) (codes map[int]int) {
	w.t.Helper()
	codes = map[int]int{}
	c := w.from(from)
	for n := range messages {
		code, err := deliver(c, rcpt, message(n))
		if err != nil || code == 421 { // sent away for its errors
			c = w.from(from)
			code, err = deliver(c, rcpt, message(n))
		}
		if err != nil {
			w.t.Fatalf("message %d: %v\n%s", n, err, w.LogTail())
		}
		codes[code]++
	}
	return codes
}

// floodFromMany sends each message from a network of its own, from the n-th on.
func (w *world) floodFromMany(n int, rcpt string, messages int, message func(n int) []byte) (codes map[int]int) {
	w.t.Helper()
	codes = map[int]int{}
	for i := range messages {
		c := w.from(strangerPeer(n + i))
		code, err := deliver(c, rcpt, message(i))
		if err != nil {
			w.t.Fatalf("message %d: %v\n%s", i, err, w.LogTail())
		}
		codes[code]++
		c.Close()
	}
	return codes
}

const quotas = "postmaster_max_messages = 20\npostmaster_max_bytes = \"256KiB\"\npostmaster_max_size = \"64KiB\"\n" +
	"unattributed_max_messages = 25\nunattributed_max_bytes = \"10MiB\"\n"

// Anybody can write to postmaster: little, and not much, and it takes no room of any report's.
func TestAttack_postmasterFlood(t *testing.T) {
	w := besieged(t, contoso, "[quarantine]", quotas)
	small := func(n int) []byte { return fmt.Appendf(nil, "Subject: %d\r\n\r\nhello\r\n", n) }
	codes := w.floodFromMany(0, "postmaster", 40, small)
	if codes[250] != 20 || codes[452] != 20 {
		t.Errorf("40 small messages are answered %v, want 20 times 250", codes)
	}
	for n := range 5 { // not even from many networks
		if codes := w.flood(strangerPeer(n), "postmaster@"+testbed.Hostname, 2, small); codes[250] > 0 {
			t.Errorf("network %d: %v", n, codes)
		}
	}
	if code, err := deliver(w.from(exchangePeer), "postmaster", small(0)); err != nil || code != 250 {
		t.Errorf("postmaster's mail from Exchange: %d, %v", code, err)
	}
	c := w.from(exchangePeer)
	if code, err := dialogue(c, "MAIL FROM:<> SIZE=65537", "RCPT TO:<postmaster>"); err != nil || code != 552 {
		t.Errorf("a large message for postmaster: %d, %v", code, err)
	}
	if code, err := deliver(w.from(exchangePeer), "postmaster", bytes.Repeat([]byte("x"), 65537)); err != nil ||
		code != 552 {
		t.Errorf("a large message for postmaster, not announced: %d, %v", code, err)
	}
	if code, err := deliver(w.from(strangerPeer(9)), contoso.Journal(), small(0)); err != nil || code != 250 {
		t.Errorf("a report from a network that is not listed: %d, %v", code, err)
	}
	w.exchangeStillDelivers(1)
	if out := w.must("status"); !strings.Contains(out,
		"mail for postmaster from networks that the listener does not name") {
		t.Errorf("status:\n%s", out)
	}
	if text := w.log(); strings.Count(text, "event=quota.reached") != 1 ||
		strings.Contains(text, "alert.quota.reached") {
		t.Errorf("strangers raise an alert, or many lines:\n%s", w.LogTail())
	}
}

// Bytes count as messages do.
func TestAttack_postmasterFloodOfBytes(t *testing.T) {
	w := besieged(t, contoso, "[quarantine]", quotas)
	codes := w.floodFromMany(0, "postmaster", 10, func(int) []byte { return bytes.Repeat([]byte("x"), 60_000) })
	if codes[250] != 3 || codes[452] != 7 { // of what is left nobody gets more than half
		t.Errorf("10 messages of 60 KB are answered %v, want 3 times 250", codes)
	}
	w.exchangeStillDelivers(1)
}

// Mail for postmaster that is sent on at once does not wait, and its bytes stay: it has the quota of a day.
func TestAttack_postmasterFloodThatIsSentOn(t *testing.T) {
	w := besieged(t, contoso, "[smtp]", `postmaster = "boss@archive.example"`, "[quarantine]", quotas)
	codes := w.floodFromMany(0, "postmaster", 30,
		func(n int) []byte { return fmt.Appendf(nil, "Subject: %d\r\n\r\nhello\r\n", n) })
	if codes[250] < 20 || codes[250] > 22 {
		t.Errorf("30 messages are answered %v, want 250 about 20 times", codes)
	}
	w.eventually(func() string {
		if got := len(w.Receiver.Messages()); got < 20 || got > 22 {
			return fmt.Sprintf("%d messages were sent on", got)
		}
		return ""
	})
	w.exchangeStillDelivers(1)
}

// Who learned a journal address and sends from elsewhere fills a quota of that tenant's and network's alone; the alert
// says what to do.
func TestAttack_reportsFromElsewhere(t *testing.T) {
	w := besieged(t, contoso, "[quarantine]", quotas)
	forged := w.report("01-credential-phish.eml")
	codes := w.flood(strangerPeer(40), contoso.Journal(), 30, func(int) []byte { return forged })
	if codes[250] != 13 || codes[452] != 17 {
		t.Errorf("30 forged reports from one network are answered %v, want 13 times 250", codes)
	}
	codes = w.floodFromMany(0, contoso.Journal(), 20, func(int) []byte { return forged })
	if codes[250] != 12 || codes[452] != 8 {
		t.Errorf("20 forged reports from other networks are answered %v, want 12 times 250", codes)
	}
	for n := range 10 {
		w.exchangeStillDelivers(n)
	}
	if code, err := deliver(w.from(strangerPeer(1)), "postmaster", []byte("Subject: x\r\n\r\nx\r\n")); err != nil ||
		code != 250 {
		t.Errorf("postmaster's mail: %d, %v", code, err)
	}
	if n := strings.Count(w.log(), "event=alert.quota.reached"); n != 2 {
		t.Errorf("%d alerts, want one for the share and one for the quota", n)
	}
	w.eventually(func() string { // 25 reports and the mail for postmaster
		out := w.must("status")
		if strings.Contains(out, "mail to the journal addresses of tenant contoso") &&
			strings.Contains(out, "26 in quarantine") {
			return ""
		}
		return "status:\n" + out
	})
	if len(w.Sim.Changed()) > 0 {
		t.Error("a forged report moved something")
	}
	// All of it is one line, and one act to be rid of.
	if out := w.must("queue", "list", "--state", "quarantined"); strings.Count(out, "network") != 1 ||
		!strings.Contains(out, "\n25 ") {
		t.Errorf("25 equal items are listed as:\n%s", out)
	}
	if out := w.must("queue", "list", "--state", "quarantined", "--all"); strings.Count(out, "quarantined") != 26 {
		t.Errorf("each by itself:\n%s", out)
	}
	query := []string{"queue", "discard", "--cause", "network", "--unlisted", "--tenant", "contoso", "--comment", "forged"}
	if out, err := w.cli(query...); err == nil || !strings.Contains(err.Error(), "25 items") ||
		!strings.Contains(err.Error(), "nothing was discarded") {
		t.Errorf("without a yes: %v\n%s", err, out)
	}
	w.must(append(query, "--yes")...)
	if audit := w.must("audit"); strings.Count(audit, "queue.discard") != 1 || !strings.Contains(audit, "25 items") {
		t.Errorf("audit:\n%s", audit)
	}
	if code, err := deliver(w.from(strangerPeer(2)), contoso.Journal(), forged); err != nil || code != 250 {
		t.Errorf("when the quarantine is empty again: %d, %v", code, err)
	}
}

// Another tenant of Exchange Online that learned a journal address shares networks and certificate with the real one.
// What it sends ends at the quota; what the tenant sends does not.
func TestAttack_anotherTenantFillsTheQuarantine(t *testing.T) {
	w := besieged(t, contoso, "[quarantine]", quotas)
	report := w.report("01-credential-phish.eml")
	forged := bytes.Replace(report, []byte("X-OriginatorOrg: contoso"), []byte("X-OriginatorOrg: fabrikam"), 1)
	codes := map[int]int{}
	w.eventually(func() string { // what is in quarantine counts, so that it takes a moment
		for code, n := range w.flood(exchangePeer, contoso.Journal(), 10, func(int) []byte { return forged }) {
			codes[code] += n
		}
		if codes[452] == 0 {
			return "nothing is refused"
		}
		return ""
	})
	if codes[250] < 25 || codes[250] > 100 {
		t.Errorf("forged reports are answered %v, want some 25 times 250", codes)
	}
	if codes := w.flood(exchangePeer, contoso.Journal(), 10, func(int) []byte { return forged }); codes[250] > 0 {
		t.Errorf("beyond the quota: %v", codes)
	}
	for n := range 20 {
		w.exchangeStillDelivers(n)
	}
	for _, trick := range [][2]string{
		{"X-OriginatorOrg: fabrikam", "X-OriginatorOrg: contoso.onmicrosoft.com\r\nX-OriginatorOrg: fabrikam"},
		{"X-OriginatorOrg: fabrikam", "X-Other: fabrikam"},
		{"X-OriginatorOrg: fabrikam", "X-OriginatorOrg: conto\u017fo"},
		{"X-LD-Processed: ", "X-LD-Processed: 99999999-5d6e-4f70-8192-a3b4c5d6e7f8\r\nX-Other: "},
	} {
		message := bytes.Replace(forged, []byte(trick[0]), []byte(trick[1]), 1)
		if code, err := deliver(w.from(exchangePeer), contoso.Journal(), message); err != nil || code != 452 {
			t.Errorf("%q: %d, %v", trick[1], code, err)
		}
	}
}

// To a recovery address nothing proves where mail comes from: one network that is noisy has half of a day's quota, and
// others send on beside it.
func TestAttack_recoveryFlood(t *testing.T) {
	tenant := contoso
	tenant.Recovery = "back@" + testbed.Hostname
	w := besieged(t, tenant, "[quarantine]", quotas)
	mail := func(n int) []byte { return fmt.Appendf(nil, "Subject: %d\r\n\r\nhello\r\n", n) }
	for _, peer := range []string{strangerPeer(0), exchangePeer} {
		if codes := w.flood(peer, tenant.Recovery, 40, mail); codes[250] != 13 || codes[452] != 27 {
			t.Errorf("40 messages from %s are answered %v, want 13 times 250", peer, codes)
		}
	}
	if codes := w.floodFromMany(1, tenant.Recovery, 10, mail); codes[250] != 10 {
		t.Errorf("beside a noisy network others are answered %v", codes)
	}
	w.exchangeStillDelivers(1)
	if n := strings.Count(w.log(), "event=alert.quota.reached"); n != 2 {
		t.Errorf("%d alerts, want one for each network set", n)
	}
}

// Another tenant of Exchange Online writes to the address where users report: what is not of the organisation has the
// quota of a day. Reports of mail, and what users report, go on.
func TestAttack_unprovenSubmissions(t *testing.T) {
	tenant := reporting("")
	w := besieged(t, tenant, "[quarantine]", quotas)
	forged := []byte("From: user@contoso.example\r\nX-OriginatorOrg: fabrikam.onmicrosoft.com\r\nSubject: this is phish\r\n\r\nlook\r\n")
	codes := w.flood(exchangePeer, reportAddress, 60, func(int) []byte { return forged })
	if codes[250] != 25 || codes[452] != 35 {
		t.Errorf("60 forged ones are answered %v, want 25 times 250", codes)
	}
	own := append([]byte(signedIn), bytes.Replace(forged, []byte("X-OriginatorOrg: fabrikam.onmicrosoft.com\r\n"), nil,
		1)...)
	if codes := w.flood(exchangePeer, reportAddress, 5, func(int) []byte { return own }); codes[250] != 5 {
		t.Errorf("the organisation's own are answered %v", codes)
	}
	w.exchangeStillDelivers(1)
	if n := strings.Count(w.log(), "event=alert.quota.reached"); n != 1 {
		t.Errorf("%d alerts, want 1", n)
	}
}
