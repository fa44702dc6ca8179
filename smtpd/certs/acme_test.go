package certs

import (
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/crypto/acme"

	"clawback/config"
)

func TestACME_issuesByEachChallenge(t *testing.T) {
	for _, row := range []struct {
		name       string
		http, alpn bool
	}{{"HTTP-01", true, false}, {"TLS-ALPN-01", false, true}, {"both", true, true}} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			b := newBench(t, setting{domains: []string{"journal.example.com", "second.example.com"}, http: row.http, alpn: row.alpn, seconds: 3600})
			b.warm(t)
			b.run(t)
			for asked, want := range map[string]string{"journal.example.com": "journal.example.com", "SECOND.example.com": "second.example.com",
				"other.example.com": "journal.example.com", "": "journal.example.com"} {
				conn, leaf := b.session(t, asked)
				if err := leaf.VerifyHostname(want); err != nil {
					t.Errorf("asked for %q: %v", asked, err)
				}
				echo(t, conn, "hello")
			}
			if strings.Contains(b.log.String(), "certificate.failed") {
				t.Error("a challenge failed on the way")
			}
		})
	}
}

func TestACME_restartAsksNothingOfTheCA(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := setting{domains: []string{"journal.example.com"}, http: true, seconds: 3600, stateDir: dir}
	b := newBench(t, s)
	b.warm(t)
	b.solver.close()
	b.ca.Stop()
	info, err := os.Stat(filepath.Join(dir, "acme"))
	if err != nil || info.Mode().Perm() != 0o700 {
		t.Errorf("cache is %v, %v; want mode 0700", info.Mode(), err)
	}
	again := newBench(t, s)
	again.ca.Stop()
	again.warm(t)
	again.run(t)
	_, leaf := again.session(t, "")
	held, err := b.cache.certificate("journal.example.com")
	if err != nil || !leaf.Equal(held.Leaf) {
		t.Errorf("another certificate is served after the restart: %v", err)
	}
}

// What is lost of the cache is had anew of the CA, and kept again; what is left is used without a question to it.
func TestACME_whatIsLostIsHadAnew(t *testing.T) {
	const domain = "journal.example.com"
	for _, row := range []struct {
		lost string
		anew bool // another certificate is had
	}{{"*", true}, {domain, true}, {"acme_account*", false}} {
		t.Run(row.lost, func(t *testing.T) {
			t.Parallel()
			s := setting{domains: []string{domain}, http: true, seconds: 3600, stateDir: t.TempDir()}
			b := newBench(t, s)
			b.warm(t)
			b.solver.close()
			before, err := b.cache.certificate(domain)
			if err != nil {
				t.Fatal(err)
			}
			lost, err := filepath.Glob(filepath.Join(s.stateDir, "acme", row.lost))
			if err != nil || len(lost) == 0 {
				t.Fatalf("there are %v, %v", lost, err)
			}
			for _, file := range lost {
				if err := os.Remove(file); err != nil {
					t.Fatal(err)
				}
			}
			again := newBench(t, s) // with a CA that does not know the account of before
			again.warm(t)
			again.run(t)
			_, served := again.session(t, "")
			if anew := !served.Equal(before.Leaf); anew != row.anew {
				t.Errorf("another certificate is served: %v, want %v", anew, row.anew)
			}
			if held, err := again.cache.certificate(domain); err != nil || !held.Leaf.Equal(served) {
				t.Errorf("what is served is not kept: %v", err)
			}
		})
	}
}

func TestACME_servesAnExpiredCertificateWhileTheCAIsDown(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c, err := openCache(filepath.Join(dir, "acme"))
	if err != nil {
		t.Fatal(err)
	}
	own := made(t, "journal.example.com")
	if err := c.Put(t.Context(), "journal.example.com", append(own.KeyPEM, own.CertPEM...)); err != nil {
		t.Fatal(err)
	}
	a, err := newACME(config.ACME{Domains: []string{"journal.example.com"}, DirectoryURL: "https://ca.example.com/dir", HTTPAddress: "127.0.0.1:0"},
		Options{StateDir: dir, Now: func() time.Time { return own.Certificate.Leaf.NotAfter.Add(time.Hour) }})
	if err != nil {
		t.Fatal(err)
	}
	ca := &down{}
	a.base = ca
	if err := a.Warm(t.Context()); err != nil {
		t.Fatal(err)
	}
	a.solver.close()
	got, err := a.GetCertificate(&tls.ClientHelloInfo{})
	if err != nil || !got.Leaf.Equal(own.Certificate.Leaf) {
		t.Errorf("the expired certificate is not served: %v", err)
	}
	if len(ca.calls) == 0 || a.Status().Problem == "" {
		t.Errorf("the CA was asked %d times, status %+v", len(ca.calls), a.Status())
	}
}

func TestACME_renewsWhileSessionsAreOpen(t *testing.T) {
	t.Parallel()
	// The renewal comes at two thirds of the life: a third is left for a machine that is busy.
	b := newBench(t, setting{domains: []string{"journal.example.com"}, http: true, seconds: 45})
	b.warm(t)
	b.run(t)
	conn, first := b.session(t, "")
	eventually(t, "a newer certificate is held", func() bool {
		echo(t, conn, "still here")
		now, err := b.GetCertificate(&tls.ClientHelloInfo{})
		if err != nil || time.Now().After(now.Leaf.NotAfter) {
			t.Fatalf("a certificate that is over is served: %v", err)
		}
		return !now.Leaf.Equal(first)
	})
	echo(t, conn, "the first session outlived its certificate")
	if _, last := b.session(t, ""); last.Equal(first) {
		t.Error("new sessions get the old certificate")
	}
	if s := b.Status(); s.Problem != "" || s.Kind != "acme" || s.NotAfter.IsZero() || s.Next.IsZero() {
		t.Errorf("status is %+v", s)
	}
}

func TestACME_survivesACAThatIsDown(t *testing.T) {
	t.Parallel()
	b := newBench(t, setting{domains: []string{"journal.example.com"}, http: true, seconds: 12})
	b.warm(t)
	b.run(t)
	b.ca.Stop()
	conn, first := b.session(t, "")
	eventually(t, "the failure shows", func() bool { return b.Status().Problem != "" })
	b.session(t, "") // a handshake beside the failing attempts
	echo(t, conn, "while the CA is down")
	if !strings.Contains(b.log.String(), "certificate.failed") {
		t.Error("the failure is not logged")
	}
	b.ca.Start() // it has lost its accounts, too
	eventually(t, "the problem is over", func() bool { return b.Status().Problem == "" })
	if _, now := b.session(t, ""); now.Equal(first) {
		t.Error("the certificate was not renewed")
	}
}

func TestACME_warmWaitsForTheCA(t *testing.T) {
	t.Parallel()
	b := newBench(t, setting{domains: []string{"journal.example.com"}, http: true, seconds: 3600})
	b.ca.Stop()
	if _, err := b.GetCertificate(&tls.ClientHelloInfo{}); !errors.Is(err, ErrNotReady) {
		t.Errorf("before the first certificate: %v", err)
	}
	waited := make(chan error, 100)
	b.o.Waiting = func(why error, _ time.Duration) { waited <- why }
	warm := make(chan error, 1)
	go func() { warm <- b.Warm(t.Context()) }()
	if why := <-waited; why != errAsking {
		t.Errorf("first waits because of %v", why)
	}
	if why := <-waited; !strings.Contains(why.Error(), "journal.example.com") {
		t.Errorf("waits because of %v", why)
	}
	b.ca.Start()
	select {
	case err := <-warm:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(hangAfter):
		t.Fatal("still waiting after the CA came back")
	}
	b.solver.close()
}

func TestACME_saysWhyTheCARefuses(t *testing.T) {
	t.Parallel()
	b := newBench(t, setting{domains: []string{"journal.example.com"}, http: true, seconds: 3600})
	// The solver looks for tokens where issuances do not put them, as if another host had port 80.
	other, err := openCache(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	if b.solver, err = openSolver(b.c, b.o, other); err != nil {
		t.Fatal(err)
	}
	defer b.solver.close()
	_, err = b.issue(t.Context(), "journal.example.com")
	if err == nil || !strings.Contains(err.Error(), "the CA says: http-01: ") {
		t.Errorf("error is %v", err)
	}
}

// down is a CA that no request reaches.
type down struct {
	calls []time.Duration
	begun time.Time
}

func (d *down) RoundTrip(*http.Request) (*http.Response, error) {
	d.calls = append(d.calls, time.Since(d.begun).Round(time.Second))
	return nil, errors.New("no route to host")
}

func TestACME_asksADownCAOnlyNowAndThen(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ca := &down{begun: time.Now()}
		a, err := newACME(config.ACME{Domains: []string{"journal.example.com"}, DirectoryURL: "https://ca.example.com/dir"},
			Options{StateDir: t.TempDir()})
		if err != nil {
			t.Fatal(err)
		}
		a.base, a.solver = ca, &solver{http: &http.Server{}}
		own, err := SelfSigned("journal.example.com")
		if err != nil {
			t.Fatal(err)
		}
		a.use("journal.example.com", own.Certificate)
		a.c.RenewBefore = 30 * 24 * time.Hour
		ca.begun = renewAt(own.Certificate, a.c.RenewBefore)
		ctx, cancel := context.WithDeadline(t.Context(), ca.begun.Add(24*time.Hour))
		defer cancel()
		if err := a.Run(ctx); err != nil {
			t.Error(err)
		}
		if n := len(ca.calls); n < 8 || n > 12 {
			t.Errorf("asked %d times in a day: %v", n, ca.calls)
		}
		if first := slices.IndexFunc(ca.calls, func(d time.Duration) bool { return d > time.Hour }); first > 5 {
			t.Errorf("asked %d times in the first hour, Let's Encrypt allows 5 failures", first)
		}
		if _, err := a.GetCertificate(&tls.ClientHelloInfo{}); err != nil {
			t.Errorf("the old certificate is no longer served: %v", err)
		}
		if s := a.Status(); !strings.Contains(s.Problem, "no route to host") ||
			s.Since.Sub(ca.begun).Abs() > time.Minute {
			t.Errorf("status is %+v", s)
		}
	})
}

func TestStepped_isTheSchedule(t *testing.T) {
	var got []time.Duration
	for failures := range 9 {
		got = append(got, stepped(failures))
	}
	m := time.Minute
	if diff := cmp.Diff([]time.Duration{m, m, 10 * m, 30 * m, 60 * m, 120 * m, 240 * m, 240 * m, 240 * m}, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestFailed_heedsTheCAsRetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	a := &ACME{o: Options{Now: func() time.Time { return now }}, wait: stepped, tries: map[string]*tries{"d": {}}}
	limited := &acme.Error{StatusCode: 429, ProblemType: "urn:ietf:params:acme:error:rateLimited", Header: http.Header{"Retry-After": {"36000"}}}
	if got := a.failed("d", fmt.Errorf("order: %w", limited)); got.Sub(now) < 10*time.Hour-time.Second {
		t.Errorf("the next attempt is due after %s, want 10 h", got.Sub(now))
	}
}

func TestRenewAt_neverBeforeTwoThirds(t *testing.T) {
	own, err := SelfSigned("x.example.com")
	if err != nil {
		t.Fatal(err)
	}
	leaf := own.Certificate.Leaf
	begin, day := leaf.NotBefore, 24*time.Hour
	for _, row := range []struct{ life, before, want time.Duration }{
		{90 * day, 30 * day, 60 * day},
		{90 * day, 10 * day, 80 * day},
		{45 * day, 30 * day, 30 * day},
		{6 * day, 30 * day, 4 * day},
	} {
		leaf.NotAfter = begin.Add(row.life)
		if got := renewAt(own.Certificate, row.before).Sub(begin); got != row.want {
			t.Errorf("life %s, before %s: renewed after %s, want %s", row.life, row.before, got, row.want)
		}
	}
	if got := renewAt(nil, day); !got.IsZero() {
		t.Errorf("no certificate: due at %s, want at once", got)
	}
}
