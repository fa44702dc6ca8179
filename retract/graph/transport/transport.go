package transport

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"time"

	"clawback/internal/mailaddr"
	"clawback/retract/fault"
)

// Tokens gives access tokens. It is safe for concurrent use. A failure is a *fault.Fault.
type Tokens interface {
	// Token gives a token. With stale, that one was refused: another one is wanted. With claims, it must satisfy them.
	Token(ctx context.Context, stale, claims string) (string, error)
}

// Transport is an http.RoundTripper for one tenant. Its fields are not changed once it is used.
type Transport struct {
	Base    http.RoundTripper
	Host    string // of Graph; a request for another is refused
	Tokens  Tokens
	MaxJSON int64            // bytes of an answer in JSON; 0: 16 MiB
	Now     func() time.Time // nil: time.Now
}

const (
	defaultJSON = 16 << 20
	maxError    = 64 << 10 // bytes of an error answer that are looked at
	maxRequest  = 1 << 20  // bytes of a request: moves and read states are tiny
)

// RoundTrip sends a request once, and once more with a new token when the first was refused.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	call := callOf(r.Context())
	if r.URL.Scheme != "https" || !mailaddr.Equal(r.URL.Host, t.Host) {
		closeBody(r)
		return nil, &fault.Fault{Class: fault.GiveUp, Code: "foreign_host",
			Detail: call.Name + ": refused to ask another host than Graph's"}
	}
	body, err := readRequest(r)
	if err != nil {
		return nil, &fault.Fault{Class: fault.GiveUp, Code: "request_body",
			Detail: call.Name + ": the request's body cannot be read"}
	}
	token, err := t.token(r.Context(), call, "", "")
	if err != nil {
		return nil, err
	}
	resp, err := t.once(r, call, body, token)
	var refused *refusal
	if !errors.As(err, &refused) {
		return resp, err
	}
	// I2: 401 says that nothing was done.
	if token, err = t.token(r.Context(), call, token, refused.claims); err != nil {
		return nil, err
	}
	resp, err = t.once(r, call, body, token)
	if errors.As(err, &refused) {
		return nil, refused.fault
	}
	return resp, err
}

func (t *Transport) token(ctx context.Context, call Call, stale, claims string) (string, error) {
	token, err := t.Tokens.Token(ctx, stale, claims)
	var f *fault.Fault
	switch {
	case errors.As(err, &f):
		return "", f
	case err != nil:
		return "", &fault.Fault{Class: fault.Retry, Tenant: true, Code: "token",
			Detail: call.Name + ": no access token was to be had"}
	case token == "": // I1
		return "", &fault.Fault{Class: fault.Auth, Tenant: true, Code: "token",
			Detail: call.Name + ": the access token is empty"}
	}
	return token, nil
}

// refusal is a 401: the only failure that is tried again here.
type refusal struct {
	fault  *fault.Fault
	claims string
}

// Error is that of the fault.
func (r *refusal) Error() string { return r.fault.Error() }

// once sends the request and judges the answer.
func (t *Transport) once(r *http.Request, call Call, body []byte, token string) (*http.Response, error) {
	if f := fault.Clearance(r.Context()); f != nil {
		return nil, f
	}
	ctx, watch := watched(r.Context())
	out := r.Clone(ctx)
	out.Header.Set("Authorization", "Bearer "+token)
	out.Header.Del("Accept-Encoding") // net/http asks for gzip itself, and undoes it
	out.Body, out.ContentLength, out.GetBody = nil, int64(len(body)), nil
	if len(body) > 0 {
		out.Body = io.NopCloser(bytes.NewReader(body))
	}
	resp, err := t.Base.RoundTrip(out)
	if f := watch.refused.Load(); f != nil && err != nil {
		return nil, f
	}
	if err != nil {
		return nil, noAnswer(r.Context(), call, watch.sent.Load() > 0)
	}
	if resp.StatusCode/100 != 2 {
		return nil, t.refuse(call, resp)
	}
	return t.accept(call, resp)
}

// noAnswer is a request without an answer. Sent: its bytes may have left. The error of net/http is not handed on: it
// may name the URL, and with it the mailbox.
func noAnswer(ctx context.Context, call Call, sent bool) *fault.Fault {
	f := &fault.Fault{Class: fault.Retry, Code: fault.CodeNotSent, Detail: call.Name + ": Graph cannot be reached"}
	if sent {
		f.Class, f.Code, f.Detail = call.lost(), fault.CodeNoAnswer,
			call.Name+": the connection broke before the answer came"
	} else {
		f.Tenant = true
	}
	switch {
	case errors.Is(ctx.Err(), context.DeadlineExceeded):
		f.Code, f.Detail, f.Tenant = fault.CodeTimeout, call.Name+": no answer in time", false
	case ctx.Err() != nil:
		f.Code, f.Detail, f.Tenant = fault.CodeCancelled, call.Name+": stopped here before the answer came", false
	}
	return f
}

// refuse turns an answer that is not success into a fault, and ends it.
func (t *Transport) refuse(call Call, resp *http.Response) error {
	defer resp.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxError)) // cut short or not: what came is judged
	io.CopyN(io.Discard, resp.Body, maxError)                  // so that the connection is used again
	now := time.Now
	if t.Now != nil {
		now = t.Now
	}
	fault := classify(call, readAnswer(resp.StatusCode, resp.Header, body, now()))
	if resp.StatusCode == http.StatusUnauthorized {
		return &refusal{fault, claimsOf(resp.Header.Values("Www-Authenticate"))}
	}
	return fault
}

// accept reads a successful answer to its end, so that a broken one is a fault and not an error of a parser. I3, I5.
func (t *Transport) accept(call Call, resp *http.Response) (*http.Response, error) {
	if call.Streams {
		return resp, nil
	}
	defer resp.Body.Close()
	most := t.MaxJSON
	if most == 0 {
		most = defaultJSON
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, most+1))
	fault := &fault.Fault{Class: call.lost(), Status: resp.StatusCode, Request: requestID(resp.Header)}
	switch {
	case err != nil:
		fault.Code, fault.Detail = "cut_short", call.Name+": the answer was cut short"
		return nil, fault
	case int64(len(body)) > most:
		fault.Code, fault.Detail = "too_long", call.Name+": the answer is too long"
		return nil, fault
	case resp.StatusCode != http.StatusNoContent && len(body) > 0 && !json.Valid(body):
		fault.Code, fault.Detail = "not_json", call.Name+": the answer is no JSON; is there a proxy in between?"
		return nil, fault
	}
	resp.Body, resp.ContentLength = io.NopCloser(bytes.NewReader(body)), int64(len(body))
	// An SDK that finds nothing to parse with fails without a status.
	resp.Header.Set("Content-Type", "application/json")
	return resp, nil
}

func readRequest(r *http.Request) ([]byte, error) {
	if r.Body == nil {
		return nil, nil
	}
	defer r.Body.Close()
	body, err := io.ReadAll(io.LimitReader(r.Body, maxRequest+1))
	if len(body) > maxRequest {
		return nil, io.ErrShortBuffer
	}
	return body, err
}

func closeBody(r *http.Request) {
	if r.Body != nil {
		r.Body.Close()
	}
}
