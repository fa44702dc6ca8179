package smtpd

import (
	"crypto/tls"
	"net"
	"net/http/httptest"
	"testing"
)

// secured are the two ends of a TLS connection after its handshake.
func secured(t *testing.T) (server, client *tls.Conn) {
	t.Helper()
	web := httptest.NewTLSServer(nil) // for its certificate
	t.Cleanup(web.Close)
	here, there := net.Pipe()
	t.Cleanup(func() { here.Close(); there.Close() })
	server, client = tls.Server(here, web.TLS), tls.Client(there, &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12})
	done := make(chan error)
	go func() { done <- server.Handshake() }()
	if err := client.Handshake(); err != nil {
		t.Fatal(err)
	}
	if err := <-done; err != nil {
		t.Fatal(err)
	}
	return server, client
}

// Who has ended TLS is not waited for, though the connection below stays open. The connection has no deadline here:
// where the end is not seen, the test hangs.
func TestEnded_seesTheEndOfTLS(t *testing.T) {
	server, client := secured(t)
	go func() {
		client.Write([]byte("QUIT\r\n"))
		client.CloseWrite()
	}()
	if !ended(server) {
		t.Error("the end was not seen")
	}
}

// Who goes on sending is deciphered for a few reads alone.
func TestEnded_endlessBytes(t *testing.T) {
	server, client := secured(t)
	go func() {
		for {
			if _, err := client.Write([]byte("x")); err != nil {
				return
			}
		}
	}()
	if ended(server) {
		t.Error("an end was seen where there is none")
	}
}
