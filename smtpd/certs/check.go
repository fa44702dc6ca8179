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
	OK     bool   `json:"ok"`
	What   string `json:"what"`
	Text   string `json:"text"`             // what is wrong, or what was seen
	Remedy string `json:"remedy,omitempty"` // what to do, of what is wrong
}

// Check looks at the certificates that a configuration leads to, as a connector of Exchange Online that verifies would
// see them: name, time, and a chain to a public CA made of nothing but what is sent. It asks nobody. roots is the
// system's when nil.
func Check(c *config.Config, roots *x509.CertPool, now time.Time) []Finding {
	if !c.ACME.Enabled {
		pair, err := tls.LoadX509KeyPair(c.TLS.CertificateFile, c.TLS.KeyFile)
		if err != nil {
			return []Finding{{What: "certificate", Text: err.Error(),
				Remedy: "name files that are there, and a key that belongs to the certificate, under [tls]"}}
		}
		return []Finding{judge(sight{&pair, c.Hostname, roots, now})}
	}
	var found []Finding
	cache := &cache{dir: filepath.Join(c.StateDir, "acme")}
	for _, domain := range c.ACME.Domains {
		pair, err := cache.certificate(domain)
		switch {
		case errors.Is(err, autocert.ErrCacheMiss):
			found = append(found, Finding{OK: true, What: "certificate of " + domain,
				Text: "is not there yet: the daemon gets it when it starts"})
		case err != nil:
			found = append(found, Finding{What: "certificate of " + domain, Text: err.Error(),
				Remedy: "move the file away: the daemon gets another one when it starts"})
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
		return Finding{What: "certificate of " + name, Text: err.Error(),
			Remedy: "see to it that the certificate authority reaches this host, or name files under [tls]"}
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
		f.Text = "begins only on " + day(leaf.NotBefore)
		f.Remedy = "look at this machine's clock"
	case left < 0:
		f.Text, f.Remedy = "was over on "+day(leaf.NotAfter), "renew it"
	case leaf.VerifyHostname(s.name) != nil:
		f.Text = fmt.Sprintf("is for %v", leaf.DNSNames)
		f.Remedy = "get one for " + s.name + ", as the connector wants it"
	case s.chain() != nil:
		f.Text = s.chain().Error()
		f.Remedy = "put the CA's intermediate certificates after it in the file (fullchain.pem)"
	case left < soon:
		f.Text = fmt.Sprintf("ends in %d days, on %s", int(left.Hours()/24), day(leaf.NotAfter))
		f.Remedy = "renew it, and look why that has not happened by itself: the CA must reach port 80, or the files " +
			"be replaced"
	default:
		f.OK = true
		f.Text = fmt.Sprintf("%s, until %s", leaf.Issuer, day(leaf.NotAfter))
	}
	return f
}

// day is a time with its zone.
func day(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

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
		return fmt.Errorf("does not lead to a public CA with what is sent (certificates: %d); a connector that "+
			"verifies refuses it", len(s.pair.Certificate))
	}
	return err
}
