// Package socket is the door for people and programs on the machine: HTTP over a unix socket.
//
// The store's and the queue's files let no second process in, not even to read; so whoever wants to know or change
// something asks the daemon here. The socket's file permissions are the access control (mode 0660, the service's
// group): who may connect is an administrator of every tenant. His name in the audit is that of his user id, as the
// kernel tells it, and beside it what the command line says.
//
// Reads: requests on the socket, as package routes reads them.
//
// Writes: answers, as package routes writes them; metrics.
//
// On failure: a socket that a living daemon serves is left alone, and that of a dead one is replaced.
package socket

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"clawback/api"
	"clawback/api/idempotency"
	"clawback/api/routes"
)

// Server answers on the socket.
type Server struct{ http *http.Server }

// New makes a Server for a service. Metrics, where there are some, are answered beside the operations.
func New(service *api.Service, keys *idempotency.Desk, metrics http.Handler, log *slog.Logger) *Server {
	mux := routes.Door{Service: service, Who: principal, Log: log, Keys: keys}.Handler()
	if metrics != nil {
		mux.Handle("GET /metrics", metrics)
	}
	return &Server{&http.Server{
		Handler: mux, ConnContext: withPeer, ErrorLog: slog.NewLogLogger(log.Handler(), slog.LevelWarn),
		ReadHeaderTimeout: 10 * time.Second, ReadTimeout: time.Minute, IdleTimeout: time.Minute,
		MaxHeaderBytes: 64 << 10,
	}}
}

// Listen makes the socket (mode 0660), taking the place of one that a dead daemon left.
func Listen(path string) (net.Listener, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, fmt.Errorf("make directory of socket: %w", err)
	}
	if conn, err := net.Dial("unix", path); err == nil {
		conn.Close()
		return nil, fmt.Errorf("socket %s: another clawback serves there", path)
	}
	if err := os.Remove(path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("remove stale socket: %w", err)
	}
	ln, err := net.Listen("unix", path)
	if err != nil {
		return nil, fmt.Errorf("listen on socket: %w", err)
	}
	if err := os.Chmod(path, 0o660); err != nil {
		ln.Close()
		return nil, fmt.Errorf("set mode of socket: %w", err)
	}
	return ln, nil
}

// Serve answers until Shutdown.
func (s *Server) Serve(ln net.Listener) error {
	if err := s.http.Serve(ln); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("control socket: %w", err)
	}
	return nil
}

// Shutdown finishes the requests in hand.
func (s *Server) Shutdown(ctx context.Context) error { return s.http.Shutdown(ctx) }
