package e2e

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// What a newcomer sees first, `make run`: all stories end as they should, with exit status 0, and nothing goes on
// running.
func TestDemo_stories(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute) // it only ends a run that hangs
	defer cancel()
	cmd, out := demo(ctx, t)
	err := cmd.Wait()
	if err != nil || !strings.Contains(out.String(), "Everything is as expected") {
		t.Errorf("%v\n%s", err, out)
	}
	nothingIsLeft(t, cmd)
}

// A demo that is stopped in the middle takes its daemon with it.
func TestDemo_stopped(t *testing.T) {
	for _, signal := range []syscall.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP} {
		t.Run(signal.String(), func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
			defer cancel()
			cmd, _ := demo(ctx, t)
			for len(session(t, cmd.Process.Pid)) < 2 && ctx.Err() == nil { // until its daemon runs
				time.Sleep(20 * time.Millisecond)
			}
			if err := cmd.Process.Signal(signal); err != nil {
				t.Fatal(err)
			}
			if err := cmd.Wait(); err == nil {
				t.Error("it was stopped, and says that all is as expected")
			}
			nothingIsLeft(t, cmd)
		})
	}
}

// So does one whose output nobody reads any more.
func TestDemo_pipeClosed(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Minute)
	defer cancel()
	reader, writer, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := demoCommand(ctx, t)
	cmd.Stdout, cmd.Stderr = writer, nil
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	writer.Close()
	if _, err := reader.Read(make([]byte, 1)); err != nil {
		t.Fatal(err)
	}
	reader.Close()
	if err := cmd.Wait(); err == nil || cmd.ProcessState.ExitCode() != 1 {
		t.Errorf("it ends with %v, want exit status 1", err)
	}
	nothingIsLeft(t, cmd)
}

// demo starts the demo in a session of its own: its daemon, and what looks into files for that, have groups of their
// own.
func demo(ctx context.Context, t *testing.T) (*exec.Cmd, *bytes.Buffer) {
	t.Helper()
	var out bytes.Buffer
	cmd := demoCommand(ctx, t)
	cmd.Stdout, cmd.Stderr = &out, &out
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	return cmd, &out
}

func demoCommand(ctx context.Context, t *testing.T) *exec.Cmd {
	t.Helper()
	cmd := exec.CommandContext(ctx, binary, "demo", "--limit", "8m")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Env = append(os.Environ(), "TMPDIR="+t.TempDir())
	return cmd
}

// session are the processes of a session that live, by the kernel.
func session(t *testing.T, id int) (list []string) {
	t.Helper()
	files, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		stat, err := os.ReadFile(file)
		if err != nil {
			continue // it has ended meanwhile
		}
		head, tail, _ := bytes.Cut(stat, []byte(") "))
		var state string
		var parent, group, of int
		if _, err := fmt.Sscan(string(tail), &state, &parent, &group, &of); err == nil && of == id && state != "Z" {
			list = append(list, string(head)+")")
		}
	}
	return list
}

// nothingIsLeft requires that no process of the demo's session lives, and that it left no file. What was told to end
// may need a moment.
func nothingIsLeft(t *testing.T, cmd *exec.Cmd) {
	t.Helper()
	id := cmd.Process.Pid
	for n := 0; len(session(t, id)) > 0; n++ {
		if n == 600 {
			t.Fatalf("still running: %q", session(t, id))
		}
		time.Sleep(50 * time.Millisecond)
	}
	_, dir, _ := strings.Cut(cmd.Env[len(cmd.Env)-1], "TMPDIR=")
	if left, err := os.ReadDir(dir); err != nil || len(left) > 0 {
		t.Errorf("%v is left, %v", left, err)
	}
}
