package certs

import (
	"crypto/tls"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"clawback/config"
)

// pair is a certificate and key in two files.
type pair struct {
	config.TLS
	*Files
	log lockedBuffer
	now time.Time
}

func newPair(t *testing.T) *pair {
	t.Helper()
	dir := t.TempDir()
	p := &pair{TLS: config.TLS{CertificateFile: filepath.Join(dir, "cert.pem"), KeyFile: filepath.Join(dir, "key.pem")}, now: time.Now()}
	p.put(t, made(t, "one.example.com"))
	files, err := openFiles(p.TLS, Options{Log: slog.New(slog.NewTextHandler(&p.log, nil)), Now: func() time.Time { return p.now }})
	if err != nil {
		t.Fatal(err)
	}
	p.Files = files
	return p
}

func made(t *testing.T, name string) *Static {
	t.Helper()
	s, err := SelfSigned(name)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// put writes both files.
func (p *pair) put(t *testing.T, s *Static) {
	t.Helper()
	p.putFile(t, p.CertificateFile, s.CertPEM)
	p.putFile(t, p.KeyFile, s.KeyPEM)
}

func (p *pair) putFile(t *testing.T, name string, data []byte) {
	t.Helper()
	if err := os.WriteFile(name, data, 0o600); err != nil {
		t.Fatal(err)
	}
	p.now = p.now.Add(time.Second)
	if err := os.Chtimes(name, p.now, p.now); err != nil {
		t.Fatal(err)
	}
}

// serves is the name that a handshake gets.
func (p *pair) serves(t *testing.T) string {
	t.Helper()
	c, err := p.GetCertificate(&tls.ClientHelloInfo{ServerName: "whatever.example.com"})
	if err != nil {
		t.Fatal(err)
	}
	return c.Leaf.DNSNames[0]
}

func TestFiles_areReadAgainWhenTheyChange(t *testing.T) {
	p := newPair(t)
	p.put(t, made(t, "two.example.com"))
	if got := p.serves(t); got != "one.example.com" {
		t.Errorf("a handshake read the files: %s", got)
	}
	p.refresh()
	if got := p.serves(t); got != "two.example.com" {
		t.Errorf("after the change %s is served", got)
	}
	if got := p.Status(); got.Kind != "files" || got.Problem != "" || got.Names[0] != "two.example.com" {
		t.Errorf("status is %+v", got)
	}
	if strings.Count(p.log.String(), "certificate.changed") != 1 {
		t.Errorf("log: %s", &p.log)
	}
}

func TestFiles_keepTheOldPairWhileTheNewOneIsBroken(t *testing.T) {
	two := made(t, "two.example.com")
	for name, breakIt := range map[string]func(t *testing.T, p *pair){
		"only the certificate is there yet": func(t *testing.T, p *pair) { p.putFile(t, p.CertificateFile, two.CertPEM) },
		"half written":                      func(t *testing.T, p *pair) { p.putFile(t, p.CertificateFile, two.CertPEM[:200]) },
		"empty":                             func(t *testing.T, p *pair) { p.putFile(t, p.KeyFile, nil) },
		"removed": func(t *testing.T, p *pair) {
			if err := os.Remove(p.KeyFile); err != nil {
				t.Fatal(err)
			}
		},
		"not PEM": func(t *testing.T, p *pair) { p.putFile(t, p.CertificateFile, []byte("hello")) },
	} {
		t.Run(name, func(t *testing.T) {
			p := newPair(t)
			breakIt(t, p)
			for range 3 {
				p.refresh()
			}
			if got := p.serves(t); got != "one.example.com" {
				t.Errorf("%s is served", got)
			}
			if p.Status().Problem == "" || p.Status().Since.IsZero() {
				t.Errorf("status is %+v", p.Status())
			}
			if n := strings.Count(p.log.String(), "certificate.failed"); n != 1 {
				t.Errorf("logged %d times:\n%s", n, &p.log)
			}
			p.put(t, two)
			p.refresh()
			if got := p.serves(t); got != "two.example.com" || p.Status().Problem != "" {
				t.Errorf("after it was mended %s is served, status %+v", got, p.Status())
			}
		})
	}
}

func TestFiles_refuseAnExpiredCertificateWhileTheOldOneHolds(t *testing.T) {
	p := newPair(t)
	p.now = p.now.Add(100 * 24 * time.Hour)
	if err := p.suits(made(t, "two.example.com").Certificate); err != nil {
		t.Errorf("both are over, so the newer may as well be served: %v", err)
	}
	long := made(t, "long.example.com").Certificate
	long.Leaf.NotAfter = p.now.Add(time.Hour)
	p.current.Store(long)
	p.put(t, made(t, "two.example.com")) // over by then
	p.refresh()
	if got := p.serves(t); got != "long.example.com" || !strings.Contains(p.Status().Problem, "expired") {
		t.Errorf("%s is served, status %+v", got, p.Status())
	}
}

func TestFiles_seeAChangeThatKeepsTimeAndSize(t *testing.T) {
	p := newPair(t)
	two := made(t, "two.example.com")
	p.put(t, two)
	p.seen = p.stamps() // as if neither had changed
	p.refresh()
	if got := p.serves(t); got != "one.example.com" {
		t.Errorf("content is compared at every look: %s", got)
	}
	p.now = p.now.Add(reread)
	p.refresh()
	if got := p.serves(t); got != "two.example.com" {
		t.Errorf("after %s %s is still served", reread, got)
	}
}

func TestOpenFiles_refusesABrokenPair(t *testing.T) {
	dir := t.TempDir()
	if _, err := openFiles(config.TLS{CertificateFile: filepath.Join(dir, "none"), KeyFile: filepath.Join(dir, "none")}, Options{}); err == nil {
		t.Error("files that are not there were opened")
	}
}

func TestNew_choosesTheSource(t *testing.T) {
	p := newPair(t)
	for _, row := range []struct {
		c    config.Config
		want string
	}{
		{config.Config{TLS: p.TLS}, "files"},
		{config.Config{StateDir: t.TempDir(), ACME: config.ACME{Enabled: true, Domains: []string{"a.example.com"}}}, "acme"},
	} {
		s, err := New(&row.c, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := s.Status().Kind; got != row.want {
			t.Errorf("source is %s, want %s", got, row.want)
		}
	}
}

func TestSelfSigned_isTrustedByItsOwnPool(t *testing.T) {
	s, err := SelfSigned("journal.example.com", "127.0.0.1")
	if err != nil {
		t.Fatal(err)
	}
	ln, err := tls.Listen("tcp", "127.0.0.1:0", &tls.Config{GetCertificate: s.GetCertificate})
	if err != nil {
		t.Fatal(err)
	}
	defer ln.Close()
	go func() {
		for {
			conn, err := ln.Accept()
			if err != nil {
				return
			}
			conn.(*tls.Conn).Handshake()
			conn.Close()
		}
	}()
	for name, good := range map[string]bool{"journal.example.com": true, "127.0.0.1": true, "other.example.com": false} {
		conn, err := tls.Dial("tcp", ln.Addr().String(), &tls.Config{ServerName: name, RootCAs: s.pool()})
		if (err == nil) != good {
			t.Errorf("%s: %v", name, err)
		}
		if conn != nil {
			conn.Close()
		}
	}
	if _, err := SelfSigned(); err == nil {
		t.Error("a certificate for nobody was made")
	}
}

// A chmod changes neither time nor size: it is seen at the next look all the same, and its mending too.
func TestFiles_chmodAloneIsNoticed(t *testing.T) {
	p := newPair(t)
	p.put(t, made(t, "one.example.com"))
	p.refresh()
	if s := p.Status(); s.Problem != "" {
		t.Fatal(s.Problem)
	}
	for _, step := range []struct {
		mode os.FileMode
		open bool
	}{{0o644, true}, {0o600, false}, {0o602, true}, {0o640, false}} {
		if err := os.Chmod(p.KeyFile, step.mode); err != nil {
			t.Fatal(err)
		}
		p.refresh()
		problem := p.Status().Problem
		if open := strings.Contains(problem, "is open to every user") &&
			strings.Contains(problem, "chmod 0600"); open != step.open {
			t.Errorf("mode %v: %q", step.mode, problem)
		}
		if name := p.serves(t); name != "one.example.com" {
			t.Errorf("mode %v: serves %s", step.mode, name)
		}
	}
}

// A key that others may read is refused at the start and when it is renewed; what was served before stays.
func TestFiles_keyOpenToOthersIsRefused(t *testing.T) {
	p := newPair(t)
	p.put(t, made(t, "one.example.com"))
	if name := p.serves(t); name != "one.example.com" {
		t.Fatalf("serves %s", name)
	}
	for _, mode := range []os.FileMode{0o644, 0o604, 0o602, 0o666} {
		p.put(t, made(t, "open.example.com"))
		if err := os.Chmod(p.KeyFile, mode); err != nil {
			t.Fatal(err)
		}
		if err := p.read(); err == nil || !strings.Contains(err.Error(), "is open to every user of the machine") {
			t.Errorf("mode %v: error %v", mode, err)
		}
		if name := p.serves(t); name != "one.example.com" {
			t.Errorf("mode %v: serves %s", mode, name)
		}
	}
	for _, mode := range []os.FileMode{0o600, 0o640, 0o400} {
		p.put(t, made(t, "closed.example.com"))
		if err := os.Chmod(p.KeyFile, mode); err != nil {
			t.Fatal(err)
		}
		if err := p.read(); err != nil || p.serves(t) != "closed.example.com" {
			t.Errorf("mode %v: %v, serves %s", mode, err, p.serves(t))
		}
		if err := os.Chmod(p.KeyFile, 0o600); err != nil {
			t.Fatal(err)
		}
		p.put(t, made(t, "one.example.com"))
		if err := p.read(); err != nil {
			t.Fatal(err)
		}
	}
}
