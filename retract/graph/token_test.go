package graph

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"errors"
	"fmt"
	"math/big"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azcore/policy"

	"clawback/config"
	"clawback/internal/test/graphsim"
	"clawback/internal/test/needs"
	"clawback/retract/exchange"
	"clawback/retract/fault"
)

func TestToken_expiresAndIsRenewed(t *testing.T) {
	w := start(t, graphsim.Options{TokenLife: 2 * time.Second})
	u := w.AddMailbox("anna@contoso.example")
	m := w.deliver(t, graphsim.Delivery{Mailbox: u.UPN})
	for range 3 {
		if _, err := w.Locate(t.Context(), u.ID, m.ImmutableID); err != nil {
			t.Fatal(err)
		}
	}
	if n := w.Count(graphsim.RouteToken, ""); n != 1 {
		t.Errorf("%d tokens for three calls", n)
	}
	time.Sleep(1700 * time.Millisecond) // within the last fifth of its life
	if _, err := w.Locate(t.Context(), u.ID, m.ImmutableID); err != nil {
		t.Fatal(err)
	}
	if n := w.Count(graphsim.RouteToken, ""); n != 2 {
		t.Errorf("%d tokens: it was not renewed before its end", n)
	}
	for _, c := range w.Calls() {
		if c.Status == 401 {
			t.Error("a call was made with a token that was over")
		}
	}
}

// TestToken_revoked: after a 401, once a new token, with and without a claims challenge; even for a move, because a 401
// says that nothing was done.
func TestToken_revoked(t *testing.T) {
	for _, challenge := range []bool{false, true} {
		w := start(t, graphsim.Options{})
		u := w.AddMailbox("anna@contoso.example")
		m := w.deliver(t, graphsim.Delivery{Mailbox: u.UPN})
		if _, err := w.Locate(t.Context(), u.ID, m.ImmutableID); err != nil {
			t.Fatal(err)
		}
		if challenge {
			w.Inject(graphsim.Injection{Route: graphsim.RouteMove, Fault: graphsim.Challenge()})
		} else {
			w.RevokeTokens()
		}
		if _, err := w.Move(t.Context(), u.ID, m.ImmutableID, exchange.Deletions); err != nil {
			t.Errorf("challenge %t: %v", challenge, err)
		}
		if n := w.Count(graphsim.RouteToken, ""); n != 2 {
			t.Errorf("challenge %t: %d tokens", challenge, n)
		}
		calls := w.Calls()
		for _, c := range calls[2:] { // after the discovery and the first token
			if c.Route == graphsim.RouteToken && strings.Contains(c.Claims, "nbf") != challenge {
				t.Errorf("challenge %t: claims %q", challenge, c.Claims)
			}
		}
		if got := w.Messages(u.UPN)[0]; got.Folder != "recoverableitemsdeletions" || len(got.Changes) != 1 {
			t.Errorf("challenge %t: %+v", challenge, got)
		}
	}
}

func TestToken_refusedAgain(t *testing.T) {
	w := start(t, graphsim.Options{})
	u := w.AddMailbox("anna@contoso.example")
	w.Inject(graphsim.Injection{Route: graphsim.RouteFolder, Times: -1, Fault: graphsim.Challenge()})
	_, _, err := w.FolderID(t.Context(), u.ID, exchange.Inbox)
	if f := faultOf(t, err); f.Class != fault.Auth || !f.Tenant {
		t.Errorf("%+v", f)
	}
	if n := w.Count(graphsim.RouteFolder, ""); n != 2 {
		t.Errorf("%d calls", n)
	}
}

// TestToken_manyRefusedAtOnce: a hundred calls whose token was revoked cost one new token.
func TestToken_manyRefusedAtOnce(t *testing.T) {
	w := start(t, graphsim.Options{})
	var users []graphsim.User
	for _, name := range strings.Split("a b c d e f g h i j k l m n o p q r s t", " ") {
		users = append(users, w.AddMailbox(name+"@contoso.example"))
	}
	if _, _, err := w.FolderID(t.Context(), users[0].ID, exchange.Inbox); err != nil {
		t.Fatal(err)
	}
	w.RevokeTokens()
	var wg sync.WaitGroup
	for _, u := range users {
		wg.Go(func() {
			if _, _, err := w.FolderID(t.Context(), u.ID, exchange.Deletions); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if n := w.Count(graphsim.RouteToken, ""); n != 2 {
		t.Errorf("%d tokens", n)
	}
}

func TestToken_loginTrouble(t *testing.T) {
	for _, c := range []struct {
		name  string
		edit  func(*config.Tenant)
		fault *graphsim.Fault
		class fault.Class
		code  string
	}{
		{"wrong secret", func(c *config.Tenant) { c.Graph.ClientSecret = config.NewSecret("wrong") }, nil, fault.Auth, "AADSTS7000215"},
		{"wrong client", func(c *config.Tenant) { c.Graph.ClientID = "00000000-0000-4000-8000-000000000000" }, nil, fault.Auth, "AADSTS700016"},
		{"unknown tenant", func(c *config.Tenant) { c.ID = "99999999-0000-4000-8000-000000000000" }, nil, fault.Auth, "AADSTS90002"},
		{"login page is down", nil, &graphsim.Fault{Status: 503, Body: "<html>busy</html>", Type: "text/html"}, fault.Retry, ""},
		{"a CA that is not trusted, as of a proxy that opens TLS", func(c *config.Tenant) { c.Graph.CAFile = "" }, nil,
			fault.Retry, "login_unreachable"},
		{"connection cut", nil, &graphsim.Fault{Drop: true}, fault.Retry, "login_unreachable"},
		{"passing trouble", nil, &graphsim.Fault{Status: 400, Body: `{"error":"temporarily_unavailable","error_description":"AADSTS90033: A transient error has occurred."}`}, fault.Retry, "AADSTS90033"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := start(t, graphsim.Options{}, func(tenant *config.Tenant, _ *Options) {
				if c.edit != nil {
					c.edit(tenant)
				}
			})
			if c.fault != nil {
				w.Inject(graphsim.Injection{Route: graphsim.RouteToken, Times: 1, Fault: *c.fault})
			}
			_, err := w.Resolve(t.Context(), "anna@contoso.example")
			f := faultOf(t, err)
			if f.Class != c.class || f.Code != c.code || !f.Tenant {
				t.Errorf("%+v", f)
			}
			if strings.Contains(f.Error(), "simulated-secret") || strings.Contains(f.Error(), "http") {
				t.Errorf("it tells too much: %s", f)
			}
			if c.fault != nil {
				w.AddMailbox("anna@contoso.example")
				if _, err := w.Resolve(t.Context(), "anna@contoso.example"); err != nil {
					t.Errorf("it does not recover: %v", err)
				}
			}
		})
	}
}

// loginGate is the engine's side of the login service's Retry-After.
type loginGate struct {
	mu    sync.Mutex
	until time.Time
	told  []*fault.Fault
}

func (g *loginGate) Clear() *fault.Fault { return nil }

func (g *loginGate) ClearLogin() *fault.Fault {
	g.mu.Lock()
	defer g.mu.Unlock()
	if wait := time.Until(g.until); wait > 0 {
		return &fault.Fault{Class: fault.Retry, After: wait, Code: fault.CodeNotCleared}
	}
	return nil
}

func (g *loginGate) LoginFailed(f *fault.Fault) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.until = time.Now().Add(f.After)
	g.told = append(g.told, f)
}

// TestToken_loginAsksToWait: each form of Retry-After, with each kind of answer that bears one, at each address of the
// login service; nothing is sent before it is over.
func TestToken_loginAsksToWait(t *testing.T) {
	for _, c := range []struct {
		name  string
		route graphsim.Route
		fault graphsim.Fault
		after time.Duration // at least
	}{
		{"429", graphsim.RouteToken, graphsim.Fault{Status: 429, Code: "x", RetryAfter: "0.3"}, 300 * time.Millisecond},
		{"503 in HTML", graphsim.RouteToken, graphsim.Fault{Status: 503, Body: "<html>", Type: "text/html", RetryAfter: "0.2"}, 200 * time.Millisecond},
		{"a date", graphsim.RouteToken, graphsim.Fault{Status: 503, RetryAfter: time.Now().Add(30 * time.Second).UTC().Format(http.TimeFormat)}, 20 * time.Second},
		{"a refusal", graphsim.RouteToken, graphsim.Fault{Status: 401, RetryAfter: "0.2",
			Body: `{"error":"invalid_client","error_description":"AADSTS7000222: expired"}`}, 200 * time.Millisecond},
		{"of the discovery", graphsim.RouteDiscovery, graphsim.Fault{Status: 429, Code: "x", RetryAfter: "0.2"}, 200 * time.Millisecond},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := start(t, graphsim.Options{Slack: -1})
			w.AddMailbox("anna@contoso.example")
			w.Inject(graphsim.Injection{Route: c.route, Fault: c.fault})
			g := &loginGate{}
			ctx := fault.WithGate(t.Context(), g)
			_, err := w.Resolve(ctx, "anna@contoso.example")
			if f := faultOf(t, err); !f.Login || f.After < c.after || len(g.told) != 1 {
				t.Errorf("%+v, told %v", f, g.told)
			}
			_, err = w.Resolve(ctx, "anna@contoso.example")
			if f := faultOf(t, err); f.Code != fault.CodeNotCleared {
				t.Errorf("asked again at once: %+v", f)
			}
			if c.after > time.Second {
				return
			}
			time.Sleep(c.after + 50*time.Millisecond)
			if _, err := w.Resolve(ctx, "anna@contoso.example"); err != nil {
				t.Errorf("after the wait: %v", err)
			}
			if v := w.Violations(); len(v) > 0 {
				t.Error(v)
			}
		})
	}
}

// TestToken_manyWaitForOneFailure: a hundred calls that want a token while the login service is away cost one request.
func TestToken_manyWaitForOneFailure(t *testing.T) {
	w := start(t, graphsim.Options{})
	w.Inject(graphsim.Injection{Route: graphsim.RouteToken, Times: -1, Fault: graphsim.Fault{
		Status: 503, Body: "<html>", Type: "text/html", Delay: 500 * time.Millisecond}})
	var wg sync.WaitGroup
	for i := range 100 {
		wg.Go(func() {
			_, err := w.Resolve(t.Context(), fmt.Sprintf("user%d@contoso.example", i))
			if f := faultOf(t, err); f.Class != fault.Retry || !f.Login {
				t.Errorf("%+v", f)
			}
		})
	}
	wg.Wait()
	if n := w.Count(graphsim.RouteToken, ""); n > 3 { // some may have begun after the first had its answer
		t.Errorf("%d requests for a token", n)
	}
}

// TestToken_renewalThatFails: while the present token is good, the login service's troubles are nobody's.
func TestToken_renewalThatFails(t *testing.T) {
	var mu sync.Mutex
	now := time.Now()
	clock := func() time.Time { mu.Lock(); defer mu.Unlock(); return now }
	pass := func(d time.Duration) { mu.Lock(); defer mu.Unlock(); now = now.Add(d) }
	w := start(t, graphsim.Options{Now: clock, TokenLife: 4 * time.Minute}, func(_ *config.Tenant, o *Options) { o.Now = clock })
	u := w.AddMailbox("anna@contoso.example")
	locate := func() error {
		_, _, err := w.FolderID(t.Context(), u.ID, exchange.Inbox)
		return err
	}
	if err := locate(); err != nil {
		t.Fatal(err)
	}
	away := w.Inject(graphsim.Injection{Route: graphsim.RouteToken, Times: -1, Fault: graphsim.Fault{Status: 503, RetryAfter: "20"}})
	pass(3*time.Minute + 30*time.Second) // within the margin; MSAL keeps no token of so short a life
	for range 5 {
		if err := locate(); err != nil {
			t.Fatalf("the present token is good: %v", err)
		}
	}
	if n := w.Hits(away); n != 1 {
		t.Errorf("%d renewals at once, want one", n)
	}
	pass(25 * time.Second)
	if err := locate(); err != nil || w.Hits(away) != 2 {
		t.Errorf("after the wait: %v, %d renewals", err, w.Hits(away))
	}
	pass(2 * time.Minute)
	if f := faultOf(t, locate()); !f.Login || f.After != 20*time.Second {
		t.Errorf("after its end: %+v", f)
	}
}

// stub is a credential of a test.
type stub struct {
	token string
	err   error
}

func (s stub) GetToken(context.Context, policy.TokenRequestOptions) (azcore.AccessToken, error) {
	return azcore.AccessToken{Token: s.token, ExpiresOn: time.Now().Add(time.Hour)}, s.err
}

// TestToken_empty: SDK defect 10 leaves a token out silently; here a request without one does not leave.
func TestToken_empty(t *testing.T) {
	w := start(t, graphsim.Options{}, func(_ *config.Tenant, o *Options) { o.Credential = stub{} })
	_, err := w.Resolve(t.Context(), "anna@contoso.example")
	if f := faultOf(t, err); f.Class != fault.Auth || len(w.Calls()) != 0 {
		t.Errorf("%+v, %d calls", f, len(w.Calls()))
	}
	w = start(t, graphsim.Options{}, func(_ *config.Tenant, o *Options) { o.Credential = stub{err: errors.New("no metadata service")} })
	if _, err := w.Resolve(t.Context(), "anna@contoso.example"); faultOf(t, err).Class != fault.Retry {
		t.Errorf("%v", err)
	}
}

// writeCertificate makes a self-signed certificate with its key (PEM).
func writeCertificate(t *testing.T, notAfter time.Time) string {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, 2048) // Entra signs assertions with RSA
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "clawback"}, NotBefore: time.Now().Add(-time.Hour), NotAfter: notAfter,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	private, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	out := append(pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: private})...)
	file := filepath.Join(t.TempDir(), "app.pem")
	if err := os.WriteFile(file, out, 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func write(t *testing.T, name, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

func TestCredential_ways(t *testing.T) {
	certificate := writeCertificate(t, time.Now().AddDate(1, 0, 0))
	for _, c := range []struct {
		name string
		edit func(*config.Graph)
		kind string // what the login endpoint saw
	}{
		{"secret", func(*config.Graph) {}, "secret"},
		{"secret in a file", func(g *config.Graph) {
			g.ClientSecret, g.ClientSecretFile = config.Secret{}, write(t, "secret", graphsim.DefaultTenant().ClientSecret+"\n")
		}, "secret"},
		{"certificate (PEM)", func(g *config.Graph) { g.ClientSecret, g.CertificateFile = config.Secret{}, certificate }, "assertion"},
		{"workload identity", func(g *config.Graph) {
			g.ClientSecret, g.FederatedToken = config.Secret{}, write(t, "token", "eyJhbGciOiJSUzI1NiJ9.e30.c2ln")
		}, "assertion"},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := start(t, graphsim.Options{}, func(tenant *config.Tenant, _ *Options) { c.edit(&tenant.Graph) })
			u := w.AddMailbox("anna@contoso.example")
			if box, err := w.Resolve(t.Context(), u.UPN); err != nil || box.ID != u.ID {
				t.Errorf("%+v %v", box, err)
			}
			if calls := w.Calls(); len(calls) < 2 || calls[1].Route != graphsim.RouteToken ||
				calls[1].Credential != c.kind {
				t.Errorf("calls %v", calls)
			}
		})
	}
}

// TestCredential_managedIdentity: as in an App Service, whose endpoint is named by the environment.
func TestCredential_managedIdentity(t *testing.T) {
	var asked atomic.Pointer[url.Values]
	w := start(t, graphsim.Options{}, func(c *config.Tenant, _ *Options) {
		c.Graph.ClientSecret, c.Graph.ManagedIdentity, c.Graph.ClientID = config.Secret{}, true, ""
		metadata := httptest.NewServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			query := r.URL.Query()
			asked.Store(&query)
			fmt.Fprintf(rw, `{"access_token":"not-one-of-the-simulator","expires_on":"%d","token_type":"Bearer","resource":"x"}`, time.Now().Add(time.Hour).Unix())
		}))
		t.Cleanup(metadata.Close)
		t.Setenv("IDENTITY_ENDPOINT", metadata.URL)
		t.Setenv("IDENTITY_HEADER", "secret-of-the-platform")
	})
	_, err := w.Resolve(t.Context(), "anna@contoso.example")
	if f := faultOf(t, err); f.Class != fault.Auth || f.Status != 401 {
		t.Errorf("the simulator knows no such token, and says so: %+v", f)
	}
	if q := asked.Load(); q == nil || q.Get("resource") != w.URL() {
		t.Errorf("the metadata service was asked for %v", q)
	}
}

func TestCredential_pkcs12(t *testing.T) {
	openssl := needs.Program(t, "openssl")
	from := writeCertificate(t, time.Now().AddDate(0, 0, 90))
	pfx := filepath.Join(t.TempDir(), "app.pfx")
	_, err := exec.Command(openssl, "pkcs12", "-export", "-legacy", "-in", from, "-out", pfx, "-passout",
		"pass:").CombinedOutput()
	needs.Ability(t, "openssl with its provider of old algorithms", err)
	w := start(t, graphsim.Options{}, func(c *config.Tenant, _ *Options) {
		c.Graph.ClientSecret, c.Graph.CertificateFile = config.Secret{}, pfx
	})
	u := w.AddMailbox("anna@contoso.example")
	if box, err := w.Resolve(t.Context(), u.UPN); err != nil || box.ID != u.ID {
		t.Errorf("%+v %v", box, err)
	}
	if until, known := w.Expiry(); !known || time.Until(until) > 91*24*time.Hour {
		t.Errorf("%v %t", until, known)
	}
}

func TestCredential_renewedFile(t *testing.T) {
	file := write(t, "secret", "old")
	w := start(t, graphsim.Options{}, func(c *config.Tenant, _ *Options) {
		c.Graph.ClientSecret, c.Graph.ClientSecretFile = config.NewSecret("old"), file
	})
	u := w.AddMailbox("anna@contoso.example")
	if _, err := w.Resolve(t.Context(), u.UPN); faultOf(t, err).Code != "AADSTS7000215" {
		t.Error(err)
	}
	if err := os.WriteFile(file, []byte(graphsim.DefaultTenant().ClientSecret), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Resolve(t.Context(), u.UPN); err != nil {
		t.Errorf("the new secret is not read: %v", err)
	}
}

// A file that is opened to others after the start, which changes neither its time nor its size, is not used any more,
// and the error says what to do.
func TestCredential_openToOthers(t *testing.T) {
	secret := write(t, "secret", graphsim.DefaultTenant().ClientSecret)
	certificate := writeCertificate(t, time.Now().AddDate(1, 0, 0))
	for file, graph := range map[string]config.Graph{
		secret:      {ClientSecret: config.NewSecret("old"), ClientSecretFile: secret},
		certificate: {CertificateFile: certificate},
	} {
		c := credential{g: graph}
		read := func() error {
			if graph.CertificateFile != "" {
				_, err := c.certificate()
				return err
			}
			_, err := c.secret()
			return err
		}
		for _, step := range []struct {
			mode os.FileMode
			open bool
		}{{0o600, false}, {0o644, true}, {0o400, false}, {0o602, true}} {
			if err := os.Chmod(file, step.mode); err != nil {
				t.Fatal(err)
			}
			err := read()
			if open := err != nil &&
				strings.Contains(err.Error(), "is open to every user of the machine: chmod 0600"); open != step.open {
				t.Errorf("%s with mode %v: %v", filepath.Base(file), step.mode, err)
			}
		}
	}
}

func TestNew_unusableCredential(t *testing.T) {
	key, _ := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	keyOnly := write(t, "key.pem", string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})))
	for _, c := range []struct {
		name string
		g    config.Graph
	}{
		{"none", config.Graph{Cloud: "global", ClientID: "x"}},
		{"certificate is missing", config.Graph{Cloud: "global", ClientID: "x", CertificateFile: "/nonexistent.pem"}},
		{"certificate is none", config.Graph{Cloud: "global", ClientID: "x", CertificateFile: write(t, "a", "garbage")}},
		{"key alone", config.Graph{Cloud: "global", ClientID: "x", CertificateFile: keyOnly}},
		{"secret file is missing", config.Graph{Cloud: "global", ClientID: "x", ClientSecretFile: "/nonexistent"}},
		{"unknown cloud", config.Graph{Cloud: "moon", ClientSecret: config.NewSecret("x")}},
		{"http", config.Graph{Cloud: "custom", LoginURL: "http://x", GraphURL: "https://x", ClientSecret: config.NewSecret("x")}},
		{"no ca_file", config.Graph{Cloud: "custom", LoginURL: "https://x", GraphURL: "https://x", CAFile: "/nonexistent", ClientSecret: config.NewSecret("x")}},
		{"ca_file is none", config.Graph{Cloud: "custom", LoginURL: "https://x", GraphURL: "https://x", CAFile: write(t, "b", "garbage"), ClientSecret: config.NewSecret("x")}},
	} {
		t.Run(c.name, func(t *testing.T) {
			if _, err := New(config.Tenant{Name: "contoso", ID: "11111111-2222-4333-8444-555555555555", Graph: c.g}, Options{}); err == nil || !strings.Contains(err.Error(), "contoso") {
				t.Errorf("error: %v", err)
			}
		})
	}
}

func TestCloudOf_endpoints(t *testing.T) {
	for _, c := range []struct {
		g    config.Graph
		want Cloud
	}{
		{config.Graph{}, Cloud{"https://login.microsoftonline.com", "https://graph.microsoft.com", true, true}},
		{config.Graph{Cloud: "global"}, Cloud{"https://login.microsoftonline.com", "https://graph.microsoft.com", true, true}},
		{config.Graph{Cloud: "gcc-high"}, Cloud{"https://login.microsoftonline.us", "https://graph.microsoft.us", false, true}},
		{config.Graph{Cloud: "dod"}, Cloud{"https://login.microsoftonline.us", "https://dod-graph.microsoft.us", false, true}},
		{config.Graph{Cloud: "china"}, Cloud{"https://login.partner.microsoftonline.cn", "https://microsoftgraph.chinacloudapi.cn", false, true}},
		{config.Graph{Cloud: "custom", LoginURL: "https://l:1/", GraphURL: "https://g:2/v1.0/"}, Cloud{"https://l:1", "https://g:2", true, false}},
	} {
		if got, err := CloudOf(c.g); err != nil || got != c.want {
			t.Errorf("%s: %+v %v", c.g.Cloud, got, err)
		}
	}
	for _, u := range []string{"", "https://", "ftp://x", "https://x/path", "https://u:p@x", "https://x?y", "://"} {
		if _, err := CloudOf(config.Graph{Cloud: "custom", LoginURL: u, GraphURL: "https://g"}); !errors.Is(err, errCloud) {
			t.Errorf("%q: %v", u, err)
		}
	}
}
