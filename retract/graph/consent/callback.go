package consent

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"
)

// Callback is the listener that takes the redirect. Make it before the administrator is sent off.
type Callback struct {
	flow   *Flow
	ln     net.Listener
	result chan result
}

type result struct {
	tenant string
	err    error
}

// Listen opens the port of the redirect on the loopback interface. I3.
func (f *Flow) Listen() (*Callback, error) {
	host, port := f.redirect.Hostname(), f.redirect.Port()
	if ip := net.ParseIP(host); f.redirect.Scheme != "http" || port == "" ||
		(host != "localhost" && (ip == nil || !ip.IsLoopback())) {
		return nil, fmt.Errorf("%w: the redirect %s is not http on the loopback interface; paste the answer instead",
			errOptions, f.redirect)
	}
	ln, err := net.Listen("tcp", net.JoinHostPort(loopback(host), port))
	if err != nil {
		return nil, fmt.Errorf("listen for the answer: %w", err)
	}
	return &Callback{flow: f, ln: ln, result: make(chan result, 1)}, nil
}

func loopback(host string) string {
	if host == "localhost" {
		return "127.0.0.1" // RFC 8252, section 8.3: not a name that could resolve to elsewhere
	}
	return host
}

// Wait serves until the answer comes or the context ends, and closes the port.
func (c *Callback) Wait(ctx context.Context) (tenant string, err error) {
	server := &http.Server{Handler: c, ReadHeaderTimeout: 5 * time.Second, MaxHeaderBytes: 1 << 15}
	served := make(chan error, 1)
	go func() { served <- server.Serve(c.ln) }()
	defer func() {
		end, cancel := context.WithTimeout(context.WithoutCancel(ctx), time.Second)
		defer cancel()
		if server.Shutdown(end) != nil { // lets the page reach the browser
			server.Close()
		}
	}()
	select {
	case r := <-c.result:
		return r.tenant, r.err
	case err := <-served:
		return "", fmt.Errorf("listen for the answer: %w", err)
	case <-ctx.Done():
		return "", fmt.Errorf("wait for the answer: %w", ctx.Err())
	}
}

const (
	pageGood = `<!doctype html><title>clawback</title><p>Thank you. Consent was given; ` +
		`the command line goes on and checks it. This page can be closed.`
	pageBad = `<!doctype html><title>clawback</title><p>Consent was not given. ` +
		`The command line says why. This page can be closed.`
	pageElse = `<!doctype html><title>clawback</title><p>This answer does not belong to the request that is open here.`
)

// ServeHTTP takes the redirect. An answer with a wrong state changes nothing: any page in the browser can send one.
func (c *Callback) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Security-Policy", "default-src 'none'")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "no-referrer")
	if r.Method != http.MethodGet || r.URL.Path != c.flow.path() {
		w.WriteHeader(http.StatusNotFound)
		return
	}
	query := r.URL.Query()
	if query.Get("error") != "" && !c.flow.isOpen(query.Get("state")) {
		w.WriteHeader(http.StatusBadRequest)
		io.WriteString(w, pageElse)
		return
	}
	tenant, err := c.flow.handleRedirect(query)
	page := pageGood
	switch {
	case errors.Is(err, ErrState):
		w.WriteHeader(http.StatusBadRequest)
		io.WriteString(w, pageElse)
		return
	case err != nil:
		page = pageBad
	}
	io.WriteString(w, page)
	select {
	case c.result <- result{tenant, err}:
	default: // the state was good once only: cannot happen twice
	}
}

func (f *Flow) path() string {
	if f.redirect.Path == "" {
		return "/"
	}
	return f.redirect.Path
}

// isOpen says whether a state is the open one, without spending it.
func (f *Flow) isOpen(state string) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.state != "" && state == f.state
}
