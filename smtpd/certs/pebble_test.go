package certs

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"io"
	"log/slog"
	"net"
	"strings"
	"sync"
	"testing"
	"time"

	"clawback/config"
	"clawback/internal/test/pebbletest"
)

// newPebble starts a CA that validates on the ports of the given listeners.
func newPebble(t *testing.T, http, alpn net.Listener, seconds int) *pebbletest.Server {
	t.Helper()
	own, err := SelfSigned("localhost", "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	return pebbletest.New(t, pebbletest.Options{HTTPPort: port(http), ALPNPort: port(alpn), Seconds: seconds, CertPEM: own.CertPEM, KeyPEM: own.KeyPEM})
}

// lockedBuffer takes what a process writes.
type lockedBuffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func local(t *testing.T) net.Listener {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { ln.Close() })
	return ln
}

func port(ln net.Listener) int { return ln.Addr().(*net.TCPAddr).Port }

// bench is an ACME source, its CA, and a TLS server that it serves.
type bench struct {
	*ACME
	ca   *pebbletest.Server
	log  *lockedBuffer
	tls  net.Listener
	done chan error
	stop context.CancelFunc
}

// setting is what the tests vary.
type setting struct {
	domains    []string
	http, alpn bool
	seconds    int
	stateDir   string
}

func newBench(t *testing.T, s setting) *bench {
	t.Helper()
	listeners := map[string]net.Listener{"http:0": local(t), "alpn:0": local(t)}
	b := &bench{ca: newPebble(t, listeners["http:0"], listeners["alpn:0"], s.seconds), log: &lockedBuffer{}, done: make(chan error, 1)}
	c := config.ACME{Enabled: true, Domains: s.domains, Email: "admin@example.com", DirectoryURL: b.ca.Directory,
		CAFile: b.ca.CAFile, RenewBefore: 30 * 24 * time.Hour}
	if s.http {
		c.HTTPAddress = "http:0"
	}
	if s.alpn {
		c.TLSALPNAddress = "alpn:0"
	}
	if s.stateDir == "" {
		s.stateDir = t.TempDir()
	}
	var err error
	b.ACME, err = newACME(c, Options{StateDir: s.stateDir, Log: slog.New(slog.NewTextHandler(b.log, nil)),
		Listen: func(address string) (net.Listener, error) { return listeners[address], nil }})
	if err != nil {
		t.Fatal(err)
	}
	b.wait = func(int) time.Duration { return 200 * time.Millisecond }
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("log:\n%s", b.log)
		}
	})
	return b
}

// warm warms the source, and fails the test when it cannot.
func (b *bench) warm(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), hangAfter)
	defer cancel()
	if err := b.Warm(ctx); err != nil {
		t.Fatal(err)
	}
}

// run runs the source and an echoing TLS server until the test ends.
func (b *bench) run(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	b.stop = cancel
	go func() { b.done <- b.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-b.done; err != nil {
			t.Error(err)
		}
	})
	b.tls = tls.NewListener(local(t), &tls.Config{GetCertificate: b.GetCertificate})
	go func() {
		for {
			conn, err := b.tls.Accept()
			if err != nil {
				return
			}
			go io.Copy(conn, conn)
		}
	}()
}

// session opens a TLS session, as a client that asks for a name or for none.
func (b *bench) session(t *testing.T, name string) (*tls.Conn, *x509.Certificate) {
	t.Helper()
	// A handshake that waits for the CA takes minutes.
	dialer := &net.Dialer{Timeout: time.Minute}
	conn, err := tls.DialWithDialer(dialer, "tcp", b.tls.Addr().String(),
		&tls.Config{ServerName: name, InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn, conn.ConnectionState().PeerCertificates[0]
}

// echo sends a line and wants it back.
func echo(t *testing.T, conn net.Conn, line string) {
	t.Helper()
	conn.SetDeadline(time.Now().Add(time.Minute))
	fmt.Fprintln(conn, line)
	if got, err := bufio.NewReader(conn).ReadString('\n'); err != nil || got != line+"\n" {
		t.Fatalf("sent %q, got %q, %v", line, got, err)
	}
}

// hangAfter ends a test that hangs; on a busy machine all that is waited for here may take long.
const hangAfter = 4 * time.Minute

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(hangAfter); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatalf("after %s: %s does not hold", hangAfter, what)
}
