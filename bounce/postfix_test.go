package bounce

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"clawback/config"
	"clawback/internal/test/postfixtest"
	"clawback/queue"
	"clawback/smtpd/certs"
)

// The alternate mailbox's server is somebody else's: here it is Postfix, which is down at first, and in one case says
// that it takes no 8-bit bytes.
func TestDeliver_toPostfix(t *testing.T) {
	tests := []struct {
		name  string
		main  []string
		files int // reports that cannot go as message/rfc822
	}{{"8BITMIME", nil, 1}, {"no 8BITMIME", []string{"smtpd_discard_ehlo_keywords = 8bitmime, chunking"}, 2}}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			postfix, relay := startPostfix(t, test.main)
			reports := [][]byte{
				withBody("hello\r\n.\r\n..dots\r\n"), withBody("8bit \xe4\xf6\xfc"), withBody("bare\nLF and \x00 NUL and bare\rCR"),
			}
			for i, report := range reports {
				deliverTo(t, postfix, relay, report, i == 0)
			}
			wantDelivered(t, postfix.Messages(len(reports), 20*time.Second), reports, test.files)
		})
	}
}

func startPostfix(t *testing.T, main []string) (*postfixtest.Server, *config.Relay) {
	t.Helper()
	dir := t.TempDir()
	cert, err := certs.SelfSigned("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile := filepath.Join(dir, "cert.crt"), filepath.Join(dir, "cert.secret")
	os.WriteFile(certFile, cert.CertPEM, 0o600)
	os.WriteFile(keyFile, cert.KeyPEM, 0o600)
	postfix := postfixtest.Start(t, postfixtest.Options{CertFile: certFile, KeyFile: keyFile, Main: main})
	return postfix, &config.Relay{Host: "127.0.0.1", Port: postfix.Port, TLS: "starttls", CAFile: certFile}
}

// deliverTo bounces a report; where the server is down at first, only the second attempt succeeds.
func deliverTo(t *testing.T, postfix *postfixtest.Server, relay *config.Relay, report []byte, down bool) {
	t.Helper()
	now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
	q := &memory{b: aBounce()}
	d := deliverer(t, q, relay, func() time.Time { return now }, nil)
	d.o.Open = func(queue.Bounce) (Body, error) { return content{bytes.NewReader(report)}, nil }
	if down {
		postfix.Down()
		if err := d.round(t.Context()); err != nil || q.sent != "" || q.b.Tries != 1 {
			t.Fatalf("while the server is down: %v, sent %q, %d tries", err, q.sent, q.b.Tries)
		}
		postfix.Up()
		now = q.b.NotBefore
	}
	if err := d.round(t.Context()); err != nil || q.sent == "" {
		t.Fatalf("%v, last error %q\n%s", err, q.why, postfix.Log())
	}
}

// wantDelivered wants each report to come out of the mail as the maildir holds it, some of them sent as a file.
func wantDelivered(t *testing.T, delivered, reports [][]byte, files int) {
	t.Helper()
	found := map[string]bool{}
	for _, mail := range delivered {
		found[string(recovered(t, mail))] = true
		if bytes.Contains(mail, []byte("Content-Type: application/octet-stream; name=\"report.eml\"")) {
			files--
		}
	}
	for i, report := range reports {
		if !found[string(report)] {
			t.Errorf("report %d did not come back byte-exact", i)
		}
	}
	if files != 0 {
		t.Errorf("%d more reports should have been sent as files", files)
	}
}
