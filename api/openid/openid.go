// Package openid signs people in by an OpenID provider, such as Entra ID: what groups the provider says they are in is
// what they may.
//
// It is the authorization code flow with PKCE, state and nonce. The provider is asked when the first person signs in,
// not when the daemon starts.
//
// Reads: the browser's requests below /sign-in/openid; the provider's description, keys and ID tokens.
//
// Writes: sessions, by package api/session; a short cookie that binds a sign-in to its browser.
//
// Invariants:
//
//	I1 a sign-in is ended by the browser that began it, once, within ten minutes
//	I2 only tokens of the configured issuer for this client, signed by a key of its own, open anything
//	I3 who is in no configured group, or whose groups are not told, has no rights
//	I4 names and addresses decide nothing: an account is the provider's unchanging id
//	I5 what the provider may send is bounded in bytes and time, and comes over TLS, but from this machine itself
//
// On failure: the person is told in a sentence, and the log has the reason; nothing else changes.
//
// Standards: OpenID Connect Core 1.0, section 3.1; RFC 7636 (PKCE); RFC 9207 (iss).
package openid

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
	"golang.org/x/time/rate"

	"clawback/api"
	"clawback/api/session"
)

// Path is where a sign-in begins, and below which it ends.
const Path = "/sign-in/openid"

// Back is where the provider sends the browser.
const Back = Path + "/back"

const (
	maxWait    = 10 * time.Minute // from the begin of a sign-in to its end
	maxPending = 1000
	askTime    = 20 * time.Second // of the provider, for one sign-in
	knownFor   = 24 * time.Hour   // the provider's description
)

// Options of a Door.
type Options struct {
	Issuer   string
	ClientID string
	Secret   func() string // "": a public client
	URL      string        // where people find the console, without a path
	Claim    string        // of the ID token, that has the groups
	// Rights are what groups open; false: nothing.
	Rights   func(groups []string) (api.Principal, bool)
	Life     time.Duration // of a session
	Sessions *session.Desk
	Cookies  session.Cookies
	Log      *slog.Logger
	Now      func() time.Time // nil: time.Now
}

// Door signs people in. Safe for concurrent use.
type Door struct {
	o        Options
	client   *http.Client
	attempts *rate.Limiter

	mu       sync.Mutex // guards what follows
	pending  map[[sha256.Size]byte]begun
	provider *oidc.Provider // nil: not asked yet
	asked    time.Time
}

// begun is a sign-in that was begun.
type begun struct {
	at       time.Time
	browser  [sha256.Size]byte // of the cookie
	nonce    string
	verifier string
}

// New makes a Door.
func New(o Options) *Door {
	if o.Now == nil {
		o.Now = time.Now
	}
	return &Door{o: o, client: boundedClient(), attempts: rate.NewLimiter(5, 20),
		pending: map[[sha256.Size]byte]begun{}}
}

// Handler answers at Path and Back.
func (d *Door) Handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET "+Path, d.begin)
	mux.HandleFunc("GET "+Back, d.back)
	return mux
}

func (d *Door) cookieName() string {
	if d.o.Cookies.Secure {
		return "__Host-clawback-sign-in"
	}
	return "clawback-sign-in"
}

// begin sends the browser to the provider.
func (d *Door) begin(w http.ResponseWriter, r *http.Request) {
	if !d.attempts.Allow() {
		d.refuse(w, r, http.StatusTooManyRequests, "too many people sign in: try again in a minute", nil)
		return
	}
	provider, err := d.ask(r.Context())
	if err != nil {
		d.refuse(w, r, http.StatusBadGateway, "the provider of sign-ins cannot be reached", err)
		return
	}
	state, browser := rand.Text()+rand.Text(), rand.Text()+rand.Text()
	b := begun{d.o.Now(), sha256.Sum256([]byte(browser)), rand.Text() + rand.Text(), oauth2.GenerateVerifier()}
	if !d.remember(state, b) {
		d.refuse(w, r, http.StatusServiceUnavailable, "too many sign-ins are under way: try again in a minute", nil)
		return
	}
	http.SetCookie(w, &http.Cookie{Name: d.cookieName(), Value: browser, Path: "/", MaxAge: int(maxWait.Seconds()),
		Secure: d.o.Cookies.Secure, HttpOnly: true, SameSite: http.SameSiteLaxMode})
	to := d.oauth(provider).AuthCodeURL(state, oidc.Nonce(b.nonce), oauth2.S256ChallengeOption(b.verifier))
	http.Redirect(w, r, to, http.StatusSeeOther)
}

func (d *Door) oauth(p *oidc.Provider) *oauth2.Config {
	return &oauth2.Config{ClientID: d.o.ClientID, ClientSecret: d.o.Secret(), Endpoint: p.Endpoint(),
		RedirectURL: d.o.URL + Back, Scopes: []string{oidc.ScopeOpenID, "profile", "email"}}
}

// remember keeps what the end of a sign-in must show.
func (d *Door) remember(state string, b begun) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for key, other := range d.pending {
		if d.o.Now().Sub(other.at) >= maxWait {
			delete(d.pending, key)
		}
	}
	if len(d.pending) >= maxPending {
		return false
	}
	d.pending[sha256.Sum256([]byte(state))] = b
	return true
}

// redeem is the sign-in of a state, which is used up by it, if this browser has begun it.
func (d *Door) redeem(state string, r *http.Request) (begun, error) {
	key := sha256.Sum256([]byte(state))
	d.mu.Lock()
	b, known := d.pending[key]
	delete(d.pending, key)
	d.mu.Unlock()
	if !known || d.o.Now().Sub(b.at) >= maxWait {
		return b, errors.New("the sign-in was ended already, took too long, or was never begun")
	}
	cookies := r.CookiesNamed(d.cookieName())
	if len(cookies) != 1 {
		return b, errors.New("the browser that ends the sign-in has not begun it")
	}
	sum := sha256.Sum256([]byte(cookies[0].Value))
	if subtle.ConstantTimeCompare(sum[:], b.browser[:]) != 1 {
		return b, errors.New("the browser that ends the sign-in has not begun it")
	}
	return b, nil
}

// back ends a sign-in.
func (d *Door) back(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	b, err := d.redeem(query.Get("state"), r)
	if err != nil {
		d.refuse(w, r, http.StatusBadRequest, "this sign-in has ended: begin again", err)
		return
	}
	http.SetCookie(w, &http.Cookie{Name: d.cookieName(), Path: "/", MaxAge: -1, Secure: d.o.Cookies.Secure,
		HttpOnly: true, SameSite: http.SameSiteLaxMode})
	if iss := query.Get("iss"); iss != "" && iss != d.o.Issuer { // RFC 9207, section 2.4
		d.refuse(w, r, http.StatusBadRequest, "the answer is of another provider", nil)
		return
	}
	if code := query.Get("error"); code != "" {
		d.refuse(w, r, http.StatusForbidden, "the provider has refused", fmt.Errorf("it answers %.100q", code))
		return
	}
	who, err := d.prove(r.Context(), query.Get("code"), b)
	if err != nil {
		d.refuse(w, r, http.StatusForbidden, "who you are is not proven", err)
		return
	}
	rights, known := d.o.Rights(who.groups)
	if who.problem != nil || !known {
		d.refuse(w, r, http.StatusForbidden, "you are in no group that opens anything here: ask an administrator",
			errors.Join(fmt.Errorf("account %s is in no configured group", who.account), who.problem))
		return
	}
	d.signIn(w, r, who, rights)
}

func (d *Door) signIn(w http.ResponseWriter, r *http.Request, who person, rights api.Principal) {
	from, _, _ := net.SplitHostPort(r.RemoteAddr)
	text, s, err := d.o.Sessions.Create(r.Context(), session.SignIn{Account: who.account, Title: who.title,
		Method: "openid", Rights: rights, Life: d.o.Life, From: from, Agent: r.UserAgent()})
	if err != nil {
		d.refuse(w, r, api.Statuses[api.CodeOf(err)].Status, "your session cannot be kept: try again", err)
		return
	}
	d.o.Cookies.Set(w, text, s)
	http.Redirect(w, r, "/", http.StatusSeeOther)
}

// refuse tells a person in a sentence, and the log why.
func (d *Door) refuse(w http.ResponseWriter, r *http.Request, status int, says string, why error) {
	d.o.Log.Warn("somebody could not sign in", "event", "signin.refused", "from", r.RemoteAddr, "reason", says,
		"error", why)
	w.Header().Set("Cache-Control", "no-store")
	http.Error(w, "You could not sign in: "+says+".\n\nBegin again at "+d.o.URL+Path, status)
}

// ask is the provider's description, which is asked for when it is needed first.
func (d *Door) ask(ctx context.Context) (*oidc.Provider, error) {
	d.mu.Lock()
	provider, asked := d.provider, d.asked
	d.mu.Unlock()
	if provider != nil && d.o.Now().Sub(asked) < knownFor {
		return provider, nil
	}
	ctx, cancel := context.WithTimeout(oidc.ClientContext(ctx, d.client), askTime)
	defer cancel()
	fresh, err := oidc.NewProvider(ctx, d.o.Issuer)
	if err != nil {
		return nil, err
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.provider, d.asked = fresh, d.o.Now()
	return fresh, nil
}
