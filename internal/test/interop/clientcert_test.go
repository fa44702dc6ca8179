package interop

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"fmt"
	"math/big"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"clawback/internal/test/smtpload"
	"clawback/internal/test/testbed"
)

// A required client certificate is verified against the system's roots, by whatever intermediate, without the
// clientAuth usage and for the name that Exchange Online's has: none of it is configured.
func TestClientCertificate_systemRoots(t *testing.T) {
	root := authority(t, "root", nil)
	middle := authority(t, "middle", root)
	stranger := authority(t, "stranger", nil)
	const outlook = "mail.protection.outlook.com"
	bed, err := testbed.New(testbed.Options{Binary: binary, Tenants: []testbed.Tenant{organisation}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(bed.Close)
	edit(t, bed, "networks = [\"127.0.0.0/8\"]\n", "networks = [\"127.0.0.0/8\"]\nclient_certificate = \"require\"\n")
	roots := filepath.Join(t.TempDir(), "roots.pem")
	write(t, roots, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: root.der}))
	if err := bed.Start(t.Context(), "SSL_CERT_FILE="+roots, "SSL_CERT_DIR="+t.TempDir()); err != nil {
		t.Fatalf("%v\n%s", err, bed.LogTail())
	}
	in := watch(t, bed)
	for _, tt := range []struct {
		name string
		by   *signer
		dns  string
		code int
	}{{"good", middle, outlook, 250}, {"another name", middle, "evil.example", 454}, {"another root", stranger, outlook, 454}} {
		t.Run(tt.name, func(t *testing.T) {
			config := bed.TLS()
			config.Certificates = []tls.Certificate{tt.by.issue(t, tt.dns)}
			conn, err := smtpload.Dial(t.Context(), bed.Address)
			if err != nil {
				t.Fatal(err)
			}
			defer conn.Close()
			if err := conn.StartTLS(config); err != nil {
				t.Fatalf("%v: a certificate that is not good must not end the handshake", err)
			}
			if r, err := conn.Cmd("EHLO client.example"); err != nil || r.Code != tt.code {
				t.Fatalf("EHLO: %s, %v; want %d", r, err, tt.code)
			}
			if tt.code != 250 {
				return
			}
			l := letters()[0]
			send(t, conn, fmt.Sprintf("MAIL FROM:<>\r\nRCPT TO:<%s>\r\nBDAT %d LAST\r\n%s", organisation.Journal(),
				len(l.octet), l.octet), 250, 250, 250)
			it, _ := in.next(10 * time.Second)
			if got := it.Envelope.TLS; !got.Verified || strings.Join(got.ClientNames, " ") != outlook {
				t.Errorf("the item says %+v", got)
			}
		})
	}
}

// signer is a CA.
type signer struct {
	cert  *x509.Certificate
	der   []byte
	key   *ecdsa.PrivateKey
	chain [][]byte // up to the root, without it
}

// authority makes a CA below another, or a root.
func authority(t *testing.T, name string, parent *signer) *signer {
	t.Helper()
	s := &signer{}
	template := &x509.Certificate{Subject: pkix.Name{CommonName: name}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	s.der, s.key = sign(t, template, parent)
	s.cert = template
	if parent != nil {
		s.chain = append([][]byte{s.der}, parent.chain...)
	}
	return s
}

// issue makes a certificate as public CAs do now: for servers only.
func (s *signer) issue(t *testing.T, name string) tls.Certificate {
	t.Helper()
	der, key := sign(t, &x509.Certificate{DNSNames: []string{name}, ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth}}, s)
	return tls.Certificate{Certificate: append([][]byte{der}, s.chain...), PrivateKey: key}
}

func sign(t *testing.T, template *x509.Certificate, by *signer) ([]byte, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template.SerialNumber = big.NewInt(time.Now().UnixNano())
	template.NotBefore, template.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(24*time.Hour)
	parent, signing := template, key
	if by != nil {
		parent, signing = by.cert, by.key
	}
	der, err := x509.CreateCertificate(rand.Reader, template, parent, key.Public(), signing)
	if err != nil {
		t.Fatal(err)
	}
	return der, key
}
