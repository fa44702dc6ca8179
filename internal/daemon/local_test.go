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

// A store that is missing beside mail that was worked on, wherever some of that is left, is no new one.
func TestOpenStore_lost(t *testing.T) {
	for name, test := range map[string]struct {
		lost []string // of what the daemon had
		want string   // "": it begins anew
	}{
		"nothing was there":   {lost: []string{"spool", "queue.db", "queue.log"}},
		"the store alone":     {want: "the spool keeps "},
		"the queue as well":   {lost: []string{"queue.db"}, want: "the spool keeps "},
		"the spool as well":   {lost: []string{"spool"}, want: "the queue has 1 reports"},
		"a new store is made": {lost: []string{"mkdir"}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			d, err := openOn(t, dir)
			must(t, err)
			draft, err := d.queue.Begin(t.Context(), queue.Envelope{}, 4)
			must(t, err)
			_, err = draft.Write([]byte("mail"))
			must(t, err)
			_, err = draft.Commit(t.Context())
			must(t, err)
			must(t, d.close())
			for _, file := range test.lost {
				if file == "mkdir" {
					must(t, os.Mkdir(filepath.Join(dir, "store"), 0o700))
				}
				must(t, os.RemoveAll(filepath.Join(dir, file)))
			}
			d, err = openOn(t, dir)
			must(t, err)
			err = d.local.openStore(t.Context())
			if test.want == "" && err != nil || test.want != "" && (err == nil ||
				!strings.Contains(err.Error(), test.want) || !strings.Contains(err.Error(), "from a backup")) {
				t.Errorf("%v, want %q", err, test.want)
			}
		})
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
