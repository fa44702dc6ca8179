package interop

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"clawback/api"
	"clawback/api/client"
	"clawback/internal/test/pebbletest"
	"clawback/internal/test/smtpload"
	"clawback/internal/test/testbed"
	"clawback/smtpd/certs"
)

// certificateLife is how long Pebble's certificates last: they are renewed after two thirds of it.
const certificateLife = 45

// The daemon gets its certificate from a CA before it says that it is ready, renews it while a message is arriving, and
// shows its end; a client that sends no server name gets it too.
func TestACME_fromFirstCertificateToRenewal(t *testing.T) {
	for _, challenge := range []string{"http_address", "tls_alpn_address"} {
		t.Run(challenge, func(t *testing.T) {
			t.Parallel()
			w := newACMEWorld(t, challenge)
			w.waitsForTheCA()
			open, first := w.session()
			message := report(t)
			half := len(message) / 2
			send(t, open, fmt.Sprintf("MAIL FROM:<>\r\nRCPT TO:<%s>\r\nBDAT %d\r\n%s", organisation.Journal(), half,
				message[:half]), 250, 250, 250)
			w.renewed(first)
			_, second := w.session()
			if second.Equal(first) {
				t.Error("after the renewal a new session gets the old certificate")
			}
			send(t, open, fmt.Sprintf("BDAT %d LAST\r\n%s", len(message)-half, message[half:]), 250)
			wantSame(t, watch(t, w.bed).report(reportID, 20*time.Second), message)
			w.showsTheEnd()
		})
	}
}

// acmeWorld is a daemon whose CA cannot be reached before gate is closed.
type acmeWorld struct {
	t      *testing.T
	bed    *testbed.Bed
	gate   chan struct{}
	notify *net.UnixConn
	ready  chan error
}

func newACMEWorld(t *testing.T, challenge string) *acmeWorld {
	t.Helper()
	w := &acmeWorld{t: t, gate: make(chan struct{}), ready: make(chan error, 1)}
	validated := pebbletest.Free(t)
	_, text, _ := strings.Cut(validated, ":")
	port, _ := strconv.Atoi(text)
	own, err := certs.SelfSigned("localhost", "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	ca := pebbletest.New(t, pebbletest.Options{HTTPPort: port, ALPNPort: port, Seconds: certificateLife, CertPEM: own.CertPEM, KeyPEM: own.KeyPEM})
	if w.bed, err = testbed.New(testbed.Options{Binary: binary, Tenants: []testbed.Tenant{organisation}}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.bed.Close)
	other := map[string]string{"http_address": "tls_alpn_address", "tls_alpn_address": "http_address"}[challenge]
	edit(t, w.bed, "[tls]\ncertificate_file = \"cert.crt\"\nkey_file = \"cert.secret\"\n", fmt.Sprintf("[acme]\ndomains = [%q]\nemail = \"admin@example.com\"\ndirectory_url = \"https://%s/dir\"\nca_file = %q\n%s = %q\n%s = \"\"\n",
		testbed.Hostname, w.proxy(ca.Address), ca.CAFile, challenge, validated, other))
	return w
}

// proxy answers for the CA when the gate is open.
func (w *acmeWorld) proxy(to string) string {
	w.t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { ln.Close() })
	go func() {
		for {
			in, err := ln.Accept()
			if err != nil {
				return
			}
			go func() {
				defer in.Close()
				select {
				case <-w.gate:
				case <-w.t.Context().Done():
					return
				}
				out, err := net.Dial("tcp", to)
				if err != nil {
					return
				}
				defer out.Close()
				go func() { io.Copy(out, in); out.Close() }()
				io.Copy(in, out)
			}()
		}
	}()
	return ln.Addr().String()
}

// waitsForTheCA starts the daemon while the CA does not answer: it must not say that it is ready, nor greet a client,
// before the CA has given it a certificate.
func (w *acmeWorld) waitsForTheCA() {
	w.t.Helper()
	path := filepath.Join(w.t.TempDir(), "notify")
	var err error
	if w.notify, err = net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"}); err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { w.notify.Close() })
	go func() { w.ready <- w.bed.Start(w.t.Context(), "NOTIFY_SOCKET="+path) }()
	w.waitNotified("STATUS=no certificate yet", "READY=1")
	client, err := net.Dial("tcp", w.bed.Address)
	if err != nil {
		w.t.Fatal(err)
	}
	defer client.Close()
	client.SetReadDeadline(time.Now().Add(300 * time.Millisecond))
	if n, err := client.Read(make([]byte, 1)); n > 0 || err == nil {
		w.t.Error("a client is greeted before there is a certificate")
	}
	close(w.gate)
	w.waitNotified("READY=1", "")
	if err := <-w.ready; err != nil {
		w.t.Fatalf("%v\n%s", err, w.bed.LogTail())
	}
}

// waitNotified waits until the service manager is told one thing; it must not be told the other before.
func (w *acmeWorld) waitNotified(want, never string) {
	w.t.Helper()
	w.notify.SetReadDeadline(time.Now().Add(40 * time.Second))
	for buf := make([]byte, 4096); ; {
		n, err := w.notify.Read(buf)
		if err != nil {
			w.t.Fatalf("the service manager was not told %s: %v\n%s", want, err, w.bed.LogTail())
		}
		text := string(buf[:n])
		if never != "" && strings.Contains(text, never) {
			w.t.Fatalf("told %q before %s", text, want)
		}
		if strings.Contains(text, want) {
			return
		}
	}
}

// session is one over TLS without a server name, and the certificate that it got.
func (w *acmeWorld) session() (*smtpload.Conn, *x509.Certificate) {
	w.t.Helper()
	conn, err := smtpload.DialTLS(w.t.Context(), w.bed.Address, "client.example", &tls.Config{InsecureSkipVerify: true}) // a self-made CA
	if err != nil {
		w.t.Fatalf("%v\n%s", err, w.bed.LogTail())
	}
	w.t.Cleanup(func() { conn.Close() })
	state := conn.Conn.(*tls.Conn).ConnectionState()
	leaf := state.PeerCertificates[0]
	if err := leaf.VerifyHostname(testbed.Hostname); err != nil ||
		!strings.Contains(leaf.Issuer.CommonName, "Pebble") || len(state.PeerCertificates) < 2 {
		w.t.Errorf("without a server name the certificate is %s of %s, with %d in the chain: %v", leaf.Subject,
			leaf.Issuer, len(state.PeerCertificates), err)
	}
	return conn, leaf
}

// renewed waits until the status shows a later certificate.
func (w *acmeWorld) renewed(old *x509.Certificate) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), 2*certificateLife*time.Second)
	defer cancel()
	for s := w.status(); !s.Certificate.NotAfter.After(old.NotAfter); s = w.status() {
		select {
		case <-ctx.Done():
			w.t.Fatalf("not renewed: %+v\n%s", s.Certificate, w.bed.LogTail())
		case <-time.After(200 * time.Millisecond):
		}
	}
}

func (w *acmeWorld) status() (s api.Status) {
	w.t.Helper()
	s, err := client.Do(w.t.Context(), w.bed.Client, api.ShowStatus, api.None{})
	if err != nil || s.Certificate == nil {
		w.t.Fatalf("status: %v", err)
	}
	return s
}

// showsTheEnd: the metrics say when the certificate ends, as the status does.
func (w *acmeWorld) showsTheEnd() {
	w.t.Helper()
	end := w.status().Certificate.NotAfter
	var metrics bytes.Buffer
	if err := w.bed.Client.Metrics(w.t.Context(), &metrics); err != nil {
		w.t.Fatal(err)
	}
	for line := range strings.Lines(metrics.String()) {
		if value, ok := strings.CutPrefix(line, "clawback_certificate_expiry_timestamp_seconds "); ok {
			if seconds, err := strconv.ParseFloat(strings.TrimSpace(value), 64); err != nil ||
				int64(seconds) < end.Unix() {
				w.t.Errorf("metrics say %s, status %d", value, end.Unix())
			}
			return
		}
	}
	w.t.Error("the metrics do not have the certificate's end")
}

// send sends some commands at once and wants these replies.
func send(t *testing.T, conn *smtpload.Conn, commands string, codes ...int) {
	t.Helper()
	if err := conn.Send([]byte(commands)); err != nil {
		t.Fatal(err)
	}
	for _, code := range codes {
		if r, err := conn.Reply(); err != nil || r.Code != code {
			t.Fatalf("reply %s, %v; want %d", r, err, code)
		}
	}
}
