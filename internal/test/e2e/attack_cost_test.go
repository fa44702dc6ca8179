package e2e

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"time"

	"clawback/internal/test/smtpload"
)

// Strangers send commands without end, and data octet by octet: what costs them nothing ends soon, and Exchange's mail
// goes on.
func TestAttack_floodsOfCommandsAndPieces(t *testing.T) {
	w := besieged(t, contoso)
	for n := range 10 {
		c := w.from(strangerPeer(n))
		go c.Send([]byte(strings.Repeat("NOOP\r\n", 5000)))
		answered := 0
		for r, err := c.Reply(); err == nil && r.Code == 250; r, err = c.Reply() {
			answered++
		}
		if answered == 0 || answered > 1000 {
			t.Errorf("a stranger has %d commands answered", answered)
		}
	}
	c := w.from(strangerPeer(20))
	if code, err := dialogue(c, "MAIL FROM:<>", "RCPT TO:<postmaster>", "DATA"); err != nil || code != 354 {
		t.Fatal(code, err)
	}
	for range 20_000 {
		if c.Send([]byte("x")) != nil {
			break
		}
	}
	c.Send([]byte("\r\n.\r\n"))
	if r, err := c.Reply(); err == nil {
		t.Errorf("20,000 octets, each by itself, are answered %s", r)
	}
	w.exchangeStillDelivers(1)
}

// What a stranger shows in the handshake, names without end and a server name that is none, is not kept with each
// message.
func TestAttack_handshakeFullOfNames(t *testing.T) {
	w := besieged(t, contoso)
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	cert := &x509.Certificate{SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour)}
	for n := range 16 {
		cert.DNSNames = append(cert.DNSNames, fmt.Sprintf("%d.", n)+strings.Repeat("name.", 1000)+"example")
	}
	der, err := x509.CreateCertificate(rand.Reader, cert, cert, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	c, err := smtpload.DialFrom(t.Context(), strangerPeer(0), w.Address)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	config := &tls.Config{InsecureSkipVerify: true, ServerName: strings.Repeat("long.", 2000) + "example",
		Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}
	if err := c.Secure("peer.example", config); err != nil {
		t.Fatal(err)
	}
	if code, err := deliver(c, contoso.Journal(), []byte("Subject: x\r\n\r\nx\r\n")); err != nil || code != 250 {
		t.Fatal(code, err)
	}
	w.eventually(func() string {
		if out := w.must("queue", "list", "--state", "quarantined", "--json"); len(out) < 100 {
			return out
		}
		return ""
	})
	if out := w.must("queue", "list", "--state", "quarantined", "--all", "--json"); len(out) > 5000 {
		t.Errorf("the item's row has %d bytes: %.500s", len(out), out)
	}
}
