package certs

import (
	"crypto/tls"
	"testing"
	"time"

	"clawback/config"
)

// While an issuance or a reading holds its lock, handshakes must be answered all the same.
func TestGetCertificate_waitsForNoLock(t *testing.T) {
	p := newPair(t)
	p.mu.Lock()
	defer p.mu.Unlock()
	a, err := newACME(config.ACME{Domains: []string{"one.example.com"}}, Options{StateDir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	a.use("one.example.com", made(t, "one.example.com").Certificate)
	a.mu.Lock()
	defer a.mu.Unlock()
	for name, source := range map[string]Source{"files": p.Files, "acme": a} {
		done := make(chan error, 1)
		go func() {
			_, err := source.GetCertificate(&tls.ClientHelloInfo{ServerName: "one.example.com"})
			done <- err
		}()
		select {
		case err := <-done:
			if err != nil {
				t.Errorf("%s: %v", name, err)
			}
		case <-time.After(time.Minute):
			t.Errorf("%s: the handshake waits", name)
		}
	}
}
