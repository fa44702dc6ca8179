package api

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
	"syscall"
)

// Client asks the daemon.
type Client struct {
	socket string
	http   *http.Client
}

// NewClient makes a Client for the socket at this path.
func NewClient(socket string) *Client {
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		var d net.Dialer
		return d.DialContext(ctx, "unix", socket)
	}
	return &Client{socket, &http.Client{Transport: &http.Transport{DialContext: dial, DisableKeepAlives: true}}}
}

// Get asks for a path with its query and decodes the answer into v.
func (c *Client) Get(ctx context.Context, path string, v any) error {
	return c.do(ctx, http.MethodGet, path, nil, v)
}

// Post sends an order and decodes the answer into v, which may be nil.
func (c *Client) Post(ctx context.Context, path string, o Order, v any) error {
	return c.do(ctx, http.MethodPost, path, o, v)
}

// Stream copies an answer that is not JSON.
func (c *Client) Stream(ctx context.Context, path string, w io.Writer) error {
	return c.do(ctx, http.MethodGet, path, nil, w)
}

func (c *Client) do(ctx context.Context, method, path string, body, v any) error {
	var encoded bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&encoded).Encode(body); err != nil {
			return fmt.Errorf("encode request: %w", err)
		}
	}
	return c.send(ctx, method, path, &encoded, v)
}

// send sends a body as it is, and decodes the answer into v.
func (c *Client) send(ctx context.Context, method, path string, body io.Reader, v any) error {
	req, err := http.NewRequestWithContext(ctx, method, "http://clawback"+path, body)
	if err != nil {
		return fmt.Errorf("make request: %w", err)
	}
	req.Header.Set(sayHeader, operator())
	resp, err := c.http.Do(req)
	if err != nil {
		return c.explain(err)
	}
	defer resp.Body.Close()
	return read(resp, v)
}

func read(resp *http.Response, v any) error {
	if resp.StatusCode != http.StatusOK {
		var f Failure
		if json.NewDecoder(resp.Body).Decode(&f) != nil || f.Error == "" {
			f.Error = resp.Status
		}
		return errors.New(f.Error)
	}
	if w, ok := v.(io.Writer); ok {
		_, err := io.Copy(w, resp.Body)
		return err
	}
	if v == nil {
		return nil
	}
	if err := json.NewDecoder(resp.Body).Decode(v); err != nil {
		return fmt.Errorf("read the daemon's answer: %w", err)
	}
	return nil
}

// explain says what to do when the daemon cannot be reached.
func (c *Client) explain(err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.Is(err, syscall.ECONNREFUSED):
		return fmt.Errorf("no daemon answers on %s: start it (systemctl start clawback), or name its socket with --socket", c.socket)
	case errors.Is(err, fs.ErrPermission):
		return fmt.Errorf("no permission for %s: run this as root or as a member of the socket's group", c.socket)
	}
	return fmt.Errorf("ask the daemon: %w", err)
}

// DefaultSocket is where the daemon's socket is unless the configuration says otherwise.
const DefaultSocket = "/run/clawback/control.sock"
