package interop

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"clawback/internal/test/postfixtest"
	"clawback/internal/test/smtpload"
	"clawback/internal/test/testbed"
)

// Postfix takes a message by SMTP and sends it on to the daemon, over TLS that it verifies.
func TestPostfix_sendsByteExact(t *testing.T) {
	bed := start(t, "")
	postfix := postfixtest.Start(t, postfixtest.Options{
		CertFile: bed.File("cert.crt"), KeyFile: bed.File("cert.secret"), Main: relayTo(bed),
	})
	in := watch(t, bed)
	for _, l := range letters() {
		handTo(t, postfix, l.octet)
		_, got := in.next(30 * time.Second)
		want := l.octet
		if l.bare {
			// Postfix takes a bare LF for the end of a line, and keeps and sends CRLF.
			want = bytes.ReplaceAll(bytes.ReplaceAll(want, []byte("\r\n"), []byte("\n")), []byte("\n"), []byte("\r\n"))
		}
		t.Run(l.name, func(t *testing.T) { wantSame(t, got, want) })
	}
	handTo(t, postfix, report(t))
	wantSame(t, in.report(reportID, 30*time.Second), report(t))
	if log := postfix.Log(); !strings.Contains(log, "Verified TLS connection established") {
		t.Errorf("Postfix's log does not say that it sent over TLS that it verified:\n%s", log)
	}
}

// relayTo are the lines of main.cf that send everything to the daemon.
func relayTo(bed *testbed.Bed) []string {
	host, port, _ := strings.Cut(bed.Address, ":")
	return []string{
		fmt.Sprintf("relayhost = [%s]:%s", host, port), "smtp_tls_security_level = secure", "smtp_tls_CAfile = " + bed.File("cert.crt"),
		"smtp_tls_secure_cert_match = " + testbed.Hostname, "smtp_tls_loglevel = 1", "disable_dns_lookups = yes",
		"local_header_rewrite_clients =", // as it is for mail from outside
	}
}

func handTo(t *testing.T, postfix *postfixtest.Server, message []byte) {
	t.Helper()
	conn, err := smtpload.Dial(t.Context(), postfix.Address())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	for _, step := range []struct {
		code int
		line string
	}{
		{250, "EHLO client.example"}, {250, "MAIL FROM:<sender@example.com> BODY=8BITMIME"}, {250, "RCPT TO:<" + organisation.Journal() + ">"},
		{354, "DATA"}, {250, strings.TrimSuffix(string(smtpload.Stuff(nil, message)), "\r\n")},
	} {
		if err := conn.Expect(step.code, step.line); err != nil {
			t.Fatalf("%v\n%s", err, postfix.Log())
		}
	}
}
