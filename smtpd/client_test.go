package smtpd_test

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"clawback/internal/test/needs"
)

const mailText = "From: a@example.com\r\nTo: " + journal +
	"\r\nSubject: by a client\r\n\r\n.leading dot\r\n..two\r\n\r\nend\r\n"

// Clients that others wrote deliver over STARTTLS.
func TestClients_deliver(t *testing.T) {
	file := filepath.Join(t.TempDir(), "mail.eml")
	if err := os.WriteFile(file, []byte(mailText), 0o600); err != nil {
		t.Fatal(err)
	}
	python := `
import smtplib, ssl, sys
host, port, to, file = sys.argv[1:]
context = ssl.create_default_context()
context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
s = smtplib.SMTP(host, int(port))
s.starttls(context=context)
s.sendmail("a@example.com", [to], open(file, "rb").read())
s.quit()
`
	clients := map[string][]string{
		"python3": {"-c", python, "HOST", "PORT", journal, file},
		"curl":    {"-sS", "--ssl-reqd", "-k", "--mail-from", "a@example.com", "--mail-rcpt", journal, "-T", file, "smtp://HOST:PORT/client.example"},
		"swaks": {"--server", "HOST", "--port", "PORT", "--tls", "--from", "a@example.com", "--to", journal, "--data", "@" + file,
			"--ehlo", "client.example", "--no-strip-from"},
	}
	for name, args := range clients {
		t.Run(name, func(t *testing.T) {
			program := needs.Program(t, name)
			f := start(t, nil)
			host, port, _ := net.SplitHostPort(f.addr)
			replace := strings.NewReplacer("HOST", host, "PORT", port)
			command := exec.Command(program)
			for _, a := range args {
				command.Args = append(command.Args, replace.Replace(a))
			}
			if out, err := command.CombinedOutput(); err != nil {
				t.Fatalf("%v\n%s\n%s", err, out, f.log)
			}
			got := f.intake.messages()
			if len(got) != 1 {
				t.Fatalf("%d messages\n%s", len(got), f.log)
			}
			// swaks adds its own end of line
			if body := strings.TrimRight(string(got[0].Body), "\r\n"); body != strings.TrimRight(mailText, "\r\n") {
				t.Errorf("got %q", body)
			}
		})
	}
}
