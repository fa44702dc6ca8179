package feed

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strconv"
	"strings"
	"syscall"
	"time"

	"clawback/config"
	"clawback/internal/publicnet"
)

// maxRedirects is how often a server may send us on: publishers do so once, to where their files lie.
const maxRedirects = 3

// maxRetryAfter bounds how long a server may tell us to stay away.
const maxRetryAfter = 24 * time.Hour

// userAgent names the program: some publishers refuse a client that says nothing of itself.
const userAgent = "clawback (feed reader)"

// httpSource is a list, or a folder of files, on a server.
type httpSource struct {
	feed   *config.Feed
	base   *url.URL // with the key in it, where it belongs there
	client *http.Client
	limits limits
}

// Why a redirect or a connection was refused.
var (
	errInside    = errors.New("leads to an address that is not public, and that private_networks does not name")
	errRedirects = errors.New("is sent on more than 3 times")
	errNotHTTPS  = errors.New("is sent on to a URL that is not https")
	errSlow      = errors.New("does not come in time")
)

// newHTTPSource makes a source. No proxy of the environment's is used: it would connect where we may not (I4).
func newHTTPSource(f *config.Feed, l limits) (*httpSource, error) {
	base, err := url.Parse(strings.ReplaceAll(f.URL, config.KeyMark, url.PathEscape(f.Key.Reveal())))
	if err != nil {
		return nil, errors.New("read url: it is none") // the error has the key
	}
	var roots *x509.CertPool
	if f.CAFile != "" {
		data, err := os.ReadFile(f.CAFile)
		if err != nil {
			return nil, fmt.Errorf("read ca_file: %w", err)
		}
		if roots = x509.NewCertPool(); !roots.AppendCertsFromPEM(data) {
			return nil, fmt.Errorf("read ca_file: no certificate in %s", f.CAFile)
		}
	}
	dialer := &net.Dialer{Timeout: 10 * time.Second}
	dialer.ControlContext = func(_ context.Context, _, address string, _ syscall.RawConn) error {
		// The address itself, after names were resolved and redirects followed: it is where the connection goes (I4).
		if at, err := netip.ParseAddrPort(address); err != nil || !publicnet.Allows(at.Addr(), f.PrivateNetworks) {
			return errInside
		}
		return nil
	}
	s := &httpSource{feed: f, base: base, limits: l}
	s.client = &http.Client{CheckRedirect: s.redirect, Transport: &http.Transport{
		DialContext: dialer.DialContext, TLSClientConfig: &tls.Config{RootCAs: roots, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout: 10 * time.Second, ResponseHeaderTimeout: l.idle, MaxResponseHeaderBytes: 64 << 10,
		MaxIdleConnsPerHost: 2, IdleConnTimeout: 30 * time.Second, ForceAttemptHTTP2: true,
		DisableCompression: true, // what is packed is unpacked within bounds
	}}
	return s, nil
}

// redirect follows to https alone, and gives the key to no other host (I6). The address of the page before would have
// it too.
func (s *httpSource) redirect(next *http.Request, before []*http.Request) error {
	switch {
	case len(before) > maxRedirects:
		return errRedirects
	case next.URL.Scheme != "https":
		return errNotHTTPS
	}
	next.Header.Del("Referer")
	if next.URL.Host != s.base.Host {
		next.Header.Del("Authorization")
		if s.feed.AuthHeader != "" {
			next.Header.Del(s.feed.AuthHeader)
		}
	}
	return nil
}

// address is where a name leads: below the feed's url, or to another path of its server.
func (s *httpSource) address(name string) (*url.URL, error) {
	path, query, asks := strings.Cut(name, "?")
	at := *s.base
	if asks {
		at.RawQuery = query
	}
	switch {
	case strings.HasPrefix(path, "/"):
		plain, err := url.PathUnescape(path)
		if err != nil {
			return nil, errors.New("make request: the path is none")
		}
		at.Path, at.RawPath = plain, path
	case path != "":
		return at.JoinPath(path), nil
	}
	return &at, nil
}

func (s *httpSource) accept() string {
	if s.feed.Format == "taxii" {
		return taxiiType
	}
	return "*/*"
}

// request makes the request for the list or a file of its folder.
func (s *httpSource) request(ctx context.Context, name string, since validators) (*http.Request, error) {
	at, err := s.address(name)
	if err != nil {
		return nil, err
	}
	q, err := http.NewRequestWithContext(ctx, http.MethodGet, at.String(), nil)
	if err != nil {
		return nil, errors.New("make request: the url is none")
	}
	q.Header.Set("User-Agent", userAgent)
	q.Header.Set("Accept", s.accept())
	q.Header.Set("Accept-Encoding", "gzip")
	if since.ETag != "" {
		q.Header.Set("If-None-Match", since.ETag)
	}
	if since.Modified != "" {
		q.Header.Set("If-Modified-Since", since.Modified)
	}
	switch key := s.feed.Key.Reveal(); s.feed.Auth {
	case "header":
		q.Header.Set(s.feed.AuthHeader, key)
	case "bearer":
		q.Header.Set("Authorization", "Bearer "+key)
	case "basic":
		user, password, _ := strings.Cut(key, ":")
		q.SetBasicAuth(user, password)
	}
	return q, nil
}

// get asks the server once. The answer's time is bounded as a whole, and between two of its bytes.
func (s *httpSource) get(ctx context.Context, name string, since validators) (answer, error) {
	ctx, cancel := context.WithCancelCause(ctx)
	end := time.AfterFunc(s.limits.fetch, func() { cancel(errSlow) })
	idle := time.AfterFunc(s.limits.idle, func() { cancel(errSlow) })
	stop := func() { end.Stop(); idle.Stop(); cancel(nil) }
	a, err := s.ask(ctx, name, since)
	if err != nil || a.unchanged {
		stop()
		return a, err
	}
	a.body = &timed{ReadCloser: a.body, ctx: ctx, idle: idle, wait: s.limits.idle, stop: stop, source: s}
	return a, nil
}

func (s *httpSource) ask(ctx context.Context, name string, since validators) (answer, error) {
	q, err := s.request(ctx, name, since)
	if err != nil {
		return answer{}, err
	}
	r, err := s.client.Do(q)
	if err != nil {
		return answer{}, s.refusal(ctx, err)
	}
	if r.StatusCode == http.StatusOK {
		since = validators{cutHeader(r, "ETag"), cutHeader(r, "Last-Modified")}
		return answer{validators: since, header: r.Header, body: r.Body}, nil
	}
	body, _ := io.ReadAll(io.LimitReader(r.Body, 64<<10)) // so that the connection can be used again
	r.Body.Close()
	why := ""
	if s.feed.Format == "taxii" {
		why = s.hide(taxiiProblem(body))
	}
	switch code := r.StatusCode; {
	case code == http.StatusNotModified && since != validators{}:
		return answer{validators: since, unchanged: true}, nil
	case code == http.StatusUnauthorized || code == http.StatusForbidden:
		return answer{}, refuse(Denied, "answers %d: look at the key, and whether the publisher still serves it%s",
			code, why)
	default:
		refusal := &Refusal{Code: Away, Text: fmt.Sprintf("answers %d %s%s", code, http.StatusText(code), why)}
		refusal.status = code
		refusal.wait = retryAfter(r.Header.Get("Retry-After"))
		return answer{}, refusal
	}
}

// cutHeader is a header that is kept and sent again; one that is longer than any should be is as none.
func cutHeader(r *http.Response, name string) string {
	if v := r.Header.Get(name); len(v) <= 512 {
		return v
	}
	return ""
}

// retryAfter reads how long a server wants to be left alone: RFC 9110, section 10.2.3.
func retryAfter(s string) time.Duration {
	if n, err := strconv.Atoi(s); err == nil {
		return min(max(time.Duration(n), 0)*time.Second, maxRetryAfter)
	}
	if at, err := http.ParseTime(s); err == nil {
		return min(max(time.Until(at), 0), maxRetryAfter)
	}
	return 0
}

// refusal says what went wrong with a request, without its URL or key: errors of net/http have both.
func (s *httpSource) refusal(ctx context.Context, err error) error {
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, errSlow) {
		return cause // the daemon stops
	} else if cause != nil {
		return refuse(Slow, "%w", errSlow)
	}
	var inURL *url.Error
	if errors.As(err, &inURL) {
		err = inURL.Err
	}
	var timeout net.Error
	switch {
	case errors.Is(err, errInside):
		return refuse(Inside, "%w", errInside)
	case errors.Is(err, errRedirects):
		return refuse(Redirects, "%w", errRedirects)
	case errors.Is(err, errNotHTTPS):
		return refuse(Redirects, "%w", errNotHTTPS)
	case errors.As(err, &timeout) && timeout.Timeout():
		return refuse(Slow, "%w", errSlow)
	}
	return &Refusal{Code: Away, Text: "cannot be asked: " + s.hide(cut(err.Error(), 300))}
}

// hide takes the key out of a text, in each form in which it is sent.
func (s *httpSource) hide(text string) string {
	key := s.feed.Key.Reveal()
	if key == "" {
		return text
	}
	_, password, _ := strings.Cut(key, ":")
	for _, form := range []string{key, url.PathEscape(key), url.QueryEscape(key), strconv.Quote(key), password} {
		if form != "" {
			text = strings.ReplaceAll(text, form, "[redacted]")
		}
	}
	return text
}

// timed is a body whose time is bounded.
type timed struct {
	io.ReadCloser
	ctx    context.Context
	idle   *time.Timer
	wait   time.Duration
	stop   func()
	source *httpSource
}

func (t *timed) Read(b []byte) (int, error) {
	n, err := t.ReadCloser.Read(b)
	if n > 0 {
		t.idle.Reset(t.wait)
	}
	switch {
	case err == nil || errors.Is(err, io.EOF) && t.ctx.Err() == nil:
		return n, err // an end that comes with the time's own is the server's answer to being left, not the list's end
	case errors.Is(err, io.ErrUnexpectedEOF) && t.ctx.Err() == nil:
		return n, refuse(Format, "ends before its end: the connection broke")
	}
	return n, t.source.refusal(t.ctx, err)
}

func (t *timed) Close() error {
	defer t.stop()
	return t.ReadCloser.Close()
}
