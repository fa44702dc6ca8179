package main

import (
	"context"
	"io"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// A command that reads files ends when it is asked to, whatever it is stuck in: input of which nothing comes, or a file
// that does not open.
func TestRun_endsWhenItIsAskedTo(t *testing.T) {
	dir := t.TempDir()
	fifo := filepath.Join(dir, "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	socket := stub(t)
	for _, line := range []string{"score -", "score --json -", "score --summary - -", "score " + fifo, "unwrap -", "unwrap " + fifo + " -",
		"policy test --tenant contoso -", "policy import -", "submit --is SPAM " + fifo, "retract --to junk --yes -", "intel import " + fifo} {
		in, writer := io.Pipe()
		t.Cleanup(func() { writer.Close() })
		ctx, cancel := context.WithCancel(t.Context())
		var out, errOut watched
		a := &app{ctx: ctx, in: in, out: &out, errOut: &errOut, files: files, stopTakes: time.Millisecond}
		cancel() // whether it comes before the wait or amid it is the same
		if status := a.run(append([]string{"--socket", socket}, strings.Fields(line)...)); status != exitFailed {
			t.Errorf("%s: exit status %d\n%s%s", line, status, &out, &errOut)
		}
		if strings.Contains(out.String(), "CLEAN") {
			t.Errorf("%s: a verdict on nothing:\n%s", line, &out)
		}
	}
}

// The second signal is the kernel's: the first one gives it back.
func TestRun_secondSignalIsNotHeeded(t *testing.T) {
	in, writer := io.Pipe()
	t.Cleanup(func() { writer.Close() })
	ctx, cancel := context.WithCancel(t.Context())
	given := make(chan struct{})
	status := make(chan int)
	go func() {
		status <- (&app{ctx: ctx, in: in, out: io.Discard, errOut: io.Discard, files: files,
			unheed: func() { close(given) }}).run([]string{"unwrap", "-"})
	}()
	cancel()
	<-given
	writer.Close()
	<-status
}
