package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"clawback/api"
	"clawback/api/client"
	"clawback/internal/test/graphsim"
	"clawback/internal/test/needs"
	"clawback/internal/test/testbed"
)

// watched is a buffer that another goroutine may look into.
type watched struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (w *watched) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.Write(p)
}

func (w *watched) String() string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.buf.String()
}

// started runs a command line that does not end by itself, waits until it prints something, and gives what ends it.
func started(t *testing.T, args []string, until func(out, errOut string) bool) (out, errOut *watched, end func() int) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	out, errOut = new(watched), new(watched)
	status := make(chan int, 1)
	go func() {
		status <- (&app{ctx: ctx, in: strings.NewReader(""), out: out, errOut: errOut, files: files}).run(args)
	}()
	deadline := time.Now().Add(4 * time.Minute)
	for ; !until(out.String(), errOut.String()); time.Sleep(5 * time.Millisecond) {
		select {
		case s := <-status:
			t.Fatalf("%v ended by itself with %d\n%s%s", args, s, out, errOut)
		default:
		}
		if time.Now().After(deadline) {
			t.Fatalf("%v says\n%s%s", args, out, errOut)
		}
	}
	return out, errOut, func() int { cancel(); return <-status }
}

// serve runs until its context ends, reads its configuration again at SIGHUP, and ends with 0; a daemon that cannot
// start ends with 1 and says why in its log.
func TestServe_exitStatus(t *testing.T) {
	bed, err := testbed.New(testbed.Options{Tenants: []testbed.Tenant{testbed.Contoso},
		Sim: graphsim.Options{Rates: graphsim.Calm()}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(bed.Close)
	serve := []string{"serve", "--config", bed.File("clawback.toml")}
	logs := func(event string) func(_, errOut string) bool {
		return func(_, errOut string) bool { return strings.Contains(errOut, "event="+event) }
	}
	_, log, end := started(t, serve, logs("daemon.ready"))
	s, err := client.Do(t.Context(), bed.Client, api.ShowStatus, api.None{})
	if err != nil || s.Version != version {
		t.Errorf("%+v, %v", s, err)
	}
	var second bytes.Buffer
	status := (&app{ctx: t.Context(), out: io.Discard, errOut: &second, files: files}).run(serve)
	if status != exitFailed || !strings.Contains(second.String(), "event=daemon.failed") {
		t.Errorf("a second daemon ends with %d\n%s", status, second.String())
	}
	if err := syscall.Kill(os.Getpid(), syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	deadline := time.Now().Add(4 * time.Minute)
	for ; !logs("config.reloaded")("", log.String()); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("SIGHUP did nothing\n%s", log)
		}
	}
	if status := end(); status != exitOK {
		t.Errorf("exit status %d\n%s", status, log)
	}
}

// graphsim prints a tenant for the configuration and runs until its context ends.
func TestGraphsim_printsATenant(t *testing.T) {
	ca := t.TempDir() + "/ca.crt"
	out, errOut, end := started(t, []string{"graphsim", "--listen", "127.0.0.1:0", "--ca-file", ca, "--calm"},
		func(out, _ string) bool { return strings.Contains(out, "that holds") })
	for _, want := range []string{"[tenant.graph]", `cloud = "custom"`, "https://127.0.0.1:", ca} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("%q is not in\n%s", want, out)
		}
	}
	if status := end(); status != exitOK {
		t.Errorf("exit status %d, %s", status, errOut)
	}
}

// At a terminal a person is asked, and only y goes on.
func TestConfirmed_onlyByY(t *testing.T) {
	for answer, want := range map[string]bool{
		"y\n": true, "Y \n": true, "n\n": false, "\n": false, "yes please\n": false, "\x04": false,
	} {
		person, tty := openTerminal(t)
		var asked bytes.Buffer
		a := &app{ctx: t.Context(), in: tty, errOut: &asked}
		fmt.Fprint(person, answer)
		if got := a.confirmed(); got != want || asked.String() != "Go on? [y/N] " {
			t.Errorf("%q: %v, asked %q", answer, got, asked.String())
		}
	}
}

// openTerminal gives both ends of a pseudo-terminal.
func openTerminal(t *testing.T) (person, tty *os.File) {
	t.Helper()
	person, err := os.OpenFile("/dev/ptmx", os.O_RDWR|unix.O_NOCTTY, 0)
	needs.Ability(t, "pseudo-terminals", err)
	t.Cleanup(func() { person.Close() })
	n, err := unix.IoctlGetInt(int(person.Fd()), unix.TIOCGPTN)
	if err != nil {
		t.Fatal(err)
	}
	if err := unix.IoctlSetPointerInt(int(person.Fd()), unix.TIOCSPTLCK, 0); err != nil {
		t.Fatal(err)
	}
	if tty, err = os.OpenFile(fmt.Sprintf("/dev/pts/%d", n), os.O_RDWR|unix.O_NOCTTY, 0); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { tty.Close() })
	return person, tty
}

// A job that is detached is started and shown, and not waited for.
func TestRetract_detachesAJob(t *testing.T) {
	o := openOffice(t)
	var out, errOut bytes.Buffer
	args := []string{"--socket", o.File("control.sock"), "retract", "--to", "junk", "--subject", "garden", "--yes", "--detach"}
	if status := (&app{ctx: t.Context(), out: &out, errOut: &errOut, files: files}).run(args); status != exitOK {
		t.Fatalf("exit status %d, %s", status, errOut.String())
	}
	if !strings.Contains(errOut.String(), " started\n") || !strings.Contains(out.String(), "action         junk\n") {
		t.Errorf("prints\n%s%s", out.String(), errOut.String())
	}
}
