// Package client asks the daemon: the command line's side of the doors.
//
// Writes: requests, as package routes encodes them.
//
// Reads: answers. An error that the daemon answers is an *api.Error here too, with its code.
//
// On failure: an *api.Error with the code daemon_unreachable, which says what to do.
package client

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"net"
	"net/http"
	"os"
	"os/user"
	"syscall"

	"clawback/api"
	"clawback/api/routes"
)

// DefaultSocket is where the daemon's socket is unless the configuration says otherwise.
const DefaultSocket = "/run/clawback/control.sock"

// Client asks the daemon. Safe for concurrent use.
type Client struct {
	at    string // the socket's path, or the URL
	base  string // what stands before a path
	token string // "": by the socket
	http  *http.Client

	unusable error // why nothing can be asked
}

// New makes a Client for the socket at this path.
func New(socket string) *Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", socket)
	}
	return &Client{at: socket, base: "http://clawback",
		http: &http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}}
}

// Do carries out an operation.
func Do[Req, Ans any](ctx context.Context, c *Client, op api.Op[Req, Ans], request Req) (answer Ans, err error) {
	resp, err := c.send(ctx, op.Row(), &request)
	if err != nil {
		return answer, err
	}
	defer resp.Body.Close()
	if err := json.NewDecoder(resp.Body).Decode(&answer); err != nil {
		return answer, c.explain(fmt.Errorf("read the daemon's answer: %w", err))
	}
	return answer, nil
}

// Export copies the bytes that an operation answers with.
func Export[Req any](ctx context.Context, c *Client, op api.Op[Req, api.Stream], request Req, to io.Writer) error {
	resp, err := c.send(ctx, op.Row(), &request)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(to, resp.Body); err != nil {
		return c.explain(fmt.Errorf("read the daemon's answer: %w", err))
	}
	return nil
}

// Metrics copies what Prometheus would scrape.
func (c *Client) Metrics(ctx context.Context, to io.Writer) error {
	resp, err := c.send(ctx, api.Operation{Name: "metrics", Route: "GET /metrics"}, &api.None{})
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	_, err = io.Copy(to, resp.Body)
	return err
}

// send sends a request, which is a pointer, and answers with what is not an error.
func (c *Client) send(ctx context.Context, op api.Operation, request any) (*http.Response, error) {
	if c.unusable != nil {
		return nil, c.unusable
	}
	path, encoded, err := routes.Encode(op, request)
	if err != nil {
		return nil, fmt.Errorf("encode request: %w", err)
	}
	var body io.Reader = bytes.NewReader(encoded)
	kind := "application/json"
	if u, ok := request.(*api.Upload); ok {
		body, kind = u.Body, "message/rfc822"
	}
	req, err := http.NewRequestWithContext(ctx, op.Method(), c.base+path, body)
	if err != nil {
		return nil, fmt.Errorf("make request: %w", err)
	}
	if !op.Reads() {
		req.Header.Set("Content-Type", kind)
	}
	if c.token == "" {
		req.Header.Set(routes.OperatorHeader, Operator())
	} else {
		req.Header.Set("Authorization", "Bearer "+c.token)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, c.explain(err)
	}
	if resp.StatusCode == http.StatusOK {
		return resp, nil
	}
	defer resp.Body.Close()
	return nil, refusal(resp)
}

// refusal reads the problem that the daemon answers.
func refusal(resp *http.Response) error {
	var p routes.Problem
	if json.NewDecoder(io.LimitReader(resp.Body, routes.MaxBody)).Decode(&p) != nil || p.Code == "" {
		return &api.Error{Code: api.Internal, Detail: "the daemon answers " + resp.Status}
	}
	return &api.Error{Code: p.Code, Detail: p.Detail, IDs: p.IDs}
}

// explain says what to do when the daemon cannot be reached.
func (c *Client) explain(err error) error {
	text := fmt.Sprintf("ask the daemon: %v", err)
	switch {
	case errors.Is(err, context.Canceled), errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("ask the daemon: %w", err)
	case c.token != "":
		return c.explainRemote(err)
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		text = fmt.Sprintf("no daemon answers on %s: start it (systemctl start clawback), or name its socket with "+
			"--socket", c.at)
	case errors.Is(err, fs.ErrPermission):
		return &api.Error{Code: api.Forbidden, Detail: fmt.Sprintf("no permission for %s: run this as root or as a "+
			"member of the socket's group", c.at)}
	}
	return &api.Error{Code: api.Unreachable, Detail: text}
}

// Operator is the name that the command line says.
func Operator() string {
	if name := os.Getenv("SUDO_USER"); name != "" {
		return name
	}
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return ""
}
