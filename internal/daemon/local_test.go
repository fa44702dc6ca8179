package daemon

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"clawback/config"
	"clawback/queue"
	"clawback/spool"
)

// A queue.db that is broken is named in words, with what to do: bbolt panics, or faults, over most of them.
func TestOpenQueue_broken(t *testing.T) {
	dir := t.TempDir()
	d, err := openOn(t, dir)
	if err != nil {
		t.Fatal(err)
	}
	draft, err := d.queue.Begin(t.Context(), queue.Envelope{}, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := draft.Commit(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := d.close(); err != nil {
		t.Fatal(err)
	}
	whole, err := os.ReadFile(filepath.Join(dir, "queue.db"))
	if err != nil {
		t.Fatal(err)
	}
	zeros := func(from, to int) []byte {
		broken := bytes.Clone(whole)
		clear(broken[from:to])
		return broken
	}
	for name, test := range map[string]struct {
		file []byte
		want string
	}{
		"no head":       {zeros(0, 8192), "invalid database; move it away"},
		"heads alone":   {whole[:8192], "queue.db is damaged: "},
		"pages of zero": {zeros(8192, len(whole)), "queue.db is damaged: "},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.WriteFile(filepath.Join(dir, "queue.db"), test.file, 0o600); err != nil {
				t.Fatal(err)
			}
			if _, err := openOn(t, dir); err == nil || !strings.Contains(err.Error(), test.want) ||
				!strings.Contains(err.Error(), "move it away") {
				t.Errorf("%v, want %q", err, test.want)
			}
		})
	}
}

func TestOpenQueue_ofAnotherProcess(t *testing.T) {
	dir := t.TempDir()
	if _, err := openOn(t, dir); err != nil {
		t.Fatal(err)
	}
	if _, err := openOn(t, dir); err == nil || !strings.Contains(err.Error(), "another process has queue.db open") {
		t.Errorf("a second queue on one directory: %v", err)
	}
}

// openOn opens a queue as the daemon does, until the test ends.
func openOn(t *testing.T, dir string) (*daemon, error) {
	t.Helper()
	sp, err := spool.Open(filepath.Join(dir, "spool"), spool.Options{})
	if err != nil {
		t.Fatal(err)
	}
	d := &daemon{cfg: &config.Config{StateDir: dir}, log: slog.New(slog.DiscardHandler)}
	d.local = &local{cfg: d.cfg, log: d.log, spool: sp}
	d.onClose(d.local.close)
	t.Cleanup(func() { _ = d.close() })
	err = d.local.openQueue()
	d.bodies, d.queue = sp, d.local.queue
	return d, err
}
