package graph

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strings"
	"sync/atomic"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/Azure/azure-sdk-for-go/sdk/azidentity"

	"clawback/retract/fault"
	"clawback/retract/graph/transport"
)

// tokens holds the access token of one tenant. It implements transport.Tokens.
//
// Invariants: at most one request to the login service is under way; those who wait meanwhile share its result, a
// failure too; none is sent before the Retry-After of an earlier one is over (retract.LoginClearance, which knows of it
// after a restart as well). While the present token is good, a failure to renew it is nobody's trouble.
type tokens struct {
	make  func() (azcore.TokenCredential, error)
	scope string
	now   func() time.Time
	// renewed is called after each new token; it must not block.
	renewed func()

	requests atomic.Uint64 // that have ended: whoever waited for one shares its result

	turn    chan struct{} // capacity 1: whoever holds it may touch the fields below
	cred    azcore.TokenCredential
	current azcore.AccessToken
	got     time.Time
	failure *fault.Fault // of the last request; nil when it gave a token
	retryAt time.Time    // no renewal ahead of time before
}

func newTokens(make_ func() (azcore.TokenCredential, error), scope string, now func() time.Time) *tokens {
	return &tokens{make: make_, scope: scope, now: now, renewed: func() {}, turn: make(chan struct{}, 1)}
}

// Token gives the current token while it is good, and else asks for one. Of many callers whose token was refused at
// once, only the first one asks.
func (t *tokens) Token(ctx context.Context, stale, claims string) (string, error) {
	before := t.requests.Load()
	select {
	case t.turn <- struct{}{}:
		defer func() { <-t.turn }()
	case <-ctx.Done():
		return "", &fault.Fault{Class: fault.Retry, Code: fault.CodeCancelled,
			Detail: "get an access token: stopped here"}
	}
	usable := t.lasts(0) && t.current.Token != stale
	if usable && (t.lasts(t.margin()) || t.now().Before(t.retryAt)) {
		return t.current.Token, nil
	}
	fault := t.failure
	if fault == nil || t.requests.Load() == before {
		fault = t.request(ctx, stale, claims)
	}
	if fault != nil && usable {
		t.retryAt = t.now().Add(max(renewAgain, fault.After))
		fault = nil
	}
	if fault != nil {
		return "", fault
	}
	return t.current.Token, nil
}

// renewAgain is how long a renewal that failed waits while the present token is still good.
const renewAgain = 15 * time.Second

// request asks the login service for a token, where its Retry-After allows.
func (t *tokens) request(ctx context.Context, stale, claims string) *fault.Fault {
	if f := fault.LoginClearance(ctx); f != nil {
		return f
	}
	defer t.requests.Add(1)
	t.failure = t.ask(ctx, stale, claims)
	if t.failure != nil {
		fault.LoginFailed(ctx, t.failure)
	}
	return t.failure
}

// ask asks the login service for a token. Where the last one was refused it takes a new credential, unless claims are
// asked for. The caller holds the turn.
func (t *tokens) ask(ctx context.Context, stale, claims string) *fault.Fault {
	if t.cred == nil || (stale != "" && claims == "") {
		// A new credential has an empty cache: MSAL would give the refused token again.
		cred, err := t.make()
		if err != nil {
			return &fault.Fault{Class: fault.Auth, Tenant: true, Code: "credential",
				Detail: "use the credential: " + reason(err)}
		}
		t.cred = cred
	}
	token, err := getToken(ctx, t.cred, t.scope, claims)
	if err != nil {
		f := loginFault(err, t.now())
		if f.Class == fault.Auth {
			t.cred = nil // its files may be renewed before the next try
		}
		return f
	}
	t.current, t.got = token, t.now()
	t.renewed()
	return nil
}

// lasts reports whether the current token is good for that long.
func (t *tokens) lasts(d time.Duration) bool {
	return t.current.Token != "" && t.now().Before(t.current.ExpiresOn.Add(-d))
}

// margin is how long before its end a token is renewed: a fifth of its life, two minutes at most.
func (t *tokens) margin() time.Duration {
	return min(t.current.ExpiresOn.Sub(t.got)/5, 2*time.Minute)
}

// loginFault classifies what azidentity says. Its text holds the whole answer, so it is not handed on.
func loginFault(err error, now time.Time) *fault.Fault {
	var failed *azidentity.AuthenticationFailedError
	if !errors.As(err, &failed) || failed.RawResponse == nil {
		return &fault.Fault{Class: fault.Retry, Tenant: true, Login: true, Code: fault.CodeLoginUnreachable,
			Detail: "get an access token: the login service cannot be reached, or its certificate is not trusted here"}
	}
	const most = 64 << 10
	var body []byte
	if failed.RawResponse.Body != nil {
		body, _ = io.ReadAll(io.LimitReader(failed.RawResponse.Body, most)) // what cannot be read counts as empty
	}
	return transport.ClassifyLogin(transport.LoginAnswer{
		Status: failed.RawResponse.StatusCode, Header: failed.RawResponse.Header, Body: body, Now: now,
	})
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
