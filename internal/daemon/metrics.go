package daemon

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"time"

	"clawback/api"
)

// serveMetrics answers Prometheus where the configuration says so, until ctx ends.
func (d *daemon) serveMetrics(ctx context.Context) error {
	address := d.live.config().Control.Metrics
	if address == "" {
		return nil
	}
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", api.Metrics(d.status))
	server := &http.Server{Addr: address, Handler: mux,
		ReadTimeout: 10 * time.Second, WriteTimeout: time.Minute, MaxHeaderBytes: 16 << 10}
	stop := context.AfterFunc(ctx, func() { server.Close() })
	defer stop()
	if err := server.ListenAndServe(); !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("metrics: %w", err)
	}
	return nil
}
