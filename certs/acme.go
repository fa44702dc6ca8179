package certs

import (
	"context"
	"crypto/tls"
	"errors"
	"maps"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/acme/autocert"

	"clawback/config"
)

// ErrNotReady answers a handshake before the first certificate is there.
var ErrNotReady = errors.New("certificate is not ready")

// ACME gets certificates from a public CA, one for each domain, and renews them.
//
// autocert would renew by itself, but it does so unseen, and it makes a handshake wait for the CA. Here each issuance is
// an autocert.Manager of its own that is asked from the background alone, and handshakes read a map.
type ACME struct {
	c      config.ACME
	o      Options
	cache  autocert.DirCache
	client *http.Client
	held   atomic.Pointer[map[string]*tls.Certificate] // by domain; replaced, never changed

	mu       sync.Mutex          // guards what follows
	attempts map[string]*attempt // by domain
	solver   *autocert.Manager   // answers challenges out of the cache, whichever manager asked for them
}

// attempt is how the last tries for one domain went.
type attempt struct {
	failures int
	problem  string
	since    time.Time
	next     time.Time
}

// NewACME makes the source. Nothing is asked of the CA before Warm.
func NewACME(c config.ACME, o Options) (*ACME, error) {
	a := &ACME{c: c, o: o.filled(), attempts: map[string]*attempt{}}
	a.cache = autocert.DirCache(filepath.Join(a.o.StateDir, "acme"))
	a.held.Store(&map[string]*tls.Certificate{})
	for _, domain := range c.Domains {
		a.attempts[domain] = &attempt{}
	}
	return a, nil
}

// GetCertificate answers a handshake from memory: the certificate of the name asked for, else of the first domain.
func (a *ACME) GetCertificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	held := *a.held.Load()
	if c := held[strings.ToLower(strings.TrimSuffix(hello.ServerName, "."))]; c != nil {
		return c, nil
	}
	for _, domain := range a.c.Domains {
		if c := held[domain]; c != nil {
			return c, nil
		}
	}
	return nil, ErrNotReady
}

// hold puts a certificate to use.
func (a *ACME) hold(domain string, c *tls.Certificate) {
	a.mu.Lock()
	defer a.mu.Unlock()
	held := maps.Clone(*a.held.Load())
	held[domain] = c
	a.held.Store(&held)
}

// Warm makes a certificate ready for every domain.
func (a *ACME) Warm(ctx context.Context) error { return errors.New("not yet") }

// Run keeps the certificates fresh until the context ends.
func (a *ACME) Run(ctx context.Context) error {
	<-ctx.Done()
	return nil
}

// Status is what an operator is shown: of the certificate that ends first.
func (a *ACME) Status() Status { return Status{Kind: "acme"} }
