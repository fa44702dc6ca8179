package e2e

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"clawback/internal/test/smtpload"
	"clawback/internal/test/testbed"
)

// Attacks that use up all that the port has at once, quotas and sessions and space.

// Postmaster's quota is used up, the quarantine is full of what strangers and another tenant forged, so is what users
// report; strangers hold all the sessions that they get, in each of the ways in which one can be held. Exchange's own
// mail is accepted all the same, of whichever size and by whichever command, and so is what the organisation reports.
func TestAttack_allQuotasAreUsedUp(t *testing.T) {
	tenant := reporting("")
	w := besieged(t, tenant, "[smtp]", "max_sessions = 64", "max_sessions_per_network = 4", `max_memory = "8MiB"`, "",
		"[quarantine]", quotas)
	forged := w.report("01-credential-phish.eml")
	small := func(n int) []byte { return fmt.Appendf(nil, "Subject: %d\r\n\r\nhello\r\n", n) }
	own := []byte(signedIn + "From: user@contoso.example\r\nSubject: this is phish\r\n\r\nlook\r\n")
	foreign := []byte("X-OriginatorOrg: fabrikam.onmicrosoft.com\r\nSubject: this is phish\r\n\r\nlook\r\n")

	w.floodFromMany(0, "postmaster", 25, small)
	w.floodFromMany(30, tenant.Journal(), 40, func(int) []byte { return forged })
	w.floodFromMany(80, reportAddress, 40, func(int) []byte { return foreign })
	w.flood(exchangePeer, reportAddress, 40, func(int) []byte { return foreign })
	for address, message := range map[string][]byte{"postmaster": small(0), tenant.Journal(): forged, reportAddress: foreign} {
		if code, err := deliver(w.from(strangerPeer(200)), address, message); err != nil || code != 452 {
			t.Errorf("the quota of %.10s is not used up: %d, %v", address, code, err)
		}
	}

	held := w.holdSessions(tenant)
	if held == 0 {
		t.Error("strangers hold no session: the attack was not made")
	}
	for n := range 5 {
		w.exchangeStillDelivers(n)
	}
	if code, err := deliver(w.from(exchangePeer), reportAddress, own); err != nil || code != 250 {
		t.Errorf("what the organisation's user reports: %d, %v", code, err)
	}
	large := append(w.report("03-newsletter.eml"), []byte(strings.Repeat("filler\r\n", 2<<20))...)
	if code, err := deliver(w.from(exchangePeer), tenant.Journal(), large); err != nil || code != 250 {
		t.Errorf("a large report of Exchange's: %d, %v", code, err)
	}
	w.seen("<demo-03.20261102@news.fabrikam.example>")
	if len(w.Sim.Changed()) > 0 {
		t.Error("something was moved")
	}
}

// holdSessions has strangers hold all the sessions that they get, and gives how many these are.
func (w *world) holdSessions(tenant testbed.Tenant) (open int) {
	w.t.Helper()
	ways := []func(c *smtpload.Conn) error{
		func(*smtpload.Conn) error { return nil }, // says nothing
		func(c *smtpload.Conn) error { _, err := dialogue(c, "EHLO a.example", "STARTTLS"); return err },
		func(c *smtpload.Conn) error { // half a record of a handshake
			_, err := dialogue(c, "EHLO a.example", "STARTTLS")
			if err == nil {
				err = c.Send([]byte("\x16\x03\x01\x40\x00\x01"))
			}
			return err
		},
		func(c *smtpload.Conn) error { return c.Send([]byte("EHLO a.exam")) },
		func(c *smtpload.Conn) error { return secured(w, c, "MAIL FROM:<>", "RCPT TO:<postmaster>", "DATA") },
		func(c *smtpload.Conn) error {
			if err := secured(w, c, "MAIL FROM:<> SIZE=400000000", "RCPT TO:<"+tenant.Journal()+">"); err != nil {
				return err
			}
			return c.Send([]byte("BDAT 400000000\r\nx"))
		},
		func(c *smtpload.Conn) error { // trickles
			if err := secured(w, c, "MAIL FROM:<>", "RCPT TO:<"+tenant.Journal()+">", "DATA"); err != nil {
				return err
			}
			go func() {
				for c.Send([]byte("x")) == nil {
					time.Sleep(50 * time.Millisecond)
				}
			}()
			return nil
		},
	}
	for n := range 80 {
		c, err := smtpload.DialFrom(w.t.Context(), strangerPeer(100+n), w.Address)
		if err != nil {
			continue
		}
		w.t.Cleanup(func() { c.Close() })
		if ways[n%len(ways)](c) == nil {
			open++
		}
	}
	return open
}

// secured opens a session and says some lines, of which the last is not to be refused.
func secured(w *world, c *smtpload.Conn, lines ...string) error {
	if err := c.Secure("peer.example", w.TLS()); err != nil {
		return err
	}
	_, err := dialogue(c, lines...)
	return err
}

// What is odd on the wire, once each: none is taken for more or less than it is, and Exchange's mail goes on.
func TestAttack_oddSMTP(t *testing.T) {
	w := besieged(t, contoso)
	to := "RCPT TO:<" + contoso.Journal() + ">"
	long := strings.Repeat("x", 3000)
	for _, c := range []struct {
		name  string
		lines []string
		codes []int // that the last may have; 0 is the end of the session
	}{
		{"8BITMIME", []string{"MAIL FROM:<> BODY=8BITMIME"}, []int{250}},
		{"BINARYMIME", []string{"MAIL FROM:<> BODY=BINARYMIME"}, []int{250, 504, 555}},
		{"SMTPUTF8", []string{"MAIL FROM:<\u00fc@evil.example> SMTPUTF8"}, []int{250, 555, 501, 553}},
		{"UTF-8 without it", []string{"MAIL FROM:<\u00fc@evil.example>"}, []int{250, 501, 553}},
		{"a parameter that nobody knows", []string{"MAIL FROM:<> X-" + long[:200] + "=1"}, []int{555, 501, 500}},
		{"a size that is none", []string{"MAIL FROM:<> SIZE=18446744073709551616"}, []int{501, 552}},
		{"a negative size", []string{"MAIL FROM:<> SIZE=-1"}, []int{501}},
		{"a huge parameter", []string{"MAIL FROM:<> BODY=" + long}, []int{500, 501, 0}},
		{"a huge sender", []string{"MAIL FROM:<" + long + "@evil.example>"}, []int{500, 501, 553, 0}},
		{"a thousand parameters", []string{"MAIL FROM:<>" + strings.Repeat(" A=B", 500)}, []int{500, 501, 555, 0}},
		{"BDAT without a recipient", []string{"MAIL FROM:<>", "BDAT 0 LAST"}, []int{503, 554}},
		{"BDAT of nothing", []string{"MAIL FROM:<>", to, "BDAT 0 LAST"}, []int{250, 554}},
		{"BDAT of what is none", []string{"MAIL FROM:<>", to, "BDAT -1 LAST"}, []int{501, 0}},
		{"BDAT beyond every size", []string{"MAIL FROM:<>", to, "BDAT 99999999999999999999 LAST"}, []int{501, 552, 0}},
		{"BDAT with a plus sign", []string{"MAIL FROM:<>", to, "BDAT +1"}, []int{501, 0}},
		{"DATA behind a chunk", []string{"MAIL FROM:<>", to, "BDAT 0", "DATA"}, []int{503}},
		{"MAIL within a transaction", []string{"MAIL FROM:<>", "MAIL FROM:<>"}, []int{503}},
		{"STARTTLS within TLS", []string{"STARTTLS"}, []int{502, 503, 500}},
		{"NUL", []string{"MAIL FROM:<a\x00b@evil.example>"}, []int{500, 501, 553, 0}},
		{"a bare line feed within a command", []string{"MAIL FROM:<>\nRCPT TO:<postmaster>"}, []int{500, 501, 0}},
	} {
		conn := w.from(strangerPeer(1))
		code := 0
		for _, line := range c.lines {
			r, err := conn.Cmd(line)
			if code = r.Code; err != nil {
				code = 0
				break
			}
		}
		if !slices.Contains(c.codes, code) {
			t.Errorf("%s: %d, want one of %v", c.name, code, c.codes)
		}
		conn.Close()
	}
	w.injectBeforeTLS()
	w.exchangeStillDelivers(1)
}

// injectBeforeTLS sends commands in one write with STARTTLS: nothing of them counts behind the handshake.
func (w *world) injectBeforeTLS() {
	w.t.Helper()
	c, err := smtpload.DialFrom(w.t.Context(), strangerPeer(2), w.Address)
	if err != nil {
		w.t.Fatal(err)
	}
	defer c.Close()
	if err := c.Send([]byte("EHLO a.example\r\nSTARTTLS\r\nMAIL FROM:<>\r\nRCPT TO:<" + contoso.Journal() +
		">\r\nBDAT 5 LAST\r\nhello")); err != nil {
		w.t.Fatal(err)
	}
	for range 4 {
		r, err := c.Reply()
		if err != nil {
			return // it is sent away
		}
		if strings.Contains(r.String(), "queued") {
			w.t.Errorf("what was sent before the handshake is %s", r)
		}
	}
}
