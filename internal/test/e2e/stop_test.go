package e2e

import (
	"bytes"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// One signal ends a command that waits for the rest of its input without end; a verdict on what came is not printed.
func TestSignal_endsACommandThatDoesNotEnd(t *testing.T) {
	rule := filepath.Join(t.TempDir(), "own.toml")
	if err := os.WriteFile(rule, []byte("[[rule]]\nid = \"garden\"\nwhen = 'lower(subject) contains \"garden\"'\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		signal syscall.Signal
		args   []string
	}{
		{syscall.SIGTERM, []string{"score", "-"}},
		{syscall.SIGINT, []string{"score", "--json", "-", "-"}},
		{syscall.SIGTERM, []string{"unwrap", "-"}},
		{syscall.SIGINT, []string{"rules", "test", "--rules", filepath.Dir(rule), "-"}},
	} {
		if status, out := signalled(t, c.signal, c.args...); status != 1 || len(out) > 0 {
			t.Errorf("%v of %v: exit status %d, prints %q", c.signal, c.args, status, out)
		}
	}
}

// signalled starts a command, has it read the beginning of its input, and ends it by a signal.
func signalled(t *testing.T, signal syscall.Signal, args ...string) (status int, out []byte) {
	t.Helper()
	theirs, ours, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	defer ours.Close()
	var said bytes.Buffer
	cmd := exec.Command(binary, args...)
	cmd.Stdin, cmd.Stdout = theirs, &said
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	theirs.Close()
	if _, err := ours.WriteString("Subject: x\r\n"); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- cmd.Wait() }()
	deadline := time.Now().Add(patience)
	for left := 1; left > 0 && time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) { // until all was read
		if left, err = unix.IoctlGetInt(int(ours.Fd()), unix.TIOCINQ); err != nil {
			t.Fatal(err)
		}
	}
	if err := cmd.Process.Signal(signal); err != nil {
		t.Fatal(err)
	}
	select {
	case err = <-ended:
	case <-time.After(patience):
		t.Errorf("%v does not end %v", signal, args)
		cmd.Process.Kill()
		err = <-ended
	}
	var exit *exec.ExitError
	if !errors.As(err, &exit) {
		return 0, said.Bytes()
	}
	return exit.ExitCode(), said.Bytes()
}
