package side

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"clawback/internal/test/smtpload"
	"clawback/smtpd/certs"
)

// Both sides take mail; the durable one works it off, and gives the space of a large message back.
func TestSides_takeMail(t *testing.T) {
	cert, err := certs.SelfSigned("bench.example")
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	durable, err := Durable(dir, cert, Options{Workers: 2})
	if err != nil {
		t.Fatal(err)
	}
	defer durable.Close()
	discarding, err := Discarding(cert)
	if err != nil {
		t.Fatal(err)
	}
	defer discarding.Close()
	for _, s := range []*Side{durable, discarding} {
		for _, size := range []int{5_000, 2_000_000} {
			r, err := smtpload.Run(t.Context(), smtpload.Options{
				Address: s.Address, To: []string{Recipient}, Verb: smtpload.BDAT, Sessions: 3, Messages: 4, Next: smtpload.Filler(size),
			})
			if err != nil || len(r.Accepted) != 12 {
				t.Errorf("%s: %v, %v", s.Name, r, err)
			}
		}
		if !s.Idle(20 * time.Second) {
			t.Errorf("%s: not idle", s.Name)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(dir, "spool", "body", "*", "*")); len(left) > 0 {
		t.Errorf("left on the disk: %v", left)
	}
	if _, err := os.Stat(filepath.Join(dir, "queue.db")); err != nil {
		t.Errorf("the durable side has no queue: %v", err)
	}
}
