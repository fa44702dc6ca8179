package systemd

import (
	"io"
	"log/slog"
)

// NewHandler is the log's handler for a config.Log's format: auto, journal, text or json.
func NewHandler(format string, level slog.Leveler, w io.Writer) slog.Handler {
	o := &slog.HandlerOptions{Level: level}
	if format == "json" {
		return slog.NewJSONHandler(w, o)
	}
	return slog.NewTextHandler(w, o)
}
