package systemd

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// manager is systemd's end of $NOTIFY_SOCKET.
func manager(t *testing.T) *net.UnixConn {
	t.Helper()
	path := filepath.Join(t.TempDir(), "notify")
	conn, err := net.ListenUnixgram("unixgram", &net.UnixAddr{Name: path, Net: "unixgram"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	t.Setenv("NOTIFY_SOCKET", path)
	return conn
}

// notification is the next notification, or "" when none comes within the wait.
func notification(t *testing.T, conn *net.UnixConn, wait time.Duration) string {
	t.Helper()
	buf := make([]byte, 4096)
	conn.SetReadDeadline(time.Now().Add(wait))
	n, err := conn.Read(buf)
	if err != nil {
		return ""
	}
	return string(buf[:n])
}

func TestNotify_tellsTheManager(t *testing.T) {
	conn := manager(t)
	for _, row := range []struct {
		name string
		send func() error
		want string
	}{
		{"ready", func() error { return Ready("taking mail") }, "READY=1\nSTATUS=taking mail"},
		{"stopping", func() error { return Stopping("finishing") }, "STOPPING=1\nSTATUS=finishing"},
		{"status", func() error { return status("3 sessions") }, "STATUS=3 sessions"},
		{"status that would forge", func() error { return status("x\nREADY=1\n") }, "STATUS=x READY=1 "},
		{"busy", func() error { return Busy("asking the CA", time.Minute) }, "EXTEND_TIMEOUT_USEC=60000000\nSTATUS=asking the CA"},
		{"extend", func() error { return extend(90 * time.Second) }, "EXTEND_TIMEOUT_USEC=90000000"},
	} {
		if err := row.send(); err != nil {
			t.Errorf("%s: %v", row.name, err)
		}
		if got := notification(t, conn, time.Minute); got != row.want {
			t.Errorf("%s: told %q, want %q", row.name, got, row.want)
		}
	}
}

func TestReloading_comesWithTheMonotonicTime(t *testing.T) {
	conn := manager(t)
	if err := Reloading(); err != nil {
		t.Fatal(err)
	}
	var usec int64
	got := notification(t, conn, time.Minute)
	if _, err := fmt.Sscanf(got, "RELOADING=1\nMONOTONIC_USEC=%d", &usec); err != nil || usec <= 0 {
		t.Errorf("told %q: %v", got, err)
	}
}

func TestNotify_isHarmlessWithoutSystemd(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", "")
	t.Setenv("WATCHDOG_USEC", "")
	if err := errors.Join(Ready("x"), Reloading(), Stopping("x"), status("x"), extend(time.Second)); err != nil {
		t.Error(err)
	}
	if err := Watchdog(t.Context(), func(context.Context) error { t.Error("probed"); return nil }, nil); err != nil {
		t.Error(err)
	}
}

func TestNotify_reportsADeadManager(t *testing.T) {
	t.Setenv("NOTIFY_SOCKET", filepath.Join(t.TempDir(), "nobody"))
	if err := Ready("x"); err == nil {
		t.Error("no error")
	}
}

// watch runs the watchdog beside a probe and answers what stops it.
func watch(t *testing.T, probe func(context.Context) error) *strings.Builder {
	t.Helper()
	t.Setenv("WATCHDOG_USEC", "150000")
	t.Setenv("WATCHDOG_PID", "")
	var log strings.Builder
	synctest.Test(t, func(t *testing.T) { // the limits hold however busy the machine is
		ctx, cancel := context.WithCancel(t.Context())
		done := make(chan error, 1)
		go func() { done <- Watchdog(ctx, probe, slog.New(slog.NewTextHandler(&log, nil))) }()
		time.Sleep(400 * time.Millisecond)
		cancel()
		if err := <-done; err != nil {
			t.Error(err)
		}
	})
	return &log
}

func TestWatchdog_isFedWhileTheProbeSucceeds(t *testing.T) {
	conn := manager(t)
	watch(t, func(context.Context) error { return nil })
	fed := 0
	for notification(t, conn, time.Second) == "WATCHDOG=1" {
		fed++
	}
	if fed < 3 {
		t.Errorf("fed %d times in 400 ms with a limit of 150 ms", fed)
	}
}

func TestWatchdog_isNotFedByAProbeThatFailsOrHangs(t *testing.T) {
	for name, probe := range map[string]func(context.Context) error{
		"fails": func(context.Context) error { return errors.New("disk is gone") },
		"hangs": func(ctx context.Context) error { <-ctx.Done(); return ctx.Err() },
	} {
		t.Run(name, func(t *testing.T) {
			conn := manager(t)
			var asked atomic.Int32
			log := watch(t, func(ctx context.Context) error { asked.Add(1); return probe(ctx) })
			if got := notification(t, conn, time.Second); got != "" {
				t.Errorf("told %q", got)
			}
			if asked.Load() < 2 || !strings.Contains(log.String(), "watchdog.unfed") {
				t.Errorf("probed %d times, log: %s", asked.Load(), log)
			}
		})
	}
}
