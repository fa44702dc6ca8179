package certs

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"clawback/config"
)

// pebble is Let's Encrypt's test CA, with a DNS server that sends every name to this machine.
type pebble struct {
	t         *testing.T
	dir       string
	directory string
	dns       string
	config    string
	cmd       *exec.Cmd
}

// newPebble starts the CA. It validates on the ports of the given listeners, and its certificates last so many seconds.
func newPebble(t *testing.T, http, alpn net.Listener, seconds int) *pebble {
	t.Helper()
	if testing.Short() {
		t.Skip("takes half a minute against Pebble, not with -short")
	}
	for _, tool := range []string{"pebble", "pebble-challtestsrv"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skip(tool + " is not installed: run scripts/install-test-servers.sh")
		}
	}
	p := &pebble{t: t, dir: t.TempDir()}
	own, err := SelfSigned("localhost", "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	p.write("pebble.pem", own.CertPEM)
	p.write("pebble.key", own.KeyPEM)
	listen := free(t)
	p.directory = "https://" + listen + "/dir"
	p.dns = free(t)
	p.config = p.write("pebble.json", marshal(t, map[string]any{"pebble": map[string]any{
		"listenAddress": listen, "managementListenAddress": free(t), "certificate": p.file("pebble.pem"), "privateKey": p.file("pebble.key"),
		"httpPort": port(http), "tlsPort": port(alpn), "certificateValidityPeriod": seconds,
	}}))
	p.run(exec.Command("pebble-challtestsrv", "-dns01", p.dns, "-defaultIPv6", "", "-http01", "", "-https01", "", "-tlsalpn01", "",
		"-management", free(t)))
	p.start()
	return p
}

func (p *pebble) file(name string) string { return filepath.Join(p.dir, name) }

func (p *pebble) write(name string, data []byte) string {
	p.t.Helper()
	if err := os.WriteFile(p.file(name), data, 0o600); err != nil {
		p.t.Fatal(err)
	}
	return p.file(name)
}

// start starts the CA, anew: it has forgotten every account then.
func (p *pebble) start() {
	p.t.Helper()
	p.cmd = exec.Command("pebble", "-config", p.config, "-dnsserver", p.dns)
	p.cmd.Env = append(os.Environ(), "PEBBLE_VA_NOSLEEP=1") // one nonce in twenty is still refused
	p.run(p.cmd)
	for range 100 {
		if res, err := p.client().Get(p.directory); err == nil {
			res.Body.Close()
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	p.t.Fatal("pebble does not answer")
}

// run starts a command whose output is shown when the test fails, and ends it with the test.
func (p *pebble) run(cmd *exec.Cmd) {
	p.t.Helper()
	out := &lockedBuffer{}
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
	p.t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if p.t.Failed() {
			p.t.Logf("%s said:\n%s", cmd.Path, out)
		}
	})
}

// stop kills the CA.
func (p *pebble) stop() {
	p.cmd.Process.Kill()
	p.cmd.Wait()
}

func (p *pebble) client() *http.Client {
	base, err := transport(p.file("pebble.pem"))
	if err != nil {
		p.t.Fatal(err)
	}
	return &http.Client{Transport: base, Timeout: 5 * time.Second}
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

func marshal(t *testing.T, v any) []byte {
	t.Helper()
	data, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return data
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

// free is an address that nobody listens on, for a server that cannot be given a listener.
func free(t *testing.T) string {
	t.Helper()
	ln := local(t)
	defer ln.Close()
	return ln.Addr().String()
}

// bench is an ACME source, its CA, and a TLS server that it serves.
type bench struct {
	*ACME
	ca   *pebble
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
	c := config.ACME{Enabled: true, Domains: s.domains, Email: "admin@example.com", DirectoryURL: b.ca.directory,
		CAFile: b.ca.file("pebble.pem"), RenewBefore: 30 * 24 * time.Hour}
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
	b.ACME, err = NewACME(c, Options{StateDir: s.stateDir, Log: slog.New(slog.NewTextHandler(b.log, nil)),
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
	ctx, cancel := context.WithTimeout(t.Context(), 60*time.Second)
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
	conn, err := tls.Dial("tcp", b.tls.Addr().String(), &tls.Config{ServerName: name, InsecureSkipVerify: true})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	return conn, conn.ConnectionState().PeerCertificates[0]
}

// echo sends a line and wants it back.
func echo(t *testing.T, conn net.Conn, line string) {
	t.Helper()
	conn.SetDeadline(time.Now().Add(5 * time.Second))
	fmt.Fprintln(conn, line)
	if got, err := bufio.NewReader(conn).ReadString('\n'); err != nil || got != line+"\n" {
		t.Fatalf("sent %q, got %q, %v", line, got, err)
	}
}

// eventually waits until a condition holds.
func eventually(t *testing.T, what string, limit time.Duration, holds func() bool) {
	t.Helper()
	for end := time.Now().Add(limit); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		if holds() {
			return
		}
	}
	t.Fatalf("after %s: %s does not hold", limit, what)
}
