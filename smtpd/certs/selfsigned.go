package certs

import (
	"bytes"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net"
	"time"
)

// Static is a certificate that stays as it is: for the demo and for tests.
type Static struct {
	Certificate *tls.Certificate
	CertPEM     []byte
	KeyPEM      []byte
}

// SelfSigned makes a certificate for names and IP addresses that is its own root, good for 90 days. It is for the demo
// and for tests: a connector that verifies will not accept it.
func SelfSigned(names ...string) (*Static, error) {
	if len(names) == 0 {
		return nil, errors.New("make certificate: no name")
	}
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make key: %w", err)
	}
	template, err := selfTemplate(names)
	if err != nil {
		return nil, err
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		return nil, fmt.Errorf("make certificate: %w", err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, fmt.Errorf("encode key: %w", err)
	}
	s := &Static{
		CertPEM: pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}),
		KeyPEM:  pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: pkcs8}),
	}
	pair, err := tls.X509KeyPair(s.CertPEM, s.KeyPEM)
	if err != nil {
		return nil, fmt.Errorf("pair certificate and key: %w", err)
	}
	s.Certificate = &pair
	return s, nil
}

// selfTemplate is what a self-made certificate says.
func selfTemplate(names []string) (*x509.Certificate, error) {
	serial, err := rand.Int(rand.Reader, new(big.Int).Lsh(big.NewInt(1), 127))
	if err != nil {
		return nil, fmt.Errorf("make serial number: %w", err)
	}
	now := time.Now()
	t := &x509.Certificate{
		SerialNumber:          serial,
		Subject:               pkix.Name{CommonName: names[0], Organization: []string{"clawback, self-made"}},
		NotBefore:             now.Add(-time.Hour),
		NotAfter:              now.Add(90 * 24 * time.Hour),
		KeyUsage:              x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
		ExtKeyUsage:           []x509.ExtKeyUsage{x509.ExtKeyUsageServerAuth, x509.ExtKeyUsageClientAuth},
		BasicConstraintsValid: true,
		IsCA:                  true,
	}
	for _, name := range names {
		if ip := net.ParseIP(name); ip != nil {
			t.IPAddresses = append(t.IPAddresses, ip)
		} else {
			t.DNSNames = append(t.DNSNames, name)
		}
	}
	return t, nil
}

// pool is a set of roots that holds the certificate alone, for those who are to trust it.
func (s *Static) pool() *x509.CertPool {
	pool := x509.NewCertPool()
	pool.AppendCertsFromPEM(bytes.Clone(s.CertPEM))
	return pool
}

// GetCertificate answers a handshake.
func (s *Static) GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	return s.Certificate, nil
}

// Warm does nothing: the certificate is there.
func (s *Static) Warm(context.Context) error { return nil }

// Run waits for the end of the context.
func (s *Static) Run(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

// Status is what an operator is shown.
func (s *Static) Status() Status { return describe("self-signed", s.Certificate) }
