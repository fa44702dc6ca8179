package store_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"syscall"
	"testing"
	"time"

	"clawback/store"
	"clawback/store/pebble"
	"clawback/store/storetest"
)

// killAt is where the child process kills itself; killDir is the store that it works on.
const (
	killAt  = "CLAWBACK_STORE_KILL_AT"
	killDir = "CLAWBACK_STORE_KILL_DIR"
)

// TestMain turns the test binary into the process that is killed, when it is told to.
func TestMain(m *testing.M) {
	if point := os.Getenv(killAt); point != "" {
		fmt.Fprintln(os.Stderr, "not killed:", work(os.Getenv(killDir), point))
		os.Exit(1)
	}
	os.Exit(m.Run())
}

// work carries one report through C2, C3 and C4, and dies by SIGKILL at the given point.
func work(dir, point string) error {
	s, err := pebble.Open(dir, store.Options{Fail: func(at string) error {
		if at == point {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {} // the signal is on its way
		}
		return nil
	}})
	if err != nil {
		return err
	}
	defer s.Close()
	_, err = carry(s)
	return err
}

// carry applies the report and carries its one intent out, from wherever an earlier process was killed. It says how
// often a message was moved.
func carry(s *store.Store) (moves int, err error) {
	ctx := context.Background()
	if _, _, err := s.Apply(ctx, storetest.Report(storetest.Contoso, 1), storetest.PlanAll); err != nil {
		return 0, err
	}
	due, err := s.Due(ctx, time.Now(), store.DueFilter{})
	if err != nil || len(due.Intents) == 0 {
		return 0, err
	}
	open, err := s.Unfinished(ctx)
	if err != nil {
		return 0, err
	}
	operation := store.OpMove
	if len(open) > 0 {
		operation = "verify"
	}
	in, attempt, err := s.Begin(ctx, due.Intents[0], store.Attempt{Operation: operation})
	if err != nil {
		return 0, err
	}
	if operation == store.OpMove {
		moves++ // here Graph would be called
	}
	in.Outcome = store.Done
	_, err = s.Complete(ctx, in, attempt)
	return moves, err
}

func TestKill_everyCommitPoint(t *testing.T) {
	for _, tt := range []struct {
		point string
		moves int // that are left to the process after
	}{
		{"c2.before", 1}, {"c2.after-commit", 1}, {"c3.before", 1},
		{"c3.after-commit", 0}, {"c4.before", 0}, {"c4.after-commit", 0},
	} {
		t.Run(tt.point, func(t *testing.T) {
			dir := t.TempDir()
			kill(t, dir, tt.point)
			s := open(t, dir)
			moves, err := carry(s)
			if err != nil || moves != tt.moves {
				t.Errorf("after the kill %d moves are made (%v), want %d", moves, err, tt.moves)
			}
			c, err := s.Counts(t.Context(), storetest.Contoso)
			if err != nil || c.Processed != 1 || c.Records != 1 || c.Outcomes[store.Done] != 1 || len(c.Outcomes) != 1 {
				t.Errorf("counts: %+v, %v", c, err)
			}
			verify(t, s)
		})
	}
}

// kill runs this binary on dir until it has killed itself at point.
func kill(t *testing.T, dir, point string) {
	t.Helper()
	exe, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(exe)
	cmd.Env = append(os.Environ(), killAt+"="+point, killDir+"="+dir)
	out, err := cmd.CombinedOutput()
	status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
	if !ok || !status.Signaled() || status.Signal() != syscall.SIGKILL {
		t.Fatalf("the process was not killed at %s: %v\n%s", point, err, out)
	}
}

func open(t testing.TB, dir string) *store.Store {
	t.Helper()
	s, err := pebble.Open(dir, store.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}
