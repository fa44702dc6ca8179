package e2e

import (
	"bytes"
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"clawback/internal/test/smtpload"
	"clawback/internal/test/testbed"
)

// Exchange's network in these tests, and strangers' ones: each a /24 of its own, thirty in a /16.
const exchangePeer = "127.0.9.1"

const exchangeSet = "\n[[networks.set]]\nname = \"exchange\"\nprefixes = [\"127.0.9.0/24\"]\nexchange_online = true\n"

func strangerPeer(n int) string { return fmt.Sprintf("127.%d.%d.1", 1+n/30, n%30) }

// besieged is a world whose listener names Exchange's network alone.
func besieged(t *testing.T, tenant testbed.Tenant, config ...string) *world {
	t.Helper()
	w := prepare(t, tenant, append(config, exchangeSet)...)
	w.edit(`networks = ["127.0.0.0/8"]`, `networks = ["exchange"]`)
	if err := w.Start(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, w.LogTail())
	}
	w.conn = w.from(exchangePeer)
	return w
}

// from opens a session from a network, or ends the test.
func (w *world) from(ip string) *smtpload.Conn {
	w.t.Helper()
	c, err := w.tryFrom(ip)
	if err != nil {
		w.t.Fatalf("connect from %s: %v\n%s", ip, err, w.LogTail())
	}
	return c
}

func (w *world) tryFrom(ip string) (*smtpload.Conn, error) {
	c, err := smtpload.DialFrom(w.t.Context(), ip, w.Address)
	if err != nil {
		return nil, err
	}
	w.t.Cleanup(func() { c.Close() })
	if err := c.Secure("peer.example", w.TLS()); err != nil {
		return nil, err
	}
	return c, nil
}

// exchangeStillDelivers fails unless a report of Exchange's own gets its 250.
func (w *world) exchangeStillDelivers(n int) {
	w.t.Helper()
	letter, err := testbed.Write(false, n, "sales@contoso.example")
	if err != nil {
		w.t.Fatal(err)
	}
	if err := testbed.Send(w.from(exchangePeer), contoso, letter.Report); err != nil {
		w.t.Errorf("Exchange's own mail: %v\n%s", err, w.LogTail())
	}
}

// dialogue sends lines and gives the code of the last reply; an error is the end of the session.
func dialogue(c *smtpload.Conn, lines ...string) (code int, err error) {
	for _, line := range lines {
		r, err := c.Cmd(line)
		if err != nil {
			return 0, err
		}
		code = r.Code
	}
	return code, nil
}

// Strangers announce the largest message and send nothing, in each of the ways there are: Exchange's mail is accepted.
func TestAttack_announcedSizesKeepNoRoom(t *testing.T) {
	w := besieged(t, contoso)
	ways := []func(c *smtpload.Conn) error{
		func(c *smtpload.Conn) error { // SIZE, and DATA without an end
			_, err := dialogue(c, "MAIL FROM:<> SIZE=400000000", "RCPT TO:<"+contoso.Journal()+">", "DATA")
			return err
		},
		func(c *smtpload.Conn) error { // a chunk that is announced
			if _, err := dialogue(c, "MAIL FROM:<>", "RCPT TO:<"+contoso.Journal()+">"); err != nil {
				return err
			}
			return c.Send([]byte("BDAT 400000000\r\n"))
		},
		func(c *smtpload.Conn) error { // SIZE and a chunk, for the postmaster
			if _, err := dialogue(c, "MAIL FROM:<> SIZE=400000000", "RCPT TO:<postmaster>", "RCPT TO:<"+contoso.Journal()+">"); err != nil {
				return err
			}
			return c.Send([]byte("BDAT 400000000 LAST\r\nx"))
		},
	}
	open := 0
	for n := range 110 {
		if c, err := w.tryFrom(strangerPeer(n)); err == nil && ways[n%len(ways)](c) == nil {
			open++
		}
	}
	if open < 90 {
		t.Errorf("only %d strangers have a session: the attack was not made", open)
	}
	for n := range 3 {
		w.exchangeStillDelivers(n)
	}
	if out := w.must("status", "--json"); strings.Contains(out, "deferring_mail") {
		t.Errorf("status:\n%s", out)
	}
}

// Strangers take all the sessions that they get: those of Exchange are kept. Nobody is let in beyond the share, from
// one network no more than its own, and those who are silent are sent away soon.
func TestAttack_sessionsOfStrangers(t *testing.T) {
	w := besieged(t, contoso, "[smtp]", "max_sessions = 80", "max_sessions_per_network = 4", "")
	open := 0
	for range 10 {
		if c, err := smtpload.DialFrom(t.Context(), strangerPeer(0), w.Address); err == nil {
			defer c.Close()
			open++
		}
	}
	if open != 4 {
		t.Errorf("one network has %d sessions, want 4", open)
	}
	for n := 1; n < 100; n++ {
		if c, err := smtpload.DialFrom(t.Context(), strangerPeer(n), w.Address); err == nil {
			defer c.Close()
			open++
		}
	}
	if open > 10 { // an eighth of 80
		t.Errorf("strangers have %d of 80 sessions", open)
	}
	w.exchangeStillDelivers(1)
}

// A flood of handshakes from one network is cut off before they cost much, and leaves the others alone.
func TestAttack_handshakeFlood(t *testing.T) {
	w := besieged(t, contoso)
	refused := 0
	for range 150 {
		c, err := smtpload.DialFrom(t.Context(), strangerPeer(0), w.Address)
		if err != nil {
			refused++
			continue
		}
		c.Secure("flood.example", w.TLS())
		c.Close()
	}
	if refused < 30 {
		t.Errorf("%d of 150 connections at once were refused", refused)
	}
	if _, err := w.tryFrom(strangerPeer(1)); err != nil {
		t.Errorf("another network: %v", err)
	}
	w.exchangeStillDelivers(1)
	// A handshake that never comes does not hold up anything either.
	silent, err := smtpload.DialFrom(t.Context(), strangerPeer(2), w.Address)
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close()
	dialogue(silent, "EHLO silent.example", "STARTTLS")
	w.exchangeStillDelivers(2)
}

// Guessing addresses ends the session after a few; the log has a line or two about it, and not one a guess.
func TestAttack_guessedRecipients(t *testing.T) {
	w := besieged(t, contoso)
	tried := 0
	for n := range 20 {
		c := w.from(strangerPeer(n % 2))
		if code, err := dialogue(c, "MAIL FROM:<>"); err != nil || code != 250 {
			t.Fatal(code, err)
		}
		for i := range 1000 {
			code, err := dialogue(c, fmt.Sprintf("RCPT TO:<guess-%d-%d@%s>", n, i, testbed.Hostname))
			if err != nil {
				break
			}
			if code != 550 && code != 421 {
				t.Fatalf("a guess is answered %d", code)
			}
			tried++
		}
		c.Close()
	}
	if tried > 20*15 {
		t.Errorf("%d guesses in 20 sessions", tried)
	}
	w.exchangeStillDelivers(1)
	text := w.log()
	if n := strings.Count(text, "smtp.recipient.refused"); n == 0 || n > 6 {
		t.Errorf("%d lines about %d guesses\n%s", n, tried, w.LogTail())
	}
	if strings.Contains(text, "guess-") {
		t.Error("a guessed address is in the log")
	}
}

// log is all that the daemon has printed.
func (w *world) log() string {
	w.t.Helper()
	text, err := os.ReadFile(w.LogFile())
	if err != nil {
		w.t.Fatal(err)
	}
	return string(text)
}

// Every refusal, error and alert that a journal address can be the reason of: none prints it, nor do metrics and
// status.
func TestAttack_journalAddressesAreInNoLog(t *testing.T) {
	tenant := contoso
	tenant.Recovery = "back-4m8w2p6z@" + testbed.Hostname
	tenant.Tables = "\n[[tenant.submission]]\naddress = \"report-5t2n8@" + testbed.Hostname + "\"\n" +
		"\n[[tenant.address]]\naddress = \"j-abroad77@" + testbed.Hostname + "\"\nregions = [\"us\"]\n"
	w := prepare(t, tenant, exchangeSet)
	w.edit("hostname = ", "region = \"eu\"\nhostname = ")
	w.edit(`networks = ["127.0.0.0/8"]`, `networks = ["exchange"]`)
	w.edit("[log]\nformat = \"text\"", "[log]\nformat = \"text\"\nlevel = \"debug\"")
	if err := w.Start(t.Context()); err != nil {
		t.Fatalf("%v\n%s", err, w.LogTail())
	}
	w.conn = w.from(exchangePeer)
	secrets := []string{tenant.Journal(), tenant.Recovery, "report-5t2n8@" + testbed.Hostname, "j-abroad77@" + testbed.Hostname}
	mistyped := strings.Replace(tenant.Journal(), "j-", "k-", 1)

	w.send(w.report("03-newsletter.eml")) // the address has accepted mail
	w.sendTo(tenant.Recovery, []byte("Subject: rubbish\r\n\r\nrubbish\r\n"))
	w.sendTo(secrets[2], []byte("Subject: nothing\r\n\r\nnothing\r\n"))
	for _, from := range []string{exchangePeer, strangerPeer(0)} {
		for _, mailFrom := range append([]string{"", "a@evil.example"}, secrets...) { // an echo in MAIL FROM
			c := w.from(from)
			dialogue(c, "EHLO "+strings.ReplaceAll(tenant.Journal(), "@", "."), "MAIL FROM:<"+mailFrom+">",
				"RCPT TO:<"+mistyped+">", "RCPT TO:<"+secrets[3]+">", "RCPT TO:<"+tenant.Journal()+">",
				"RCPT TO:<"+tenant.Recovery+">",
				"RCPT TO:<"+tenant.Journal()+"> NOTIFY=NEVER", "RCPT TO:<"+tenant.Journal(), "DATA", "garbage\r\n.")
			dialogue(c, "VRFY "+tenant.Journal(), "EXPN "+tenant.Journal(), tenant.Journal(), "QUIT")
			c.Close()
		}
	}
	// Reloads that are refused, and one that drops the addresses.
	for _, broken := range [][2]string{
		{`address = "` + tenant.Journal() + `"`, `address = "` + tenant.Journal()},
		{`address = "` + tenant.Journal(), `address = "` + tenant.Journal() + `@"`},
		{`address = "` + tenant.Journal() + `@"`, `address = "` + tenant.Journal() + "\"\n\n[[tenant.address]]\naddress = \"" + tenant.Journal() + `"`},
	} {
		w.edit(broken[0], broken[1])
		seen := strings.Count(w.log(), "event=config.refused")
		w.daemonSignal(syscall.SIGHUP)
		w.eventually(func() string {
			if strings.Count(w.log(), "event=config.refused") > seen {
				return ""
			}
			return "the reload was not refused"
		})
	}
	w.edit("\"\n\n[[tenant.address]]\naddress = \""+tenant.Journal()+`"`, `"`)
	w.edit(`address = "`+tenant.Journal(), `address = "new-`+tenant.Journal())
	w.daemonSignal(syscall.SIGHUP)
	w.waitReply(tenant.Journal(), "451")
	w.waitReply(secrets[3], "550")

	var metrics bytes.Buffer
	if err := w.Client.Metrics(t.Context(), &metrics); err != nil {
		t.Fatal(err)
	}
	status := w.must("status", "--json")
	if err := w.Stop(); err != nil { // sums up what was refused
		t.Fatal(err)
	}
	text := w.log()
	for _, event := range []string{"smtp.recipient.refused", "alert.address.vanished", "alert.region.refused", "alert.config.refused",
		"smtp.refusals", "item.quarantined", "smtp.session.ended"} {
		if !strings.Contains(text, event) {
			t.Errorf("%s is not in the log: the test does not make all refusals", event)
		}
	}
	for where, text := range map[string]string{"log": text, "metrics": metrics.String(), "status": status} {
		text = strings.ToLower(text)
		for _, address := range append(secrets, mistyped) {
			local, _, _ := strings.Cut(strings.ToLower(address), "@")
			if i := strings.Index(text, local); i >= 0 {
				t.Errorf("the %s shows %s: ...%s", where, address, text[max(0, i-200):min(len(text), i+100)])
			}
		}
	}
}

// A sender that drips a message holds one of strangers' sessions, and ends with it.
func TestAttack_slowDrip(t *testing.T) {
	w := besieged(t, contoso, "[smtp]", "data_timeout = \"1s\"", "min_rate = \"1KiB\"", "")
	c := w.from(strangerPeer(0))
	dialogue(c, "MAIL FROM:<> SIZE=400000000", "RCPT TO:<"+contoso.Journal()+">", "DATA")
	cut := make(chan struct{})
	go func() {
		defer close(cut)
		for { // until the session ends
			if c.Send([]byte("x")) != nil {
				return
			}
			time.Sleep(100 * time.Millisecond)
		}
	}()
	select {
	case <-cut:
	case <-time.After(patience):
		t.Error("a byte each tenth of a second keeps a session")
	}
	w.exchangeStillDelivers(1)
}
