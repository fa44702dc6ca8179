package certs

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"clawback/config"
	"clawback/internal/mailaddr"
)

// ErrNotReady answers a handshake before the first certificate is there.
var ErrNotReady = errors.New("certificate is not ready")

// ACME gets certificates from a public CA, one for each domain, and renews them.
//
// autocert would renew by itself, but unseen, and it lets a handshake wait for the CA. So each issuance is done by an
// autocert.Manager of its own, which only the background asks, and handshakes read a map.
type ACME struct {
	c     config.ACME
	o     Options
	cache *cache
	base  http.RoundTripper                           // to the CA
	wait  func(failures int) time.Duration            // stepped, but in tests
	held  atomic.Pointer[map[string]*tls.Certificate] // by domain; replaced, never changed

	solver *solver // answers challenges; made by Warm, closed by Run

	mu    sync.Mutex        // guards what follows
	tries map[string]*tries // by domain
}

// newACME makes the source. Nothing is asked of the CA before Warm.
func newACME(c config.ACME, o Options) (*ACME, error) {
	a := &ACME{c: c, o: o.filled(), wait: stepped, tries: map[string]*tries{}}
	if len(c.Domains) == 0 {
		return nil, errors.New("make ACME source: no domain")
	}
	base, err := transport(c.CAFile)
	if err != nil {
		return nil, err
	}
	a.base = base
	if a.cache, err = openCache(filepath.Join(a.o.StateDir, "acme")); err != nil {
		return nil, fmt.Errorf("open ACME cache: %w", err)
	}
	a.held.Store(&map[string]*tls.Certificate{})
	for _, domain := range c.Domains {
		a.tries[domain] = &tries{}
	}
	return a, nil
}

// transport reaches the CA, with roots of one's own if a file of them is named.
func transport(caFile string) (*http.Transport, error) {
	t := http.DefaultTransport.(*http.Transport).Clone()
	t.TLSHandshakeTimeout, t.ResponseHeaderTimeout = 30*time.Second, time.Minute
	if caFile == "" {
		return t, nil
	}
	pem, err := os.ReadFile(caFile)
	if err != nil {
		return nil, fmt.Errorf("read roots of the CA: %w", err)
	}
	roots := x509.NewCertPool()
	if !roots.AppendCertsFromPEM(pem) {
		return nil, fmt.Errorf("read roots of the CA: no certificate in %s", caFile)
	}
	t.TLSClientConfig = &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12}
	return t, nil
}

// GetCertificate answers a handshake from memory: the certificate of the name asked for, else of the first domain that
// has one.
func (a *ACME) GetCertificate(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	held := *a.held.Load()
	if c := held[mailaddr.Name(hello.ServerName)]; c != nil {
		return c, nil
	}
	for _, domain := range a.c.Domains {
		if c := held[domain]; c != nil {
			return c, nil
		}
	}
	return nil, ErrNotReady
}

// use puts a certificate to use.
func (a *ACME) use(domain string, c *tls.Certificate) {
	a.mu.Lock()
	defer a.mu.Unlock()
	held := maps.Clone(*a.held.Load())
	held[domain] = c
	a.held.Store(&held)
}

// Warm opens the challenge listeners, takes what is in the cache to use, and asks the CA for what is missing or over.
// It returns when each domain was tried and at least one has a certificate: a second name that fails must not keep the
// first from being served. Until then it tries again with backoff.
func (a *ACME) Warm(ctx context.Context) error {
	var err error
	if a.solver, err = openSolver(a.c, a.o, a.cache); err != nil {
		return err
	}
	for _, domain := range a.c.Domains {
		a.restore(domain)
	}
	for _, domain := range a.c.Domains {
		leaf := leafOf((*a.held.Load())[domain])
		if (leaf == nil || a.o.Now().After(leaf.NotAfter)) && ctx.Err() == nil {
			a.o.Waiting(errAsking, patience)
			a.obtain(ctx, domain)
		}
	}
	for len(*a.held.Load()) == 0 {
		if err := a.next(ctx, a.o.Waiting); err != nil {
			a.solver.close()
			return fmt.Errorf("get first certificate: %w (%s)", err, a.Status().Problem)
		}
	}
	return nil
}

// errAsking is what Warm waits for while the CA is asked, and patience how long that takes at most: autocert's limit.
var errAsking = errors.New("the CA is asked for a certificate")

const patience = 6 * time.Minute

// Run renews the certificates until the context ends.
func (a *ACME) Run(ctx context.Context) error {
	if a.solver != nil {
		defer a.solver.close()
	}
	for a.next(ctx, nil) == nil {
	}
	return nil
}

// longest is how long a timer runs: the clock is looked at again then, since it may have been set, or stood still while
// the machine slept.
const longest = time.Hour

// next waits until a domain is due and tries it. It answers the context's error at its end.
func (a *ACME) next(ctx context.Context, waiting func(error, time.Duration)) error {
	domain, at := a.due()
	wait := at.Sub(a.o.Now())
	if waiting != nil {
		waiting(errors.New(a.Status().Problem), min(max(wait, 0), longest)+patience)
	}
	timer := time.NewTimer(min(wait, longest))
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-timer.C:
	}
	if wait <= longest {
		a.obtain(ctx, domain)
	}
	return ctx.Err()
}

// Status is what an operator is shown: of the certificate that ends first, and of any domain's trouble.
func (a *ACME) Status() Status {
	s := Status{Kind: "acme"}
	for _, c := range *a.held.Load() {
		if one := describe("acme", c); s.NotAfter.IsZero() || one.NotAfter.Before(s.NotAfter) {
			s = one
		}
	}
	_, s.Next = a.due()
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, domain := range a.c.Domains {
		if t := a.tries[domain]; t.problem != "" && s.Problem == "" {
			s.Problem, s.Since = t.problem, t.since
		}
	}
	return s
}
