package systemd

import (
	"context"
	"fmt"
	"log/slog"
	"strings"
	"time"

	"github.com/coreos/go-systemd/v22/daemon"
)

// Ready says that start-up, or a reload, is finished, with a line for systemctl status.
func Ready(status string) error {
	return notify(daemon.SdNotifyReady, statusLine(status))
}

// Reloading says that the configuration is being read again. Ready must follow.
func Reloading() error {
	// sd_notify(3): Type=notify-reload needs the monotonic time beside RELOADING=1.
	return notify(daemon.SdNotifyReloading, strings.TrimSpace(daemon.SdNotifyMonotonicUsec()))
}

// Stopping says that the daemon is shutting down.
func Stopping(status string) error {
	return notify(daemon.SdNotifyStopping, statusLine(status))
}

// status sets the line that systemctl status shows.
func status(status string) error { return notify(statusLine(status)) }

// extend asks for more time to start, reload or stop: at least d from now.
func extend(d time.Duration) error {
	return notify(fmt.Sprintf("EXTEND_TIMEOUT_USEC=%d", d.Microseconds()))
}

// Busy says what a start, reload or stop is at, and that this may take so long.
func Busy(what string, atMost time.Duration) error {
	return notify(fmt.Sprintf("EXTEND_TIMEOUT_USEC=%d", atMost.Microseconds()), statusLine(what))
}

// statusLine is a status without line ends, which would begin another assignment.
func statusLine(status string) string {
	return "STATUS=" + strings.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, status)
}

// notify sends assignments to the service manager, if there is one.
func notify(lines ...string) error {
	if _, err := daemon.SdNotify(false, strings.Join(lines, "\n")); err != nil {
		return fmt.Errorf("notify systemd: %w", err)
	}
	return nil
}

// Watchdog feeds systemd's watchdog for as long as the probe succeeds, until the context ends. It returns at once when
// no watchdog is set. A probe has half of the watchdog's time; a failed one is logged and the next may still save us.
func Watchdog(ctx context.Context, probe func(context.Context) error, log *slog.Logger) error {
	limit, err := daemon.SdWatchdogEnabled(false)
	if err != nil {
		return fmt.Errorf("read watchdog interval: %w", err)
	}
	if limit == 0 {
		return nil
	}
	tick := time.NewTicker(limit / 3)
	defer tick.Stop()
	for {
		if err := feed(ctx, probe, limit/2); err != nil && ctx.Err() == nil {
			log.Error("watchdog is not fed", EventKey, "watchdog.unfed", "error", err)
		}
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
	}
}

// feed runs the probe once and tells systemd when it went well.
func feed(ctx context.Context, probe func(context.Context) error, limit time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	if err := probe(ctx); err != nil {
		return fmt.Errorf("probe: %w", err)
	}
	return notify(daemon.SdNotifyWatchdog)
}
