package certs

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"time"
)

// Source is where a certificate comes from.
type Source interface {
	// GetCertificate answers a handshake, from memory alone. It is safe for use by many handshakes at once.
	GetCertificate(*tls.ClientHelloInfo) (*tls.Certificate, error)
	// Warm makes a certificate ready before the first handshake. It may ask the CA and take minutes.
	Warm(context.Context) error
	// Run keeps the certificate fresh until the context ends.
	Run(context.Context) error
	// Status is what an operator is shown.
	Status() Status
}

// Status is what an operator is shown of a certificate.
type Status struct {
	Kind     string    `json:"kind"` // files, acme, self-signed
	Names    []string  `json:"names"`
	Issuer   string    `json:"issuer"`
	NotAfter time.Time `json:"not_after"`
	Problem  string    `json:"problem,omitempty"` // of the last attempt to get a newer one; "" when it went well
	Since    time.Time `json:"since,omitzero"`    // when the problem began
	Next     time.Time `json:"next,omitzero"`     // when the next attempt is due
}

// describe fills in a status from a certificate.
func describe(kind string, c *tls.Certificate) Status {
	s := Status{Kind: kind}
	if leaf := leafOf(c); leaf != nil {
		s.Names, s.Issuer, s.NotAfter = leaf.DNSNames, leaf.Issuer.String(), leaf.NotAfter
	}
	return s
}

// leafOf is a certificate's own part, or nil.
func leafOf(c *tls.Certificate) *x509.Certificate {
	if c == nil || len(c.Certificate) == 0 {
		return nil
	}
	if c.Leaf != nil {
		return c.Leaf
	}
	leaf, err := x509.ParseCertificate(c.Certificate[0])
	if err != nil {
		return nil
	}
	return leaf
}
