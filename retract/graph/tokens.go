package graph

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"clawback/retract"
	"clawback/retract/graph/transport"
)

// tokens holds the access token of one tenant. It implements transport.Tokens.
type tokens struct {
	make  func() (azcore.TokenCredential, error)
	scope string
	now   func() time.Time
	// renewed is called after each new token; it must not block.
	renewed func()

	turn    chan struct{} // capacity 1: whoever holds it may touch the fields below
	cred    azcore.TokenCredential
	current azcore.AccessToken
	got     time.Time
}

func newTokens(make_ func() (azcore.TokenCredential, error), scope string, now func() time.Time) *tokens {
	return &tokens{make: make_, scope: scope, now: now, renewed: func() {}, turn: make(chan struct{}, 1)}
}

// Token gives the current token while it is good, and else asks for one. Of many callers whose token was refused at
// once, only the first one asks.
func (t *tokens) Token(ctx context.Context, stale, claims string) (string, error) {
	select {
	case t.turn <- struct{}{}:
		defer func() { <-t.turn }()
	case <-ctx.Done():
		return "", &retract.Fault{Class: retract.Retry, Code: "cancelled", Detail: "get an access token: stopped here"}
	}
	if t.good() && t.current.Token != stale {
		return t.current.Token, nil
	}
	if t.cred == nil || (stale != "" && claims == "") {
		// A new credential has an empty cache: MSAL would give the refused token again.
		cred, err := t.make()
		if err != nil {
			return "", &retract.Fault{Class: retract.Auth, Tenant: true, Code: "credential", Detail: "use the credential: " + reason(err)}
		}
		t.cred = cred
	}
	token, err := getToken(ctx, t.cred, t.scope, claims)
	if err != nil {
		t.cred = nil // its files may be renewed before the next try
		return "", loginFault(err)
	}
	t.current, t.got = token, t.now()
	t.renewed()
	return token.Token, nil
}

// good leaves a margin before the end: a fifth of the token's life, two minutes at most.
func (t *tokens) good() bool {
	if t.current.Token == "" {
		return false
	}
	margin := min(t.current.ExpiresOn.Sub(t.got)/5, 2*time.Minute)
	return t.now().Before(t.current.ExpiresOn.Add(-margin))
}

// loginFault classifies what azidentity says. Its text holds the whole answer, so it is not handed on.
func loginFault(err error) *retract.Fault {
	var failed *azidentity.AuthenticationFailedError
	if !errors.As(err, &failed) || failed.RawResponse == nil {
		return &retract.Fault{Class: retract.Retry, Tenant: true, Code: "login_unreachable", Detail: "get an access token: the login service cannot be reached"}
	}
	const most = 64 << 10
	var body []byte
	if failed.RawResponse.Body != nil {
		body, _ = io.ReadAll(io.LimitReader(failed.RawResponse.Body, most)) // what cannot be read counts as empty
	}
	return transport.ClassifyLogin(failed.RawResponse.StatusCode, body)
}

// reason is the first line of an error about local files and settings.
func reason(err error) string {
	text, _, _ := strings.Cut(err.Error(), "\n")
	return text
}

// claims are what a token says about itself. The signature is Graph's business: these only help to explain.
type claims struct {
	Tenant string   `json:"tid"`
	Roles  []string `json:"roles"`
	AppID  string   `json:"appid"`
}

func (c claims) has(role string) bool { return slices.Contains(c.Roles, role) }

func readClaims(token string) (claims, bool) {
	parts := strings.Split(token, ".")
	if len(parts) != 3 {
		return claims{}, false
	}
	raw, err := base64.RawURLEncoding.DecodeString(strings.TrimRight(parts[1], "="))
	var c claims
	if err != nil || json.Unmarshal(raw, &c) != nil {
		return claims{}, false
	}
	return c, true
}
