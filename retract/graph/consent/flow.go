package consent

import (
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"sync"

	"clawback/internal/mailaddr"
)

// Options say who asks whom.
type Options struct {
	LoginURL string // of the tenant's cloud, such as https://login.microsoftonline.com
	GraphURL string // of the same cloud, such as https://graph.microsoft.com
	Tenant   string // GUID; "": the one that the administrator logs in to
	ClientID string // of the app registration
	Redirect string // as registered; "": DefaultRedirect
}

// DefaultRedirect is the callback that the documentation tells to register.
const DefaultRedirect = "http://localhost:8925/clawback/connected"

// Errors of an answer.
var (
	ErrDeclined = errors.New("consent was not given")
	ErrState    = errors.New("the answer does not belong to this request")
	ErrTenant   = errors.New("the answer is for another tenant")
	errOptions  = errors.New("unusable request for consent")
)

// Flow is one request for consent.
type Flow struct {
	o        Options
	redirect *url.URL

	mu    sync.Mutex
	state string // "" once it was used
}

// New begins a flow.
func New(o Options) (*Flow, error) {
	if o.Redirect == "" {
		o.Redirect = DefaultRedirect
	}
	for _, text := range []string{o.LoginURL, o.GraphURL} {
		if u, err := url.Parse(text); err != nil || u.Scheme != "https" || u.Host == "" {
			return nil, fmt.Errorf("%w: the cloud's URLs must be https", errOptions)
		}
	}
	redirect, err := url.Parse(o.Redirect)
	if err != nil || redirect.Host == "" {
		return nil, fmt.Errorf("%w: the redirect is no URL", errOptions)
	}
	if o.ClientID == "" {
		return nil, fmt.Errorf("%w: the application's client id is missing", errOptions)
	}
	return &Flow{o: o, redirect: redirect, state: newState()}, nil
}

// newState draws 256 bits.
func newState() string {
	var b [32]byte
	rand.Read(b[:]) // never fails
	return base64.RawURLEncoding.EncodeToString(b[:])
}

// URL is the page for the administrator. Application permissions are granted with /.default alone, and "common" cannot
// be used there.
func (f *Flow) URL() string {
	tenant := f.o.Tenant
	if tenant == "" {
		tenant = "organizations"
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	query := url.Values{
		"client_id": {f.o.ClientID}, "redirect_uri": {f.redirect.String()}, "state": {f.state},
		"scope": {strings.TrimRight(f.o.GraphURL, "/") + "/.default"},
	}
	return strings.TrimRight(f.o.LoginURL, "/") + "/" + url.PathEscape(tenant) + "/v2.0/adminconsent?" + query.Encode()
}

// spend uses the state up, if it is the right one.
func (f *Flow) spend(state string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	good := f.state != "" && subtle.ConstantTimeCompare([]byte(state), []byte(f.state)) == 1
	if good {
		f.state = ""
	}
	return good
}

// Accept reads the address to which the administrator was sent back, as it was pasted. It gives the tenant that the
// answer names: a claim, which Verify proves.
func (f *Flow) Accept(pasted string) (tenant string, err error) {
	u, err := url.Parse(strings.TrimSpace(pasted))
	if err != nil {
		return "", fmt.Errorf("%w: what was pasted is no address", ErrState)
	}
	return f.handleRedirect(u.Query())
}

// handleRedirect judges the query of a redirect. I2: errors first.
func (f *Flow) handleRedirect(q url.Values) (tenant string, err error) {
	if q.Get("error") != "" {
		f.spend(q.Get("state"))
		return "", fmt.Errorf("%w: %s", ErrDeclined, why(q))
	}
	switch {
	case q.Get("state") == "":
		return "", fmt.Errorf("%w: it has no state; was consent given in the portal? Then `clawback check --online` "+
			"tells whether it works", ErrState)
	case !f.spend(q.Get("state")):
		return "", fmt.Errorf("%w: its state is unknown or was used before; begin anew", ErrState)
	case !mailaddr.Equal(q.Get("admin_consent"), "true"):
		return "", fmt.Errorf("%w: the answer does not say that consent was given", ErrDeclined)
	}
	tenant = mailaddr.Lower(q.Get("tenant"))
	if f.o.Tenant != "" && tenant != mailaddr.Lower(f.o.Tenant) {
		return "", fmt.Errorf("%w: consent was given in tenant %s, and asked for in %s; log in as an administrator "+
			"of that one", ErrTenant, clean(tenant), f.o.Tenant)
	}
	return tenant, nil
}

// reasons are the errors that the consent page is known to send back.
var reasons = map[string]string{
	"access_denied":    "the administrator declined, or closed the page",
	"consent_required": "the administrator declined, or closed the page",
	"permission_denied": "the account may not consent for the organisation: log in as a Privileged Role " +
		"Administrator or Global Administrator",
	"unauthorized_client":     "the application is not known in this cloud: check client_id and cloud",
	"invalid_client":          "the application is not known in this cloud: check client_id and cloud",
	"invalid_request":         "the page refuses the request: is the redirect registered with the application?",
	"server_error":            "the login service has a trouble: try again",
	"temporarily_unavailable": "the login service has a trouble: try again",
}

// why says in words what an error means. Of Microsoft's text only the number is taken.
func why(q url.Values) string {
	text, known := reasons[q.Get("error")]
	switch {
	case q.Get("error_subcode") == "cancel":
		text = "the administrator cancelled"
	case !known:
		text = "the consent page says " + clean(q.Get("error"))
	}
	if _, number, found := strings.Cut(q.Get("error_description"), "AADSTS"); found {
		end := strings.IndexFunc(number+" ", func(r rune) bool { return r < '0' || r > '9' })
		text += " (AADSTS" + number[:end] + ")"
	}
	return text
}

// clean keeps what can stand in a word, so that a redirect cannot write to the terminal.
func clean(s string) string {
	const longest = 60
	s = strings.Map(func(r rune) rune {
		if r == '_' || r == '-' || '0' <= r && r <= '9' || 'a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' {
			return r
		}
		return -1
	}, s)
	return s[:min(len(s), longest)]
}
