// Package pebbletest runs Pebble, Let's Encrypt's test CA, on loopback ports, with a DNS server that sends every name
// to this machine.
//
// Reads: nothing but what its processes say.
//
// Writes: one temporary directory.
//
// Invariants:
//   - I1: both processes listen on 127.0.0.1 only, and end with the test.
//
// On failure: a test skips, and says so, where Pebble is not installed or -short is given; any other failure shows what
// Pebble said.
//
// Standards: RFC 8555.
package pebbletest

import (
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"clawback/internal/test/needs"
)

// Options of a CA.
type Options struct {
	HTTPPort, ALPNPort int // where it validates HTTP-01 and TLS-ALPN-01
	Seconds            int // how long its certificates last
	// CertPEM and KeyPEM are its own server's, for localhost and 127.0.0.1.
	CertPEM, KeyPEM []byte
}

// Server is a CA. Its API is reached through a listener of ours, which nobody else can take while the CA is down.
type Server struct {
	Address   string // of its API
	Directory string // URL
	CAFile    string // roots of its API, PEM

	t       testing.TB
	o       Options
	dir     string
	dns     string
	backend atomic.Pointer[string] // Pebble's own address, nil while it is down
	cmd     *exec.Cmd
}

// New starts a CA.
func New(t testing.TB, o Options) *Server {
	t.Helper()
	needs.Time(t, "half a minute", "make test")
	for _, tool := range []string{"pebble", "pebble-challtestsrv"} {
		needs.Program(t, tool)
	}
	s := &Server{t: t, o: o, dir: t.TempDir(), dns: Free(t)}
	s.CAFile = s.write("pebble.pem", o.CertPEM)
	s.write("pebble.key", o.KeyPEM)
	s.listen()
	s.run(exec.Command("pebble-challtestsrv", "-dns01", s.dns, "-defaultIPv6", "", "-http01", "", "-https01", "",
		"-tlsalpn01", "",
		"-management", Free(t)))
	s.Start()
	return s
}

func (s *Server) write(name string, data []byte) string {
	s.t.Helper()
	name = filepath.Join(s.dir, name)
	if err := os.WriteFile(name, data, 0o600); err != nil {
		s.t.Fatal(err)
	}
	return name
}

// listen passes connections on to Pebble, and closes them at once while it is down.
func (s *Server) listen() {
	s.t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { ln.Close() })
	s.Address = ln.Addr().String()
	s.Directory = "https://" + s.Address + "/dir"
	go func() {
		for {
			in, err := ln.Accept()
			if err != nil {
				return
			}
			go s.pass(in)
		}
	}()
}

func (s *Server) pass(in net.Conn) {
	defer in.Close()
	to := s.backend.Load()
	if to == nil {
		return
	}
	out, err := net.Dial("tcp", *to)
	if err != nil {
		return
	}
	defer out.Close()
	go func() { io.Copy(out, in); out.Close() }()
	io.Copy(in, out)
}

// Start starts it anew after Stop: it has forgotten every account then.
func (s *Server) Start() {
	s.t.Helper()
	for range 3 { // another process may take the port first
		address := Free(s.t)
		text, err := json.Marshal(map[string]any{"pebble": map[string]any{
			"listenAddress": address, "managementListenAddress": Free(s.t), "certificate": s.CAFile,
			"privateKey": filepath.Join(s.dir, "pebble.key"),
			"httpPort":   s.o.HTTPPort, "tlsPort": s.o.ALPNPort, "certificateValidityPeriod": s.o.Seconds,
		}})
		if err != nil {
			s.t.Fatal(err)
		}
		s.cmd = exec.Command("pebble", "-config", s.write("pebble.json", text), "-dnsserver", s.dns)
		s.cmd.Env = append(os.Environ(), "PEBBLE_VA_NOSLEEP=1") // one nonce in twenty is still refused
		s.run(s.cmd)
		if s.reachable("https://" + address + "/dir") {
			s.backend.Store(&address)
			return
		}
		s.Stop()
	}
	s.t.Fatal("pebble does not answer")
}

func (s *Server) reachable(url string) bool {
	s.t.Helper()
	client := s.client()
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(50 * time.Millisecond) {
		if res, err := client.Get(url); err == nil {
			res.Body.Close()
			return true
		}
	}
	return false
}

// Stop kills it.
func (s *Server) Stop() {
	s.backend.Store(nil)
	s.cmd.Process.Kill()
	s.cmd.Wait()
}

// run starts a command whose output is shown when the test fails, and ends it with the test.
func (s *Server) run(cmd *exec.Cmd) {
	s.t.Helper()
	out := &buffer{}
	cmd.Stdout, cmd.Stderr = out, out
	if err := cmd.Start(); err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		cmd.Process.Kill()
		cmd.Wait()
		if s.t.Failed() {
			s.t.Logf("%s said:\n%s", cmd.Path, out)
		}
	})
}

func (s *Server) client() *http.Client {
	s.t.Helper()
	pem, err := os.ReadFile(s.CAFile)
	if err != nil {
		s.t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AppendCertsFromPEM(pem)
	return &http.Client{Transport: &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}},
		Timeout: 5 * time.Second}
}

// Free is an address that nobody listens on, for a server that cannot be given a listener.
func Free(t testing.TB) string {
	t.Helper()
	ln, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	return ln.Addr().String()
}

// buffer takes what a process writes.
type buffer struct {
	mu sync.Mutex
	b  strings.Builder
}

func (b *buffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *buffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}
