package smtpd_test

import (
	"crypto/tls"
	"strings"
	"testing"
	"time"

	"clawback/smtpd"
)

func TestFront_refusesAllButItsFourCommands(t *testing.T) {
	f := start(t, nil)
	c := f.plain()
	for _, line := range []string{
		"MAIL FROM:<>", "RCPT TO:<" + journal + ">", "DATA", "BDAT 0 LAST", "BDAT", "RSET", "VRFY x", "EXPN x", "HELP",
		"HELO a.example", "AUTH PLAIN AAAA", "TURN", "ETRN x", "SEND FROM:<>", "XCLIENT ADDR=1.2.3.4", "LHLO x", "STARTTLSfoo bar", "FOO",
	} {
		c = f.plain()
		expect(t, c, "250", "EHLO client.example")
		expect(t, c, "530 5.7.0", line)
		expect(t, c, "530 5.7.0", strings.ToLower(line))
	}
	for _, line := range []string{"EHLO a.example", "NOOP", "noop", "nOoP again"} {
		expect(t, c, "250", line)
	}
	expect(t, c, "221", "QUIT")
	expectEnd(t, c)
	f.none()
}

func TestFront_advertises(t *testing.T) {
	f := start(t, nil)
	c := f.plain()
	plain := must(c.Cmd("EHLO client.example"))(t)
	want := "PIPELINING,8BITMIME,ENHANCEDSTATUSCODES,CHUNKING,SMTPUTF8,SIZE 1048576,STARTTLS"
	if got := strings.Join(plain.Lines[1:], ","); got != want {
		t.Errorf("before TLS: %s, want %s", got, want)
	}
	c = f.secure()
	secure := must(c.Cmd("EHLO client.example"))(t)
	want = "PIPELINING,8BITMIME,ENHANCEDSTATUSCODES,CHUNKING,SMTPUTF8,SIZE 1048576,LIMITS RCPTMAX=5"
	if got := strings.Join(secure.Lines[1:], ","); got != want {
		t.Errorf("after TLS: %s, want %s", got, want)
	}
}

func TestFront_refusesDataInjectedAfterSTARTTLS(t *testing.T) {
	f := start(t, nil)
	c := f.plain()
	send(t, c, "STARTTLS\r\nMAIL FROM:<injected@example.com>\r\n")
	expectReply(t, c, "503 5.5.1")
	expectEnd(t, c)
	f.until("the session is summed up", func() bool { return strings.Contains(f.log.String(), "data after STARTTLS") })
}

func TestFront_handshakeHasATime(t *testing.T) {
	f := start(t, func(o *smtpd.Options) { o.Config.IdleTimeout = 600 * time.Millisecond })
	c := f.plain()
	expect(t, c, "220", "STARTTLS")
	began := time.Now()
	expectEnd(t, c)
	if took := time.Since(began); took < 500*time.Millisecond {
		t.Errorf("ended after %v", took)
	}
	f.until("the session is summed up", func() bool { return strings.Contains(f.log.String(), "TLS handshake") })
}

func TestFront_countsCommandsBeforeTLS(t *testing.T) {
	f := start(t, nil)
	c := f.plain()
	for range 20 {
		expect(t, c, "250", "NOOP")
	}
	expectReply(t, c, "421 4.7.0")
	expectEnd(t, c)
}

func TestTLS_refusesOldVersionsAndWeakCiphers(t *testing.T) {
	f := start(t, nil)
	for name, config := range map[string]*tls.Config{
		"TLS 1.1":   {MaxVersion: tls.VersionTLS11, MinVersion: tls.VersionTLS10},
		"CBC":       {MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA}},
		"plain RSA": {MaxVersion: tls.VersionTLS12, CipherSuites: []uint16{tls.TLS_RSA_WITH_AES_128_GCM_SHA256}},
	} {
		config.InsecureSkipVerify = true
		c := f.plain()
		if err := c.StartTLS(config); err == nil {
			t.Errorf("%s: handshake done", name)
		}
	}
}

// Microsoft's client drops a server that sends a session ticket with the handshake.
func TestTLS_sendsNoSessionTicket(t *testing.T) {
	f := start(t, nil)
	cache := tls.NewLRUClientSessionCache(4)
	for range 2 {
		c := f.plain()
		if err := c.StartTLS(&tls.Config{InsecureSkipVerify: true, ClientSessionCache: cache, ServerName: hostname}); err != nil {
			t.Fatal(err)
		}
		expect(t, c, "250", "EHLO client.example")
		if c.Conn.(*tls.Conn).ConnectionState().DidResume {
			t.Error("session was resumed")
		}
	}
}
