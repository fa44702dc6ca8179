package interop

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"clawback/api"
	"clawback/api/client"
	"clawback/internal/test/postfixtest"
	"clawback/internal/test/testbed"
	"clawback/journal"
	"clawback/queue"
	"clawback/smtpd/certs"
)

// A report that cannot be unwrapped goes to the alternate mailbox, here at a Postfix that is down at first. From the
// file in its maildir `clawback unwrap` gives the report back, octet for octet.
func TestBounce_reportComesOutOfMaildir(t *testing.T) {
	for name, main := range map[string][]string{"8BITMIME": nil, "no 8BITMIME": {"smtpd_discard_ehlo_keywords = 8bitmime, chunking"}} {
		t.Run(name, func(t *testing.T) {
			postfix, bed := startWithAlternate(t, main)
			postfix.Down()
			want := map[string]bool{}
			for _, report := range brokenReports() {
				want[string(report)] = true
				sendReport(t, bed, report)
			}
			ids := awaitBounces(t, bed, len(want))
			postfix.Up()
			run(t, append([]string{"--socket", bed.File("control.sock"), "bounce", "retry"}, ids...)...)
			postfix.Messages(len(want), 30*time.Second)
			files, err := filepath.Glob(postfix.Maildir + "new/*")
			if err != nil {
				t.Fatal(err)
			}
			for _, file := range files {
				delete(want, string(unwrapped(t, file)))
			}
			for report := range want {
				t.Errorf("did not come back: %q", report)
			}
		})
	}
}

// brokenReports lack the boundary that their header names, so that no original is found in them.
func brokenReports() (list [][]byte) {
	for i, original := range []string{
		"plain\r\n.\r\n..\r\n", "8-bit: \xe4\xf6\xfc and \xc3\xa4\r\n", "a bare\nLF, a NUL \x00, a bare\rCR\r\n", "no end of line, \xff",
	} {
		list = append(list, fmt.Appendf(nil, "X-MS-Journal-Report:\r\nMessage-ID: <broken-%d@journal.report.generator>\r\n"+
			"X-OriginatorOrg: contoso.onmicrosoft.com\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=other\r\n\r\n"+
			"--outer\r\n\r\nSender: a@example.com\r\n\r\n--outer\r\nContent-Type: message/rfc822\r\n\r\n%s", i,
			original))
	}
	return append(list, []byte("X-OriginatorOrg: contoso.onmicrosoft.com\r\nSubject: not a report at all\r\n\r\nno more\r\n"))
}

// startWithAlternate starts a Postfix and a daemon for which it serves the tenant's alternate mailbox.
func startWithAlternate(t *testing.T, main []string) (*postfixtest.Server, *testbed.Bed) {
	t.Helper()
	cert, err := certs.SelfSigned("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	crt, key := filepath.Join(dir, "crt"), filepath.Join(dir, "key")
	write(t, crt, cert.CertPEM)
	write(t, key, cert.KeyPEM)
	postfix := postfixtest.Start(t, postfixtest.Options{CertFile: crt, KeyFile: key, Main: main})
	tenant := organisation
	tenant.Tables = fmt.Sprintf("\n[tenant.relay]\nhost = \"127.0.0.1\"\nport = %d\ntls = \"starttls\"\nca_file = %q\n",
		postfix.Port, crt)
	return postfix, startFor(t, tenant, "")
}

func sendReport(t *testing.T, bed *testbed.Bed, report []byte) {
	t.Helper()
	conn, err := bed.Dial(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if err := testbed.Send(conn, organisation, report); err != nil {
		t.Fatal(err)
	}
}

// awaitBounces waits until n bounces have been tried in vain.
func awaitBounces(t *testing.T, bed *testbed.Bed, n int) (ids []string) {
	t.Helper()
	for end := time.Now().Add(30 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		list, err := client.Do(t.Context(), bed.Client, api.ListBounces, api.BounceQuery{State: queue.BounceWaiting})
		if err != nil {
			t.Fatal(err)
		}
		ids = nil
		for _, b := range list.Items {
			if b.Tries > 0 {
				ids = append(ids, b.ID)
			}
		}
		if len(ids) == n {
			return ids
		}
	}
	t.Fatalf("%d of %d bounces were tried\n%s", len(ids), n, bed.LogTail())
	return nil
}

// unwrapped is the report that the command takes out of a file, which must be what it says of it.
func unwrapped(t *testing.T, file string) []byte {
	t.Helper()
	to := filepath.Join(t.TempDir(), "report.eml")
	var shown journal.Unwrapped
	if err := json.Unmarshal(run(t, "--json", "unwrap", "--report", to, file), &shown); err != nil {
		t.Fatal(err)
	}
	report, err := os.ReadFile(to)
	if err != nil {
		t.Fatal(err)
	}
	if c := shown.Carried; c == nil || c.Size != int64(len(report)) ||
		c.SHA256 != fmt.Sprintf("%x", sha256.Sum256(report)) {
		t.Errorf("%d octets were written, %+v was said", len(report), c)
	}
	if again := run(t, "unwrap", "--report", "-", file); !bytes.Equal(again, report) {
		t.Errorf("on standard output there are %d octets, in the file %d", len(again), len(report))
	}
	return report
}

// run runs a command that has to succeed, and gives its standard output.
func run(t *testing.T, args ...string) []byte {
	t.Helper()
	var problem bytes.Buffer
	cmd := exec.Command(binary, args...)
	cmd.Stderr = &problem
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("clawback %q: %v\n%s", args, err, problem.Bytes())
	}
	return out
}
