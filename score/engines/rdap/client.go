package rdap

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/url"
	"os"
	"sync"
	"time"

	"golang.org/x/sync/singleflight"

	"clawback/config"
	"clawback/internal/lastgood"
	"clawback/score/engines"
)

// Options are what New needs besides the configuration.
type Options struct {
	StateDir string           // the list and the answers are kept there; "": nothing is kept
	Log      *slog.Logger     // nil: none
	Now      func() time.Time // nil: time.Now
}

// Client asks the registries. It may be used by several goroutines.
type Client struct {
	c     config.RDAP
	o     Options
	fixed *url.URL // the one server that is asked for all; nil: by the list
	http  *http.Client
	cache *cache
	list  *lastgood.List[*list]

	flights singleflight.Group // of questions, by domain

	mu      sync.Mutex
	servers map[string]*server // by host; owned by mu, as all below. Bounded by the list
	tally   tally
}

// tally counts questions to servers, and messages by what came of them.
type tally struct{ asked, known, unknown, failed uint64 }

// New makes a client with the last good list. It asks nobody.
func New(c config.RDAP, o Options) (*Client, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	var roots *x509.CertPool
	if c.CAFile != "" {
		data, err := os.ReadFile(c.CAFile)
		if err != nil {
			return nil, fmt.Errorf("read rdap.ca_file: %w", err)
		}
		if roots = x509.NewCertPool(); !roots.AppendCertsFromPEM(data) {
			return nil, fmt.Errorf("read rdap.ca_file: no certificate in %s", c.CAFile)
		}
	}
	client := &Client{c: c, o: o, http: newHTTP(c.PrivateNetworks, roots), servers: map[string]*server{}}
	var err error
	if c.Server != "" {
		if client.fixed, err = url.Parse(c.Server); err != nil {
			return nil, fmt.Errorf("read rdap.server: %w", err)
		}
	}
	if client.cache, err = openCache(o.StateDir); err != nil {
		return nil, fmt.Errorf("open cache of RDAP answers: %w", err)
	}
	client.openList()
	return client, nil
}

// Close closes the cache. Nobody may ask any more.
func (c *Client) Close() error { return c.cache.close() }

// Name is how findings and degradations name it.
func (*Client) Name() string { return engines.RDAP }

// Ask learns when the domain of the message's author was registered. What no server can know is a finding without a
// date; an error means that one might know later.
func (c *Client) Ask(ctx context.Context, m engines.Message) ([]engines.Finding, error) {
	if m.Author == "" {
		return nil, nil
	}
	domain, e, err := c.find(ctx, m.Author)
	if err != nil {
		c.count(&c.tally.failed)
		return nil, fmt.Errorf("the age of %s is not known: %w", domain, err)
	}
	if e.On.IsZero() {
		c.count(&c.tally.unknown)
		return []engines.Finding{{Engine: engines.RDAP,
			Text: fmt.Sprintf("the age of %s is not known: %s", domain, e.reason())}}, nil
	}
	c.count(&c.tally.known)
	text := fmt.Sprintf("%s was registered on %s, as %s said on %s.", domain, e.On.Format(time.DateOnly), e.Host,
		e.Asked.Format(time.DateOnly))
	return []engines.Finding{{Engine: engines.RDAP, Registered: e.On, Text: text}}, nil
}

// find takes what is kept of a host's domain, or asks: once, however many messages of a campaign wait for it. The first
// one's context bounds them all; it ends before the others'.
func (c *Client) find(ctx context.Context, host string) (domain string, e entry, err error) {
	if domain, err = registered(host); err != nil {
		return clip(host), entry{Why: err.Error()}, nil
	}
	found, err, _ := c.flights.Do(domain, func() (any, error) {
		if kept, ok := c.cache.get(domain, c.o.Now()); ok {
			return kept, nil
		}
		return c.query(ctx, domain)
	})
	if errors.Is(err, errNoServer) {
		return domain, entry{Why: err.Error()}, nil
	}
	return domain, found.(entry), err
}

func (c *Client) count(n *uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	*n++
}

var (
	errNoServer = errors.New("no RDAP server with https is listed for its top-level domain")
	errNoList   = errors.New("there is no list of RDAP servers yet")
)

// query asks the domain's server, and keeps what it says.
func (c *Client) query(ctx context.Context, domain string) (entry, error) {
	base := c.fixed
	if base == nil {
		l := c.list.Current().List
		if l == nil {
			return entry{}, errNoList
		}
		if base = l.server(domain); base == nil {
			return entry{}, errNoServer
		}
	}
	s := c.server(base.Host)
	wait, err := s.mayAsk(c.o.Now())
	if err != nil {
		return entry{}, err
	}
	if err := sleep(ctx, wait); err != nil {
		return entry{}, err
	}
	c.count(&c.tally.asked)
	e, err := c.ask(ctx, s, base, domain)
	if err != nil {
		return e, err
	}
	if err := c.cache.put(domain, e); err != nil {
		c.o.Log.Warn("an RDAP answer was not kept", "event", "rdap.failed", "error", err)
	}
	return e, nil
}

// server is the state of one host.
func (c *Client) server(host string) *server {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.servers[host]
	if s == nil {
		s = newServer(host)
		c.servers[host] = s
	}
	return s
}

// ask asks once: RFC 9082, section 3.1.3.
func (c *Client) ask(ctx context.Context, s *server, base *url.URL, domain string) (entry, error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, base.JoinPath("domain", domain).String(), nil)
	if err != nil {
		return entry{}, fmt.Errorf("make request: %w", err)
	}
	request.Header.Set("Accept", "application/rdap+json") // RFC 7480, section 4.2
	request.Header.Set("User-Agent", "clawback")
	response, err := c.http.Do(request)
	if err != nil {
		if !errors.Is(ctx.Err(), context.Canceled) {
			s.failed(c.o.Now(), err)
		}
		return entry{}, fmt.Errorf("ask: %w", err)
	}
	defer response.Body.Close()
	e, err := c.read(ctx, response, domain)
	switch {
	case err == nil:
		s.answered()
	case response.StatusCode == http.StatusTooManyRequests || response.StatusCode == http.StatusServiceUnavailable:
		s.refused(c.o.Now(), response.Header, err)
	case !errors.Is(ctx.Err(), context.Canceled):
		s.failed(c.o.Now(), err)
	}
	if err != nil {
		return e, fmt.Errorf("ask %s: %w", s.host, err)
	}
	e.Host = s.host
	return e, nil
}

// read makes an entry of a response: a date, or why the server knows none. An error is one of the server.
func (c *Client) read(ctx context.Context, r *http.Response, domain string) (entry, error) {
	e := entry{Asked: c.o.Now().UTC()}
	switch r.StatusCode {
	case http.StatusOK:
	case http.StatusNotFound: // RFC 7480, section 5.3
		e.Why = errNotThere.Error()
		return e, nil
	case http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusGone: // about the domain: the server is well
		e.Why = "does not answer for this name (" + clip(r.Status) + ")"
		return e, nil
	default:
		return e, fmt.Errorf("answer is %s", clip(r.Status))
	}
	var err error
	e.On, err = readAnswer(r.Body, domain, e.Asked)
	switch {
	case errors.Is(err, errNoDate):
		e.Why, err = err.Error(), nil
	case err != nil && ctx.Err() != nil: // a server that notices that we hang up may end its answer as if it were whole
		err = fmt.Errorf("the answer did not come in time: %w", ctx.Err())
	}
	return e, err
}

func sleep(ctx context.Context, wait time.Duration) error {
	if wait <= 0 {
		return nil
	}
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
