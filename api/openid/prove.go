package openid

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/base32"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"time"

	"github.com/coreos/go-oidc/v3/oidc"
	"golang.org/x/oauth2"
)

// person is who an ID token proves.
type person struct {
	account string
	title   string
	groups  []string
	problem error // why the groups are not told
}

// algorithms are those of an ID token's signature: such as need the provider's own key.
var algorithms = []string{oidc.RS256, oidc.RS384, oidc.RS512, oidc.PS256, oidc.PS384, oidc.PS512, oidc.ES256,
	oidc.ES384, oidc.ES512, oidc.EdDSA}

// claims are what is read of an ID token.
type claims struct {
	Subject    string                     `json:"sub"`
	Party      string                     `json:"azp"`
	Object     string                     `json:"oid"` // Entra ID
	Tenant     string                     `json:"tid"` // Entra ID
	Name       string                     `json:"preferred_username"`
	Email      string                     `json:"email"`
	ClaimNames map[string]json.RawMessage `json:"_claim_names"` // what stands elsewhere
	HasGroups  bool                       `json:"hasgroups"`    // Entra ID: and they are too many
}

// prove has the provider tell by a code who has signed in.
func (d *Door) prove(ctx context.Context, code string, b begun) (p person, err error) {
	provider, err := d.ask(ctx)
	if err != nil {
		return p, err
	}
	ctx, cancel := context.WithTimeout(oidc.ClientContext(ctx, d.client), askTime)
	defer cancel()
	if code == "" {
		return p, errors.New("the provider sent no code")
	}
	tokens, err := d.oauth(provider).Exchange(ctx, code, oauth2.VerifierOption(b.verifier))
	if err != nil {
		return p, fmt.Errorf("redeem the code: %w", withoutBody(err))
	}
	raw, _ := tokens.Extra("id_token").(string)
	if raw == "" {
		return p, errors.New("the provider sent no ID token")
	}
	verifier := provider.VerifierContext(ctx, &oidc.Config{ClientID: d.o.ClientID, Now: d.o.Now,
		SupportedSigningAlgs: algorithms})
	token, err := verifier.Verify(ctx, raw)
	if err != nil {
		return p, fmt.Errorf("verify the ID token: %w", err)
	}
	// OpenID Connect Core, section 3.1.3.7: these are left to the caller.
	if subtle.ConstantTimeCompare([]byte(token.Nonce), []byte(b.nonce)) != 1 {
		return p, errors.New("the ID token is of another sign-in")
	}
	var c claims
	if err := token.Claims(&c); err != nil {
		return p, fmt.Errorf("read the ID token: %w", err)
	}
	if c.Party != "" && c.Party != d.o.ClientID || c.Party == "" && len(token.Audience) > 1 {
		return p, errors.New("the ID token was made for another client")
	}
	if c.Subject == "" {
		return p, errors.New("the ID token says of nobody who he is")
	}
	p.account, p.title = accountOf(d.o.Issuer, c), title(c)
	p.groups, p.problem = d.groupsOf(token, c)
	return p, nil
}

// withoutBody is an error without the answer, which may have secrets in it.
func withoutBody(err error) error {
	if refused := new(oauth2.RetrieveError); errors.As(err, &refused) {
		return fmt.Errorf("the provider answers %s %.100q", refused.Response.Status, refused.ErrorCode)
	}
	return err
}

var plain = regexp.MustCompile(`^[\pL\pN._@\\-]{1,59}$`)

// accountOf is the unchanging id of a person, marked as the provider's so that it is never an account of the machine.
// In Entra ID a subject is of one client alone: the object's id in the tenant's directory outlives it.
func accountOf(issuer string, c claims) string {
	id := c.Subject
	if c.Object != "" && c.Tenant != "" && strings.Contains(issuer, "/"+c.Tenant+"/") {
		id = c.Object
	}
	if !plain.MatchString(id) {
		sum := sha256.Sum256([]byte(id))
		id = "sha256-" + strings.ToLower(base32.StdEncoding.EncodeToString(sum[:25]))
	}
	return "oidc-" + id
}

// title is by which people know the account. It decides nothing.
func title(c claims) string {
	if c.Name != "" {
		return c.Name
	}
	return c.Email
}

// groupsOf are the groups in an ID token. Where there are too many Entra ID leaves them all out: that is told, and is
// not the same as none.
func (d *Door) groupsOf(token *oidc.IDToken, c claims) ([]string, error) {
	if _, elsewhere := c.ClaimNames[d.o.Claim]; elsewhere || c.HasGroups {
		return nil, fmt.Errorf("the provider leaves %s out as there are too many: have it send only groups that are "+
			"assigned to the application, or app roles", d.o.Claim)
	}
	var all map[string]json.RawMessage
	if err := token.Claims(&all); err != nil {
		return nil, err
	}
	text, there := all[d.o.Claim]
	if !there {
		return nil, fmt.Errorf("the ID token has no claim %q: have the provider send it", d.o.Claim)
	}
	var groups []string
	if err := json.Unmarshal(text, &groups); err != nil {
		return nil, fmt.Errorf("claim %q is no list of names", d.o.Claim)
	}
	return groups, nil
}

// maxAnswer bounds an answer of the provider, in bytes: keys and tokens have some thousand.
const maxAnswer = 1 << 20

// boundedClient asks the provider: over TLS but from this machine itself, with bounds on each answer.
func boundedClient() *http.Client {
	return &http.Client{Timeout: 10 * time.Second,
		Transport: bounded{&http.Transport{MaxResponseHeaderBytes: 64 << 10, TLSHandshakeTimeout: 5 * time.Second,
			Proxy: http.ProxyFromEnvironment, IdleConnTimeout: time.Minute, MaxConnsPerHost: 8}},
		CheckRedirect: func(*http.Request, []*http.Request) error {
			return errors.New("the provider sends elsewhere: configure the issuer as it names itself")
		}}
}

type bounded struct{ next http.RoundTripper }

// RoundTrip implements http.RoundTripper.
func (b bounded) RoundTrip(r *http.Request) (*http.Response, error) {
	if !Trusted(r.URL) {
		return nil, fmt.Errorf("%s is not https", r.URL.Redacted())
	}
	resp, err := b.next.RoundTrip(r)
	if err != nil {
		return nil, err
	}
	resp.Body = &boundedBody{resp.Body, maxAnswer}
	return resp, nil
}

// Trusted reports whether a provider may be asked at an address: over TLS, or on this machine.
func Trusted(u *url.URL) bool {
	addr, err := netip.ParseAddr(u.Hostname())
	return u.Scheme == "https" || u.Scheme == "http" && (err == nil && addr.IsLoopback() || u.Hostname() == "localhost")
}

// boundedBody ends with an error where there is too much.
type boundedBody struct {
	io.ReadCloser
	left int
}

// Read implements io.Reader.
func (b *boundedBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if b.left -= n; b.left < 0 {
		return 0, errors.New("the provider's answer is too large")
	}
	return n, err
}
