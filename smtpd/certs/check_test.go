package certs

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"math/big"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"clawback/config"
)

// authority is a CA with an intermediate certificate, as public ones have.
type authority struct {
	roots        *x509.CertPool
	intermediate *x509.Certificate
	key          *ecdsa.PrivateKey
}

func newAuthority(t *testing.T) *authority {
	t.Helper()
	root, rootKey := sign(t, "root", nil, nil)
	intermediate, key := sign(t, "intermediate", root, rootKey)
	a := &authority{roots: x509.NewCertPool(), intermediate: intermediate, key: key}
	a.roots.AddCert(root)
	return a
}

// sign makes a CA's or, for a name with a dot, a server's certificate.
func sign(t *testing.T, name string, parent *x509.Certificate,
	by *ecdsa.PrivateKey) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now()
	template := &x509.Certificate{SerialNumber: big.NewInt(now.UnixNano()), Subject: pkix.Name{CommonName: name},
		NotBefore: now.Add(-time.Hour), NotAfter: now.Add(90 * 24 * time.Hour), BasicConstraintsValid: true,
		IsCA: !strings.Contains(name, "."), KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature}
	if !template.IsCA {
		template.DNSNames = []string{name}
	}
	if parent == nil {
		parent, by = template, key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), by)
	if err != nil {
		t.Fatal(err)
	}
	c, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	return c, key
}

// encode writes a key and certificates, as the ACME cache has them.
func encode(t *testing.T, key *ecdsa.PrivateKey, chain ...*x509.Certificate) []byte {
	t.Helper()
	der, err := x509.MarshalECPrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	out := pem.EncodeToMemory(&pem.Block{Type: "EC PRIVATE KEY", Bytes: der})
	for _, c := range chain {
		out = append(out, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: c.Raw})...)
	}
	return out
}

func TestCheck_seesWhatAVerifyingConnectorSees(t *testing.T) {
	ca := newAuthority(t)
	leaf, key := sign(t, "journal.example.com", ca.intermediate, ca.key)
	whole, bare := encode(t, key, leaf, ca.intermediate), encode(t, key, leaf)
	now, day := time.Now(), 24*time.Hour
	for _, row := range []struct {
		name, hostname string
		data           []byte
		at             time.Time
		ok             bool
		want           string
	}{
		{"good", "journal.example.com", whole, now, true, "CN=intermediate, until"},
		{"intermediate missing", "journal.example.com", bare, now, false, "put the CA's intermediate"},
		{"another name", "mail.example.com", whole, now, false, "get one for mail.example.com"},
		{"ends soon", "journal.example.com", whole, now.Add(80 * day), false, "ends in 9 days"},
		{"over", "journal.example.com", whole, now.Add(91 * day), false, "was over on"},
		{"clock is wrong", "journal.example.com", whole, now.Add(-2 * day), false, "clock"},
		{"broken file", "journal.example.com", whole[:300], now, false, "tls:"},
	} {
		t.Run(row.name, func(t *testing.T) {
			file := filepath.Join(t.TempDir(), "pair.pem")
			if err := os.WriteFile(file, row.data, 0o600); err != nil {
				t.Fatal(err)
			}
			c := &config.Config{Hostname: row.hostname, TLS: config.TLS{CertificateFile: file, KeyFile: file}}
			got := Check(c, ca.roots, row.at)
			if len(got) != 1 || got[0].OK != row.ok || !got[0].matches(row.want) {
				t.Errorf("found %+v, want %v and %q", got, row.ok, row.want)
			}
			used, err := openFiles(c.TLS, Options{})
			if err != nil {
				return // not in use
			}
			if got := InUse(used, row.hostname, ca.roots, row.at); got.OK != row.ok || !got.matches(row.want) {
				t.Errorf("in use: found %+v, want %v and %q", got, row.ok, row.want)
			}
		})
	}
}

// matches reports whether a finding has a text, and a remedy where one is needed.
func (f Finding) matches(text string) bool {
	return strings.Contains(f.Text+" -> "+f.Remedy, text) && f.OK == (f.Remedy == "")
}

func TestCheck_looksAtEachACMEDomain(t *testing.T) {
	ca, dir := newAuthority(t), t.TempDir()
	leaf, key := sign(t, "one.example.com", ca.intermediate, ca.key)
	cache, err := openCache(filepath.Join(dir, "acme"))
	if err != nil {
		t.Fatal(err)
	}
	if err := cache.Put(t.Context(), "one.example.com", encode(t, key, leaf, ca.intermediate)); err != nil {
		t.Fatal(err)
	}
	if err := cache.Put(t.Context(), "three.example.com", []byte("garbage")); err != nil {
		t.Fatal(err)
	}
	c := &config.Config{StateDir: dir, ACME: config.ACME{Enabled: true, Domains: []string{"one.example.com", "two.example.com", "three.example.com"}}}
	got := Check(c, ca.roots, time.Now())
	if len(got) != 3 || !got[0].OK || !got[1].OK || got[2].OK || !strings.Contains(got[1].Text, "not there yet") {
		t.Errorf("found %+v", got)
	}
}
