package openid

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"log/slog"
	"maps"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"github.com/coreos/go-oidc/v3/oidc/oidctest"

	"clawback/api"
	"clawback/api/session"
	"clawback/store"
	"clawback/store/memory"
)

const client = "clawback-id"

// provider is an OpenID provider on loopback, which holds clients to the code flow, and does what a test wants.
type provider struct {
	*httptest.Server
	known oidctest.Server // describes itself, and shows its keys
	key   *ecdsa.PrivateKey

	mu     sync.Mutex
	codes  map[string]url.Values                             // what the authorization request said, by code
	claims func(map[string]any)                              // changes what the ID token says
	sign   func(p *provider, text string) string             // nil: as it should be
	answer func(w http.ResponseWriter, r *http.Request) bool // before all else; true: it has answered
	query  func(url.Values)                                  // changes what the browser brings back
}

func newProvider(t *testing.T) *provider {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	p := &provider{key: key, codes: map[string]url.Values{}}
	p.known.PublicKeys = []oidctest.PublicKey{{PublicKey: key.Public(), KeyID: "k1", Algorithm: oidc.ES256}}
	p.known.Algorithms = []string{oidc.ES256}
	p.Server = httptest.NewServer(p)
	t.Cleanup(p.Server.Close)
	p.known.SetIssuer(p.URL)
	return p
}

// ServeHTTP implements http.Handler.
func (p *provider) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.answer != nil && p.answer(w, r) {
		return
	}
	switch r.URL.Path {
	case "/auth":
		p.authorize(w, r)
	case "/token":
		p.token(w, r)
	default:
		p.known.ServeHTTP(w, r)
	}
}

func (p *provider) authorize(w http.ResponseWriter, r *http.Request) {
	q := r.URL.Query()
	if q.Get("client_id") != client || q.Get("response_type") != "code" || q.Get("code_challenge_method") != "S256" ||
		q.Get("nonce") == "" || len(q.Get("state")) < 40 {
		http.Error(w, "no such request", http.StatusBadRequest)
		return
	}
	code := rand.Text()
	p.codes[code] = q
	back := url.Values{"code": {code}, "state": {q.Get("state")}}
	if p.query != nil {
		p.query(back)
	}
	http.Redirect(w, r, q.Get("redirect_uri")+"?"+back.Encode(), http.StatusFound)
}

func (p *provider) token(w http.ResponseWriter, r *http.Request) {
	id, secret, _ := r.BasicAuth()
	asked, known := p.codes[r.PostFormValue("code")]
	delete(p.codes, r.PostFormValue("code"))
	sum := sha256.Sum256([]byte(r.PostFormValue("code_verifier")))
	if id != client || secret != "s3cret" || !known || r.PostFormValue("redirect_uri") != asked.Get("redirect_uri") ||
		base64.RawURLEncoding.EncodeToString(sum[:]) != asked.Get("code_challenge") {
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(http.StatusBadRequest)
		fmt.Fprint(w, `{"error":"invalid_grant"}`)
		return
	}
	claims := map[string]any{"iss": p.URL, "aud": client, "sub": "ada-1", "exp": time.Now().Add(time.Hour).Unix(),
		"iat": time.Now().Unix(), "nonce": asked.Get("nonce"), "groups": []string{"soc", "all"},
		"preferred_username": "ada@contoso.example"}
	if p.claims != nil {
		p.claims(claims)
	}
	text, _ := json.Marshal(claims)
	signed := ""
	if p.sign != nil {
		signed = p.sign(p, string(text))
	} else {
		signed = oidctest.SignIDToken(p.key, "k1", oidc.ES256, string(text))
	}
	w.Header().Set("Content-Type", "application/json")
	json.NewEncoder(w).Encode(map[string]any{"access_token": "a", "token_type": "Bearer", "id_token": signed})
}

// bench is a console with a door, a provider, and a browser.
type bench struct {
	*provider
	door     *Door
	console  *httptest.Server
	sessions *session.Desk
	log      *strings.Builder
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func newBench(t *testing.T) *bench {
	t.Helper()
	b := &bench{provider: newProvider(t), log: &strings.Builder{}}
	st, err := store.New(&memory.Engine{}, store.Options{})
	must(t, err)
	t.Cleanup(func() { must(t, st.Close()) })
	b.sessions, err = session.Open(t.Context(), session.Options{Store: st, Log: slog.New(slog.DiscardHandler)})
	must(t, err)
	mux := http.NewServeMux()
	b.console = httptest.NewServer(mux)
	t.Cleanup(b.console.Close)
	b.door = New(Options{Issuer: b.URL, ClientID: client, Secret: func() string { return "s3cret" }, URL: b.console.URL,
		Claim: "groups", Sessions: b.sessions, Log: slog.New(slog.NewTextHandler(b.log, nil)),
		Rights: func(groups []string) (p api.Principal, known bool) {
			p.All = api.Analyst
			return p, slices.Contains(groups, "soc")
		}})
	mux.Handle("/", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, p, err := b.sessions.Of(b.door.o.Cookies, r); err == nil {
			fmt.Fprint(w, "hello ", p.Name)
		}
	}))
	mux.Handle(Path, b.door.Handler())
	mux.Handle(Path+"/", b.door.Handler())
	return b
}

// browser keeps cookies and follows redirects.
func browser(t *testing.T) *http.Client {
	t.Helper()
	jar, err := cookiejar.New(nil)
	must(t, err)
	return &http.Client{Jar: jar}
}

func get(t *testing.T, c *http.Client, at string) (int, string) {
	t.Helper()
	resp, err := c.Get(at)
	must(t, err)
	defer resp.Body.Close()
	text := make([]byte, 4096)
	n, _ := resp.Body.Read(text)
	return resp.StatusCode, string(text[:n])
}

// A person of a configured group signs in, as the account that the provider's id names.
func TestSignIn(t *testing.T) {
	b := newBench(t)
	c := browser(t)
	for range 2 { // again with a session
		status, text := get(t, c, b.console.URL+Path)
		if status != 200 || !strings.HasPrefix(text, "hello oidc-ada-1 (ada@contoso.example, session s") {
			t.Fatalf("%d %q\n%s", status, text, b.log)
		}
	}
	if list := b.sessions.List(); len(list) != 2 || list[0].Role != "analyst" || list[0].Method != "openid" {
		t.Errorf("%+v", list)
	}
}

// What does not prove a person of a configured group opens nothing, and the log says why; no token stands in it.
func TestSignIn_refuses(t *testing.T) {
	set := func(name string, value any) func(*bench) {
		return func(b *bench) { b.claims = func(c map[string]any) { c[name] = value } }
	}
	sign := func(how func(p *provider, text string) string) func(*bench) { return func(b *bench) { b.sign = how } }
	other, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	must(t, err)
	cases := map[string]struct {
		prepare func(*bench)
		says    string
	}{
		"another issuer": {set("iss", "https://evil.example"), "different provider"},
		"the issuer with a slash": {
			func(b *bench) { b.claims = func(c map[string]any) { c["iss"] = b.URL + "/" } }, "different provider"},
		"another audience":          {set("aud", "another-id"), "audience"},
		"two audiences":             {set("aud", []string{client, "another-id"}), "another client"},
		"made for another party":    {set("azp", "another-id"), "another client"},
		"no audience":               {set("aud", nil), "audience"},
		"expired":                   {set("exp", time.Now().Add(-time.Second).Unix()), "expired"},
		"no end":                    {set("exp", nil), "verify the ID token"},
		"not yet":                   {set("nbf", time.Now().Add(time.Hour).Unix()), "nbf"},
		"another nonce":             {set("nonce", "replayed"), "another sign-in"},
		"no nonce":                  {set("nonce", nil), "another sign-in"},
		"nobody":                    {set("sub", ""), "nobody"},
		"another group":             {set("groups", []string{"sales"}), "no configured group"},
		"a group's name in another": {set("groups", []string{"soc-readers", "SOC"}), "no configured group"},
		"no groups":                 {set("groups", []string{}), "no configured group"},
		"groups missing": {
			func(b *bench) { b.claims = func(c map[string]any) { delete(c, "groups") } }, "has no claim"},
		"groups as a text": {set("groups", "soc"), "no list"},
		"too many groups": {func(b *bench) {
			b.claims = func(c map[string]any) {
				delete(c, "groups")
				c["_claim_names"] = map[string]string{"groups": "src1"}
				c["_claim_sources"] = map[string]any{"src1": map[string]string{"endpoint": "http://192.0.2.1/groups"}}
			}
		}, "too many"},
		"too many groups, and some": {set("hasgroups", true), "too many"},
		"alg none": {sign(func(_ *provider, text string) string {
			return part(`{"alg":"none"}`) + "." + part(text) + "."
		}), "verify the ID token"},
		"no signature": {sign(func(p *provider, text string) string {
			signed := oidctest.SignIDToken(p.key, "k1", oidc.ES256, text)
			return signed[:strings.LastIndex(signed, ".")+1]
		}), "verify the ID token"},
		"the client's secret as a key": {sign(func(_ *provider, text string) string {
			return hmacToken(strings.Repeat("s3cret", 6), text)
		}), "verify the ID token"},
		"another's key": {sign(func(_ *provider, text string) string {
			return oidctest.SignIDToken(other, "k1", oidc.ES256, text)
		}), "verify the ID token"},
		"an unknown key": {sign(func(_ *provider, text string) string {
			return oidctest.SignIDToken(other, "k2", oidc.ES256, text)
		}), "verify the ID token"},
		"no ID token":  {sign(func(*provider, string) string { return "" }), "no ID token"},
		"another text": {sign(func(p *provider, text string) string { return "x.y.z" }), "verify the ID token"},
		"refused": {
			func(b *bench) { b.query = func(q url.Values) { q.Set("error", "access_denied") } }, "access_denied"},
		"another provider": {
			func(b *bench) { b.query = func(q url.Values) { q.Set("iss", "https://evil.example") } },
			"another provider"},
		"no code": {func(b *bench) { b.query = func(q url.Values) { q.Del("code") } }, "no code"},
		"another code": {
			func(b *bench) { b.query = func(q url.Values) { q.Set("code", "x") } }, "invalid_grant"},
		"another state": {
			func(b *bench) { b.query = func(q url.Values) { q.Set("state", "x") } }, "never begun"},
		"no state":         {func(b *bench) { b.query = func(q url.Values) { q.Del("state") } }, "never begun"},
		"another verifier": {func(b *bench) { b.query = func(url.Values) { b.changeVerifier() } }, "invalid_grant"},
		"a large answer":   {answers("/token", strings.Repeat(" ", maxAnswer+1)), "redeem the code"},
		"many keys":        {answers("/keys", strings.Repeat(" ", maxAnswer+1)), "too large"},
		"an HTML page":     {answers("/token", "<html>"), "redeem the code"},
		"described as another": {
			answers("/.well-known/openid-configuration", `{"issuer":"https://evil.example"}`), "cannot be reached"},
		"a large description": {
			answers("/.well-known/openid-configuration", strings.Repeat(" ", maxAnswer+1)), "cannot be reached"},
		"sent elsewhere": {func(b *bench) {
			b.answer = func(w http.ResponseWriter, r *http.Request) bool {
				http.Redirect(w, r, "http://192.0.2.1/", http.StatusFound)
				return true
			}
		}, "cannot be reached"},
		"keys without TLS": {func(b *bench) {
			text := fmt.Sprintf(`{"issuer":%q,"authorization_endpoint":%q,"token_endpoint":%q,`+
				`"jwks_uri":"http://192.0.2.1/keys"}`,
				b.URL, b.URL+"/auth", b.URL+"/token")
			answers("/.well-known/openid-configuration", text)(b)
		}, "not https"},
	}
	for _, name := range slices.Sorted(maps.Keys(cases)) {
		b := newBench(t)
		cases[name].prepare(b)
		status, text := get(t, browser(t), b.console.URL+Path)
		if status < 400 || len(b.sessions.List()) != 0 {
			t.Errorf("%s: %d %q", name, status, text)
		}
		if !strings.Contains(b.log.String(), cases[name].says) {
			t.Errorf("%s: the log says %s", name, b.log)
		}
		if strings.Contains(b.log.String(), "eyJ") || strings.Contains(b.log.String(), "s3cret") {
			t.Errorf("%s: the log has a secret: %s", name, b.log)
		}
	}
}

// answers has the provider answer with a text at a path.
func answers(path, text string) func(*bench) {
	return func(b *bench) {
		b.answer = func(w http.ResponseWriter, r *http.Request) bool {
			if r.URL.Path != path {
				return false
			}
			w.Header().Set("Content-Type", "application/json")
			fmt.Fprint(w, text)
			return true
		}
	}
}

func (b *bench) changeVerifier() {
	b.door.mu.Lock()
	defer b.door.mu.Unlock()
	for key, one := range b.door.pending {
		one.verifier += "x"
		b.door.pending[key] = one
	}
}

func part(text string) string { return base64.RawURLEncoding.EncodeToString([]byte(text)) }

// hmacToken is signed by a secret instead of a key.
func hmacToken(secret, text string) string {
	return oidctest.SignIDToken(crypto.PrivateKey([]byte(secret)), "k1", "HS256", text)
}

// A sign-in is ended once, by the browser that has begun it, within its time.
func TestBack_onceByItsBrowser(t *testing.T) {
	b := newBench(t)
	now := time.Now()
	b.door.o.Now = func() time.Time { return now }
	var last string // where the provider has sent the browser last
	begin := func() *http.Client {
		c := browser(t)
		c.CheckRedirect = func(r *http.Request, _ []*http.Request) error {
			if strings.HasPrefix(r.URL.String(), b.console.URL+Back) {
				last = r.URL.String()
				return http.ErrUseLastResponse
			}
			return nil
		}
		get(t, c, b.console.URL+Path)
		c.CheckRedirect = nil
		return c
	}
	c := begin()
	if status, text := get(t, browser(t), last); status != 400 || len(b.sessions.List()) != 0 {
		t.Errorf("another browser ends it: %d %q", status, text)
	}
	if status, _ := get(t, c, last); status != 400 {
		t.Error("a state that another browser has shown is good still")
	}
	c = begin()
	if status, text := get(t, c, last); status != 200 || len(b.sessions.List()) != 1 {
		t.Fatalf("%d %q", status, text)
	}
	if status, _ := get(t, c, last); status != 400 || len(b.sessions.List()) != 1 {
		t.Errorf("the same answer again: %d", status)
	}
	first := begin()
	one := last
	begin()
	if status, _ := get(t, first, last); status != 400 {
		t.Errorf("the answer of another sign-in: %d", status)
	}
	if status, _ := get(t, first, one); status != 200 {
		t.Errorf("its own answer: %d", status)
	}
	c = begin()
	now = now.Add(maxWait)
	if status, _ := get(t, c, last); status != 400 {
		t.Errorf("after its time: %d", status)
	}
}

// What is under way is bounded, and the provider may be away when the daemon starts.
func TestBegin_bounded(t *testing.T) {
	b := newBench(t)
	for i := range maxPending {
		if !b.door.remember(fmt.Sprint(i), begun{at: time.Now()}) {
			t.Fatalf("full at %d", i)
		}
	}
	if status, _ := get(t, browser(t), b.console.URL+Path); status != http.StatusServiceUnavailable {
		t.Errorf("%d", status)
	}
	away := newBench(t)
	away.provider.Server.Close()
	if status, _ := get(t, browser(t), away.console.URL+Path); status != http.StatusBadGateway {
		t.Errorf("%d", status)
	}
	full := newBench(t)
	full.door.attempts.SetBurst(0)
	full.door.attempts.SetLimit(0)
	if status, _ := get(t, browser(t), full.console.URL+Path); status != http.StatusTooManyRequests {
		t.Errorf("%d", status)
	}
}

// An account is the provider's unchanging id, never a name that can be changed, and never one of the machine.
func TestAccountOf(t *testing.T) {
	const entra, tid = "https://login.microsoftonline.com/T1/v2.0", "T1"
	for _, c := range []struct {
		issuer string
		claims claims
		want   string
	}{
		{"https://x.example", claims{Subject: "root", Name: "boss"}, "oidc-root"},
		{entra, claims{Subject: "s", Object: "o-1", Tenant: tid}, "oidc-o-1"},
		{entra, claims{Subject: "s", Object: "o-1", Tenant: "T2"}, "oidc-s"},
		{entra, claims{Subject: "s", Object: "o-1"}, "oidc-s"},
		{"https://x.example", claims{Subject: "s", Object: "o-1", Tenant: tid}, "oidc-s"},
	} {
		if got := accountOf(c.issuer, c.claims); got != c.want {
			t.Errorf("%+v: %s, want %s", c.claims, got, c.want)
		}
	}
	seen := map[string]bool{}
	for _, sub := range []string{"auth0|1", "auth0|2", "a b", "x (claimed; root, uid 0)", strings.Repeat("a", 60), ""} {
		got := accountOf("https://x.example", claims{Subject: sub})
		if seen[got] || len(got) > 64 || !strings.HasPrefix(got, "oidc-sha256-") || strings.ContainsAny(got, " (|") {
			t.Errorf("%q: %s", sub, got)
		}
		seen[got] = true
	}
}
