package smtpd_test

import (
	"bytes"
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"clawback/internal/test/needs"
	"clawback/internal/test/postfixtest"
	"clawback/internal/test/smtpload"
)

// senderBody has what servers like to change: dots, 8-bit bytes, long lines, spaces at the end, empty last lines.
const senderBody = ".one dot\r\n..\r\n...\r\nGr\xfc\xdfe, \xe2\x82\xac\r\ntrailing  \r\n\ttab\r\n\r\nFrom here\r\n\r\n"

func senderMessage() string {
	return "From: a@example.com\r\nTo: " + journal + "\r\nSubject: relayed\r\nMIME-Version: 1.0\r\n" +
		"Content-Type: text/plain; charset=iso-8859-1\r\nContent-Transfer-Encoding: 8bit\r\n\r\n" +
		strings.Repeat(strings.Repeat("x", 900)+"\r\n", 200) + senderBody
}

// arrived waits for one message and wants the body as it was sent.
func (f *fixture) arrived() {
	f.t.Helper()
	f.until("the message arrives", func() bool { return len(f.intake.messages()) > 0 })
	m := f.intake.messages()[0]
	_, got, _ := bytes.Cut(m.Body, []byte("\r\n\r\n"))
	_, want, _ := strings.Cut(senderMessage(), "\r\n\r\n")
	if string(got) != want {
		f.t.Errorf("the body was changed: it ends in %q", got[max(0, len(got)-200):])
	}
	if m.Env.TLS.Version == "" || m.Env.Binary {
		f.t.Errorf("%+v", m.Env)
	}
}

// Postfix relays to us by DATA. Exim, which sends by BDAT, is in internal/test/interop.
func TestSenders_postfix(t *testing.T) {
	f := start(t, nil)
	_, port, _ := net.SplitHostPort(f.addr)
	p := postfixtest.Start(t, postfixtest.Options{Main: []string{
		"relayhost = [127.0.0.1]:" + port, "smtp_tls_security_level = encrypt", "smtp_host_lookup = native",
	}})
	c := must(smtpload.Dial(t.Context(), p.Address()))(t)
	defer c.Close()
	for _, line := range []string{"EHLO client.example", "MAIL FROM:<a@example.com> BODY=8BITMIME", "RCPT TO:<" + journal + ">"} {
		expect(t, c, "250", line)
	}
	expect(t, c, "354", "DATA")
	send(t, c, string(smtpload.Stuff(nil, []byte(senderMessage()))))
	expectReply(t, c, "250")
	f.arrived()
}

// testssl.sh finds nothing of LOW or worse but what comes from the certificate being the test's own.
func TestTLS_testssl(t *testing.T) {
	program := needs.Program(t, "testssl")
	needs.Time(t, "a minute", "make test")
	f := start(t, nil)
	report := filepath.Join(t.TempDir(), "report.json")
	cmd := exec.Command(program, "--starttls", "smtp", "--openssl", "/usr/bin/openssl", "--ip", "127.0.0.1", "--nodns",
		"none",
		"--warnings", "off", "--quiet", "--color", "0", "--jsonfile", report, f.addr)
	out, _ := cmd.CombinedOutput() // its exit status counts findings
	var findings []struct{ ID, Severity, Finding string }
	if err := json.Unmarshal(must(os.ReadFile(report))(t), &findings); err != nil || len(findings) < 50 {
		t.Fatalf("%d findings, %v\n%s", len(findings), err, out)
	}
	ours := []string{"cert_trust", "cert_chain_of_trust", "cert_revocation", "cert_expirationStatus", "cert_notAfter", "engine_problem"}
	for _, x := range findings {
		if !slices.Contains([]string{"OK", "INFO"}, x.Severity) && !slices.Contains(ours, x.ID) {
			t.Errorf("%s %s: %s", x.Severity, x.ID, x.Finding)
		}
	}
}
