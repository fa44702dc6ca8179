package daemon

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"time"

	"golang.org/x/mod/sumdb/tlog"

	"clawback/store/loghead"
)

// headEvery is how often the log's head is told, besides at the start: who cuts off what is younger than that is not
// seen by it.
const headEvery = time.Hour

// tellLog signs the head of the log and tells it to a file beside the state, at the start and every hour, until ctx
// ends. What goes wrong there stops nothing else.
func (d *daemon) tellLog(ctx context.Context) error {
	tick := time.NewTicker(headEvery)
	defer tick.Stop()
	for {
		switch err := d.tellHead(ctx); {
		case err == nil || ctx.Err() != nil:
		case errors.Is(err, loghead.ErrFork):
			d.log.Error("the log is not the one whose head was told: see docs/operations.md", "event", "audit.fork",
				"error", err)
		default:
			d.log.Warn("head of the log not told", "event", "audit.head", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

func (d *daemon) tellHead(ctx context.Context) error {
	host, err := os.Hostname()
	if err != nil {
		return err
	}
	key, err := loghead.LoadKey(filepath.Join(d.cfg.StateDir, "audit.key"), logOrigin(host))
	if err != nil {
		return err
	}
	tree, err := d.store.LogHead(ctx)
	if err != nil {
		return err
	}
	return key.Tell(filepath.Join(d.cfg.StateDir, "audit.heads"), tree, func(size int64) (tlog.Hash, error) {
		return d.store.LogRoot(ctx, size)
	})
}

// logOrigin names the log in its heads, for the first of them: the key keeps it then. An origin has neither blanks nor
// plus signs.
func logOrigin(host string) string {
	return strings.Map(func(r rune) rune {
		if r <= ' ' || r == '+' || r > '~' {
			return '-'
		}
		return r
	}, host) + "/clawback"
}
