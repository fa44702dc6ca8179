package interop

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"clawback/internal/test/needs"
	"clawback/internal/test/testbed"
)

// eximPlaces is where Exim may be: installed, or where scripts/install-test-servers.sh puts it beside Postfix.
var eximPlaces = []string{"exim4", "/usr/sbin/exim4", "/usr/local/lib/clawback-test/exim4"}

// Exim sends by BDAT where it is offered, and leaves a message that it got by BDAT as it was, bare LF included.
func TestExim_sendsByteExactByBDAT(t *testing.T) {
	bed := start(t, "")
	exim := newExim(t, bed)
	in := watch(t, bed)
	for _, l := range letters() {
		exim.send(l.octet)
		it, got := in.next(30 * time.Second)
		t.Run(l.name, func(t *testing.T) {
			wantSame(t, got, l.octet)
			if !it.Envelope.Binary {
				t.Error("Exim sent it by DATA")
			}
		})
	}
	exim.send(report(t))
	wantSame(t, in.report(reportID, 30*time.Second), report(t))
}

// exim is a configuration of Exim's, with all of its files below one directory.
type exim struct {
	t       *testing.T
	program string
	dir     string
}

func newExim(t *testing.T, bed *testbed.Bed) *exim {
	t.Helper()
	x := &exim{t: t, program: needs.Program(t, eximPlaces...)}
	needs.Root(t, "since Exim becomes the user that sends")
	dir, err := os.MkdirTemp("", "clawback-exim-") // not t.TempDir: Exim's own user must get through to it
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	x.dir = dir
	cert, err := os.ReadFile(bed.File("cert.crt"))
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "ca.crt"), cert)
	_, port, _ := strings.Cut(bed.Address, ":")
	write(t, filepath.Join(dir, "conf"),
		[]byte(strings.NewReplacer("DIR", dir, "PROGRAM", x.program, "PORT", port).Replace(eximConf)))
	if err := os.Chmod(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	return x
}

// eximConf keeps messages as they come over the wire, and sends them to the daemon over TLS that it verifies.
const eximConf = `exim_path = PROGRAM
spool_directory = DIR/spool
log_file_path = DIR/log-%s
primary_hostname = exim.example
keep_environment =
chunking_advertise_hosts = *
spool_wireformat = true
acl_smtp_rcpt = accept
tls_advertise_hosts =
message_size_limit = 500M
begin routers
daemon:
  driver = manualroute
  route_list = * 127.0.0.1
  self = send
  transport = daemon
begin transports
daemon:
  driver = smtp
  port = PORT
  allow_localhost
  hosts_require_tls = *
  tls_verify_certificates = DIR/ca.crt
  tls_verify_hosts = *
  tls_verify_cert_hostnames =
`

// send gives a message to Exim by SMTP on its standard input, and waits until Exim has tried to deliver it.
func (x *exim) send(message []byte) {
	x.t.Helper()
	var in bytes.Buffer
	fmt.Fprintf(&in, "EHLO client.example\r\nMAIL FROM:<sender@example.com>\r\nRCPT TO:<%s>\r\nBDAT %d LAST\r\n%sQUIT\r\n",
		organisation.Journal(), len(message), message)
	cmd := exec.Command(x.program, "-C", filepath.Join(x.dir, "conf"), "-odf", "-bs")
	cmd.Stdin = &in
	out, err := cmd.CombinedOutput()
	if err != nil || !strings.Contains(string(out), "250 OK id=") {
		x.t.Fatalf("exim: %v\n%s\n%s", err, out, x.log())
	}
	x.t.Cleanup(func() {
		if x.t.Failed() {
			x.t.Logf("exim: %s\n%s", out, x.log())
		}
	})
}

func (x *exim) log() string {
	var all strings.Builder
	for _, name := range []string{"log-main", "log-panic"} {
		text, _ := os.ReadFile(filepath.Join(x.dir, name))
		all.Write(text)
	}
	return all.String()
}
