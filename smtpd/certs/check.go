package certs

import (
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"path/filepath"
	"time"

	"golang.org/x/crypto/acme/autocert"

	"clawback/config"
)

// soon is how long before its end a certificate is complained about: renewal should have come by then.
const soon = 14 * 24 * time.Hour

// Finding is one thing that Check looked at.
type Finding struct {
	OK   bool   `json:"ok"`
	What string `json:"what"`
	Text string `json:"text"` // what is wrong and what to do; or what was seen
}

// Check looks at the certificates that a configuration leads to, as a connector of Exchange Online that verifies would
// see them: name, time, and a chain to a public CA made of nothing but what is sent. It asks nobody. roots is the
// system's when nil.
func Check(c *config.Config, roots *x509.CertPool, now time.Time) []Finding {
	if !c.ACME.Enabled {
		pair, err := tls.LoadX509KeyPair(c.TLS.CertificateFile, c.TLS.KeyFile)
		if err != nil {
			return []Finding{{What: "certificate", Text: err.Error()}}
		}
		return []Finding{judge(sight{&pair, c.Hostname, roots, now})}
	}
	var found []Finding
	cache := &cache{dir: filepath.Join(c.StateDir, "acme")}
	for _, domain := range c.ACME.Domains {
		pair, err := cache.certificate(domain)
		switch {
		case errors.Is(err, autocert.ErrCacheMiss):
			found = append(found, Finding{true, "certificate of " + domain,
				"is not there yet: the daemon gets it when it starts"})
		case err != nil:
			found = append(found, Finding{false, "certificate of " + domain, err.Error()})
		default:
			found = append(found, judge(sight{pair, domain, roots, now}))
		}
	}
	return found
}

// InUse looks at the certificate that a source serves to a connector that asks for a name, as Check does.
func InUse(s Source, name string, roots *x509.CertPool, now time.Time) Finding {
	pair, err := s.GetCertificate(&tls.ClientHelloInfo{ServerName: name})
	if err != nil {
		return Finding{What: "certificate of " + name, Text: err.Error()}
	}
	return judge(sight{pair, name, roots, now})
}

// sight is a certificate, and how it is looked at.
type sight struct {
	pair  *tls.Certificate
	name  string
	roots *x509.CertPool
	now   time.Time
}

// judge looks at one certificate.
func judge(s sight) Finding {
	f := Finding{What: "certificate of " + s.name}
	leaf := leafOf(s.pair)
	switch left := leaf.NotAfter.Sub(s.now); {
	case s.now.Before(leaf.NotBefore):
		f.Text = fmt.Sprintf("begins only on %s: is this machine's clock right?", leaf.NotBefore.Format(time.DateTime))
	case left < 0:
		f.Text = fmt.Sprintf("was over on %s: renew it", leaf.NotAfter.Format(time.DateTime))
	case leaf.VerifyHostname(s.name) != nil:
		f.Text = fmt.Sprintf("is for %v: it must name %s, as the connector does", leaf.DNSNames, s.name)
	case s.chain() != nil:
		f.Text = s.chain().Error()
	case left < soon:
		f.Text = fmt.Sprintf("ends in %d days, on %s: renewal has not worked", int(left.Hours()/24),
			leaf.NotAfter.Format(time.DateTime))
	default:
		f.OK = true
		f.Text = fmt.Sprintf("%s, until %s", leaf.Issuer, leaf.NotAfter.Format(time.DateTime))
	}
	return f
}

// chain verifies the certificate with what is sent beside it.
func (s sight) chain() error {
	between := x509.NewCertPool()
	for _, der := range s.pair.Certificate[1:] {
		if c, err := x509.ParseCertificate(der); err == nil {
			between.AddCert(c)
		}
	}
	leaf := leafOf(s.pair)
	_, err := leaf.Verify(x509.VerifyOptions{Roots: s.roots, Intermediates: between, CurrentTime: s.now})
	if _, unknown := errors.AsType[x509.UnknownAuthorityError](err); unknown {
		return fmt.Errorf("does not lead to a public CA with what is sent (certificates: %d): put the CA's "+
			"intermediate certificates after it in the file; a connector that verifies refuses it",
			len(s.pair.Certificate))
	}
	return err
}
