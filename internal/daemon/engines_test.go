package daemon

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"clawback/internal/demo"
	"clawback/queue"
	queuememory "clawback/queue/memory"
	"clawback/store"
	"clawback/store/memory"
)

// inMemory keeps what is durable in memory. It outlives the daemons that are started over it.
type inMemory struct {
	server *queuememory.Server
	disk   memory.Disk
}

// run is the testbed's Daemon.
func (m *inMemory) run(ctx context.Context, file string, log io.Writer, reload <-chan os.Signal) error {
	s, err := store.New(m.disk.Engine("store"), store.Options{})
	if err != nil {
		return err
	}
	e := Engines{Bodies: queuememory.Bodies{Server: m.server}, Queue: m.server.Open(queue.Options{Owner: "test"}), Store: s}
	return runWith(ctx, &e, file, log, reload)
}

// All stories of the demo run over a queue, a store and bodies that are no files: what the daemon asks of them is what
// their contracts promise.
func TestEngines_inMemoryRunTheDemo(t *testing.T) {
	engines := inMemory{server: queuememory.New(nil)}
	ran := 0
	run := func(ctx context.Context, file string, log io.Writer, reload <-chan os.Signal) error {
		ran++
		err := engines.run(ctx, file, log, reload)
		wantNoFiles(t, filepath.Join(filepath.Dir(file), "state"))
		return err
	}
	var shown bytes.Buffer
	err := demo.Run(t.Context(), demo.Options{Daemon: run, Limit: 4 * time.Minute, Out: &shown})
	if err != nil || ran != 1 {
		t.Fatalf("%v, %d daemons\n%s", err, ran, shown.String())
	}
}

// wantNoFiles looks for what the engines of one machine make.
func wantNoFiles(t *testing.T, stateDir string) {
	t.Helper()
	entries, err := os.ReadDir(stateDir)
	if err != nil || len(entries) == 0 {
		t.Errorf("%d entries of the state directory, %v", len(entries), err)
	}
	for _, e := range entries {
		if slices.Contains([]string{"spool", "queue.db", "store", "store.db"}, e.Name()) {
			t.Errorf("the daemon made %s", e.Name())
		}
	}
}

// A second daemon finds in memory what the first has left, and goes on. A backup of files says that there are none.
func TestEngines_inMemoryOutliveTheDaemon(t *testing.T) {
	engines := inMemory{server: queuememory.New(nil)}
	bed := newBedOf(t, engines.run)
	must(t, bed.Start(t.Context()))
	first := deliver(t, bed, 1)
	outcomeIs(t, bed, first, store.Done)
	must(t, bed.Stop())
	must(t, bed.Start(t.Context()))
	outcomeIs(t, bed, first, store.Done)
	outcomeIs(t, bed, deliver(t, bed, 2), store.Done)
	if err := (upkeep{&daemon{}}).Backup(t.Context(), io.Discard); !errors.Is(err, errNotLocal) {
		t.Errorf("a backup: %v", err)
	}
}
