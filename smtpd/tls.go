package smtpd

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"slices"
	"strings"

	"clawback/internal/mailaddr"
	"clawback/queue"
)

// What is kept of a handshake stands in the row of each message of the session. All of it is the client's.
const (
	maxClientNames = 16  // of a client certificate
	maxName        = 253 // bytes of a name: RFC 1035, section 2.3.4
	maxProblem     = 500 // bytes of why a client certificate was not verified
)

// maxChain is how many certificates a client may show. Exchange Online shows two or three; each more is another way to
// build a chain, and to have signatures computed.
const maxChain = 5

// clip is the first n bytes of a text, whole characters.
func clip(text string, n int) string {
	if len(text) <= n {
		return text
	}
	return strings.ToValidUTF8(text[:n], "")
}

// tlsConfig is the server's side of the handshake (RFC 9325): TLS 1.2 with ECDHE and AEAD only, and TLS 1.3.
func (s *Server) tlsConfig() *tls.Config {
	c := &tls.Config{
		GetCertificate: s.options.Certificates,
		MinVersion:     tls.VersionTLS12,
		CipherSuites: []uint16{
			tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384, tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
			tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256, tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256, tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
		},
		// Microsoft's SMTP client drops a TLS 1.3 server that sends a session ticket with the handshake
		// (golang/go#70232, open; mjl-/mox#237). Until that is known to be fixed in Exchange Online.
		SessionTicketsDisabled: true,
	}
	if s.listener.ClientCertificate == "request" || s.listener.ClientCertificate == "require" {
		// Not VerifyClientCertIfGiven: it ends the handshake of a client whose certificate lacks the clientAuth
		// usage, which public authorities no longer give. inspect verifies instead.
		c.ClientAuth = tls.RequestClientCert
	}
	return c
}

// inspect notes what the handshake showed.
func (s *Server) inspect(p *peer, state tls.ConnectionState) {
	p.tls = queue.TLS{
		Version: tls.VersionName(state.Version), Cipher: tls.CipherSuiteName(state.CipherSuite),
		ServerName: clip(state.ServerName, maxName),
	}
	if s.tls.ClientAuth == tls.NoClientCert {
		return
	}
	err := s.verifyClient(state.PeerCertificates)
	if len(state.PeerCertificates) > 0 {
		p.tls.ClientNames = clientNames(state.PeerCertificates[0])
	}
	p.tls.Verified = err == nil
	p.online = p.online || p.tls.Verified && isExchange(p.tls.ClientNames)
	if err != nil {
		p.tls.Problem = clip(err.Error(), maxProblem)
		p.refuse = s.listener.ClientCertificate == "require"
	}
}

// clientNames are the names of a client certificate, the first of them; what is too long is no name.
func clientNames(c *x509.Certificate) (names []string) {
	for _, name := range c.DNSNames {
		if len(name) <= maxName && len(names) < maxClientNames {
			names = append(names, name)
		}
	}
	return names
}

// verifyClient checks that the certificate chains to a root and bears one of the expected names. The issuer is not
// pinned: Exchange Online's has changed three times since 2020.
func (s *Server) verifyClient(certs []*x509.Certificate) error {
	if len(certs) == 0 {
		return errors.New("no client certificate")
	}
	if len(certs) > maxChain {
		return fmt.Errorf("%d client certificates: at most %d are looked at", len(certs), maxChain)
	}
	intermediates := x509.NewCertPool()
	for _, c := range certs[1:] {
		intermediates.AddCert(c)
	}
	_, err := certs[0].Verify(x509.VerifyOptions{
		Roots: s.roots, Intermediates: intermediates, CurrentTime: s.now(),
		KeyUsages: []x509.ExtKeyUsage{x509.ExtKeyUsageAny},
	})
	if err != nil {
		return fmt.Errorf("verify client certificate: %w", err)
	}
	for _, name := range s.listener.ClientNames {
		if certs[0].VerifyHostname(name) == nil {
			return nil
		}
	}
	return fmt.Errorf("client certificate bears none of the names %q", s.listener.ClientNames)
}

// exchangeDomains are those under which the client certificates of Exchange Online's clouds bear their names:
// worldwide, GCC High, DoD, China.
var exchangeDomains = []string{"protection.outlook.com", "protection.office365.us", "protection.apps.mil",
	"protection.partner.outlook.cn"}

// isExchange reports whether a certificate that was verified is Exchange Online's: it shows who is behind a load
// balancer or a relay whose address says nothing.
func isExchange(names []string) bool {
	return slices.ContainsFunc(names, func(name string) bool {
		return slices.ContainsFunc(exchangeDomains, func(domain string) bool {
			return strings.HasSuffix("."+mailaddr.Name(name), "."+domain)
		})
	})
}
