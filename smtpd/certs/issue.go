package certs

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"time"

	"golang.org/x/crypto/acme"
	"golang.org/x/crypto/acme/autocert"
)

// renewNever keeps a manager's own renewal out of the way: it would begin a minute before the end of a certificate that
// has long been replaced, finds the newer one in the cache then, and goes to sleep again.
const renewNever = time.Minute

// restore takes a domain's certificate from the cache to use.
func (a *ACME) restore(domain string) {
	c, err := a.cache.certificate(domain)
	if err != nil {
		if !errors.Is(err, autocert.ErrCacheMiss) {
			a.o.Log.Warn("cached certificate is not used", "event", "certificate.failed", "domain", domain,
				"error", err)
		}
		return
	}
	a.use(domain, c) // even when it is over: a connector that does not verify still sends, and none could without
}

// obtain gets a new certificate for a domain and puts it to use, or notes why it could not.
func (a *ACME) obtain(ctx context.Context, domain string) {
	c, err := a.issue(ctx, domain)
	if err != nil {
		if ctx.Err() != nil {
			return // the daemon stops; that is no failure of the CA
		}
		next := a.failed(domain, err)
		a.o.Log.Error("certificate could not be had, the old one stays", "event", "certificate.failed",
			"domain", domain, "error", err, "again_at", next)
		return
	}
	a.use(domain, c)
	a.succeeded(domain)
	a.o.Log.Info("certificate was issued", "event", "certificate.changed", "domain", domain,
		"issuer", c.Leaf.Issuer.String(), "not_after", c.Leaf.NotAfter)
}

// issue asks the CA once.
func (a *ACME) issue(ctx context.Context, domain string) (*tls.Certificate, error) {
	filter := &filter{base: a.base, ctx: ctx, offered: a.solver.challenges()}
	m := &autocert.Manager{
		Prompt:      autocert.AcceptTOS,
		Cache:       &fresh{cache: a.cache, domain: domain},
		HostPolicy:  autocert.HostWhitelist(domain),
		RenewBefore: renewNever,
		Email:       a.c.Email,
		Client: &acme.Client{DirectoryURL: a.c.DirectoryURL, UserAgent: "clawback",
			HTTPClient: &http.Client{Transport: filter, Timeout: 2 * time.Minute}},
	}
	if a.solver.http != nil {
		m.HTTPHandler(nil) // only this lets a manager use HTTP-01
	}
	c, err := m.GetCertificate(modern(domain))
	if err != nil {
		return nil, filter.explain(err)
	}
	if leafOf(c) == nil || a.o.Now().After(c.Leaf.NotAfter) {
		return nil, fmt.Errorf("certificate for %s is over already", domain)
	}
	return c, nil
}

// modern is a handshake of a client that takes ECDSA, which makes autocert ask for such a certificate. Exchange has
// taken it since 2013.
func modern(domain string) *tls.ClientHelloInfo {
	return &tls.ClientHelloInfo{ServerName: domain, CipherSuites: []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256}}
}
