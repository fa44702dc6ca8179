package bounce

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"
	"time"

	"clawback/certs"
	"clawback/config"
	"clawback/internal/postfixtest"
	"clawback/queue"
)

// The alternate mailbox's server is somebody else's: here it is Postfix, which is down at first.
func TestDeliver_toPostfix(t *testing.T) {
	dir := t.TempDir()
	cert, err := certs.SelfSigned("127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	certFile, keyFile := filepath.Join(dir, "cert.crt"), filepath.Join(dir, "cert.secret")
	os.WriteFile(certFile, cert.CertPEM, 0o600)
	os.WriteFile(keyFile, cert.KeyPEM, 0o600)
	postfix := postfixtest.Start(t, postfixtest.Options{CertFile: certFile, KeyFile: keyFile})
	relay := &config.Relay{Host: "127.0.0.1", Port: postfix.Port, TLS: "starttls", CAFile: certFile}
	reports := [][]byte{
		withBody("hello\r\n.\r\n..dots\r\n"), withBody("8bit \xe4\xf6\xfc"), withBody("bare\nLF and \x00 NUL and bare\rCR"),
	}
	for i, report := range reports {
		now := time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)
		q := &memory{b: aBounce()}
		d := deliverer(t, q, relay, func() time.Time { return now }, nil)
		d.o.Open = func(queue.Bounce) (Body, error) { return octets{bytes.NewReader(report)}, nil }
		if i == 0 {
			postfix.Down()
			if err := d.round(t.Context()); err != nil || q.sent != "" || q.b.Tries != 1 {
				t.Fatalf("while the server is down: %v, sent %q, %d tries", err, q.sent, q.b.Tries)
			}
			postfix.Up()
			now = q.b.NotBefore
		}
		if err := d.round(t.Context()); err != nil || q.sent == "" {
			t.Fatalf("report %d: %v, last error %q\n%s", i, err, q.why, postfix.Log())
		}
	}
	found := make([]bool, len(reports))
	for _, mail := range postfix.Messages(len(reports), 20*time.Second) {
		// The maildir holds lines that end in LF: as the server's own disk format, not as mail on the wire.
		got := recovered(t, bytes.ReplaceAll(mail, []byte("\n"), []byte("\r\n")))
		for i, report := range reports {
			found[i] = found[i] || bytes.Equal(got, report)
		}
	}
	for i, ok := range found {
		if !ok {
			t.Errorf("report %d did not come back byte-exact", i)
		}
	}
}
