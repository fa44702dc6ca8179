package graph

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"time"

	"github.com/Azure/azure-sdk-for-go/sdk/azcore"
	"github.com/google/uuid"
	abstractions "github.com/microsoft/kiota-abstractions-go"
	"github.com/microsoft/kiota-abstractions-go/authentication"
	"github.com/microsoft/kiota-abstractions-go/serialization"
	jsonserialization "github.com/microsoft/kiota-serialization-json-go"
	core "github.com/microsoftgraph/msgraph-sdk-go-core"
	"github.com/microsoftgraph/msgraph-sdk-go/users"

	"clawback/config"
	"clawback/retract/exchange"
	"clawback/retract/fault"
	"clawback/retract/graph/transport"
	"clawback/retract/limit"
)

// Options are for tests and for what is not in the configuration. The zero value is right for the daemon.
type Options struct {
	Now        func() time.Time       // nil: time.Now
	Timeout    time.Duration          // of one request, its answer included; 0: one minute
	CacheFor   time.Duration          // how long an address stays resolved; 0: one hour
	Credential azcore.TokenCredential // instead of the configured one; nil: that
	Base       http.RoundTripper      // beneath transport; nil: one of our own
	Probe      string                 // address of a mailbox that Check tries first; "": none
	Log        *slog.Logger           // nil: nothing is logged
}

// Client reaches the mailboxes of one tenant. It is safe for concurrent use.
type Client struct {
	tenant     config.Tenant
	cloud      Cloud
	timeout    time.Duration
	holds      time.Duration
	probe      string
	now        func() time.Time
	credential credential
	tokens     *tokens
	http       *http.Client
	adapter    *core.GraphRequestAdapterBase
	places     *limit.Places // of requests at once for each mailbox
	perMailbox int           // how many of them
	addresses  *cache[exchange.Mailbox]
	warned     time.Time // last warning of the credential's end; owned by who holds tokens.turn
}

var _ exchange.Mailboxes = (*Client)(nil)

// New makes the client of a tenant. It does not ask the network for anything yet; a credential that cannot be read is
// an error, one that is refused is found by the first call or by Check.
func New(t config.Tenant, o Options) (*Client, error) {
	cloud, err := CloudOf(t.Graph)
	if err != nil {
		return nil, fmt.Errorf("tenant %s: %w", t.Name, err)
	}
	o = o.withDefaults()
	base := o.Base
	if base == nil {
		if base, err = newBase(t.Graph.CAFile); err != nil {
			return nil, fmt.Errorf("tenant %s: %w", t.Name, err)
		}
	}
	c := &Client{
		tenant: t, cloud: cloud, timeout: o.Timeout, holds: o.CacheFor, probe: o.Probe, now: o.Now,
		credential: credential{t.ID, t.Graph, cloud, &http.Client{Transport: base, CheckRedirect: noRedirect}},
		places:     &limit.Places{}, perMailbox: t.Graph.MailboxConcurrent,
		addresses: newCache[exchange.Mailbox](100_000, o.Now),
	}
	build := c.credential.make
	if o.Credential != nil {
		build = func() (azcore.TokenCredential, error) { return o.Credential, nil }
	}
	if _, err := build(); err != nil {
		return nil, fmt.Errorf("tenant %s: %w", t.Name, err)
	}
	c.tokens = newTokens(build, cloud.Graph+"/.default", o.Now)
	c.tokens.renewed = func() { c.warnOfExpiry(o.Log) }
	return c, c.connect(base)
}

func (o Options) withDefaults() Options {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Timeout == 0 {
		o.Timeout = time.Minute
	}
	if o.CacheFor == 0 {
		o.CacheFor = time.Hour
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	return o
}

// connect puts the SDK's adapter upon our own HTTP client, without its middleware.
func (c *Client) connect(base http.RoundTripper) error {
	graph, err := url.Parse(c.cloud.Graph)
	if err != nil {
		return fmt.Errorf("read Graph's URL: %w", err)
	}
	c.http = &http.Client{
		Transport:     &transport.Transport{Base: base, Host: graph.Host, Tokens: c.tokens, Now: c.now},
		CheckRedirect: noRedirect,
	}
	// The SDK's registries are its global state, with locks; registering twice changes nothing.
	abstractions.RegisterDefaultSerializer(jsonWriters)
	abstractions.RegisterDefaultDeserializer(jsonParsers)
	// No token through the SDK: an allowed-hosts check of its own would leave it out silently. The transport adds it.
	c.adapter, err = core.NewGraphRequestAdapterBaseWithParseNodeFactoryAndSerializationWriterFactoryAndHttpClient(
		&authentication.AnonymousAuthenticationProvider{}, core.GraphClientOptions{}, jsonParsers(), jsonWriters(),
		c.http)
	if err != nil {
		return fmt.Errorf("make adapter: %w", err)
	}
	c.adapter.SetBaseUrl(c.cloud.Graph + "/v1.0")
	return nil
}

// newBase is the connection pool of a tenant.
func newBase(caFile string) (http.RoundTripper, error) {
	pool, err := roots(caFile)
	if err != nil {
		return nil, err
	}
	return &http.Transport{
		Proxy:                 http.ProxyFromEnvironment,
		DialContext:           (&net.Dialer{Timeout: 10 * time.Second, KeepAlive: 30 * time.Second}).DialContext,
		TLSClientConfig:       &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: 50 * time.Second,
		IdleConnTimeout:       90 * time.Second,
		MaxIdleConnsPerHost:   16,
		ForceAttemptHTTP2:     true,
		// A connection that died silently would let every request on it run into its timeout.
		HTTP2: &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 10 * time.Second},
	}, nil
}

var errNoCertificate = errors.New("no certificate in ca_file")

func roots(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil // the system's
	}
	raw, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("read ca_file: %w", err)
	}
	pool := x509.NewCertPool()
	if !pool.AppendCertsFromPEM(raw) {
		return nil, errNoCertificate
	}
	return pool, nil
}

func noRedirect(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }

// headers are made anew for each request: the SDK's are not safe to share (kiota-abstractions-go#205).
func headers() *abstractions.RequestHeaders {
	h := abstractions.NewRequestHeaders()
	h.Add("Prefer", `IdType="ImmutableId"`) // Graph, Outlook immutable ids: on every request
	h.Add("client-request-id", uuid.NewString())
	h.Add("return-client-request-id", "true")
	return h
}

// user is the SDK's builder for one mailbox.
func (c *Client) user(id string) *users.UserItemRequestBuilder {
	return users.NewUserItemRequestBuilderInternal(map[string]string{"baseurl": c.adapter.GetBaseUrl(),
		"user%2Did": id}, c.adapter)
}

// call runs one request under the client's timeout.
func (c *Client) call(ctx context.Context, call transport.Call, run func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(transport.With(ctx, call), c.timeout)
	defer cancel()
	return asFault(call, run(ctx))
}

// mail is call within the limit of the mailbox.
func (c *Client) mail(ctx context.Context, mailbox string, call transport.Call, run func(context.Context) error) error {
	release, err := c.enter(ctx, mailbox)
	if err != nil {
		return err
	}
	defer release()
	err = c.call(ctx, call, run)
	if f := (*fault.Fault)(nil); errors.As(err, &f) && f.Code == "Request_ResourceNotFound" {
		c.forget(mailbox) // the account is gone: its addresses are looked up anew
	}
	return err
}

// enter waits for one of the mailbox's places.
func (c *Client) enter(ctx context.Context, mailbox string) (release func(), err error) {
	release, err = c.places.Enter(ctx, mailbox, c.perMailbox)
	if err != nil {
		return nil, &fault.Fault{Class: fault.Retry, Code: fault.CodeCancelled,
			Detail: "wait for a place at the mailbox: stopped here"}
	}
	return release, nil
}

// asFault is the one way by which errors leave this package.
func asFault(call transport.Call, err error) error {
	if err == nil {
		return nil
	}
	var f *fault.Fault
	if errors.As(err, &f) {
		return f // without the *url.Error around it, which names the mailbox
	}
	f = &fault.Fault{Class: fault.Retry, Code: "sdk", Detail: call.Name + ": the answer cannot be read"}
	if call.Changes {
		f.Class = fault.Unknown
	}
	return f
}

func stopped(ctx context.Context) *fault.Fault {
	f := &fault.Fault{Class: fault.Retry, Code: fault.CodeCancelled, Detail: "ask Graph: stopped here"}
	if errors.Is(ctx.Err(), context.DeadlineExceeded) {
		f.Code, f.Detail = fault.CodeTimeout, "ask Graph: no answer in time"
	}
	return f
}

func jsonWriters() serialization.SerializationWriterFactory {
	return jsonserialization.NewJsonSerializationWriterFactory()
}
func jsonParsers() serialization.ParseNodeFactory {
	return parsers{jsonserialization.NewJsonParseNodeFactory()}
}
