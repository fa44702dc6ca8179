package interop

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"clawback/internal/test/needs"
	"clawback/internal/test/smtpload"
	"clawback/internal/test/testbed"
)

// python sends a file as it is, and verifies the daemon's certificate.
const python = `
import smtplib, ssl, sys
host, port, name, ca, to, file = sys.argv[1:]
s = smtplib.SMTP()
s._host = name
s.connect(host, int(port))
s.starttls(context=ssl.create_default_context(cafile=ca))
s.sendmail("sender@example.com", [to], open(file, "rb").read(), mail_options=["BODY=8BITMIME"])
s.quit()
`

// programs send one file in one session. FILE is the message; STUFFED is the same as DATA wants it.
var programs = map[string][]string{
	"python3": {"-c", python, "HOST", "PORT", testbed.Hostname, "CA", "TO", "FILE"},
	"curl": {"-sS", "--ssl-reqd", "--cacert", "CA", "--connect-to", testbed.Hostname + ":PORT:HOST:PORT", "--mail-from", "sender@example.com",
		"--mail-rcpt", "TO", "-T", "FILE", "smtp://" + testbed.Hostname + ":PORT/client.example"},
	"swaks": {"--server", "HOST", "--port", "PORT", "--tls", "--tls-verify", "--tls-ca-path", "CA", "--from", "sender@example.com", "--to", "TO",
		"--ehlo", "client.example", "--no-data-fixup", "--data", "@STUFFED"},
}

// One session each with swaks, curl and Python's smtplib, over STARTTLS with a verified certificate.
func TestClients_deliverByteExact(t *testing.T) {
	for name, args := range programs {
		t.Run(name, func(t *testing.T) {
			program := needs.Program(t, name)
			bed := start(t, "")
			in := watch(t, bed)
			for _, l := range letters() {
				runProgram(t, bed, program, args, l.octet)
				_, got := in.next(10 * time.Second)
				t.Run(l.name, func(t *testing.T) { wantSame(t, got, l.octet) })
			}
			runProgram(t, bed, program, args, report(t))
			wantSame(t, in.report(reportID, 10*time.Second), report(t))
		})
	}
}

func runProgram(t *testing.T, bed *testbed.Bed, program string, args []string, message []byte) {
	t.Helper()
	dir := t.TempDir()
	file, stuffed := filepath.Join(dir, "mail"), filepath.Join(dir, "stuffed")
	write(t, file, message)
	write(t, stuffed, smtpload.Stuff(nil, message)) // with the end of data
	host, port, _ := net.SplitHostPort(bed.Address)
	replace := strings.NewReplacer("HOST", host, "PORT", port, "CA", bed.File("cert.crt"), "TO", organisation.Journal(),
		"FILE", file, "STUFFED", stuffed)
	command := exec.Command(program)
	for _, a := range args {
		if a == python {
			command.Args = append(command.Args, a)
			continue
		}
		command.Args = append(command.Args, replace.Replace(a))
	}
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s\n%s", err, out, bed.LogTail())
	}
}

func write(t *testing.T, name string, octets []byte) {
	t.Helper()
	if err := os.WriteFile(name, octets, 0o644); err != nil {
		t.Fatal(err)
	}
}
