package debian

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

var (
	base   = flag.String("root", "", "a Debian as scripts/debian-root.sh makes it")
	deb    = flag.String("deb", "", "the package")
	before = flag.String("before", "", "the package of an earlier version, which deb replaces")
	rpm    = flag.String("rpm", "", "the package for rpm")
)

// inside is set in the process that runs the tests, in a network namespace of its own.
const inside = "CLAWBACK_TEST_DEBIAN"

func TestMain(m *testing.M) {
	flag.Parse()
	if *deb == "" || os.Getenv(inside) != "" {
		os.Exit(m.Run())
	}
	os.Exit(runApart())
}

// runApart runs the tests where nothing but loopback can be reached.
func runApart() int {
	cmd := exec.Command("/proc/self/exe", os.Args[1:]...)
	cmd.Env = append(os.Environ(), inside+"=1")
	cmd.Stdout, cmd.Stderr = os.Stdout, os.Stderr
	cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: unix.CLONE_NEWNET, Pdeathsig: syscall.SIGTERM}
	err := cmd.Run()
	var ended *exec.ExitError
	switch {
	case errors.As(err, &ended):
		return ended.ExitCode()
	case err != nil:
		fmt.Fprintln(os.Stderr, "start in a network namespace, which needs root:", err)
		return 1
	}
	return 0
}

// machine is a Debian that has booted.
type machine struct {
	t      *testing.T
	dir    string
	nspawn *exec.Cmd
	init   int // its systemd's process, as seen from here
}

// newMachine copies the base, and boots it.
func newMachine(t *testing.T) *machine {
	t.Helper()
	m := &machine{t: t, dir: filepath.Join(t.TempDir(), "root")}
	if out, err := exec.Command("cp", "-a", "--reflink=auto", *base, m.dir).CombinedOutput(); err != nil {
		t.Fatalf("copy %s: %v\n%s", *base, err, out)
	}
	m.boot()
	t.Cleanup(m.halt)
	return m
}

func (m *machine) boot() {
	m.t.Helper()
	m.nspawn = exec.Command("systemd-nspawn", "--quiet", "--boot", "--register=no", "--keep-unit", "--link-journal=no",
		"--console=pipe", "--directory="+m.dir)
	m.nspawn.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGTERM, Setpgid: true}
	var console bytes.Buffer
	m.nspawn.Stdout, m.nspawn.Stderr = &console, &console
	if err := m.nspawn.Start(); err != nil {
		m.t.Fatal(err)
	}
	m.eventually("a system that has booted", func() string {
		if m.init = child(m.nspawn.Process.Pid); m.init == 0 {
			return "systemd-nspawn has no child yet"
		}
		out, _ := m.try("systemctl", "is-system-running")
		if state := strings.TrimSpace(out); state != "running" && state != "degraded" {
			return state
		}
		return ""
	})
}

// child is the first child of a process; 0 where it has none.
func child(pid int) int {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/task/%d/children", pid, pid))
	if first, _, _ := strings.Cut(string(text), " "); err == nil && first != "" {
		n, _ := strconv.Atoi(first)
		return n
	}
	return 0
}

// halt powers the machine off, and waits until it is.
func (m *machine) halt() {
	if m.nspawn == nil {
		return
	}
	m.nspawn.Process.Signal(syscall.SIGTERM) // as systemd-nspawn has it, a power button
	m.nspawn.Wait()
	m.nspawn = nil
}

// try runs a program in the machine, and gives what it wrote and its exit status.
func (m *machine) try(args ...string) (out string, status int) {
	cmd := exec.Command("nsenter", append([]string{"--all", "--target", strconv.Itoa(m.init), "--"}, args...)...)
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "LANG=C.UTF-8", "TERM=dumb",
		"DEBIAN_FRONTEND=noninteractive"}
	text, err := cmd.CombinedOutput()
	var ended *exec.ExitError
	if err != nil && !errors.As(err, &ended) {
		m.t.Errorf("%s: %v", args[0], err)
		return string(text), -1
	}
	return string(text), cmd.ProcessState.ExitCode()
}

// run is try, where any status but 0 ends the test.
func (m *machine) run(args ...string) string {
	m.t.Helper()
	out, status := m.try(args...)
	if status != 0 {
		m.t.Fatalf("%s: status %d\n%s\n%s", strings.Join(args, " "), status, out, m.journal())
	}
	return out
}

// journal is the end of what the unit has logged.
func (m *machine) journal() string {
	out, _ := m.try("journalctl", "--unit=clawback", "--no-pager", "--lines=30", "--output=cat")
	return out
}

// file is where a file of the machine's disk lies here.
func (m *machine) file(path string) string { return filepath.Join(m.dir, path) }

func (m *machine) write(path, text string, mode os.FileMode) {
	m.t.Helper()
	if err := os.WriteFile(m.file(path), []byte(text), mode); err != nil {
		m.t.Fatal(err)
	}
}

func (m *machine) read(path string) string {
	m.t.Helper()
	text, err := os.ReadFile(m.file(path))
	if err != nil {
		m.t.Fatal(err)
	}
	return string(text)
}

// carry copies a file from here onto the machine's disk.
func (m *machine) carry(from, path string) {
	m.t.Helper()
	text, err := os.ReadFile(from)
	if err != nil {
		m.t.Fatal(err)
	}
	m.write(path, string(text), 0o644)
}

// eventually waits until what is asked for is so; until then the function says what is in its way.
func (m *machine) eventually(what string, lacks func() string) {
	m.t.Helper()
	why := ""
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if why = lacks(); why == "" {
			return
		}
	}
	m.t.Fatalf("%s: %s\n%s", what, why, m.journal())
}
